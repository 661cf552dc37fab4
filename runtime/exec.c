/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "base/err.h"
#include "base/fd.h"
#include "base/sys.h"
#include "cgroups/cgroup.h"
#include "plan/plan.h"
#include "runtime/activation.h"
#include "runtime/build.h"
#include "runtime/console.h"
#include "runtime/context.h"
#include "runtime/died.h"
#include "runtime/exec_cgroup.h"
#include "runtime/exec_process.h"
#include "runtime/filter.h"
#include "runtime/host_root.h"
#include "runtime/interrupt.h"
#include "runtime/join.h"
#include "runtime/launch.h"
#include "runtime/lsm.h"
#include "runtime/operations.h"
#include "runtime/outputs.h"
#include "runtime/record.h"
#include "runtime/state.h"
#include "runtime/trace.h"
#include "spec/spec.h"

struct entering {
	struct context *context;
	const struct exec_request *ask;
	struct container container;
	const struct spec *spec;
	const struct spec_process *process;
	struct request request;
	struct plan_header *plan;
	struct launch launch;
	struct cgroup_toll before;
	int init, cgroup;
};

static int check_status(struct entering *n, struct err *e)
{
	const enum status status = n->container.found;

	if (status == STATUS_STOPPED)
		return err_say(e, EINVAL, "cannot exec in a stopped container: %s",
			       n->container.id);
	if (status == STATUS_CREATING)
		return err_say(e, EINVAL, "cannot exec in a container that is still being "
					  "created: %s", n->container.id);
	if (status == STATUS_PAUSED && !n->ask->ignore_paused)
		return err_say(e, EINVAL, "cannot exec in a paused container: %s (use "
					  "--ignore-paused to override)", n->container.id);
	return 0;
}

static int ask_for(struct entering *n, struct err *e)
{
	struct activation activation = { 0 };
	int r = activation_probe(n->context->arena, n->ask->preserve_fds, &activation, e);

	if (r < 0)
		return r;
	n->request.kind = REQUEST_EXEC;
	n->request.id = n->container.id;
	n->request.bundle = n->container.bundle;
	n->request.rootfs = n->container.rootfs;
	n->request.host_root = host_root_path(n->context->arena, n->context->root, n->container.id);
	n->request.no_new_keyring = n->container.no_new_keyring;
	n->request.rdt_class = n->container.rdt_class;
	n->request.rdt_monitored = n->container.monitored;
	n->request.preserve_fds = activation.preserve_fds;
	n->request.extra_env = activation.env;
	n->request.init_pidfd = n->init;
	n->request.join = namespaces_to_join(&n->container);
	return 0;
}

static int check_terminal(const struct entering *n, struct err *e)
{
	bool terminal = n->process->terminal;

	if (terminal && n->ask->detach && !n->ask->console_socket)
		return err_say(e, EINVAL, "a detached exec with a terminal needs --console-socket");
	if (n->ask->console_socket && !terminal)
		return err_say(e, EINVAL, "--console-socket needs a terminal: --tty, or "
					  "/terminal true in --process");
	return 0;
}

static int find(struct entering *n, struct err *e)
{
	int r = host_probe(n->context, e);

	if (r == 0)
		r = container_look(n->context, n->ask->id, false, &n->container, e);
	if (r == 0)
		r = check_status(n, e);
	if (r < 0)
		return r;
	n->init = n->container.pidfd;
	return container_spec(n->context, &n->container, &n->spec, e);
}

static int compose(struct entering *n, struct err *e)
{
	int r = exec_process(n->context->arena, n->spec, n->ask, &n->process, e);

	if (r == 0)
		r = check_terminal(n, e);
	if (r == 0 && n->process->terminal)
		host_probe_terminal(n->context);
	if (r == 0)
		r = lsm_probe(n->context, n->spec, n->process, NULL, e);
	if (r == 0)
		r = ask_for(n, e);
	if (r == 0)
		r = exec_cgroup(n->context, &n->container, &n->ask->cgroups, &n->request.cgroup,
				&n->cgroup, e);
	if (r == 0)
		r = recording_recall(n->context, &n->container, &n->spec, &n->request, e);
	if (r == 0)
		r = filter_recall(n->context, n->spec, &n->container, &n->request, e);
	if (r == 0)
		r = build_plan(n->context, n->spec, n->process, &n->request, &n->plan, e);
	if (r == 0)
		n->plan->preserve_fds = n->request.preserve_fds;
	return r;
}

static int launch_it(struct entering *n, struct err *e)
{
	struct launch *launch = &n->launch;

	launch->context = n->context;
	launch->plan = n->plan;
	launch->entered = &n->container;
	launch->entered_status = n->container.found;
	launch->spec = n->spec;
	launch->cgroup = n->cgroup;
	launch->cgroup_path = n->request.cgroup;
	launch->init_pidfd = n->init;
	launch->console_socket = n->ask->console_socket;
	return launch_run(launch, e);
}

static int tell(struct entering *n, struct err *e)
{
	int r = 0;

	if (n->ask->pid_file)
		r = write_pid_file(n->ask->pid_file, n->launch.pid, e);
	if (r == 0 && n->ask->pidfd_socket)
		r = send_pidfd(n->context, "--pidfd-socket", n->ask->pidfd_socket, n->launch.pidfd, e);
	if (r < 0)
		launch_end(&n->launch);
	return r;
}

static int attend(struct entering *n, int *ret_status, struct err *e)
{
	const struct foreground foreground = {
		.pid = n->launch.pid,
		.pidfd = n->launch.pidfd,
		.master = n->launch.console,
		.notify = -1,
	};

	int r = foreground_wait(&foreground, ret_status, e);

	if (r == 0)
		died_tell(n->context, &n->container, &n->before, NULL, *ret_status);
	return r;
}

static int enter(struct entering *n, int *ret_status, struct err *e)
{
	int r;

	trace_phase(n->context, "find");
	r = find(n, e);
	trace_phase(n->context, "plan");
	if (r == 0)
		r = compose(n, e);
	if (r == 0 && !n->ask->detach) {
		died_before(n->context, &n->container, &n->before);
		r = foreground_prepare(e);
	}
	if (r == 0)
		r = interrupt_begin(n->context, e);
	if (r == 0)
		r = launch_it(n, e);
	trace_phase(n->context, "tell");
	if (r == 0)
		r = tell(n, e);
	trace_write(n->context);
	return r < 0 || n->ask->detach ? r : attend(n, ret_status, e);
}

int container_exec(struct context *context, const struct exec_request *ask, int *ret_status,
		   struct err *e)
{
	struct entering n = {
		.context = context,
		.ask = ask,
		.container = CONTAINER_NONE,
		.init = -1,
		.cgroup = -1,
	};
	int r;

	launch_init(&n.launch);
	*ret_status = 0;
	r = enter(&n, ret_status, e);
	launch_clear(&n.launch);
	fd_close(&n.cgroup);
	container_close(&n.container);
	interrupt_end(context);
	return r;
}

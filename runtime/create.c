/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/log.h"
#include "cgroups/cgroup.h"
#include "namespaces/namespaces.h"
#include "plan/plan.h"
#include "runtime/activation.h"
#include "runtime/build.h"
#include "runtime/config.h"
#include "runtime/console.h"
#include "runtime/context.h"
#include "runtime/died.h"
#include "runtime/filter.h"
#include "runtime/launch.h"
#include "runtime/lifecycle.h"
#include "runtime/notify.h"
#include "runtime/operations.h"
#include "runtime/outputs.h"
#include "runtime/record.h"
#include "runtime/process.h"
#include "runtime/reach.h"
#include "runtime/resctrl.h"
#include "runtime/state.h"

/* What create and run share while they make a container. */
struct making {
	struct context *context;
	const struct create_request *ask;
	struct config config;
	struct request request;
	struct container container;
	struct launch launch;
	struct plan_header *plan;
	bool reserved, launched;
	int notify; /* bound socket, -1 none */
};

static bool detaches(const struct making *m)
{
	return m->request.kind == REQUEST_CREATE || m->ask->detach;
}

static int check_terminal(const struct making *m, struct err *e)
{
	bool terminal = m->config.spec->process.terminal;

	if (terminal && detaches(m) && !m->ask->console_socket)
		return err_say(e, EINVAL, "/process/terminal: a detached container with a terminal "
					  "needs --console-socket");
	if (m->ask->console_socket && !(terminal && detaches(m)))
		return err_say(e, EINVAL, "--console-socket needs a detached container and "
					  "/process/terminal true");
	return 0;
}

static int check_process(const struct making *m, struct err *e)
{
	if (!m->config.spec->process.present)
		return err_say(e, EINVAL, "/process: must be there to create a container");
	return check_terminal(m, e);
}

static uint32_t namespace_flags(const struct spec *spec)
{
	uint64_t flags = 0;

	for (enum ns_kind kind = 0; kind < NS_KINDS; kind++)
		if (spec_has_namespace(spec, kind))
			flags |= ns_rows[kind].flag;
	return (uint32_t)flags;
}

/* RFC 3339 in UTC with nanoseconds. */
static const char *now(struct arena *arena)
{
	struct timespec ts;
	struct tm tm;
	char text[32];

	clock_gettime(CLOCK_REALTIME, &ts);
	gmtime_r(&ts.tv_sec, &tm);
	strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &tm);
	return arena_printf(arena, "%s.%09ldZ", text, ts.tv_nsec);
}

/* What is written down as the container's cgroup is killed as a whole by delete, so it must not be another's. */
static int check_cgroup(struct making *m, struct err *e)
{
	const struct host *host = &m->context->host;
	bool populated = false;
	autofd cgroup = -1;
	struct err absent;

	if (!m->container.cgroup || cgroup_open(host, m->container.cgroup, &cgroup, &absent) < 0)
		return 0;
	if (cgroup_populated(cgroup, &populated, e) < 0)
		return -e->code;
	if (populated)
		return err_say(e, EBUSY, "/linux/cgroupsPath: cgroup %s has processes in it already",
			       m->container.cgroup);
	return 0;
}

/* Written down before they are made, so that delete finds them whatever happens. */
static void describe_resctrl(struct making *m)
{
	const struct spec_intel_rdt *rdt = &m->config.spec->linux.intel_rdt;
	const char *group = resctrl_group_name(m->config.spec, m->ask->id);
	autofd root = -1;
	struct err none;

	if (!rdt->present || resctrl_open(&root, &none) < 0)
		return;
	if (!rdt->clos_id && faccessat(root, group, F_OK, 0) < 0)
		m->container.resctrl = group;
	if (rdt->enable_monitoring)
		m->container.monitored = group;
}

/* What the state directory says of it from now on. */
static int describe(struct making *m, struct err *e)
{
	const struct spec *spec = m->config.spec;
	struct container *container = &m->container;
	int r;

	container->bundle = m->config.bundle;
	container->rootfs = m->config.rootfs;
	container->created = now(m->context->arena);
	container->owner_uid = geteuid();
	container->owner = "";
	container->namespaces = namespace_flags(spec);
	container->oci_version = spec->oci_version;
	container->annotations = spec->annotations.items;
	container->annotation_count = spec->annotations.count;
	container->terminal = spec->process.terminal;
	describe_resctrl(m);
	r = cgroup_path(m->context->arena, &m->context->host, spec->linux.cgroups_path, m->ask->id,
			&container->cgroup, e);
	return r < 0 ? r : check_cgroup(m, e);
}

static int ask_for(struct making *m, struct err *e)
{
	struct activation activation = { 0 };
	int r = activation_probe(m->context->arena, m->ask->preserve_fds, &activation, e);

	if (r < 0)
		return r;
	m->request.id = m->ask->id;
	m->request.bundle = m->config.bundle;
	m->request.rootfs = m->config.rootfs;
	m->request.no_pivot = m->ask->no_pivot;
	m->request.no_new_keyring = m->ask->no_new_keyring;
	m->request.preserve_fds = activation.preserve_fds;
	m->request.extra_env = activation.env;
	m->request.init_pidfd = -1;
	return 0;
}

static void take_recording(struct making *m)
{
	if (!m->ask->recording)
		return;
	m->config.spec = recording_apply(m->context, m->ask->recording, m->config.spec);
	m->request.filter = m->ask->recording->filter;
}

/* Everything up to the state directory: nothing to undo yet. */
static int prepare(struct making *m, struct err *e)
{
	int r = container_id_check(m->ask->id, e);

	if (r == 0)
		r = config_load(m->context, m->ask->bundle, m->ask->config, &m->config, e);
	if (r == 0)
		r = check_process(m, e);
	if (r == 0)
		r = host_probe(m->context, e);
	if (r == 0)
		r = ask_for(m, e);
	if (r == 0)
		take_recording(m);
	return r;
}

/* NOTIFY_SOCKET of the caller: the workload gets one of its own, whose word tare passes on. */
static int ask_notify(struct making *m, struct err *e)
{
	struct strings *env = &m->request.extra_env;
	const char **items;

	if (!notify_socket())
		return 0;
	items = arena_array(m->context->arena, env->count + 1, sizeof *items);
	for (size_t i = 0; i < env->count; i++)
		items[i] = env->items[i];
	items[env->count] = "NOTIFY_SOCKET=/run/notify/notify.sock";
	*env = (struct strings){ items, env->count + 1 };
	return notify_prepare(m->context->arena, m->context->root, &m->container,
			      &m->request.notify_dir, e);
}

static int save(struct making *m, struct err *e)
{
	int r = container_save_config(&m->container, m->config.fd, e);

	if (r < 0 || m->request.kind != REQUEST_CREATE)
		return r;
	/* `start` explains what tare-init reports with it. */
	r = file_replace(m->container.dir, "plan", 0600, m->plan, m->plan->size);
	return r < 0 ? err_set(e, -r, "cannot write the plan to the state directory") : 0;
}

static int reserve(struct making *m, struct err *e)
{
	int r = container_reserve(m->context, m->ask->id, &m->container, e);

	if (r < 0)
		return r;
	m->reserved = true;
	r = describe(m, e);
	if (r == 0)
		r = ask_notify(m, e);
	if (r == 0)
		r = filter_provide(m->context, m->config.spec, &m->container, &m->request, e);
	if (r == 0)
		r = reach_probe(m->context, m->config.spec, &m->request, e);
	if (r == 0)
		r = build_plan(m->context, m->config.spec, NULL, &m->request, &m->plan, e);
	if (r == 0)
		m->plan->preserve_fds = m->request.preserve_fds;
	return r < 0 ? r : save(m, e);
}

static int launch_it(struct making *m, struct err *e)
{
	int r;

	if (m->request.kind == REQUEST_RUN && m->request.notify_dir &&
	    notify_bind(&m->container, &m->notify, e) < 0)
		return -e->code;
	launch_init(&m->launch);
	m->launch.context = m->context;
	m->launch.plan = m->plan;
	m->launch.container = &m->container;
	m->launch.spec = m->config.spec;
	m->launch.console_socket = m->ask->console_socket;
	r = launch_run(&m->launch, e);
	m->launched = r == 0;
	return r;
}

static int tell(struct making *m, struct err *e)
{
	int r = 0;

	if (m->ask->pid_file)
		r = write_pid_file(m->ask->pid_file, m->launch.pid, e);
	if (r == 0 && m->ask->pidfd_socket)
		r = send_pidfd(m->ask->pidfd_socket, m->launch.pidfd, e);
	return r;
}

static int make(struct making *m, struct err *e)
{
	int r = prepare(m, e);

	if (r == 0)
		r = reserve(m, e);
	if (r == 0)
		r = launch_it(m, e);
	return r < 0 ? r : tell(m, e);
}

/* Leaves nothing behind. The error that matters is there already. The launch has undone its own
 * cgroup; another's, which it refused, must not be touched. */
static void undo(struct making *m)
{
	struct err ignored;

	if (!m->reserved)
		return;
	if (!m->launched) {
		m->container.cgroup = NULL;
		container_save(&m->container, &ignored);
	}
	container_close(&m->container);
	container_delete(m->context, m->ask->id, true, &ignored);
}

static void making_clear(struct making *m)
{
	launch_clear(&m->launch);
	fd_close(&m->notify);
	if (m->reserved)
		container_close(&m->container);
	config_clear(&m->config);
}

static struct making making_begin(struct context *context, const struct create_request *ask,
				  enum request_kind kind)
{
	struct making m = {
		.context = context,
		.ask = ask,
		.config = { .fd = -1 },
		.request = { .kind = kind },
		.container = CONTAINER_NONE,
		.notify = -1,
	};

	launch_init(&m.launch);
	return m;
}

int container_create(struct context *context, const struct create_request *ask, struct err *e)
{
	struct making m = making_begin(context, ask, REQUEST_CREATE);
	int r = make(&m, e);

	if (r < 0)
		undo(&m);
	making_clear(&m);
	return r;
}

/* The container outlives the lock: others may look at it, signal and delete it while it runs. */
static int attend(struct making *m, int *ret_status, struct err *e)
{
	struct foreground foreground = {
		.pid = m->launch.pid,
		.pidfd = m->launch.pidfd,
		.master = m->launch.console,
		.notify = m->notify,
		.notify_to = notify_socket(),
	};
	struct err ignored;
	int r;

	container_close(&m->container);
	m->reserved = false;
	r = foreground_wait(&foreground, ret_status, e);
	if (r == 0)
		died_tell(m->context, m->ask->id, m->container.cgroup, *ret_status);
	if (!m->ask->keep)
		container_delete(m->context, m->ask->id, true, &ignored);
	return r;
}

static int run(struct making *m, int *ret_status, struct err *e)
{
	int r = 0;

	if (!m->ask->detach)
		r = foreground_prepare(e);
	if (r == 0 && !m->ask->detach && !m->ask->no_subreaper)
		prctl(PR_SET_CHILD_SUBREAPER, 1);
	if (r == 0)
		r = make(m, e);
	if (r == 0)
		r = lifecycle_hooks(m->context, m->config.spec, HOOK_POSTSTART, &m->container,
				    STATUS_RUNNING, e);
	if (r < 0)
		return r;
	if (!m->ask->detach)
		return attend(m, ret_status, e);
	if (m->notify < 0)
		return 0;
	return notify_wait(m->notify, notify_socket(), m->launch.pid, m->launch.pidfd, e);
}

int container_run(struct context *context, const struct create_request *ask, int *ret_status,
		  struct err *e)
{
	struct making m = making_begin(context, ask, REQUEST_RUN);
	int r;

	*ret_status = 0;
	r = run(&m, ret_status, e);
	if (r < 0)
		undo(&m);
	making_clear(&m);
	return r;
}

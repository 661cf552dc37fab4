/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <sys/prctl.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/file.h"
#include "plan/plan.h"
#include "runtime/activation.h"
#include "runtime/build.h"
#include "runtime/console.h"
#include "runtime/context.h"
#include "runtime/filter.h"
#include "runtime/host_root.h"
#include "runtime/interrupt.h"
#include "runtime/launch.h"
#include "runtime/lifecycle.h"
#include "runtime/making.h"
#include "runtime/notify.h"
#include "runtime/operations.h"
#include "runtime/reach.h"
#include "runtime/record.h"
#include "runtime/trace.h"
#include "spec/spec.h"

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

static int prepare(struct making *m, struct err *e)
{
	int r;

	trace_phase(m->context, "prepare");
	r = making_prepare(m, e);
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
	int r;

	trace_phase(m->context, "save");
	r = container_save_config(&m->container, m->config.problems.document,
				  m->config.problems.length, e);
	if (r < 0 || m->request.kind != REQUEST_CREATE)
		return r;
	/* `start` explains what tare-init reports with it. */
	r = file_create(m->container.dir, "plan", 0600, m->plan, m->plan->size);
	return r < 0 ? err_set(e, -r, "cannot write the plan to the state directory") : 0;
}

static int reserve(struct making *m, struct err *e)
{
	int r;

	trace_phase(m->context, "reserve");
	r = making_reserve(m, e);
	if (r == 0 && m->ask->recording)
		r = recording_keep(m->ask->recording, &m->container, e);
	if (r == 0)
		r = ask_notify(m, e);
	if (r == 0)
		r = host_root_prepare(m->context->arena, m->context->root, &m->container, m->config.spec,
				      &m->request.host_root, e);
	trace_phase(m->context, "filter");
	if (r == 0)
		r = filter_provide(m->context, m->config.spec, &m->container, &m->request, e);
	trace_phase(m->context, "plan");
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

static int make(struct making *m, struct err *e)
{
	int r = prepare(m, e);

	if (r == 0)
		r = reserve(m, e);
	if (r == 0)
		r = launch_it(m, e);
	trace_phase(m->context, "tell");
	return r < 0 ? r : making_tell(m, e);
}

int container_create(struct context *context, const struct create_request *ask, struct err *e)
{
	struct making m = making_begin(context, ask, REQUEST_CREATE);
	int r = make(&m, e);

	trace_write(context);
	if (r < 0)
		making_undo(&m);
	making_clear(&m);
	return r;
}

/* To where its program runs. */
static int bring_up(struct making *m, struct err *e)
{
	int r = 0;

	if (!m->ask->detach)
		r = foreground_prepare(e);
	if (r == 0 && !m->ask->detach && !m->ask->no_subreaper)
		prctl(PR_SET_CHILD_SUBREAPER, 1);
	if (r == 0)
		r = make(m, e);
	if (r == 0 && !m->ask->detach)
		interrupt_pass_to(m->context, m->launch.pidfd);
	if (r == 0)
		r = lifecycle_hooks(m->context, m->config.spec, HOOK_POSTSTART, &m->container,
				    STATUS_RUNNING, e);
	trace_write(m->context);
	return r;
}

static int run(struct making *m, int *ret_status, struct err *e)
{
	int r = bring_up(m, e);

	if (r < 0)
		return r;
	if (!m->ask->detach)
		return making_attend(m, ret_status, e);
	if (m->notify < 0)
		return 0;
	interrupt_end(m->context); /* it runs, and will be ready or not whoever waits for that */
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
		making_undo(&m);
	making_clear(&m);
	return r;
}

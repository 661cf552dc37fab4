/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/launch.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>

#include "base/err.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/sys.h"
#include "cgroups/cgroup.h"
#include "cgroups/scope.h"
#include "plan/plan.h"
#include "runtime/context.h"
#include "runtime/lane.h"
#include "runtime/pids.h"
#include "runtime/state.h"
#include "runtime/trace.h"

enum { END_TIMEOUT = 10000 };

void launch_init(struct launch *launch)
{
	*launch = (struct launch){
		.cgroup = -1,
		.init_pidfd = -1,
		.stdio = { -1, -1, -1 },
		.pidfd = -1,
		.console = -1,
	};
}

void launch_clear(struct launch *launch)
{
	fd_close(&launch->pidfd);
	fd_close(&launch->console);
}

static void lane_clear(struct lane *lane)
{
	int *const owned[] = { &lane->sync,  &lane->cgroup,      &lane->taken,
			       &lane->state, &lane->own_time_ns, &lane->resctrl };

	for (size_t i = 0; i < sizeof owned / sizeof *owned; i++)
		fd_close(owned[i]);
	holder_end(&lane->holder);
	for (uint32_t i = 0; i < lane->plan->slot_count; i++)
		fd_close(&lane->slots[i]);
}

static struct lane lane_begin(struct launch *launch)
{
	struct plan_header *plan = launch->plan;

	return (struct lane){
		.launch = launch,
		.plan = plan,
		.slots = (int32_t *)((char *)plan + plan->slots),
		.sync = -1,
		.cgroup = -1,
		.holder = HOLDER_NONE,
		.taken = -1,
		.state = -1,
		.resctrl = -1,
		.own_time_ns = -1,
	};
}

static void undo_cgroup(struct lane *lane)
{
	struct launch *launch = lane->launch;
	struct err ignored;

	/* It was empty when the lane took it, so all that is in it is ours. */
	if (cgroup_kill(lane->cgroup, launch->stuck ? 0 : END_TIMEOUT, &ignored) < 0)
		launch->stuck = true;
	else if (lane->cgroup_made)
		cgroup_remove(&launch->context->host, launch->container->cgroup, &ignored);
}

/* It may be another process of the container that keeps it. */
static void tell_stuck(const struct launch *launch)
{
	pid_t pid = launch->pid;
	struct pids pids = { &pid, 1 };
	struct err ignored;

	if (launch->container)
		container_processes(launch->context, launch->container, &pids, &ignored);
	log_line(LOG_LEVEL_WARNING, "process %d does not die of SIGKILL: %s", pid,
		 cgroup_survivor(launch->context->arena, pids.items, pids.count));
}

/* A dead server that it asks must not keep the caller for ever. */
static bool ends(const struct launch *launch)
{
	struct pollfd end = { .fd = launch->pidfd, .events = POLLIN };
	int n;

	do
		n = poll(&end, 1, END_TIMEOUT);
	while (n < 0 && errno == EINTR);
	if (n == 0)
		tell_stuck(launch);
	return n;
}

void launch_end(struct launch *launch)
{
	if (launch->pidfd < 0)
		return;
	sys_pidfd_send_signal(launch->pidfd, SIGKILL);
	if (ends(launch))
		waitid(P_PIDFD, (id_t)launch->pidfd, &(siginfo_t){ 0 }, WEXITED);
	else
		launch->stuck = true;
	fd_close(&launch->pidfd);
}

/* Ends what a failed launch made. Errors here would hide the one that matters. */
static void lane_undo(struct lane *lane)
{
	struct launch *launch = lane->launch;
	struct scope scope;
	struct err ignored;

	launch_end(launch);
	holder_end(&lane->holder);
	if (lane->cgroup >= 0)
		undo_cgroup(lane);
	if (lane->scope_started)
		scope_stop(container_scope(launch->container, &scope), &ignored);
}

static int run_steps(struct lane *lane, struct err *e)
{
	size_t count;
	const struct plan_step *steps = plan_steps(lane->plan, LANE_HOST, &count);

	for (size_t i = 0; i < count; i++) {
		int r;

		trace_step(lane->launch->context, lane->plan, &steps[i]);
		r = lane_step(lane, &steps[i], e);
		if (r < 0)
			return r;
	}
	return 0;
}

static bool waits_at_gate(const struct plan_header *plan)
{
	size_t count;
	const struct plan_step *steps = plan_steps(plan, LANE_INIT, &count);

	for (size_t i = 0; i < count; i++)
		if (steps[i].op == OP_GATE)
			return true;
	return false;
}

int launch_run(struct launch *launch, struct err *e)
{
	struct lane lane = lane_begin(launch);
	int r = run_steps(&lane, e);

	trace_phase(launch->context, "wait");
	if (r == 0 && !waits_at_gate(launch->plan))
		r = lane_wait_exec(&lane, e);
	if (r < 0)
		lane_undo(&lane);
	lane_clear(&lane);
	return r;
}

static const uint16_t restore_ops[] = {
	OP_STATE,      OP_CGROUP,	  OP_CGROUP_USAGE, OP_SCOPE,
	OP_CGROUP_WRITE, OP_CGROUP_DEVICES, OP_CGROUP_OWN,   OP_RESCTRL,
	OP_RESCTRL_JOIN, OP_SCOPE_RELEASE,  OP_MADE,
};

static bool is_for_restore(const struct plan_step *step)
{
	for (size_t i = 0; i < sizeof restore_ops / sizeof *restore_ops; i++)
		if (restore_ops[i] == step->op)
			return true;
	return false;
}

static int restore_steps(struct lane *lane, launch_maker *make, void *data, struct err *e)
{
	size_t count;
	const struct plan_step *steps = plan_steps(lane->plan, LANE_HOST, &count);
	int r = 0;

	for (size_t i = 0; i < count && r == 0; i++) {
		if (steps[i].op == OP_CLONE)
			r = make(lane->launch, lane->cgroup, data, e);
		else if (is_for_restore(&steps[i]))
			r = lane_step(lane, &steps[i], e);
	}
	return r;
}

int launch_restore(struct launch *launch, launch_maker *make, void *data, struct err *e)
{
	struct lane lane = lane_begin(launch);
	int r = restore_steps(&lane, make, data, e);

	if (r < 0)
		lane_undo(&lane);
	lane_clear(&lane);
	return r;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <string.h>

#include "base/err.h"
#include "base/fd.h"
#include "base/sys.h"
#include "cgroups/cgroup.h"
#include "runtime/context.h"
#include "runtime/operations.h"
#include "runtime/state.h"

static int not_running(const struct container *c, struct err *e)
{
	return err_say(e, ESRCH, "container not running: %s", c->id);
}

static int kill_init(const struct container *c, int signal, struct err *e)
{
	autofd pidfd = container_pidfd(c, e);

	if (pidfd < 0)
		return pidfd;
	if (sys_pidfd_send_signal(pidfd, signal) == 0)
		return 0;
	return errno == ESRCH ? not_running(c, e)
			      : err_set(e, errno, "container %s: signal %d", c->id, signal);
}

enum { BATCH = 256 }; /* pidfds open at once */

static bool listed(const pid_t *pids, size_t count, pid_t pid)
{
	for (size_t i = 0; i < count; i++)
		if (pids[i] == pid)
			return true;
	return false;
}

static void open_all(const pid_t *pids, int *pidfds, size_t count)
{
	for (size_t i = 0; i < count; i++)
		pidfds[i] = sys_pidfd_open(pids[i], 0);
}

/* A number taken from a list may be somebody else's by the time it is opened. What the cgroup
 * lists again behind the opening was its process all along, or the pidfd is of a dead one. */
static int signal_batch(struct context *context, int cgroup, const pid_t *pids, size_t count,
			int signal, struct err *e)
{
	int pidfds[BATCH];
	pid_t *again;
	size_t again_count;
	int r;

	open_all(pids, pidfds, count);
	r = cgroup_processes(context->arena, cgroup, &again, &again_count, e);
	for (size_t i = 0; i < count; i++) {
		if (r == 0 && pidfds[i] >= 0 && listed(again, again_count, pids[i]))
			sys_pidfd_send_signal(pidfds[i], signal);
		fd_close(&pidfds[i]);
	}
	return r;
}

static int signal_each(struct context *context, int cgroup, int signal, struct err *e)
{
	pid_t *pids;
	size_t count;
	int r = cgroup_processes(context->arena, cgroup, &pids, &count, e);

	for (size_t i = 0; r == 0 && i < count; i += BATCH)
		r = signal_batch(context, cgroup, pids + i, count - i < BATCH ? count - i : BATCH,
				 signal, e);
	return r;
}

static int kill_all(struct context *context, const struct container *c, int signal, struct err *e)
{
	autofd cgroup = -1;
	int r = cgroup_open(&context->host, c->cgroup, &cgroup, e);

	if (r < 0)
		return r;
	if (signal != SIGKILL)
		return signal_each(context, cgroup, signal, e);
	/* kill(2) does not wait either: delete does. */
	r = cgroup_kill(cgroup, 0, e);
	return r == -ETIMEDOUT ? 0 : r;
}

/* Without a pid namespace of its own the rest would outlive its init. */
static bool means_all(const struct container *c, int signal, bool all)
{
	return c->cgroup && (all || (signal == SIGKILL && !(c->namespaces & CLONE_NEWPID)));
}

int container_kill(struct context *context, const char *id, const char *text, bool all,
		   struct err *e)
{
	autocontainer c = CONTAINER_NONE;
	int signal;
	int r = container_look(context, id, false, &c, e);

	if (r < 0)
		return r;
	if (signal_parse(text, &signal) < 0)
		return err_say(e, EINVAL, "unknown signal: %s", text);
	if (means_all(&c, signal, all))
		return kill_all(context, &c, signal, e);
	return c.found == STATUS_STOPPED ? not_running(&c, e) : kill_init(&c, signal, e);
}

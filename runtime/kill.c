/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <string.h>

#include "base/err.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/sys.h"
#include "cgroups/cgroup.h"
#include "runtime/context.h"
#include "runtime/operations.h"
#include "runtime/pids.h"
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

/* A number taken from a list may be somebody else's by the time it is opened. What is listed again
 * behind the opening was the container's all along, or the pidfd is of a dead one. */
static int signal_batch(struct context *context, const struct container *c, const pid_t *pids,
			size_t count, int signal, struct err *e)
{
	int pidfds[BATCH];
	struct pids again;
	int r;

	open_all(pids, pidfds, count);
	r = container_processes(context, c, &again, e);
	for (size_t i = 0; i < count; i++) {
		if (r == 0 && pidfds[i] >= 0 && listed(again.items, again.count, pids[i]))
			sys_pidfd_send_signal(pidfds[i], signal);
		fd_close(&pidfds[i]);
	}
	return r;
}

static int signal_each(struct context *context, const struct container *c, int signal,
		       struct err *e)
{
	struct pids pids;
	int r = container_processes(context, c, &pids, e);

	for (size_t i = 0; r == 0 && i < pids.count; i += BATCH)
		r = signal_batch(context, c, pids.items + i,
				 pids.count - i < BATCH ? pids.count - i : BATCH, signal, e);
	return r;
}

static int kill_all(struct context *context, const struct container *c, int signal, struct err *e)
{
	autofd cgroup = -1;
	int r;

	if (signal != SIGKILL || !c->cgroup)
		return signal_each(context, c, signal, e);
	r = cgroup_open(&context->host, c->cgroup, &cgroup, e);
	/* systemd ends a scope with its last process. containerd sends the signal behind a
	 * container's end, and does not hear of the end when that fails. */
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	/* kill(2) does not wait either: delete does. */
	r = cgroup_kill(cgroup, 0, e);
	return r == -ETIMEDOUT ? 0 : r;
}

/* Without a pid namespace of its own the rest would outlive its init. */
static bool means_all(const struct container *c, int signal, bool all)
{
	return container_tells_processes(c) &&
	       (all || (signal == SIGKILL && !(c->namespaces & CLONE_NEWPID)));
}

int container_kill(struct context *context, const char *id, const char *text, bool all,
		   struct err *e)
{
	autocontainer c = CONTAINER_NONE;
	int signal;
	int r = container_load(context, id, false, &c, e);

	if (r < 0)
		return r;
	host_probe_cgroup(context);
	if (signal_parse(text, &signal) < 0)
		return err_say(e, EINVAL, "unknown signal: %s", text);
	if (all && !container_tells_processes(&c))
		log_line(LOG_LEVEL_WARNING, "container %s has neither a cgroup nor a pid namespace of "
					    "its own: only its first process is told", c.id);
	if (means_all(&c, signal, all))
		return kill_all(context, &c, signal, e);
	return kill_init(&c, signal, e);
}

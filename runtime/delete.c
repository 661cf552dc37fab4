/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>

#include "base/err.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/sys.h"
#include "cgroups/cgroup.h"
#include "cgroups/scope.h"
#include "runtime/context.h"
#include "runtime/host_root.h"
#include "runtime/lifecycle.h"
#include "runtime/operations.h"
#include "runtime/pids.h"
#include "runtime/resctrl.h"
#include "runtime/state.h"
#include "spec/spec.h"

enum { KILL_TIMEOUT = 10000 };

/* A container that was never started goes too: containerd and scripts give up on one by a plain delete. */
static int check_idle(struct context *context, struct container *c, struct err *e)
{
	int r = container_status(context, c, &c->found, e);

	if (r < 0)
		return r;
	if (c->found != STATUS_STOPPED && c->found != STATUS_CREATED)
		return err_say(e, EBUSY, "cannot delete container %s that is not stopped: %s",
			       c->id, status_names[c->found]);
	return 0;
}

/* It may be another process that keeps the first one of a pid namespace from ending. */
static int no_end(struct context *context, const struct container *c, struct err *e)
{
	pid_t init = c->pid;
	struct pids pids = { &init, 1 };
	struct err ignored;
	const char *why;

	container_processes(context, c, &pids, &ignored);
	why = cgroup_survivor(context->arena, pids.items, pids.count);
	err_say(e, ETIMEDOUT, "container %s: process %d does not die of SIGKILL", c->id, c->pid);
	return err_hint(e, "%s", why);
}

static int wait_end(struct context *context, const struct container *c, int pidfd, struct err *e)
{
	struct pollfd end = { .fd = pidfd, .events = POLLIN };
	int n;

	do
		n = poll(&end, 1, KILL_TIMEOUT);
	while (n < 0 && errno == EINTR);
	if (n == 0)
		return no_end(context, c, e);
	return n < 0 ? err_set(e, errno, "container %s: poll", c->id) : 0;
}

static int end_init(struct context *context, const struct container *c, struct err *e)
{
	struct err gone;
	autofd pidfd = container_pidfd(c, &gone);

	if (pidfd < 0)
		return 0;
	sys_pidfd_send_signal(pidfd, SIGKILL);
	return wait_end(context, c, pidfd, e);
}

/* The cgroup goes with its unit, mostly by itself. Without systemd it is gone as it is. */
static void end_unit(const struct container *c)
{
	struct scope scope;
	struct err e;

	if (container_scope(c, &scope) && scope_stop(&scope, &e) < 0)
		log_line(LOG_LEVEL_WARNING, "container %s: %s", c->id, e.text);
}

/* Ends what is left in the cgroup (all there is, without a pid namespace), then the cgroup. */
static int end_cgroup(struct context *context, const struct container *c, struct err *e)
{
	autofd cgroup = -1;
	struct scope scope;
	int r;

	/* In most cases all processes have ended. systemd is told before its cgroup goes. */
	if (!c->cgroup || (!container_scope(c, &scope) && cgroup_remove_empty(&context->host, c->cgroup)))
		return 0;
	r = cgroup_open(&context->host, c->cgroup, &cgroup, e);
	if (r == 0)
		r = cgroup_kill(cgroup, KILL_TIMEOUT, e);
	if (r < 0 && r != -ENOENT)
		return err_prefix(e, "container %s: cgroup %s", c->id, c->cgroup);
	end_unit(c);
	return r == -ENOENT ? 0 : cgroup_remove(&context->host, c->cgroup, e);
}

static int end_resctrl(const struct container *c, struct err *e)
{
	autofd root = -1;
	struct err none;
	int r = 0;

	if (!c->resctrl && !c->monitored)
		return 0;
	if (resctrl_open(&root, &none) < 0)
		return 0; /* unmounted meanwhile, and the groups with it */
	if (c->monitored)
		r = resctrl_remove(root, c->monitored, c->id, e);
	return r == 0 && c->resctrl ? resctrl_remove(root, c->resctrl, NULL, e) : r;
}

static void poststop(struct context *context, const struct spec *spec, const struct container *c)
{
	struct err e;

	if (spec && lifecycle_hooks(context, spec, HOOK_POSTSTOP, c, STATUS_STOPPED, &e) < 0)
		log_line(LOG_LEVEL_WARNING, "%s", e.text);
}

/* Every part may be gone already: a delete that was cut short is simply repeated. */
static int dismantle(struct context *context, const struct container *c, struct err *e)
{
	const struct spec *spec = NULL;
	struct err no_spec;
	int r = c->found == STATUS_STOPPED ? 0 : end_init(context, c, e);

	if (!c->no_poststop && container_spec(context, c, &spec, &no_spec) < 0)
		log_line(LOG_LEVEL_DEBUG, "%s: poststop hooks are not run", no_spec.text);
	if (r == 0)
		r = end_cgroup(context, c, e);
	if (r == 0)
		r = end_resctrl(c, e);
	if (r == 0 && !(c->namespaces & CLONE_NEWNS))
		r = host_root_remove(c, e);
	if (r == 0)
		r = container_forget(context, c->id, e);
	if (r == 0)
		poststop(context, spec, c);
	return r;
}

/* A state that is damaged or cannot be read leaves to be known only where tare would have put the
 * cgroup. No state at all means that there was no cgroup yet: it is written first, and what may be
 * there is another's. */
static int dismantle_unread(struct context *context, struct container *c, bool damaged,
			    struct err *e)
{
	struct err ignored;
	const struct spec *spec = NULL;
	const char *wanted = NULL;

	if (container_spec(context, c, &spec, &ignored) == 0)
		wanted = spec->linux.cgroups_path;
	if (!damaged || host_probe(context, &ignored) < 0 ||
	    cgroup_path(context->arena, &context->host, wanted, c->id, &c->cgroup,
				    &ignored) < 0)
		c->cgroup = NULL;
	c->bundle = "/";
	return dismantle(context, c, e);
}

static int delete_open(struct context *context, struct container *c, bool force, struct err *e)
{
	int r = container_read(context, c, e);

	if (r < 0)
		return force ? dismantle_unread(context, c, r != -ENOENT, e) : r;
	r = force ? 0 : check_idle(context, c, e);
	return r < 0 ? r : dismantle(context, c, e);
}

/* A create that waits for a hook holds the lock. The end of the container's process ends it. */
static void end_unlocked(struct context *context, const struct container *c)
{
	struct container read = *c;
	struct err ignored;

	if (container_read(context, &read, &ignored) == 0)
		end_init(context, &read, &ignored);
}

int container_delete(struct context *context, const char *id, bool force, struct err *e)
{
	autocontainer c = CONTAINER_NONE;
	int r = container_open(context, id, false, &c, e);

	host_probe_cgroup(context);
	if (r == 0 && force && !container_lock_now(&c))
		end_unlocked(context, &c);
	if (r == 0)
		r = container_lock(&c, e);
	if (r == -ENOENT && force)
		return 0;
	return r < 0 ? r : delete_open(context, &c, force, e);
}

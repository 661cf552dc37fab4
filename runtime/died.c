/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/died.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/log.h"
#include "cgroups/scope.h"
#include "cgroups/stats.h"
#include "runtime/context.h"
#include "runtime/state.h"

/* -1 when there is none: nothing is known then, which is no failure of whoever asks. */
static int open_quietly(struct context *context, const char *path)
{
	struct err ignored;
	int cgroup = -1;

	host_probe_cgroup(context);
	if (path)
		cgroup_open(&context->host, path, &cgroup, &ignored);
	return cgroup;
}

void died_figures(struct context *context, struct container *c)
{
	autofd cgroup = open_quietly(context, c->cgroup);
	struct cgroup_stats stats;
	struct err ignored;

	if (cgroup < 0 || cgroup_stats_read(context->arena, cgroup, &stats, &ignored) < 0)
		return;
	c->reached.known = true;
	c->reached.oom_kills = stats.memory.oom_kills;
	c->reached.refused_forks = stats.pids.limit_hits;
	c->reached.memory_limit = stats.memory.limit;
	c->reached.pids_limit = stats.pids.limit;
}

void died_before(struct context *context, const struct container *c, struct cgroup_toll *ret_toll)
{
	autofd cgroup = open_quietly(context, c->cgroup);

	*ret_toll = (struct cgroup_toll){ 0 };
	if (cgroup >= 0)
		cgroup_toll(cgroup, ret_toll);
}

/* The kernel tells of a limit when it is met, ahead of the death, but once in 10 ms at most; and of the last process. */
static const char *const event_files[DIED_EVENTS] = { "memory.events", "pids.events",
						      "cgroup.events" };

void died_watch(struct context *context, const struct container *c, struct died_watch *ret_watch)
{
	struct scope scope;

	*ret_watch = (struct died_watch)DIED_WATCH_NONE;
	if (!container_scope(c, &scope))
		return;
	ret_watch->cgroup = open_quietly(context, c->cgroup);
	for (size_t i = 0; ret_watch->cgroup >= 0 && i < DIED_EVENTS; i++)
		ret_watch->events[i] = openat(ret_watch->cgroup, event_files[i],
					      O_RDONLY | O_CLOEXEC);
	died_look(ret_watch);
}

static void add_up(int cgroup, struct cgroup_toll *seen)
{
	struct cgroup_toll now;

	cgroup_toll(cgroup, &now);
	for (size_t i = 0; i < CGROUP_CAUSES; i++)
		if (now.counts[i] > seen->counts[i])
			seen->counts[i] = now.counts[i];
}

/* What was read is not told of again. A cgroup that is gone is ready for ever. */
void died_look(struct died_watch *watch)
{
	char ignored[256];

	if (watch->cgroup >= 0)
		add_up(watch->cgroup, &watch->seen);
	for (size_t i = 0; i < DIED_EVENTS; i++)
		if (watch->events[i] >= 0 &&
		    pread(watch->events[i], ignored, sizeof ignored, 0) <= 0)
			fd_close(&watch->events[i]);
}

void died_watch_close(struct died_watch *watch)
{
	fd_close(&watch->cgroup);
	for (size_t i = 0; i < DIED_EVENTS; i++)
		fd_close(&watch->events[i]);
}

void died_tell(struct context *context, const struct container *c, const struct cgroup_toll *before,
	       const struct died_watch *watch, int status)
{
	autofd cgroup = status ? open_quietly(context, c->cgroup) : -1;
	struct cgroup_toll toll = watch ? watch->seen : (struct cgroup_toll){ 0 };
	const char *why;

	if (cgroup >= 0)
		add_up(cgroup, &toll);
	why = status ? cgroup_toll_text(context->arena, before, &toll) : NULL;

	if (why)
		log_line(LOG_LEVEL_WARNING, "container %s: the program ended with status %d: %s",
			 c->id, status, why);
}

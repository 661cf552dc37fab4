/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/died.h"

#include "base/arena.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/log.h"
#include "cgroups/cgroup.h"
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

void died_tell(struct context *context, const struct container *c, const struct cgroup_toll *before,
	       int status)
{
	autofd cgroup = status ? open_quietly(context, c->cgroup) : -1;
	const char *why = cgroup < 0 ? NULL : cgroup_why(context->arena, cgroup, before);

	if (why)
		log_line(LOG_LEVEL_WARNING, "container %s: the program ended with status %d: %s",
			 c->id, status, why);
}

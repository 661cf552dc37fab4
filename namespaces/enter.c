/* SPDX-License-Identifier: Apache-2.0 */
/* Init lane: joins, makes what clone3() could not, becomes root of the user namespace. */
#include <linux/sched.h>

#include "namespaces/layout.h"
#include "namespaces/namespaces.h"
#include "plan/plan.h"
#include "spec/spec.h"

static void join(struct compile *c, unsigned kind)
{
	uint64_t slot = ns_slot(c->spec, kind);

	if (slot != PLAN_NO_SLOT)
		PLAN_INIT(c->plan, OP_SETNS, ns_why(c, kind), slot, ns_rows[kind].flag);
}

static void join_others(struct compile *c)
{
	for (unsigned kind = NS_USER + 1; kind < NS_KINDS; kind++)
		join(c, kind);
}

/* The id to become: 0 where it is mapped, else the one that the process will have. */
static uint32_t first_id(const struct id_mappings *maps, uint32_t own)
{
	for (size_t i = 0; i < maps->count; i++)
		if (maps->items[i].container_id == 0)
			return 0;
	return maps->count ? own : 0;
}

static void become_root(struct compile *c)
{
	const struct spec_linux *spec = &c->spec->linux;
	const struct spec_user *user = &c->process->user;

	PLAN_INIT(c->plan, OP_NS_ROOT, "/linux/uidMappings",
		  first_id(&spec->uid_mappings, user->uid),
		  first_id(&spec->gid_mappings, user->gid),
		  ns_groups_allowed(c) && !ns_groups_kept(c));
}

/* init has the user namespace made before its maps can be written: the lanes meet twice. */
static int make_user(struct compile *c, struct err *e)
{
	const char *why = ns_why(c, NS_USER);
	int r;

	PLAN_INIT(c->plan, OP_UNSHARE, why, CLONE_NEWUSER);
	plan_sync(c->plan, INIT_TO_HOST, why);
	r = ns_map_steps(c, e);
	if (r < 0)
		return r;
	plan_sync(c->plan, HOST_TO_INIT, why);
	return 0;
}

static void write_offsets(struct compile *c)
{
	plan_sync(c->plan, INIT_TO_HOST, "/linux/timeOffsets");
	PLAN_HOST(c->plan, OP_HOST_PROC, "/linux/timeOffsets", plan_str(c->plan, "timens_offsets"),
		  plan_str(c->plan, ns_time_offsets(c)));
	plan_sync(c->plan, HOST_TO_INIT, "/linux/timeOffsets");
}

/* Only children enter these two. A pid namespace is joined by tare-init, not by tare for its child:
 * whoever waits in there must find neither tare's program nor the host's root. */
static bool needs_fork(const struct compile *c, const struct ns_layout *layout)
{
	return layout->unshared & (CLONE_NEWPID | CLONE_NEWTIME) ||
	       ns_slot(c->spec, NS_PID) != PLAN_NO_SLOT;
}

static void make_others(struct compile *c, const struct ns_layout *layout)
{
	if (layout->unshared)
		PLAN_INIT(c->plan, OP_UNSHARE, "/linux/namespaces", layout->unshared);
	if (layout->late_offsets)
		write_offsets(c);
	if (layout->own_offsets)
		PLAN_INIT(c->plan, OP_CLOCKS, "/linux/timeOffsets",
			  plan_str(c->plan, ns_time_offsets(c)));
	if (!needs_fork(c, layout))
		return;
	PLAN_INIT(c->plan, OP_FORK, "/linux/namespaces", 0);
	PLAN_HOST(c->plan, OP_FORKED, "/linux/namespaces", 0);
}

/* Root of the host may join everything, also what another user namespace owns, so it joins that
 * first. Anyone else has the right only behind the user namespace. */
static int join_and_make_user(struct compile *c, const struct ns_layout *layout, struct err *e)
{
	bool user_first = layout->user_joined && !c->host->root;
	int r = 0;

	if (user_first)
		join(c, NS_USER);
	if (user_first)
		become_root(c);
	join_others(c);
	if (!user_first)
		join(c, NS_USER);
	if (layout->user_made)
		r = make_user(c, e);
	if (r == 0 && !user_first && spec_has_namespace(c->spec, NS_USER))
		become_root(c);
	return r;
}

int ns_enter_compile(struct compile *c, struct err *e)
{
	struct ns_layout layout = ns_layout(c->spec);
	int r = join_and_make_user(c, &layout, e);

	if (r < 0)
		return r;
	make_others(c, &layout);
	if (spec_new_namespace(c->spec, NS_NETWORK))
		PLAN_INIT(c->plan, OP_LOOPBACK_UP, ns_why(c, NS_NETWORK), 0);
	return 0;
}

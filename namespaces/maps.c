/* SPDX-License-Identifier: Apache-2.0 */
/* Id mappings: written by the host lane, user_namespaces(7). */
#include <errno.h>
#include <linux/sched.h>

#include "base/arena.h"
#include "base/err.h"
#include "namespaces/layout.h"
#include "namespaces/namespaces.h"
#include "plan/plan.h"
#include "spec/spec.h"

static int map_step(struct compile *c, const char *file, const char *why,
		    const struct id_mappings *maps, struct err *e)
{
	autobuf text = { 0 };

	if (!maps->count)
		return err_say(e, EINVAL, "%s: a new user namespace needs a mapping", why);
	for (size_t i = 0; i < maps->count; i++)
		strbuf_addf(&text, "%u %u %u\n", maps->items[i].container_id,
			    maps->items[i].host_id, maps->items[i].size);
	PLAN_HOST(c->plan, OP_ID_MAP, why, plan_str(c->plan, file), plan_str(c->plan, text.text));
	return 0;
}

int ns_map_steps(struct compile *c, struct err *e)
{
	const struct spec_linux *spec = &c->spec->linux;
	int r = map_step(c, "uid_map", "/linux/uidMappings", &spec->uid_mappings, e);

	if (r < 0)
		return r;
	/* The kernel takes an unprivileged writer's gid_map only where groups cannot be dropped: a
	 * group may be what denies its members access. Any other map is for newgidmap to write. */
	if (!ns_groups_allowed(c) && !c->host->groups_denied)
		PLAN_HOST(c->plan, OP_ID_MAP, "/linux/gidMappings", plan_str(c->plan, "setgroups"),
			  plan_str(c->plan, "deny"));
	return map_step(c, "gid_map", "/linux/gidMappings", &spec->gid_mappings, e);
}

int ns_maps_compile(struct compile *c, struct err *e)
{
	int r;

	if (!(ns_clone_flags(c->spec) & CLONE_NEWUSER))
		return 0;
	r = ns_map_steps(c, e);
	if (r < 0)
		return r;
	PLAN_HOST(c->plan, OP_RELEASE, "/linux/uidMappings", 0);
	return 0;
}

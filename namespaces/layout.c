/* SPDX-License-Identifier: Apache-2.0 */
#include "namespaces/layout.h"

#include <inttypes.h>
#include <linux/sched.h>

#include "base/arena.h"
#include "namespaces/namespaces.h"
#include "plan/plan.h"
#include "spec/spec.h"

static uint64_t new_flags(const struct spec *spec)
{
	uint64_t flags = 0;

	for (unsigned kind = 0; kind < NS_KINDS; kind++)
		if (spec_new_namespace(spec, kind))
			flags |= ns_rows[kind].flag;
	return flags;
}

static bool joins_other(const struct spec *spec)
{
	for (unsigned kind = NS_USER + 1; kind < NS_KINDS; kind++)
		if (spec_joined_namespace(spec, kind))
			return true;
	return false;
}

struct ns_layout ns_layout(const struct spec *spec)
{
	uint64_t flags = new_flags(spec);
	bool offsets = flags & CLONE_NEWTIME &&
		       (spec->linux.boottime.present || spec->linux.monotonic.present);
	bool user_joined = spec_joined_namespace(spec, NS_USER);
	bool user_made = flags & CLONE_NEWUSER && joins_other(spec);
	bool own_offsets = offsets && flags & CLONE_NEWUSER && !user_made;
	bool late = user_joined || user_made;

	return (struct ns_layout){
		.cloned = late ? 0 : flags & ~(uint64_t)(offsets ? CLONE_NEWTIME : 0),
		.unshared = late ? flags & ~(uint64_t)CLONE_NEWUSER : 0,
		.user_joined = user_joined,
		.user_made = user_made,
		.host_offsets = offsets && !late && !own_offsets,
		.own_offsets = own_offsets,
		.late_offsets = offsets && late,
	};
}

uint64_t ns_clone_flags(const struct spec *spec)
{
	return ns_layout(spec).cloned;
}

/* The one map an unprivileged user may write, and only where groups are denied for good. */
static bool maps_own_group_only(const struct compile *c)
{
	const struct id_mappings *maps = &c->spec->linux.gid_mappings;

	return maps->count == 1 && maps->items[0].size == 1 &&
	       maps->items[0].host_id == c->host->gid;
}

bool ns_groups_allowed(const struct compile *c)
{
	if (c->host->groups_denied)
		return false;
	return c->host->root || c->host->uid == 0 || !maps_own_group_only(c);
}

bool ns_groups_kept(const struct compile *c)
{
	const char *value = spec_annotation(c->spec, "run.oci.keep_original_groups");

	return str_equal(value, "1") || str_equal(value, "true");
}

const char *ns_why(const struct compile *c, unsigned kind)
{
	const struct spec_namespace *ns = &c->spec->linux.namespaces[kind];

	return arena_printf(c->arena, "/linux/namespaces/%zu (%s%s%s)", ns->index,
			    ns_rows[kind].oci, ns->path ? ", " : "", ns->path ? ns->path : "");
}

uint64_t ns_slot(const struct spec *spec, unsigned kind)
{
	uint64_t slot = 0;

	if (!spec_joined_namespace(spec, kind))
		return PLAN_NO_SLOT;
	for (unsigned before = 0; before < kind; before++)
		slot += spec_joined_namespace(spec, before);
	return slot;
}

const char *ns_time_offsets(const struct compile *c)
{
	const struct spec_linux *spec = &c->spec->linux;
	const struct {
		const char *clock;
		const struct spec_time_offset *offset;
	} rows[] = { { "monotonic", &spec->monotonic }, { "boottime", &spec->boottime } };
	char *text = arena_strdup(c->arena, "");

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (rows[i].offset->present)
			text = arena_printf(c->arena, "%s%s %" PRId64 " %" PRIu32 "\n", text,
					    rows[i].clock, rows[i].offset->secs,
					    rows[i].offset->nanosecs);
	return text;
}

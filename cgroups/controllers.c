/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "base/arena.h"
#include "base/err.h"
#include "cgroups/internal.h"
#include "plan/findings.h"

bool cgroup_has_name(const struct strings *list, const char *name, size_t length)
{
	for (size_t i = 0; i < list->count; i++)
		if (strncmp(list->items[i], name, length) == 0 && !list->items[i][length])
			return true;
	return false;
}

static int refuse_controller(const struct host *host, const char *why, int length,
			     const char *name, struct err *e)
{
	if (host->hybrid) {
		err_say(e, ENODEV, "%s: the %.*s controller of this host is on cgroup v1", why,
			length, name);
		return err_hint(e, "boot with systemd.unified_cgroup_hierarchy=1 "
				   "(or cgroup_no_v1=all)");
	}
	err_say(e, ENODEV, "%s: this host has no %.*s controller", why, length, name);
	return err_hint(e, "%s/cgroup.controllers lists what it has", host->cgroup_mount);
}

struct strings cgroup_name_list(const struct cgroup_names *names)
{
	return (struct strings){ names->items, names->count };
}

static void need(struct arena *arena, struct cgroup_names *names, const char *name, size_t length)
{
	struct strings list = cgroup_name_list(names);

	if (length && !cgroup_has_name(&list, name, length))
		names->items[names->count++] = arena_strndup(arena, name, length);
}

/* What a cgroup without the controller does anyway. Engines send some of these with every
 * container. */
bool cgroup_limit_is_neutral(const struct cgroup_limit *limit)
{
	static const struct {
		const char *file, *value;
	} neutral[] = {
		{ "cpu.weight", "100" }, { "cpu.idle", "0" }, { "cpu.max.burst", "0" },
	};

	for (size_t i = 0; i < sizeof neutral / sizeof *neutral; i++)
		if (str_equal(limit->file, neutral[i].file) &&
		    str_equal(limit->value, neutral[i].value))
			return true;
	return str_starts(limit->value, "max");
}

int cgroup_needed_controllers(struct arena *arena, const struct host *host,
			      struct cgroup_limits *limits, struct cgroup_names *ret_names,
			      struct err *e)
{
	size_t kept = 0;
	int r = 0;

	for (size_t i = 0; r == 0 && i < limits->count; i++) {
		const struct cgroup_limit *limit = &limits->items[i];
		size_t length = cgroup_controller_of(limit->file);
		bool there = !length || cgroup_has_name(&host->controllers, limit->file, length);

		if (!there && !cgroup_limit_is_neutral(limit))
			r = findings_note(limits->findings,
					  refuse_controller(host, limit->why, (int)length,
							    limit->file, e), e);
		if (!there)
			continue;
		need(arena, ret_names, limit->file, length);
		limits->items[kept++] = *limit;
	}
	limits->count = kept;
	return r;
}

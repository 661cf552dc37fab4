/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/arena.h"
#include "base/err.h"
#include "cgroups/cgroup.h"
#include "cgroups/internal.h"
#include "cgroups/unit.h"
#include "plan/findings.h"
#include "plan/plan.h"
#include "spec/spec.h"

/* Enabled for accounting wherever the hierarchy has them, with or without a limit: engines show
 * these figures, and a message about an OOM kill comes from them. */
static const char *const accounting[] = { "cpu", "io", "memory", "pids" };

static bool is_writable_cgroup_mount(const struct spec_mount *mount)
{
	bool cgroup = str_equal(mount->source, "cgroup") || str_equal(mount->type, "cgroup") ||
		      str_equal(mount->type, "cgroup2");

	for (size_t i = 0; i < mount->options.count; i++)
		if (str_equal(mount->options.items[i], "ro") ||
		    str_equal(mount->options.items[i], "rro"))
			return false;
	return cgroup && str_equal(mount->destination, "/sys/fs/cgroup");
}

/* config-linux.md#cgroup-ownership: the container sees its cgroup as its own root and may write
 * there. */
static bool is_delegated(const struct spec *spec)
{
	if (!spec_new_namespace(spec, NS_CGROUP))
		return false;
	for (size_t i = 0; i < spec->mount_count; i++)
		if (is_writable_cgroup_mount(&spec->mounts[i]))
			return true;
	return false;
}

/* Names with '?' are enabled where that is possible. Who is handed the tree gets all there is. */
static void wanted_controllers(const struct compile *c, struct cgroup_names *names)
{
	const struct strings *there = &c->host->controllers;
	const struct strings always = { accounting, sizeof accounting / sizeof *accounting };
	const struct strings needed = cgroup_name_list(names);
	bool all = is_delegated(c->spec);

	for (size_t i = 0; i < there->count; i++) {
		const char *name = there->items[i];
		size_t length = strlen(name);

		if (!cgroup_has_name(&needed, name, length) &&
		    (all || cgroup_has_name(&always, name, length)))
			names->items[names->count++] = arena_printf(c->arena, "%s?", name);
	}
}

static void devices_step(struct compile *c)
{
	const struct spec_device_rule *rules;
	size_t count = cgroup_device_rules(c->arena, &c->spec->linux.resources, &rules);
	const char **texts = arena_array(c->arena, count, sizeof *texts);
	struct strings list = { texts, count };
	const void *program;
	size_t size;

	/* Without privilege no program can be loaded, and no node be made that would need it. */
	if (!c->host->root)
		return;
	cgroup_device_program(c->arena, rules, count, &program, &size);
	if (!size)
		return;
	for (size_t i = 0; i < count; i++)
		texts[i] = cgroup_device_text(c->arena, &rules[i]);
	PLAN_HOST(c->plan, OP_CGROUP_DEVICES, "/linux/resources/devices",
		  plan_blob(c->plan, program, size), plan_list(c->plan, &list));
}

/* The host's number of process.user.uid; false when it has none. */
static bool host_uid(const struct spec *spec, uint32_t *ret_uid)
{
	const struct id_mappings *maps = &spec->linux.uid_mappings;
	uint32_t uid = spec->process.user.uid;

	if (!spec_has_namespace(spec, NS_USER)) {
		*ret_uid = uid;
		return true;
	}
	for (size_t i = 0; i < maps->count; i++) {
		const struct id_mapping *map = &maps->items[i];

		if (uid < map->container_id || uid - map->container_id >= map->size)
			continue;
		*ret_uid = map->host_id + (uid - map->container_id);
		return true;
	}
	return false;
}

static void own_step(struct compile *c)
{
	uint32_t uid;

	if (c->host->root && is_delegated(c->spec) && host_uid(c->spec, &uid) &&
	    uid != c->host->uid)
		PLAN_HOST(c->plan, OP_CGROUP_OWN, "/process/user/uid", uid);
}

static void cgroup_step(struct compile *c, const char *path, const struct cgroup_names *names,
			bool optional)
{
	const struct strings list = cgroup_name_list(names);
	const char *why = c->spec->linux.cgroups_path ? "/linux/cgroupsPath" : NULL;
	struct plan_step *step = PLAN_HOST(c->plan, OP_CGROUP, why, plan_str(c->plan, path),
					   plan_list(c->plan, &list));

	if (step && optional)
		step->flags = STEP_OPTIONAL;
}

/* What every scope of ours has. Delegate: systemd leaves what is below it, and the controllers, alone.
 * A scope that failed is not kept: it would be in the way of the next of its name. */
static void scope_properties(const struct compile *c, const struct unit *unit,
			     struct unit_properties *p)
{
	static const char *const always[] = {
		"Delegate=true",	"CollectMode='inactive-or-failed'",
		"DefaultDependencies=false", "CPUAccounting=true",
		"MemoryAccounting=true", "IOAccounting=true",
		"TasksAccounting=true",
	};

	unit_property(p, arena_printf(c->arena, "Description='tare container %s'",
				      c->request->id));
	unit_property(p, arena_printf(c->arena, "Slice='%s'", unit->slice));
	for (size_t i = 0; i < sizeof always / sizeof *always; i++)
		unit_property(p, always[i]);
}

static int scope_step(struct compile *c, const struct cgroup_limits *limits,
		      const struct cgroup_names *names, struct err *e)
{
	const struct spec *spec = c->spec;
	struct unit_properties p = { .arena = c->arena };
	const struct strings controllers = cgroup_name_list(names);
	struct strings list;
	struct unit unit = { .slice = "", .name = "", .path = "/" };
	int r = unit_of(c->arena, c->host, spec->linux.cgroups_path, c->request->id, &unit, e);

	r = findings_note(limits->findings, r, e);
	scope_properties(c, &unit, &p);
	for (size_t i = 0; r == 0 && i < spec->annotations.count; i++)
		r = findings_note(limits->findings,
				  unit_annotation(&spec->annotations.items[i], &p, e), e);
	if (r < 0)
		return r;
	unit_limit_properties(limits, &p);
	list = (struct strings){ p.items, p.count };
	PLAN_HOST(c->plan, OP_SCOPE, spec->linux.cgroups_path ? "/linux/cgroupsPath" : NULL,
		  plan_str(c->plan, unit.path), plan_str(c->plan, unit.name),
		  c->host->user_manager, plan_list(c->plan, &list),
		  plan_list(c->plan, &controllers));
	return 0;
}

/* The process lent to a scope, the container's first, and the child that goes on in its place where a pid
 * namespace is joined. */
enum { TASKS_AT_BIRTH = 3 };

/* Too small a number of processes for the container to begin with. */
static bool keeps_from_birth(const struct cgroup_limit *limit)
{
	uint64_t tasks;

	return str_equal(limit->file, "pids.max") &&
	       parse_u64(limit->value, UINT64_MAX, &tasks) == 0 && tasks < TASKS_AT_BIRTH;
}

static const char *value_at_birth(const struct compile *c, const struct cgroup_limit *limit)
{
	return keeps_from_birth(limit) ? arena_printf(c->arena, "%d", TASKS_AT_BIRTH)
				       : limit->value;
}

static void write_step(struct compile *c, const struct cgroup_limit *limit, const char *value)
{
	PLAN_HOST(c->plan, OP_CGROUP_WRITE, limit->why, plan_str(c->plan, limit->file),
		  plan_str(c->plan, value));
}

bool cgroup_asks_for_check(const struct spec_memory *memory, uint64_t *ret_limit)
{
	*ret_limit = (uint64_t)memory->limit;
	return memory->check_before_update && memory->has_limit && memory->limit > 0;
}

static void usage_step(struct compile *c)
{
	uint64_t limit;

	if (cgroup_asks_for_check(&c->spec->linux.resources.memory, &limit))
		PLAN_HOST(c->plan, OP_CGROUP_USAGE, "/linux/resources/memory/checkBeforeUpdate",
			  limit);
}

static int cgroup_steps(struct compile *c, struct cgroup_limits *limits, struct err *e)
{
	const struct spec *spec = c->spec;
	size_t room = limits->count + c->host->controllers.count + 1;
	struct cgroup_names names = { arena_array(c->arena, room, sizeof *names.items), 0 };
	const char *path = "/";
	int r = cgroup_path(c->arena, c->host, spec->linux.cgroups_path, c->request->id, &path, e);

	r = findings_note(limits->findings, r, e);
	if (r == 0)
		r = cgroup_needed_controllers(c->arena, c->host, limits, &names, e);
	if (r < 0)
		return r;
	wanted_controllers(c, &names);
	/* Nobody asked for a cgroup and perhaps none can be made: an unprivileged container
	 * runs all the same. */
	if (c->host->manager == MANAGER_SYSTEMD)
		r = scope_step(c, limits, &names, e);
	else
		cgroup_step(c, path, &names,
			    !c->host->root && !limits->count && !spec->linux.cgroups_path);
	if (r < 0)
		return r;
	usage_step(c);
	for (size_t i = 0; i < limits->count; i++)
		write_step(c, &limits->items[i], value_at_birth(c, &limits->items[i]));
	devices_step(c);
	own_step(c);
	return 0;
}

/* Only a limit that would not be there must be said; the caller wants no cgroup. */
static int without_cgroup(const struct cgroup_limits *limits, struct err *e)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < limits->count; i++) {
		if (cgroup_limit_is_neutral(&limits->items[i]))
			continue;
		err_say(e, EOPNOTSUPP, "%s: needs a cgroup", limits->items[i].why);
		r = findings_note(limits->findings,
				  err_hint(e, "--cgroup-manager=disabled makes none"), e);
	}
	return r;
}

int cgroup_release_compile(struct compile *c, struct err *e)
{
	if (c->request->kind != REQUEST_EXEC && c->host->manager == MANAGER_SYSTEMD)
		PLAN_HOST(c->plan, OP_SCOPE_RELEASE, NULL, 0);
	return 0;
}

int cgroup_settle_compile(struct compile *c, struct err *e)
{
	struct cgroup_limits limits = { .arena = c->arena, .findings = c->request->findings };
	const struct cgroup_limit *last = NULL;
	int r;

	if (c->host->manager == MANAGER_DISABLED || !c->host->cgroup_mount)
		return 0;
	r = cgroup_limits_of(&c->spec->linux.resources, &limits, e);
	for (size_t i = 0; r == 0 && i < limits.count; i++)
		if (str_equal(limits.items[i].file, "pids.max"))
			last = &limits.items[i];
	if (last && keeps_from_birth(last))
		write_step(c, last, last->value);
	return r;
}

int cgroup_compile(struct compile *c, struct err *e)
{
	struct cgroup_limits limits = { .arena = c->arena, .findings = c->request->findings };
	int r;

	if (c->request->kind == REQUEST_EXEC)
		return 0;
	r = cgroup_limits_of(&c->spec->linux.resources, &limits, e);
	if (r < 0)
		return r;
	if (c->host->manager == MANAGER_DISABLED)
		return without_cgroup(&limits, e);
	if (c->host->cgroup_mount)
		return cgroup_steps(c, &limits, e);
	if (!c->host->root && !limits.count && !c->spec->linux.cgroups_path)
		return 0;
	err_say(e, ENODEV, "/linux/cgroupsPath: cgroup v2 is mounted neither at /sys/fs/cgroup nor "
			   "at /sys/fs/cgroup/unified");
	return err_hint(e, "mount -t cgroup2 none /sys/fs/cgroup");
}

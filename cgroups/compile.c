/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "base/arena.h"
#include "base/err.h"
#include "cgroups/cgroup.h"
#include "cgroups/internal.h"
#include "plan/plan.h"
#include "spec/spec.h"

/* Enabled for accounting wherever the hierarchy has them, with or without a limit: engines show
 * these figures, and a message about an OOM kill comes from them. */
static const char *const accounting[] = { "cpu", "io", "memory", "pids" };

static bool contains(const struct strings *list, const char *name, size_t length)
{
	for (size_t i = 0; i < list->count; i++)
		if (strncmp(list->items[i], name, length) == 0 && !list->items[i][length])
			return true;
	return false;
}

static int refuse_controller(const struct compile *c, const char *why, int length,
			     const char *name, struct err *e)
{
	if (c->host->hybrid) {
		err_say(e, ENODEV, "%s: the %.*s controller of this host is on cgroup v1", why,
			length, name);
		return err_hint(e, "boot with systemd.unified_cgroup_hierarchy=1 "
				   "(or cgroup_no_v1=all)");
	}
	err_say(e, ENODEV, "%s: this host has no %.*s controller", why, length, name);
	return err_hint(e, "%s/cgroup.controllers lists what it has", c->host->cgroup_mount);
}

struct names {
	const char **items;
	size_t count;
};

static struct strings as_strings(const struct names *names)
{
	return (struct strings){ names->items, names->count };
}

static void need(struct arena *arena, struct names *names, const char *name, size_t length)
{
	struct strings list = as_strings(names);

	if (length && !contains(&list, name, length))
		names->items[names->count++] = arena_strndup(arena, name, length);
}

/* What a cgroup without the controller does anyway. Engines send some of these with every
 * container. */
static bool is_neutral(const struct cgroup_limit *limit)
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

/* Neutral limits of controllers that are not there are dropped, others refused. */
static int needed_controllers(const struct compile *c, struct cgroup_limits *limits,
			      struct names *ret_names, struct err *e)
{
	size_t kept = 0;

	for (size_t i = 0; i < limits->count; i++) {
		const struct cgroup_limit *limit = &limits->items[i];
		size_t length = cgroup_controller_of(limit->file);
		bool there = !length || contains(&c->host->controllers, limit->file, length);

		if (!there && !is_neutral(limit))
			return refuse_controller(c, limit->why, (int)length, limit->file, e);
		if (!there)
			continue;
		need(c->arena, ret_names, limit->file, length);
		limits->items[kept++] = *limit;
	}
	limits->count = kept;
	return 0;
}

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
static void wanted_controllers(const struct compile *c, struct names *names)
{
	const struct strings *there = &c->host->controllers;
	const struct strings always = { accounting, sizeof accounting / sizeof *accounting };
	const struct strings needed = as_strings(names);
	bool all = is_delegated(c->spec);

	for (size_t i = 0; i < there->count; i++) {
		const char *name = there->items[i];
		size_t length = strlen(name);

		if (!contains(&needed, name, length) && (all || contains(&always, name, length)))
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

static void cgroup_step(struct compile *c, const char *path, const struct names *names,
			bool optional)
{
	const struct strings list = as_strings(names);
	const char *why = c->spec->linux.cgroups_path ? "/linux/cgroupsPath" : NULL;
	struct plan_step *step = PLAN_HOST(c->plan, OP_CGROUP, why, plan_str(c->plan, path),
					   plan_list(c->plan, &list));

	if (step && optional)
		step->flags = STEP_OPTIONAL;
}

static int cgroup_steps(struct compile *c, struct cgroup_limits *limits, struct err *e)
{
	const struct spec *spec = c->spec;
	struct names names = { arena_array(c->arena, limits->count + c->host->controllers.count + 1,
					   sizeof *names.items), 0 };
	const char *path;
	int r = cgroup_path(c->arena, c->host, spec->linux.cgroups_path, c->request->id, &path, e);

	if (r == 0)
		r = needed_controllers(c, limits, &names, e);
	if (r < 0)
		return r;
	wanted_controllers(c, &names);
	/* Nobody asked for a cgroup and perhaps none can be made: an unprivileged container
	 * runs all the same. */
	cgroup_step(c, path, &names, !c->host->root && !limits->count && !spec->linux.cgroups_path);
	for (size_t i = 0; i < limits->count; i++)
		PLAN_HOST(c->plan, OP_CGROUP_WRITE, limits->items[i].why,
			  plan_str(c->plan, limits->items[i].file),
			  plan_str(c->plan, limits->items[i].value));
	devices_step(c);
	return 0;
}

int cgroup_compile(struct compile *c, struct err *e)
{
	struct cgroup_limits limits = { .arena = c->arena };
	int r;

	if (c->request->kind == REQUEST_EXEC)
		return 0;
	r = cgroup_limits_of(&c->spec->linux.resources, &limits, e);
	if (r < 0)
		return r;
	if (c->host->cgroup_mount)
		return cgroup_steps(c, &limits, e);
	if (!c->host->root && !limits.count && !c->spec->linux.cgroups_path)
		return 0;
	err_say(e, ENODEV, "/linux/cgroupsPath: cgroup v2 is mounted neither at /sys/fs/cgroup nor "
			   "at /sys/fs/cgroup/unified");
	return err_hint(e, "mount -t cgroup2 none /sys/fs/cgroup");
}

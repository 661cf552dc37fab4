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

static int cgroup_steps(struct compile *c, struct cgroup_limits *limits, struct err *e)
{
	const struct spec *spec = c->spec;
	size_t room = limits->count + c->host->controllers.count + 1;
	struct cgroup_names names = { arena_array(c->arena, room, sizeof *names.items), 0 };
	const char *path;
	int r = cgroup_path(c->arena, c->host, spec->linux.cgroups_path, c->request->id, &path, e);

	if (r == 0)
		r = cgroup_needed_controllers(c->arena, c->host, limits, &names, e);
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
	own_step(c);
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

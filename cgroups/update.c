/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/log.h"
#include "cgroups/cgroup.h"
#include "cgroups/internal.h"
#include "cgroups/scope.h"
#include "cgroups/unit.h"
#include "spec/spec.h"

/* One write, and the one that takes it back. */
struct change {
	const char *file, *why;
	const char *value; /* NULL: another change has it as a consequence */
	const char *undo; /* NULL: it cannot be taken back */
	const char *as_good; /* where undo is refused, a value of the same effect; or NULL */
	bool lowers;
	bool last;        /* it may kill, or cannot be taken back: nothing may fail behind it */
};
struct changes {
	struct change *items;
	size_t count;
};

/* Word number n of "a|b|c"; the last one when there are fewer. */
static const char *choice(struct arena *arena, const char *words, size_t n, bool *ret_more)
{
	while (n-- > 0 && strchr(words, '|'))
		words = strchr(words, '|') + 1;
	*ret_more = strchr(words, '|');
	return arena_strndup(arena, words, strcspn(words, "|"));
}

/* The file that is there, as cgroup_write() chooses it; "" for one that need not be. */
static void choose(struct arena *arena, int cgroup, const struct cgroup_limit *limit,
		   struct change *ret_change)
{
	bool more = true, ignored;
	size_t n = 0;
	const char *file;

	do
		file = choice(arena, limit->file, n++, &more);
	while (more && faccessat(cgroup, file, F_OK, 0) < 0);
	ret_change->file = file;
	ret_change->value = strchr(limit->file, '|') ? choice(arena, limit->value, n - 1, &ignored)
						     : limit->value;
	ret_change->why = limit->why;
}

/* Without a device in the key, a later value replaces an earlier: order would matter otherwise. */
static struct change *place_for(struct changes *changes, const char *file)
{
	for (size_t i = 0; i < changes->count; i++)
		if (!cgroup_file_is_keyed(file) && strcmp(changes->items[i].file, file) == 0)
			return &changes->items[i];
	return &changes->items[changes->count++];
}

static void add(struct arena *arena, int cgroup, const struct cgroup_limit *limit,
		struct changes *changes)
{
	struct change change = { 0 };
	const char *text;
	struct err ignored;

	choose(arena, cgroup, limit, &change);
	if (!*change.file)
		return;
	/* What cannot be read (memory.reclaim) asks for a deed, which is done when all else is. */
	if (cgroup_read(arena, cgroup, change.file, &text, &ignored) < 0) {
		change.last = true;
	} else {
		change.undo = cgroup_undo_text(arena, change.file, change.value, text);
		change.lowers = cgroup_value_lowers(change.file, change.value, text);
	}
	/* Linux 6.1 refuses the empty line that would take it back while processes are there. */
	if (str_starts(change.file, "cpuset.") && str_equal(change.undo, "\n")) {
		change.last = true;
		if (cgroup_read(arena, cgroup, arena_printf(arena, "%s.effective", change.file),
				&change.as_good, &ignored) < 0)
			change.as_good = NULL;
	}
	/* Below the usage it starts the OOM killer. */
	change.last |= change.lowers && strcmp(change.file, "memory.max") == 0;
	*place_for(changes, change.file) = change;
}

/*
 * Limits depend on each other in one direction: swap on memory, burst on quota. What grows is
 * written in the order of the table, what shrinks behind that in the opposite order, so at no
 * moment two of them contradict each other.
 */
static struct changes in_order(struct arena *arena, const struct changes *from)
{
	struct changes to = { arena_array(arena, from->count + 1, sizeof *to.items), 0 };

	for (size_t i = 0; i < from->count; i++)
		if (!from->items[i].lowers && !from->items[i].last)
			to.items[to.count++] = from->items[i];
	for (size_t i = from->count; i-- > 0;)
		if (from->items[i].lowers && !from->items[i].last)
			to.items[to.count++] = from->items[i];
	for (size_t i = 0; i < from->count; i++)
		if (from->items[i].last)
			to.items[to.count++] = from->items[i];
	return to;
}

static int restore(int cgroup, const struct change *change, struct err *e)
{
	int r = cgroup_write(cgroup, change->file, change->undo, e);

	return r < 0 && change->as_good ? cgroup_write(cgroup, change->file, change->as_good, e) : r;
}

/* From the last to the first. What cannot be restored is said, and the rest goes on. */
static void undo(int cgroup, const struct changes *changes, size_t count)
{
	struct err e;

	for (size_t i = count; i-- > 0;) {
		const struct change *change = &changes->items[i];

		if (!change->undo)
			log_line(LOG_LEVEL_WARNING, "%s: cannot be restored", change->why);
		else if (restore(cgroup, change, &e) < 0)
			log_line(LOG_LEVEL_WARNING, "%s: not restored: %s", change->why, e.text);
	}
}

static int write_all(int cgroup, const struct changes *changes, struct err *e)
{
	for (size_t i = 0; i < changes->count; i++) {
		const struct change *change = &changes->items[i];

		if (!change->value || cgroup_write(cgroup, change->file, change->value, e) == 0)
			continue;
		err_prefix(e, "%s", change->why);
		undo(cgroup, changes, i);
		return -e->code;
	}
	return 0;
}

static int check_usage(int cgroup, const struct spec_memory *memory, struct err *e)
{
	uint64_t limit;
	int r = cgroup_asks_for_check(memory, &limit) ? cgroup_check_usage(cgroup, limit, e) : 0;

	return r < 0 ? err_prefix(e, "/linux/resources/memory/checkBeforeUpdate") : 0;
}

/* Without privilege there is no device program, at creation neither. */
static int replace_devices(struct arena *arena, const struct host *host, int cgroup,
			   const struct spec_resources *resources, struct err *e)
{
	const struct spec_device_rule *rules;
	const void *program;
	autobuf others = { 0 };
	size_t count, size;

	if (!resources->device_count || !host->root)
		return 0;
	count = cgroup_device_rules(arena, resources, &rules);
	cgroup_device_program(arena, rules, count, &program, &size);
	if (cgroup_devices_attach(cgroup, program, size, &others, e) < 0)
		return err_prefix(e, "/linux/resources/devices");
	if (others.length)
		log_line(LOG_LEVEL_WARNING, "/linux/resources/devices: only what the device programs of others on "
					    "this cgroup allow too is allowed: %s", others.text);
	return 0;
}

static int enable(struct arena *arena, const struct host *host, const char *path,
		  struct cgroup_limits *limits, struct err *e)
{
	struct cgroup_names names = { arena_array(arena, limits->count + 1, sizeof *names.items),
				      0 };
	struct strings list;
	int r = cgroup_needed_controllers(arena, host, limits, &names, e);

	if (r < 0)
		return r;
	list = cgroup_name_list(&names);
	return cgroup_enable(host, path, &list, e);
}

/* What makes a cgroup idle takes its weight away, which is to be there again when that is taken back. */
static void keep_weight(struct arena *arena, int cgroup, const struct cgroup_limits *limits,
			struct changes *changes)
{
	struct change weight = { .file = "cpu.weight", .why = "/linux/resources/cpu/idle (cpu.weight)" };
	struct err none;
	bool idle = false;

	for (size_t i = 0; i < limits->count; i++)
		idle |= str_equal(limits->items[i].file, "cpu.idle") &&
			!str_equal(limits->items[i].value, "0");
	if (idle && cgroup_read(arena, cgroup, weight.file, &weight.undo, &none) == 0 &&
	    !str_equal(weight.undo, "0"))
		changes->items[changes->count++] = weight;
}

static int write_limits(struct arena *arena, int cgroup, const struct cgroup_limits *limits,
			struct changes *ret_changes, struct err *e)
{
	struct changes found = { arena_array(arena, limits->count + 2, sizeof *found.items), 0 };

	keep_weight(arena, cgroup, limits, &found);
	for (size_t i = 0; i < limits->count; i++)
		add(arena, cgroup, &limits->items[i], &found);
	*ret_changes = in_order(arena, &found);
	return write_all(cgroup, ret_changes, e);
}

static int set_properties(struct arena *arena, const struct scope *scope,
			  const struct cgroup_limits *limits, struct err *e)
{
	struct unit_properties p = { .arena = arena };
	struct strings list;

	unit_limit_properties(limits, &p);
	list = (struct strings){ p.items, p.count };
	return scope_set(arena, scope, &list, e);
}

static struct cgroup_limits limits_before(struct arena *arena, const struct changes *changes)
{
	struct cgroup_limits limits = { .arena = arena };

	for (size_t i = changes->count; i-- > 0;)
		if (changes->items[i].undo)
			cgroup_limit_add(&limits, "", changes->items[i].file, changes->items[i].undo);
	return limits;
}

static void undo_all(struct arena *arena, int cgroup, const struct scope *scope,
		     const struct changes *changes)
{
	struct cgroup_limits before = limits_before(arena, changes);
	struct err e;

	if (scope && set_properties(arena, scope, &before, &e) < 0)
		log_line(LOG_LEVEL_WARNING, "not restored: %s", e.text);
	undo(cgroup, changes, changes->count);
}

/* systemd writes what it was told, in its own roundings: the files get their exact values again
 * behind it. */
static int tell_systemd(int cgroup, const struct scope *scope, const struct cgroup_limits *limits,
			const struct changes *changes, struct err *e)
{
	struct arena *arena = limits->arena;
	int r = set_properties(arena, scope, limits, e);

	if (r < 0) {
		undo(cgroup, changes, changes->count);
		return r;
	}
	r = write_all(cgroup, changes, e);
	if (r < 0)
		undo_all(arena, cgroup, scope, changes);
	return r;
}

int cgroup_update(struct arena *arena, const struct host *host, const struct cgroup_place *place,
		  const struct spec_resources *resources, struct err *e)
{
	const char *path = place->path;
	struct cgroup_limits limits = { .arena = arena };
	struct spec_resources filled;
	struct changes changes = { 0 };
	autofd cgroup = -1;
	int r = cgroup_open(host, path, &cgroup, e);

	if (r < 0)
		return r;
	cgroup_fill_from(arena, cgroup, resources, &filled);
	r = cgroup_limits_of(&filled, &limits, e);
	if (r == 0)
		r = enable(arena, host, path, &limits, e);
	if (r == 0)
		r = check_usage(cgroup, &filled.memory, e);
	if (r == 0)
		r = write_limits(arena, cgroup, &limits, &changes, e);
	if (r == 0 && place->scope)
		r = tell_systemd(cgroup, place->scope, &limits, &changes, e);
	if (r < 0)
		return r;
	r = replace_devices(arena, host, cgroup, resources, e);
	if (r < 0)
		undo_all(arena, cgroup, place->scope, &changes);
	return r;
}

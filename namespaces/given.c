/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mounts that the host lane makes ahead of CLONE, since init would lack the right: those whose ids
 * are mapped, which takes CAP_SYS_ADMIN over the file system's user namespace, and places that the
 * container's root has no path to. Init finds them by the why of their steps.
 */
#include <linux/fcntl.h>
#include <linux/mount.h>
#include <linux/sched.h>

#include "base/arena.h"
#include "base/err.h"
#include "namespaces/layout.h"
#include "namespaces/maker.h"
#include "namespaces/namespaces.h"
#include "plan/findings.h"
#include "plan/plan.h"
#include "spec/spec.h"

/* Which argument says what a host step has made. */
static const struct maker_row {
	uint16_t op;
	uint8_t ret;
} maker_rows[] = { { OP_HOST_TREE, 2 }, { OP_HOST_FS, 4 } };

static uint64_t slot_made(const struct plan_step *step)
{
	for (size_t i = 0; i < sizeof maker_rows / sizeof *maker_rows; i++)
		if (maker_rows[i].op == step->op)
			return step->arg[maker_rows[i].ret];
	return PLAN_NO_SLOT;
}

uint64_t given_slot(const struct compile *c, const char *why)
{
	const struct plan_lane_steps *host = &c->plan->host;

	for (size_t i = 0; i < host->count; i++)
		if (slot_made(&host->items[i]) != PLAN_NO_SLOT &&
		    str_equal(plan_built_text(c->plan, host->items[i].why), why))
			return slot_made(&host->items[i]);
	return PLAN_NO_SLOT;
}

/* The copies that clone3() makes of shared mounts for another user namespace are slaves. */
void given_propagation(struct compile *c, const char *why, uint64_t slot)
{
	uint64_t type = rootfs_propagation(c->spec) & ~(uint64_t)MS_REC;

	if (type & MS_SHARED)
		type = spec_has_namespace(c->spec, NS_USER) ? MS_SLAVE : 0;
	if (type)
		PLAN_INIT(c->plan, OP_ATTR, why, slot, 0, 0, type, true, PLAN_NO_SLOT);
}

static bool is_unreachable(const struct compile *c, const char *path)
{
	const struct strings *list = &c->request->unreachable;

	for (size_t i = 0; i < list->count; i++)
		if (str_equal(list->items[i], path))
			return true;
	return false;
}

static uint64_t tree_step(struct compile *c, const char *why, const char *path, uint64_t flags)
{
	uint64_t slot = plan_slot(c->plan);

	PLAN_HOST(c->plan, OP_HOST_TREE, why, plan_str(c->plan, path), flags, slot);
	return slot;
}

/* Mounts of a pod mostly have the same maps: one user namespace serves them all. */
static uint64_t known_userns(const struct compile *c, const struct mount_maps *maps)
{
	const struct plan_lane_steps *host = &c->plan->host;

	for (size_t i = 0; i < host->count; i++) {
		const struct plan_step *step = &host->items[i];

		if (step->op == OP_USERNS &&
		    str_equal(plan_built_text(c->plan, step->arg[0]), maps->uids) &&
		    str_equal(plan_built_text(c->plan, step->arg[1]), maps->gids))
			return step->arg[2];
	}
	return PLAN_NO_SLOT;
}

static uint64_t userns_step(struct compile *c, const char *why, const struct mount_maps *maps)
{
	uint64_t slot = maps->uids ? known_userns(c, maps) : ns_slot(c->spec, NS_USER);

	if (slot != PLAN_NO_SLOT)
		return slot;
	slot = plan_slot(c->plan);
	PLAN_HOST(c->plan, OP_USERNS, why, plan_str(c->plan, maps->uids),
		  plan_str(c->plan, maps->gids), slot);
	return slot;
}

static int mapped_steps(struct maker *m)
{
	uint64_t userns = userns_step(m->c, m->why, &m->maps);
	int r = 0;

	if (m->options.bind) {
		m->slot = tree_step(m->c, m->why, maker_source(m), maker_tree_flags(m));
	} else {
		m->slot = plan_slot(m->c->plan);
		r = maker_fs_steps(m, LANE_HOST, OP_HOST_FS);
	}
	if (r == 0)
		PLAN_HOST(m->c->plan, OP_HOST_IDMAP, m->why, m->slot, userns,
			  m->options.idmap_recursive);
	return r;
}

/* Whoever enters a running container has left the host's places behind. */
static bool is_to_be_fetched(const struct maker *m)
{
	bool enters = m->c->request->errand == ERRAND_ADD_MOUNTS;

	return m->options.bind && !m->options.remount &&
	       (enters || is_unreachable(m->c, maker_source(m)));
}

static int mount_steps(struct compile *c, size_t index, struct err *e)
{
	struct maker m;
	int r = maker_begin(c, index, &m, e);

	if (r < 0)
		return r;
	if (m.maps.wanted)
		return mapped_steps(&m);
	if (is_to_be_fetched(&m))
		tree_step(c, m.why, maker_source(&m), maker_tree_flags(&m));
	return 0;
}

/* Devices that are bound for want of the right to make them. */
static void device_steps(struct compile *c)
{
	const struct spec_linux *spec = &c->spec->linux;

	for (size_t i = 0; i < spec->device_count; i++)
		if (spec->devices[i].type != 'p' && is_unreachable(c, spec->devices[i].path))
			tree_step(c, device_why(c, i), spec->devices[i].path, 0);
}

int given_compile(struct compile *c, struct err *e)
{
	int r = 0;

	if (!mounts_are_ours(c))
		return 0;
	if (c->request->errand == ERRAND_NONE && !spec_has_namespace(c->spec, NS_MOUNT))
		rootfs_on_host(c);
	if (is_unreachable(c, c->request->rootfs))
		tree_step(c, rootfs_why(c), c->request->rootfs, AT_RECURSIVE);
	for (size_t i = 0; r == 0 && i < c->spec->mount_count; i++)
		r = findings_note(c->request->findings, mount_steps(c, i, e), e);
	if (r == 0)
		device_steps(c);
	if (r == 0 && is_unreachable(c, c->request->notify_dir))
		tree_step(c, NOTIFY_WHY, c->request->notify_dir, 0);
	return r;
}

struct strings host_places(struct arena *arena, const struct spec *spec,
			   const struct request *request)
{
	struct compile c = { .arena = arena, .spec = spec, .request = request };
	const struct spec_linux *fields = &spec->linux;
	const char **items = arena_array(arena, spec->mount_count + fields->device_count + 2,
					 sizeof *items);
	size_t count = 0;
	struct err ignored;

	items[count++] = request->rootfs;
	if (request->notify_dir)
		items[count++] = request->notify_dir;
	for (size_t i = 0; i < spec->mount_count; i++) {
		struct maker m = { .c = &c, .mount = &spec->mounts[i] };

		if (mount_options_parse(arena, m.mount, i, &m.options, &ignored) == 0 &&
		    m.options.bind && maker_source(&m))
			items[count++] = maker_source(&m);
	}
	for (size_t i = 0; i < fields->device_count; i++)
		items[count++] = fields->devices[i].path;
	return (struct strings){ items, count };
}

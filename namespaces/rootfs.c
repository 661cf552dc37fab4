/* SPDX-License-Identifier: Apache-2.0 */
/* The root file system: propagation, its mount, and entering it at the end. */
#include <errno.h>
#include <linux/mount.h>

#include "base/arena.h"
#include "base/err.h"
#include "namespaces/maker.h"
#include "namespaces/namespaces.h"
#include "plan/plan.h"
#include "spec/spec.h"

/*
 * Column host: for all mounts of the new namespace, before anything is mounted. Slaves by default:
 * what is mounted in the container never shows on the host. With "shared" a bind mount stays the
 * host's peer, which is what a volume with bidirectional propagation needs.
 *
 * Column root: for the root mount at the end, when pivot_root(2) no longer minds. Not for those
 * below it: they may have an option of their own. Nothing can be bound from an unbindable mount,
 * so the root becomes one at the end only.
 */
static const struct propagation_row {
	const char *name;
	uint64_t host, root;
} propagation_rows[] = {
	{ "private", MS_PRIVATE | MS_REC, 0 },
	{ "rprivate", MS_PRIVATE | MS_REC, 0 },
	{ "slave", MS_SLAVE | MS_REC, 0 },
	{ "rslave", MS_SLAVE | MS_REC, 0 },
	{ "shared", MS_SHARED, MS_SHARED },
	{ "rshared", MS_SHARED | MS_REC, MS_SHARED },
	{ "unbindable", MS_PRIVATE | MS_REC, MS_UNBINDABLE },
	{ "runbindable", MS_PRIVATE | MS_REC, MS_UNBINDABLE },
	{ "", MS_SLAVE | MS_REC, 0 },
	{ NULL, 0, 0 },
};

static const struct propagation_row *find_propagation(const struct spec *spec)
{
	const char *name = spec->linux.rootfs_propagation ? spec->linux.rootfs_propagation : "";
	const struct propagation_row *row = propagation_rows;

	while (row->name && !str_equal(row->name, name))
		row++;
	return row->name ? row : NULL;
}

/* pivot_root(2) minds a shared parent and a shared root; a private root also makes that "shared"
 * at the end is a group of its own, not the host's. */
static void make_private(struct compile *c, const struct propagation_row *row)
{
	const char *why = "/linux/rootfsPropagation";

	if (!(row->host & MS_SHARED))
		return;
	PLAN_INIT(c->plan, OP_ATTR, why, plan_slot_of(c->plan, &c->plan->root_slot), 0, 0,
		  MS_PRIVATE, 0, PLAN_NO_SLOT);
}

/* What covers masked files must be the host's null device (CVE-2025-31133): taken while "/" is the
 * host's, and by init, since a user may not copy mounts outside the user namespace. */
static void take_null(struct compile *c)
{
	struct plan *plan = c->plan;
	const char *why = "/linux/maskedPaths";
	uint64_t slot;

	if (!c->spec->linux.masked_paths.count)
		return;
	slot = plan_slot_of(plan, &plan->null_slot);
	PLAN_INIT(plan, OP_TREE, why, plan_str(plan, "/dev/null"), TREE_NOFOLLOW, slot);
	PLAN_INIT(plan, OP_ATTR, why, slot, 0, 0, MS_PRIVATE, 0, PLAN_NO_SLOT);
}

static const char *propagation_why(const struct compile *c)
{
	const char *value = c->spec->linux.rootfs_propagation;

	return value && *value ? arena_printf(c->arena, "/linux/rootfsPropagation (%s)", value)
			       : "/linux/rootfsPropagation";
}

const char *rootfs_why(const struct compile *c)
{
	return arena_printf(c->arena, "/root/path (%s)", c->request->rootfs);
}

uint64_t rootfs_propagation(const struct spec *spec)
{
	const struct propagation_row *row = find_propagation(spec);

	return row ? row->host : 0;
}

/* One that init has no path to is attached on top of "/". */
static void root_step(struct compile *c, const char *path, uint64_t given)
{
	struct plan *plan = c->plan;
	const char *why = rootfs_why(c);
	uint64_t root = plan_slot_of(plan, &plan->root_slot);

	if (given == PLAN_NO_SLOT) {
		PLAN_INIT(plan, OP_ROOT, why, plan_str(plan, path), 1, root);
		return;
	}
	given_propagation(c, why, given);
	PLAN_INIT(plan, OP_ROOT_GIVEN, why, given, root);
}

static uint64_t pivot_kind(const struct compile *c)
{
	if (!spec_has_namespace(c->spec, NS_MOUNT))
		return PIVOT_CHROOT;
	return c->request->no_pivot ? PIVOT_MOVE : PIVOT_ROOT;
}

/* In a chroot nobody may make a user namespace (clone(2)): tare is in none then. */
static void own_root_step(struct compile *c)
{
	if (!spec_new_namespace(c->spec, NS_USER))
		PLAN_INIT(c->plan, OP_OWN_ROOT, "/linux/namespaces", pivot_kind(c));
}

void rootfs_on_host(struct compile *c)
{
	struct plan *plan = c->plan;
	uint64_t type = rootfs_propagation(c->spec) & (MS_SLAVE | MS_PRIVATE);

	PLAN_HOST(plan, OP_HOST_ROOT, rootfs_why(c), plan_str(plan, c->request->rootfs),
		  plan_str(plan, c->request->host_root), type ? type : MS_SLAVE,
		  plan_slot_of(plan, &plan->root_slot));
}

/* config-linux.md: a mount namespace that is not listed is the runtime's. The root is set up on the host then, and
 * taken away by delete. */
static void inherited_steps(struct compile *c)
{
	struct plan *plan = c->plan;

	PLAN_INIT(plan, OP_ROOT_HELD, rootfs_why(c), plan_slot_of(plan, &plan->root_slot));
	take_null(c);
}

static void open_steps(struct compile *c, const struct propagation_row *row)
{
	struct plan *plan = c->plan;
	const char *why = rootfs_why(c);
	uint64_t given = given_slot(c, why);
	const char *path = given == PLAN_NO_SLOT ? c->request->rootfs : "/";

	own_root_step(c);
	PLAN_INIT(plan, OP_PROPAGATION, propagation_why(c), plan_str(plan, "/"), row->host);
	if (row->host & MS_SHARED)
		PLAN_INIT(plan, OP_ROOT_PARENT_PRIVATE, why, plan_str(plan, path));
	root_step(c, path, given);
	make_private(c, row);
	take_null(c);
}

int rootfs_open_compile(struct compile *c, struct err *e)
{
	const struct propagation_row *row = find_propagation(c->spec);

	/* One that is joined has its root and its mounts: the process is only put there. */
	if (spec_joined_namespace(c->spec, NS_MOUNT))
		return 0;
	if (!spec_has_namespace(c->spec, NS_MOUNT) && spec_has_namespace(c->spec, NS_USER))
		return err_say(e, EINVAL,
			       "/linux/namespaces: a user namespace needs a mount namespace, too: "
			       "its root may not mount anything in the host's");
	if (!c->request->rootfs || !*c->request->rootfs)
		return err_say(e, EINVAL, "/root/path: is required");
	if (!row)
		return err_say(e, EINVAL,
			       "/linux/rootfsPropagation: \"%s\" is unknown: shared, "
			       "slave, private or unbindable, each also with an r",
			       c->spec->linux.rootfs_propagation);
	if (spec_has_namespace(c->spec, NS_MOUNT))
		open_steps(c, row);
	else
		inherited_steps(c);
	return 0;
}

int rootfs_enter_compile(struct compile *c, struct err *e)
{
	const struct propagation_row *row = find_propagation(c->spec);

	(void)e;
	if (spec_joined_namespace(c->spec, NS_MOUNT))
		return 0;
	PLAN_INIT(c->plan, OP_PIVOT, "/root/path", pivot_kind(c));
	if (row && row->root)
		PLAN_INIT(c->plan, OP_ROOT_PROPAGATION, propagation_why(c), row->root);
	plan_add_later(c->plan);
	if (c->spec->root.readonly)
		PLAN_INIT(c->plan, OP_ROOT_READONLY, "/root/readonly", 0);
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* linux.maskedPaths and linux.readonlyPaths. */
#include <linux/mount.h>

#include "base/arena.h"
#include "base/err.h"
#include "namespaces/maker.h"
#include "namespaces/namespaces.h"
#include "plan/plan.h"
#include "spec/spec.h"

/* One file system covers all directories: a superblock for each was slow on large machines. It
 * holds its root directory and nothing else. */
static int make_empty(struct compile *c, struct err *e)
{
	const char *label, *why = "/linux/maskedPaths";
	int r = label_option(c, &label, e);
	const char *const options[] = { "mode=0755", "nr_blocks=1", "nr_inodes=1", "ro", label };
	const struct strings list = { options, sizeof options / sizeof *options - !label };
	struct plan *plan = c->plan;

	if (r < 0)
		return r;
	PLAN_INIT(plan, OP_FS, why, plan_str(plan, "tmpfs"), plan_str(plan, "tmpfs"),
		  plan_list(plan, &list),
		  MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC,
		  plan_slot_of(plan, &plan->empty_slot));
	return 0;
}

int masks_compile(struct compile *c, struct err *e)
{
	const struct strings *masked = &c->spec->linux.masked_paths;
	const struct strings *readonly = &c->spec->linux.readonly_paths;
	struct plan *plan = c->plan;

	if (spec_joined_namespace(c->spec, NS_MOUNT))
		return 0;
	if (masked->count && make_empty(c, e) < 0)
		return -e->code;
	for (size_t i = 0; i < readonly->count; i++)
		PLAN_INIT(plan, OP_READONLY,
			  arena_printf(c->arena, "/linux/readonlyPaths/%zu", i),
			  plan_str(plan, readonly->items[i]));
	for (size_t i = 0; i < masked->count; i++)
		PLAN_INIT(plan, OP_MASK, arena_printf(c->arena, "/linux/maskedPaths/%zu", i),
			  plan_str(plan, masked->items[i]), plan_slot_of(plan, &plan->null_slot),
			  plan_slot_of(plan, &plan->empty_slot));
	return 0;
}

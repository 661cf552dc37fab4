/* SPDX-License-Identifier: Apache-2.0 */
/* linux.sysctl. Which parameters belong to which namespace is checked in spec/. */
#include "base/arena.h"
#include "namespaces/namespaces.h"
#include "namespaces/procfs.h"
#include "plan/plan.h"
#include "spec/reader.h"
#include "spec/spec.h"

/* The one that the kernel lets nobody in a user namespace write, and that has a system call beside
 * its file. */
static bool is_domain(const char *path)
{
	return str_equal(path, "kernel/domainname");
}

static void sysctl_step(struct compile *c, const struct pair *pair)
{
	struct plan *plan = c->plan;
	const char *why = arena_printf(c->arena, "/linux/sysctl/%s",
				       pointer_token(c->arena, pair->key));
	const char *path = spec_sysctl_path(c->arena, pair->key);

	if (is_domain(path)) {
		PLAN_INIT(plan, OP_DOMAINNAME, why, plan_str(plan, pair->value));
		return;
	}
	PLAN_INIT(plan, OP_WRITE_PROC, why, procfs_slot(c, "/linux/sysctl"),
		  plan_str(plan, arena_printf(c->arena, "sys/%s", path)),
		  plan_str(plan, pair->value));
}

int sysctl_compile(struct compile *c, struct err *e)
{
	(void)e;
	for (size_t i = 0; i < c->spec->linux.sysctl.count; i++)
		sysctl_step(c, &c->spec->linux.sysctl.items[i]);
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* linux.sysctl. Which parameters belong to which namespace is checked in spec/. */
#include <string.h>

#include "base/arena.h"
#include "namespaces/namespaces.h"
#include "namespaces/procfs.h"
#include "plan/plan.h"
#include "spec/spec.h"

/* "net.ipv4.ip_forward" or "net/ipv4/conf/eth0.100/forwarding", where a dot is part of a name. */
static const char *sysctl_file(struct arena *arena, const char *key)
{
	char *file = arena_printf(arena, "sys/%s", key);

	for (char *c = file; *c && !strchr(key, '/'); c++)
		if (*c == '.')
			*c = '/';
	return file;
}

static void sysctl_step(struct compile *c, const struct pair *pair)
{
	struct plan *plan = c->plan;
	const char *why = arena_printf(c->arena, "/linux/sysctl/%s", pair->key);

	PLAN_INIT(plan, OP_WRITE_PROC, why, procfs_slot(c, "/linux/sysctl"),
		  plan_str(plan, sysctl_file(c->arena, pair->key)), plan_str(plan, pair->value));
}

int sysctl_compile(struct compile *c, struct err *e)
{
	(void)e;
	for (size_t i = 0; i < c->spec->linux.sysctl.count; i++)
		sysctl_step(c, &c->spec->linux.sysctl.items[i]);
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "namespaces/procfs.h"

#include <fcntl.h>
#include <stdbool.h>

#include "plan/plan.h"
#include "plan/request.h"
#include "spec/spec.h"

static bool is_set(const char *text)
{
	return text && *text;
}

static bool is_wanted(const struct compile *c)
{
	bool sysctls = c->spec->linux.sysctl.count && c->request->kind != REQUEST_EXEC;

	return sysctls || is_set(c->process->apparmor_profile) || is_set(c->process->selinux_label);
}

static bool may_be_refused(const struct compile *c)
{
	return !c->host->root || spec_has_namespace(c->spec, NS_USER);
}

void procfs_open_step(struct compile *c)
{
	struct plan *plan = c->plan;
	uint64_t flags = O_PATH | O_DIRECTORY | O_NOFOLLOW;

	if (is_wanted(c) && may_be_refused(c))
		PLAN_HOST(plan, OP_OPEN, NULL, plan_str(plan, "/proc"), flags,
			  plan_slot_of(plan, &plan->procfs_slot));
}

static bool is_made(const struct plan *plan)
{
	for (size_t i = 0; i < plan->init.count; i++)
		if (plan->init.items[i].op == OP_PROCFS)
			return true;
	return false;
}

uint64_t procfs_slot(struct compile *c, const char *why)
{
	struct plan *plan = c->plan;
	bool given = plan->procfs_slot;
	uint64_t slot = plan_slot_of(plan, &plan->procfs_slot);
	struct plan_step *step = is_made(plan) ? NULL : PLAN_INIT(plan, OP_PROCFS, why, slot);

	if (step && given)
		step->flags = STEP_OPTIONAL;
	return slot;
}

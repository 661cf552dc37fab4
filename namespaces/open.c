/* SPDX-License-Identifier: Apache-2.0 */
/* Host lane ahead of CLONE: descriptors that only the host can open. */
#include <errno.h>
#include <linux/sched.h>

#include "base/err.h"
#include "namespaces/layout.h"
#include "namespaces/namespaces.h"
#include "namespaces/procfs.h"
#include "plan/plan.h"
#include "spec/spec.h"

static void open_joined(struct compile *c)
{
	for (unsigned kind = 0; kind < NS_KINDS; kind++) {
		const char *path = c->spec->linux.namespaces[kind].path;

		if (ns_slot(c->spec, kind) != PLAN_NO_SLOT)
			PLAN_HOST(c->plan, OP_OPEN_NS, ns_why(c, kind), plan_str(c->plan, path),
				  ns_rows[kind].flag, plan_slot(c->plan));
	}
}

int ns_open_compile(struct compile *c, struct err *e)
{
	if (c->plan->slot_count)
		return err_say(e, EINVAL, "namespaces must be the first to have slots");
	open_joined(c);
	procfs_open_step(c);
	if (ns_layout(c->spec).host_offsets)
		PLAN_HOST(c->plan, OP_TIME_OFFSETS, "/linux/timeOffsets",
			  plan_str(c->plan, ns_time_offsets(c)));
	return 0;
}

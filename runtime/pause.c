/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "base/err.h"
#include "base/fd.h"
#include "cgroups/cgroup.h"
#include "runtime/context.h"
#include "runtime/operations.h"
#include "runtime/state.h"

static bool can_pause(enum status status)
{
	return status == STATUS_RUNNING || status == STATUS_CREATED;
}

static int check(const struct container *c, bool pause, struct err *e)
{
	if (pause && !can_pause(c->found))
		return err_say(e, EINVAL, "container not running: %s is %s", c->id,
			       status_names[c->found]);
	if (!pause && c->found != STATUS_PAUSED)
		return err_say(e, EINVAL, "container not paused: %s is %s", c->id,
			       status_names[c->found]);
	return c->cgroup ? 0 : container_lacks_cgroup(c, "to freeze", e);
}

static int apply(struct context *context, const struct container *c, bool pause, struct err *e)
{
	autofd cgroup = -1;
	int r = cgroup_open(&context->host, c->cgroup, &cgroup, e);

	return r < 0 ? r : cgroup_freeze(cgroup, pause, e);
}

int container_pause(struct context *context, const char *id, bool pause, struct err *e)
{
	autocontainer c = CONTAINER_NONE;
	int r = container_look(context, id, true, &c, e);

	if (r == 0)
		r = check(&c, pause, e);
	return r < 0 ? r : apply(context, &c, pause, e);
}

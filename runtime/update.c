/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "base/err.h"
#include "cgroups/cgroup.h"
#include "cgroups/scope.h"
#include "runtime/context.h"
#include "runtime/operations.h"
#include "runtime/state.h"

static int check(const struct container *c, enum status status, struct err *e)
{
	if (status == STATUS_STOPPED || status == STATUS_CREATING)
		return err_say(e, EINVAL, "container not running: %s is %s", c->id,
			       status_names[status]);
	if (!c->cgroup)
		return err_say(e, EOPNOTSUPP, "container %s has no cgroup that could have limits",
			       c->id);
	return 0;
}

int container_update(struct context *context, const char *id,
		     const struct spec_resources *resources, struct err *e)
{
	autocontainer c = CONTAINER_NONE;
	struct cgroup_place place;
	struct scope scope;
	enum status status;
	int r = container_load(context, id, true, &c, e);

	if (r == 0)
		r = host_probe(context, e);
	if (r == 0)
		r = container_status(context, &c, &status, e);
	if (r == 0)
		r = check(&c, status, e);
	place = (struct cgroup_place){ c.cgroup, container_scope(&c, &scope) };
	if (r == 0)
		r = cgroup_update(context->arena, &context->host, &place, resources, e);
	return r;
}

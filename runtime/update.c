/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "base/err.h"
#include "cgroups/cgroup.h"
#include "cgroups/scope.h"
#include "runtime/context.h"
#include "runtime/operations.h"
#include "runtime/rdt.h"
#include "runtime/state.h"

static int check(const struct container *c, bool limits, struct err *e)
{
	int r = container_must_live(c, e);

	if (r == 0 && !c->cgroup && limits)
		return container_lacks_cgroup(c, "that could have limits", e);
	return r;
}

static int change_limits(struct context *context, const struct container *c,
			 const struct spec_resources *resources, struct err *e)
{
	struct scope scope;
	const struct cgroup_place place = { c->cgroup, container_scope(c, &scope) };

	if (!resources)
		return 0;
	return cgroup_update(context->arena, &context->host, &place, resources, e);
}

static int change(struct context *context, struct container *c,
		  const struct update_request *ask, struct err *e)
{
	autordt done = RDT_CHANGE_NONE;
	int r = ask->schemata.count ? rdt_change(context, c, &ask->schemata, &done, e) : 0;

	if (r < 0)
		return r;
	r = change_limits(context, c, ask->resources, e);
	if (r < 0)
		rdt_take_back(context, c, &done);
	return r;
}

int container_update(struct context *context, const char *id, const struct update_request *ask,
		     struct err *e)
{
	autocontainer c = CONTAINER_NONE;
	int r = host_probe(context, e);

	if (r == 0)
		r = container_look(context, id, true, &c, e);
	if (r == 0)
		r = check(&c, ask->resources, e);
	return r < 0 ? r : change(context, &c, ask, e);
}

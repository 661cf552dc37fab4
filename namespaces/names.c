/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "base/arena.h"
#include "base/err.h"
#include "namespaces/namespaces.h"
#include "plan/plan.h"
#include "spec/spec.h"

static int name_step(struct compile *c, enum plan_op op, const char *field, const char *name,
		     struct err *e)
{
	if (!name)
		return 0;
	/* The rules of spec/ say so too; here it is what keeps the host's name. */
	if (!spec_has_namespace(c->spec, NS_UTS))
		return err_say(e, EINVAL, "%s: needs a uts namespace in linux.namespaces", field);
	PLAN_INIT(c->plan, op, arena_printf(c->arena, "%s (%s)", field, name),
		  plan_str(c->plan, name));
	return 0;
}

int names_compile(struct compile *c, struct err *e)
{
	int r = name_step(c, OP_HOSTNAME, "/hostname", c->spec->hostname, e);

	return r < 0 ? r : name_step(c, OP_DOMAINNAME, "/domainname", c->spec->domainname, e);
}

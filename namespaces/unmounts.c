/* SPDX-License-Identifier: Apache-2.0 */
/* Mounts that a running container is rid of: only the destinations of mounts[] count. */
#include <errno.h>

#include "base/arena.h"
#include "base/err.h"
#include "namespaces/namespaces.h"
#include "namespaces/paths.h"
#include "plan/plan.h"
#include "spec/spec.h"

static int unmount_step(struct compile *c, size_t index, struct err *e)
{
	const char *destination = c->spec->mounts[index].destination;
	const char *path = path_absolute(c->arena, destination);

	if (path_is(path, "/"))
		return err_say(e, EINVAL, "/mounts/%zu/destination: \"%s\" is the root itself", index,
			       destination);
	PLAN_INIT(c->plan, OP_UNMOUNT,
		  arena_printf(c->arena, "/mounts/%zu (destination %s)", index, destination),
		  plan_str(c->plan, path));
	return 0;
}

/* The last was mounted last, maybe on another of them. */
int unmount_compile(struct compile *c, struct err *e)
{
	int r = 0;

	for (size_t i = c->spec->mount_count; r == 0 && i > 0; i--)
		r = unmount_step(c, i - 1, e);
	return r;
}

int late_compile(struct compile *c, struct err *e)
{
	(void)e;
	plan_add_later(c->plan);
	return 0;
}

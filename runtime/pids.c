/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/pids.h"

#include <errno.h>

#include "base/err.h"
#include "base/fd.h"
#include "cgroups/cgroup.h"
#include "runtime/context.h"
#include "runtime/state.h"

int container_processes(struct context *context, const struct container *container,
			struct pids *ret_pids, struct err *e)
{
	autofd cgroup = -1;
	int r;

	if (!container->cgroup)
		return err_say(e, EOPNOTSUPP,
			       "container %s has no cgroup, so its processes cannot be told",
			       container->id);
	r = cgroup_open(&context->host, container->cgroup, &cgroup, e);
	if (r == -ENOENT) {
		*ret_pids = (struct pids){ 0 };
		return 0;
	}
	if (r < 0)
		return r;
	return cgroup_processes(context->arena, cgroup, &ret_pids->items, &ret_pids->count, e);
}

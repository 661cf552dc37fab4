/* SPDX-License-Identifier: Apache-2.0 */
/* Mounts of a container that is alive: tare-init enters it as for exec, does the steps and ends. */
#include <errno.h>
#include <sched.h>
#include <sys/wait.h>

#include "base/err.h"
#include "base/fd.h"
#include "base/sys.h"
#include "plan/plan.h"
#include "runtime/build.h"
#include "runtime/context.h"
#include "runtime/join.h"
#include "runtime/launch.h"
#include "runtime/operations.h"
#include "runtime/state.h"
#include "spec/spec.h"

/* The container's own config, with the mounts in question in place of its own. */
static int spec_with(struct context *context, const struct container *c,
		     const struct spec *mounts, struct spec *ret_spec, struct err *e)
{
	const struct spec *own;
	int r = container_spec(context, c, &own, e);

	if (r < 0)
		return r;
	*ret_spec = *own;
	ret_spec->mounts = mounts->mounts;
	ret_spec->mount_count = mounts->mount_count;
	return 0;
}

static int check(const struct container *c, struct err *e)
{
	int r = container_must_live(c, e);

	if (r == 0 && !(c->namespaces & CLONE_NEWNS))
		return err_say(e, EINVAL, "container %s has no mount namespace of its own", c->id);
	return r;
}

static int launch_it(struct context *context, const struct container *c, int init,
		     struct plan_header *plan, struct err *e)
{
	struct launch launch;
	int r;

	launch_init(&launch);
	launch.context = context;
	launch.plan = plan;
	launch.entered = c;
	launch.init_pidfd = init;
	r = launch_run(&launch, e);
	if (r == 0)
		waitid(P_PIDFD, (id_t)launch.pidfd, &(siginfo_t){ 0 }, WEXITED);
	launch_clear(&launch);
	return r;
}

static int run_errand(struct context *context, const struct container *c,
		      const struct mounts_request *ask, struct err *e)
{
	autofd init = container_pidfd(c, e);
	struct request request = {
		.kind = REQUEST_EXEC,
		.errand = ask->remove ? ERRAND_REMOVE_MOUNTS : ERRAND_ADD_MOUNTS,
		.id = c->id,
		.bundle = c->bundle,
		.rootfs = c->rootfs,
		.init_pidfd = init,
		.join = namespaces_to_join(c),
	};
	struct plan_header *plan;
	struct spec spec;
	int r = init < 0 ? init : spec_with(context, c, ask->spec, &spec, e);

	if (r == 0)
		r = build_plan(context, &spec, NULL, &request, &plan, e);
	return r < 0 ? r : launch_it(context, c, init, plan, e);
}

int container_mounts(struct context *context, const struct mounts_request *ask, struct err *e)
{
	autocontainer c = CONTAINER_NONE;
	int r = host_probe(context, e);

	if (r == 0)
		r = container_look(context, ask->id, true, &c, e);
	if (r == 0)
		r = check(&c, e);
	return r < 0 ? r : run_errand(context, &c, ask, e);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <signal.h>

#include "base/err.h"
#include "base/fd.h"
#include "base/sys.h"
#include "runtime/context.h"
#include "runtime/launch.h"
#include "runtime/lifecycle.h"
#include "runtime/operations.h"
#include "runtime/state.h"

/* Why a container in this state cannot be started. */
static const char *const refusals[STATUS_COUNT] = {
	[STATUS_CREATING] = "cannot start a container that is still being created",
	[STATUS_RUNNING] = "cannot start an already running container",
	[STATUS_PAUSED] = "cannot start a paused container",
	[STATUS_STOPPED] = "cannot start a container that has stopped",
};

static int check_created(struct context *context, const struct container *container, struct err *e)
{
	enum status status;
	int r = container_status(context, container, &status, e);

	if (r < 0)
		return r;
	if (status != STATUS_CREATED)
		return err_say(e, EINVAL, "container %s: %s", container->id, refusals[status]);
	return 0;
}

/* A poststart hook that fails stops the container (config.md#poststart). */
static int poststart(struct context *context, const struct spec *spec,
		     const struct container *container, struct err *e)
{
	struct err ignored;
	int r = lifecycle_hooks(context, spec, HOOK_POSTSTART, container, STATUS_RUNNING, e);
	autofd pidfd = -1;

	if (r == 0)
		return 0;
	pidfd = container_pidfd(container, &ignored);
	if (pidfd >= 0)
		sys_pidfd_send_signal(pidfd, SIGKILL);
	return r;
}

static int pass_gate(struct context *context, const struct container *container, struct err *e)
{
	const struct spec *spec;
	autofd document = -1;
	int r = container_spec(context, container, &spec, e);

	if (r < 0)
		return r;
	document = lifecycle_document(container, STATUS_CREATED, e);
	if (document < 0)
		return document;
	r = launch_open_gate(context, container, document, e);
	return r < 0 ? r : poststart(context, spec, container, e);
}

int container_start(struct context *context, const char *id, struct err *e)
{
	autocontainer container = CONTAINER_NONE;
	int r = container_load(context, id, true, &container, e);

	if (r < 0)
		return r;
	r = host_probe(context, e);
	if (r == 0)
		r = check_created(context, &container, e);
	if (r == 0)
		r = pass_gate(context, &container, e);
	return r;
}

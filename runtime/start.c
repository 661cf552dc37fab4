/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fd.h"
#include "base/sys.h"
#include "runtime/context.h"
#include "runtime/launch.h"
#include "runtime/lifecycle.h"
#include "runtime/notify.h"
#include "runtime/operations.h"
#include "runtime/state.h"
#include "runtime/trace.h"

/* Why a container in this state cannot be started. */
static const char *const refusals[STATUS_COUNT] = {
	[STATUS_CREATING] = "cannot start a container that is still being created",
	[STATUS_RUNNING] = "cannot start an already running container",
	[STATUS_PAUSED] = "cannot start a container in the paused state",
	[STATUS_STOPPED] = "cannot start a container that has stopped",
};

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
	trace_phase(context, "gate");
	r = launch_open_gate(context, container, document, e);
	trace_phase(context, "poststart");
	return r < 0 ? r : poststart(context, spec, container, e);
}

/* Like a service manager's own child, `start` ends when the workload has said that it is ready. */
static int start_ready(struct context *context, const struct container *container, struct err *e)
{
	autofd socket = -1, pidfd = -1;
	int r = 0;

	if (notify_socket() && faccessat(container->dir, "notify", F_OK, 0) == 0)
		r = notify_bind(container, &socket, e);
	if (r == 0 && socket >= 0)
		r = pidfd = container_pidfd(container, e);
	if (r < 0)
		return r;
	r = pass_gate(context, container, e);
	if (r < 0 || socket < 0)
		return r;
	return notify_wait(socket, notify_socket(), container->pid, pidfd, e);
}

int container_start(struct context *context, const char *id, struct err *e)
{
	autocontainer container = CONTAINER_NONE;
	int r = container_look(context, id, true, &container, e);

	if (r < 0)
		return r;
	if (container.found != STATUS_CREATED)
		return err_say(e, EINVAL, "container %s: %s", container.id,
			       refusals[container.found]);
	r = start_ready(context, &container, e);
	trace_write(context);
	return r;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <string.h>
#include <sys/socket.h>

#include "base/err.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/text.h"
#include "runtime/lane.h"
#include "runtime/launch.h"
#include "runtime/state.h"
#include "runtime/unix.h"
#include "runtime/version.h"

static json_t *container_state(const struct launch *launch)
{
	autobuf state = { 0 };

	if (launch->container)
		container_document(launch->container, STATUS_CREATING, false, &state);
	else
		container_document(launch->entered, launch->entered_status, false, &state);
	return json_loadb(state.text, state.length, 0, NULL);
}

/* config-linux.md#containerprocessstate. The process is not the container's own when it was made by exec. */
static char *process_state(const struct launch *launch, const char *metadata)
{
	json_t *document = json_pack("{s:s, s:[s], s:i, s:s*, s:o}", "ociVersion",
				     TARE_VERSION_SPEC, "fds", "seccompFd", "pid", launch->pid,
				     "metadata", metadata, "state", container_state(launch));
	char *text = document ? json_dumps(document, JSON_COMPACT) : NULL;

	json_decref(document);
	return text;
}

static int explain(int code, const char *path, struct err *e)
{
	err_set(e, code, "cannot reach the seccomp agent at %s: connect", path);
	if (code == ENOENT || code == ECONNREFUSED)
		err_hint(e, "the profile has SCMP_ACT_NOTIFY: its agent must be running and listen "
			    "there before the container is made");
	return -code;
}

/* The descriptor goes with the first byte; a signal may part what follows from it. */
static int send_state(int agent, const char *text, int listener)
{
	size_t length = strlen(text);
	ssize_t n = socket_send_fd(agent, text, length, listener);

	return n < 0 ? (int)n : fd_write_all(agent, text + n, length - (size_t)n);
}

int listener_send(struct lane *lane, const char *path, const char *metadata, int listener,
		  struct err *e)
{
	autofree char *text = NULL;
	autofd agent = unix_connect(AT_FDCWD, path, SOCK_STREAM);
	int r;

	if (agent < 0)
		return explain(-agent, path, e);
	text = process_state(lane->launch, metadata);
	if (!text)
		return err_set(e, ENOMEM, "the container process state");
	r = send_state(agent, text, listener);
	return r < 0 ? err_set(e, -r, "seccomp agent at %s: sendmsg", path) : 0;
}

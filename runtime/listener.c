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

/* config-linux.md#containerprocessstate */
static char *process_state(struct lane *lane, const char *metadata)
{
	autobuf state = { 0 };
	json_t *document;
	char *text;

	container_document(lane->launch->container, STATUS_CREATING, false, &state);
	document = json_pack("{s:s, s:[s], s:i, s:s, s:o}", "ociVersion", "1.3.0", "fds",
			     "seccompFd", "pid", lane->launch->pid, "metadata",
			     metadata ? metadata : "", "state",
			     json_loads(state.text, 0, NULL));
	text = json_dumps(document, JSON_COMPACT);
	json_decref(document);
	return text;
}

int listener_send(struct lane *lane, const char *path, const char *metadata, int listener,
		  struct err *e)
{
	autofree char *text = NULL;
	autofd agent = unix_connect(AT_FDCWD, path, SOCK_STREAM);
	ssize_t n;

	if (agent < 0)
		return err_set(e, -agent, "cannot reach the seccomp agent at %s: connect", path);
	text = process_state(lane, metadata);
	if (!text)
		return err_set(e, ENOMEM, "the container process state");
	n = socket_send_fd(agent, text, strlen(text), listener);
	return n < 0 ? err_set(e, (int)-n, "seccomp agent at %s: sendmsg", path) : 0;
}

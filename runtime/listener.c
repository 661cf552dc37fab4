/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <jansson.h>
#include <string.h>

#include "base/err.h"
#include "base/fd.h"
#include "base/text.h"
#include "runtime/lane.h"
#include "runtime/launch.h"
#include "runtime/peer.h"
#include "runtime/state.h"
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

static int hint(struct err *e)
{
	if (e->code == ENOENT || e->code == ECONNREFUSED)
		err_hint(e, "the profile has SCMP_ACT_NOTIFY: its agent must be running and listen "
			    "there before the container is made");
	return -e->code;
}

int listener_send(struct lane *lane, const char *path, const char *metadata, int listener,
		  struct err *e)
{
	autofree char *text = process_state(lane->launch, metadata);
	struct peer_message message = { "seccomp agent at", path, text, 0, listener };

	if (!text)
		return err_set(e, ENOMEM, "the container process state");
	message.length = strlen(text);
	return peer_tell(lane->launch->context, &message, e) < 0 ? hint(e) : 0;
}

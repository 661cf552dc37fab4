/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/outputs.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/fd.h"
#include "base/file.h"
#include "runtime/peer.h"

int write_pid_file(const char *path, pid_t pid, struct err *e)
{
	autofree char *directory = strdup(path), *name = strdup(path);
	char text[16];
	int length = snprintf(text, sizeof text, "%d", pid), r;
	autofd dir = -1;

	if (!directory || !name)
		return err_set(e, ENOMEM, "--pid-file %s", path);
	dir = open(dirname(directory), O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return err_set(e, errno, "--pid-file %s", path);
	r = file_replace(dir, basename(name), 0644, text, (size_t)length);
	return r < 0 ? err_set(e, -r, "--pid-file %s", path) : 0;
}

int send_pidfd(const struct context *context, const char *what, const char *socket_path, int pidfd,
	       struct err *e)
{
	static const char word[] = "pidfd";
	const struct peer_message message = { what, socket_path, word, strlen(word), pidfd };

	return peer_tell(context, &message, e);
}

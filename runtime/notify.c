/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/notify.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/text.h"
#include "runtime/state.h"
#include "runtime/unix.h"

const char *notify_socket(void)
{
	const char *path = getenv("NOTIFY_SOCKET");

	return path && *path ? path : NULL;
}

int notify_prepare(struct arena *arena, const char *root, const struct container *c,
		   const char **ret_dir, struct err *e)
{
	if (mkdirat(c->dir, "notify", 0755) < 0 && errno != EEXIST)
		return err_set(e, errno, "NOTIFY_SOCKET: mkdir in the state directory");
	*ret_dir = arena_printf(arena, "%s/%s/notify", root, c->id);
	return 0;
}

int notify_bind(const struct container *c, int *ret_socket, struct err *e)
{
	autofd dir = openat(c->dir, "notify", O_PATH | O_DIRECTORY | O_CLOEXEC), socket = -1;

	if (dir < 0)
		return err_set(e, errno, "NOTIFY_SOCKET: the container was created without it");
	socket = unix_bind(dir, "notify.sock", SOCK_DGRAM);
	if (socket < 0)
		return err_set(e, -socket, "NOTIFY_SOCKET: bind notify.sock");
	/* Whatever user the workload runs as. */
	if (fchmodat(dir, "notify.sock", 0777, 0) < 0)
		return err_set(e, errno, "NOTIFY_SOCKET: chmod notify.sock");
	*ret_socket = fd_take(&socket);
	return 0;
}

static void pass(const char *to, const char *text)
{
	autofd peer = unix_connect(AT_FDCWD, to, SOCK_DGRAM);

	/* A service manager that went away is no reason to end the container. */
	if (peer >= 0 && send(peer, text, strlen(text), MSG_NOSIGNAL) < 0)
		return;
}

void notify_forward(int socket, const char *to, pid_t pid, bool *ret_ready)
{
	char text[4096], *rest = text;
	autobuf out = { 0 };
	ssize_t n = recv(socket, text, sizeof text - 1, MSG_DONTWAIT);

	if (n <= 0)
		return;
	text[n] = '\0';
	for (char *line; (line = strsep(&rest, "\n"));) {
		if (strcmp(line, "READY=1") == 0) {
			strbuf_addf(&out, "READY=1\nMAINPID=%d\n", pid);
			*ret_ready = true;
		} else if (str_starts(line, "STATUS=")) {
			strbuf_addf(&out, "%s\n", line);
		}
	}
	if (out.length)
		pass(to, out.text);
}

int notify_wait(int socket, const char *to, pid_t pid, int pidfd, struct err *e)
{
	struct pollfd fds[] = { { .fd = socket, .events = POLLIN },
				{ .fd = pidfd, .events = POLLIN } };
	bool ready = false;

	while (!ready) {
		if (poll(fds, 2, -1) < 0 && errno != EINTR)
			return err_set(e, errno, "NOTIFY_SOCKET: poll");
		if (fds[0].revents)
			notify_forward(socket, to, pid, &ready);
		else if (fds[1].revents)
			return 0;
	}
	return 0;
}

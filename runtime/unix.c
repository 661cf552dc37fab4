/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/unix.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fd.h"

static int set_path(struct sockaddr_un *address, const char *path)
{
	size_t size = strlen(path) + 1;

	if (size > sizeof address->sun_path)
		return -ENAMETOOLONG;
	address->sun_family = AF_UNIX;
	memcpy(address->sun_path, path, size);
	return (int)sizeof *address;
}

/* The name's length counts in an abstract address: no NUL ends it. */
static int set_abstract(struct sockaddr_un *address, const char *name)
{
	int r = set_path(address, name);

	if (r < 0)
		return r;
	address->sun_path[0] = '\0';
	return (int)(offsetof(struct sockaddr_un, sun_path) + strlen(name));
}

static int set_descriptor(struct sockaddr_un *address, int dir, const char *path, int *ret_fd)
{
	int fd = openat(dir, path, O_PATH | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	address->sun_family = AF_UNIX;
	snprintf(address->sun_path, sizeof address->sun_path, "/proc/self/fd/%d", fd);
	*ret_fd = fd;
	return (int)sizeof *address;
}

/* The address of path; *ret_node is to stay open until it is used. */
static int set_address(struct sockaddr_un *address, int dir, const char *path, int *ret_node)
{
	return dir == AT_FDCWD && *path == '@' ? set_abstract(address, path)
					       : set_descriptor(address, dir, path, ret_node);
}

static int connect_to(int fd, const struct sockaddr_un *address, int length)
{
	return connect(fd, (const struct sockaddr *)address, (socklen_t)length) < 0 ? -errno : 0;
}

/* Most often nothing is there, which costs no socket. */
int unix_connect(int dir, const char *path, int type)
{
	struct sockaddr_un address = { 0 };
	autofd node = -1, fd = -1;
	int r = set_address(&address, dir, path, &node), length = r;

	if (r >= 0)
		fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
	if (r >= 0)
		r = fd < 0 ? -errno : connect_to(fd, &address, length);
	return r < 0 ? r : fd_take(&fd);
}

/* A connect(2) that waits for room in the backlog heeds the time for sending. */
int unix_connect_within(const char *path, int milliseconds)
{
	const struct timeval limit = { milliseconds / 1000, milliseconds % 1000 * 1000 };
	autofd fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), node = -1;
	struct sockaddr_un address = { 0 };
	int r;

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit) < 0)
		return -errno;
	r = set_address(&address, AT_FDCWD, path, &node);
	if (r >= 0)
		r = connect_to(fd, &address, r);
	return r < 0 ? r : fd_take(&fd);
}

int unix_bind(int dir, const char *name, int type)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	autofd fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
	int n = snprintf(address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d/%s", dir,
			 name);

	if (n >= (int)sizeof address.sun_path)
		return -ENAMETOOLONG;
	if (fd < 0 || (unlinkat(dir, name, 0) < 0 && errno != ENOENT))
		return -errno;
	if (bind(fd, (const struct sockaddr *)&address, sizeof address) < 0)
		return -errno;
	return fd_take(&fd);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/unix.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
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

int unix_connect(int dir, const char *path, int type)
{
	struct sockaddr_un address = { 0 };
	autofd node = -1;
	autofd fd = -1;
	int length = dir == AT_FDCWD && *path == '@' ? set_abstract(&address, path)
						     : set_descriptor(&address, dir, path, &node);

	if (length < 0)
		return length;
	fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, (const struct sockaddr *)&address, (socklen_t)length) < 0)
		return -errno;
	return fd_take(&fd);
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

/* SPDX-License-Identifier: Apache-2.0 */
#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/sys.h"
#include "base/text.h"

enum { BLOCK = 4096 };

/* Up to a read of less than `least` bytes, which is the end. */
static int read_until(int fd, size_t least, size_t max, struct strbuf *ret_text)
{
	autobuf text = { 0 };
	char block[BLOCK];
	ssize_t n = BLOCK;

	strbuf_add(&text, "");
	while (n < 0 || (size_t)n >= least) {
		n = read(fd, block, sizeof block);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		strbuf_add_bytes(&text, block, (size_t)n);
		if (text.length > max)
			return -EFBIG;
	}
	strbuf_clear(ret_text);
	*ret_text = text;
	text = (struct strbuf){ 0 };
	return 0;
}

int fd_read_all(int fd, size_t max, struct strbuf *ret_text)
{
	return read_until(fd, 1, max, ret_text);
}

int file_read(int dir, const char *path, size_t max, struct strbuf *ret_text)
{
	autofd fd = openat(dir, path, O_RDONLY | O_CLOEXEC);

	return fd < 0 ? -errno : fd_read_all(fd, max, ret_text);
}

int file_read_short(int dir, const char *path, size_t max, struct strbuf *ret_text)
{
	autofd fd = openat(dir, path, O_RDONLY | O_CLOEXEC);

	return fd < 0 ? -errno : read_until(fd, BLOCK, max, ret_text);
}

int fd_write_all(int fd, const void *bytes, size_t length)
{
	const char *at = bytes;

	while (length > 0) {
		ssize_t n = write(fd, at, length);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		at += n;
		length -= (size_t)n;
	}
	return 0;
}

int file_write(int dir, const char *path, const char *text)
{
	autofd fd = openat(dir, path, O_WRONLY | O_CLOEXEC);
	size_t length = strlen(text);
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = write(fd, text, length);
	if (n < 0)
		return -errno;
	return (size_t)n == length ? 0 : -EIO;
}

/* Of the kernel's random bytes for this process and the time: no two writers, alive or killed, have the same. */
static uint64_t unlike_others(void)
{
	uint64_t random = 0;
	const void *bytes = (const void *)(uintptr_t)getauxval(AT_RANDOM);
	struct timespec now;

	if (bytes)
		memcpy(&random, bytes, sizeof random);
	clock_gettime(CLOCK_MONOTONIC, &now);
	return random ^ ((uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec);
}

/* A name of its own, so that a file left by a writer that was killed is in nobody's way. */
static int open_beside(int dir, const char *name, mode_t mode, char path[PATH_MAX], int *ret_fd)
{
	const char *slash = strrchr(name, '/');
	int parent = slash ? (int)(slash - name) + 1 : 0;
	int n, fd;

	n = snprintf(path, PATH_MAX, "%.*s.%s.%016llx", parent, name, name + parent,
		     (unsigned long long)unlike_others());
	if (n >= PATH_MAX)
		return -ENAMETOOLONG;
	fd = openat(dir, path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
	if (fd < 0)
		return -errno;
	*ret_fd = fd;
	return 0;
}

int file_replace(int dir, const char *name, mode_t mode, const void *bytes, size_t length)
{
	char path[PATH_MAX];
	autofd fd = -1;
	int r = open_beside(dir, name, mode, path, &fd);

	if (r < 0)
		return r;
	r = fd_write_all(fd, bytes, length);
	if (r == 0 && renameat(dir, path, dir, name) < 0)
		r = -errno;
	if (r < 0)
		unlinkat(dir, path, 0);
	return r;
}

int file_create(int dir, const char *name, mode_t mode, const void *bytes, size_t length)
{
	autofd fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);

	return fd < 0 ? -errno : fd_write_all(fd, bytes, length);
}

int dir_make_path(int dir, const char *path, mode_t mode)
{
	char prefix[PATH_MAX];
	size_t length = strlen(path);
	struct stat st;

	if (length >= sizeof prefix)
		return -ENAMETOOLONG;
	for (size_t i = 1; i <= length; i++) {
		if (path[i] != '/' && path[i] != '\0')
			continue;
		memcpy(prefix, path, i);
		prefix[i] = '\0';
		if (mkdirat(dir, prefix, mode) < 0 && errno != EEXIST)
			return -errno;
	}
	if (fstatat(dir, path, &st, 0) < 0)
		return -errno;
	return S_ISDIR(st.st_mode) ? 0 : -ENOTDIR;
}

static void close_dir(DIR **stream)
{
	if (*stream)
		closedir(*stream);
}

static bool is_dot(const char *name)
{
	return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

static int remove_entries(int dir)
{
	__attribute__((cleanup(close_dir))) DIR *stream = fdopendir(dir);
	struct dirent *entry;
	int r = 0;

	if (!stream) {
		r = -errno;
		fd_close(&dir);
		return r;
	}
	/* Removing while reading may skip entries on some file systems, so start over until a
	 * whole pass finds none. */
	for (bool found = true; found && r == 0; rewinddir(stream)) {
		found = false;
		while (r == 0 && (entry = readdir(stream))) {
			if (is_dot(entry->d_name))
				continue;
			found = true;
			r = dir_remove_tree(dirfd(stream), entry->d_name);
		}
	}
	return r;
}

int dir_remove_tree(int dir, const char *name)
{
	int fd, r;

	if (unlinkat(dir, name, 0) == 0 || errno == ENOENT)
		return 0;
	if (errno != EISDIR && errno != EPERM)
		return -errno;
	if (unlinkat(dir, name, AT_REMOVEDIR) == 0)
		return 0;
	if (errno != ENOTEMPTY && errno != EEXIST)
		return -errno;
	fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	r = remove_entries(fd);
	if (r < 0)
		return r;
	return unlinkat(dir, name, AT_REMOVEDIR) == 0 || errno == ENOENT ? 0 : -errno;
}

/* Room for one descriptor, or the two that padding leaves room for; aligned as cmsghdr must be. */
union control {
	struct cmsghdr header;
	char bytes[CMSG_SPACE(sizeof(int))];
};
_Static_assert(CMSG_SPACE(sizeof(int)) == CMSG_SPACE(2 * sizeof(int)), "two descriptors fit");

ssize_t socket_send_fd(int socket, const void *bytes, size_t length, int fd)
{
	return socket_send_fds(socket, bytes, length, (const int[2]){ fd, -1 });
}

ssize_t socket_send_fds(int socket, const void *bytes, size_t length, const int fds[2])
{
	size_t size = (fds[0] >= 0) * sizeof(int) + (fds[1] >= 0) * sizeof(int);
	union control control = { 0 };
	struct iovec io = { .iov_base = (void *)(uintptr_t)bytes, .iov_len = length };
	struct msghdr message = { .msg_iov = &io, .msg_iovlen = 1 };
	ssize_t n;

	if (size) {
		message.msg_control = &control;
		message.msg_controllen = sizeof control.bytes;
		control.header.cmsg_level = SOL_SOCKET;
		control.header.cmsg_type = SCM_RIGHTS;
		control.header.cmsg_len = CMSG_LEN(size);
		memcpy(CMSG_DATA(&control.header), fds, size);
	}
	do
		n = sendmsg(socket, &message, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : n;
}

/* The kernel drops what does not fit the control buffer (MSG_CTRUNC), and closes it. */
static int take_descriptor(struct msghdr *message)
{
	struct cmsghdr *header = CMSG_FIRSTHDR(message);
	int fd;

	if (!header || header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS ||
	    header->cmsg_len < CMSG_LEN(sizeof fd))
		return -1;
	memcpy(&fd, CMSG_DATA(header), sizeof fd);
	return fd;
}

/* CMSG_SPACE() pads, so two descriptors may fit where one was meant to. */
static bool more_than_one(struct msghdr *message)
{
	struct cmsghdr *header = CMSG_FIRSTHDR(message);
	int second;

	if (!header || header->cmsg_type != SCM_RIGHTS ||
	    header->cmsg_len < CMSG_LEN(2 * sizeof second))
		return false;
	memcpy(&second, CMSG_DATA(header) + sizeof second, sizeof second);
	fd_close(&second);
	return true;
}

ssize_t socket_receive_fd(int socket, void *bytes, size_t size, int *ret_fd)
{
	union control control = { 0 };
	struct iovec io = { .iov_base = bytes, .iov_len = size };
	struct msghdr message = { .msg_iov = &io,
				  .msg_iovlen = 1,
				  .msg_control = &control,
				  .msg_controllen = sizeof control.bytes };
	autofd fd = -1;
	ssize_t n;

	do
		n = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	fd = take_descriptor(&message);
	if (more_than_one(&message) || (message.msg_flags & MSG_CTRUNC))
		return -EPROTO;
	*ret_fd = fd_take(&fd);
	return n;
}

/* Leaves the descriptor where it stands, at the beginning. */
static int write_from_start(int fd, const char *bytes, size_t length)
{
	ssize_t n;

	for (size_t at = 0; at < length; at += (size_t)n) {
		n = pwrite(fd, bytes + at, length - at, (off_t)at);
		if (n < 0)
			return -errno;
	}
	return 0;
}

int memfd_sealed(const char *name, const void *bytes, size_t length)
{
	autofd fd = sys_memfd_create(name, MFD_CLOEXEC | MFD_NOEXEC_SEAL | MFD_ALLOW_SEALING);
	int r;

	/* Before 6.3 there was no MFD_NOEXEC_SEAL. */
	if (fd < 0 && errno == EINVAL)
		fd = sys_memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd < 0)
		return -errno;
	r = write_from_start(fd, bytes, length);
	if (r < 0)
		return r;
	if (fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) < 0)
		return -errno;
	return fd_take(&fd);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Small files and directories by descriptor. All descriptors are O_CLOEXEC.
 * Each function returns 0 or more, or -errno; the caller knows what to say.
 */
#pragma once
#include <stddef.h>
#include <sys/types.h>

struct arena;
struct strbuf;

/* Reads all of fd (from where it stands) up to max bytes: 0, or -EFBIG beyond it. */
int fd_read_all(int fd, size_t max, struct strbuf *ret_text);
/* The same for dir/path; dir may be AT_FDCWD. */
int file_read(int dir, const char *path, size_t max, struct strbuf *ret_text);
/* The same for what the kernel gives whole to one read that has room for it: files of a disk, and those of procfs and
 * cgroupfs that are one record. No second read then asks for the end. */
int file_read_short(int dir, const char *path, size_t max, struct strbuf *ret_text);
/* Writes all bytes, going on behind short writes and EINTR. */
int fd_write_all(int fd, const void *bytes, size_t length);
/* One write(2) into a file that exists (cgroupfs, procfs): a short write is -EIO. */
int file_write(int dir, const char *path, const char *text);
/* Replaces dir/name by a whole new file or leaves the old: temporary name, then rename. */
int file_replace(int dir, const char *name, mode_t mode, const void *bytes, size_t length);
/* A new file, where nobody looks before it is whole. -EEXIST if there is one. */
int file_create(int dir, const char *name, mode_t mode, const void *bytes, size_t length);
/* mkdir -p below dir: 0, -errno. Not for paths under a rootfs. */
int dir_make_path(int dir, const char *path, mode_t mode);
/* Removes all below dir/name and itself, by descriptors, never following a symlink. Absent is 0. */
int dir_remove_tree(int dir, const char *name);
/* Sends bytes and up to one descriptor (-1: none) as one message; MSG_NOSIGNAL. */
ssize_t socket_send_fd(int socket, const void *bytes, size_t length, int fd);
/* The same with up to two; the second is there only where the first is. */
ssize_t socket_send_fds(int socket, const void *bytes, size_t length, const int fds[2]);
/* Receives one message; *ret_fd is -1 when it brought none. More than one is closed and -EPROTO. */
ssize_t socket_receive_fd(int socket, void *bytes, size_t size, int *ret_fd);
/* A sealed, read-only memfd holding bytes, at offset 0: its descriptor, or -errno. */
int memfd_sealed(const char *name, const void *bytes, size_t length);

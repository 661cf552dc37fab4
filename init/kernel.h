/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernel's interface as tare-init uses it: system calls by number, and the structures and
 * constants that only a libc's headers would declare.
 *
 * Invariant: SYS() returns what the kernel returns, a negative errno included.
 */
#pragma once
#include <asm/ioctls.h>
#include <asm/termios.h>
#include <asm/unistd.h>
#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/mount.h>
#include <linux/openat2.h>
#include <linux/stat.h>
#include <stddef.h>
#include <stdint.h>

#include "arch.h"

#define SYS(call, ...) SYS_PAD(__NR_##call, __VA_ARGS__, 0, 0, 0, 0, 0, 0)
#define SYS_PAD(number, a, b, c, d, e, f, ...) \
	arch_call(number, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))

enum {
	STDIN = 0,
	STDOUT = 1,
	STDERR = 2,
	PATH_SIZE = 4096,
	SOCKET_LEVEL = 1,         /* SOL_SOCKET */
	SOCKET_RIGHTS = 1,        /* SCM_RIGHTS */
	SOCKET_PEERCRED = 17,     /* SO_PEERCRED */
	SOCKET_NOSIGNAL = 0x4000, /* MSG_NOSIGNAL */
	SOCKET_CLOEXEC = 0x40000000, /* MSG_CMSG_CLOEXEC */
};

struct io_vector {
	void *base;
	size_t length;
};
struct message {
	void *name;
	int name_length;
	struct io_vector *vectors;
	size_t vector_count;
	void *control;
	size_t control_length;
	unsigned flags;
};
struct control {
	size_t length;
	int level, type;
	int fds[2];
};
struct peer {
	int32_t pid;
	uint32_t uid, gid;
};
struct directory_entry {
	uint64_t inode;
	int64_t offset;
	uint16_t length;
	uint8_t type;
	char name[];
};
/* struct statfs, which is the same on every 64-bit architecture. */
struct file_system {
	long type, block_size;
	uint64_t counts[5];
	int32_t id[2];
	long name_length, fragment_size, flags, spare[4];
};

/* "" names the descriptor itself. */
static inline long sys_open_tree(long dir, const char *path, unsigned flags)
{
	return SYS(open_tree, dir, path, flags | OPEN_TREE_CLOEXEC);
}

static inline long sys_move_mount(long mount, long target)
{
	return SYS(move_mount, mount, "", target, "",
		   MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);
}

static inline long sys_setattr(long mount, unsigned flags, const struct mount_attr *attr)
{
	return SYS(mount_setattr, mount, "", AT_EMPTY_PATH | flags, attr, sizeof *attr);
}

/* What the descriptor is, links included. */
static inline long sys_statx(long fd, struct statx *ret_stat)
{
	return SYS(statx, fd, "", AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS, ret_stat);
}

static inline int is_kind(const struct statx *st, unsigned kind)
{
	return (st->stx_mode & S_IFMT) == kind;
}

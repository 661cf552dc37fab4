/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The container's terminal. Both ends come from the devpts below the root by descriptor; no name in
 * it is trusted, since the container may have put anything there (CVE-2025-52565).
 */
#include "init/init.h"

enum { DEVPTS = 0x1cd1 /* DEVPTS_SUPER_MAGIC */ };

static int devpts_open(struct init *in)
{
	autofd dir = path_open(in, "/dev/pts", O_PATH | O_DIRECTORY, 0);
	struct file_system fs;
	int found = dir;

	if (dir < 0)
		return FAIL(in, openat2, dir, "/dev/pts");
	if (SYS(fstatfs, dir, &fs) < 0 || fs.type != DEVPTS)
		return FAIL(in, none, -ENODEV,
			    "a terminal needs a devpts file system mounted on /dev/pts");
	dir = -1;
	return found;
}

static int ptmx_open(struct init *in)
{
	autofd dir = devpts_open(in);
	struct open_how how = {
		.flags = O_RDWR | O_NOCTTY | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV |
			   RESOLVE_NO_MAGICLINKS,
	};
	long fd;

	if (dir < 0)
		return -1;
	fd = SYS(openat2, dir, "ptmx", &how, sizeof how);
	return fd < 0 ? FAIL(in, openat2, fd, "/dev/pts/ptmx") : (int)fd;
}

static int request(struct init *in, int fd, unsigned long number, const void *argument,
		   const char *name)
{
	long r = SYS(ioctl, fd, number, argument);

	return r < 0 ? FAIL(in, ioctl, r, name) : (int)r;
}

static int set_size(struct init *in, int master, uint64_t height, uint64_t width)
{
	struct winsize size = { .ws_row = (uint16_t)height, .ws_col = (uint16_t)width };

	return height || width ? request(in, master, TIOCSWINSZ, &size, "TIOCSWINSZ") : 0;
}

static int peer_open(struct init *in, int master)
{
	const int unlocked = 0;
	long flags = O_RDWR | O_NOCTTY | O_CLOEXEC;

	if (request(in, master, TIOCSPTLCK, &unlocked, "TIOCSPTLCK") < 0)
		return -1;
	return request(in, master, TIOCGPTPEER, (const void *)flags, "TIOCGPTPEER");
}

static int attach_console(struct init *in, int peer)
{
	const struct making file = { .mode = 0666, .file = 1, .flags = O_PATH };
	autofd target = path_open(in, "/dev/console", file.flags, 0), copy = -1;
	long r;

	if (target == -ENOENT)
		target = path_make(in, "/dev/console", &file);
	else if (target < 0)
		return FAIL(in, openat2, target, "/dev/console");
	if (target < 0)
		return -1;
	copy = (int)sys_open_tree(peer, "", OPEN_TREE_CLONE | AT_EMPTY_PATH);
	if (copy < 0)
		return FAIL(in, open_tree, copy, "the terminal");
	r = sys_move_mount(copy, target);
	return r < 0 ? FAIL(in, move_mount, r, "/dev/console") : 0;
}

static int become_stdio(struct init *in, int peer)
{
	int r = request(in, peer, TIOCSCTTY, 0, "TIOCSCTTY");

	for (int fd = 0; r >= 0 && fd < 3; fd++)
		r = CHECK(in, dup3, peer, fd, 0);
	return r;
}

int run_CONSOLE(struct init *in, const uint64_t *arg)
{
	autofd master = ptmx_open(in), peer = master < 0 ? -1 : peer_open(in, master);

	if (peer < 0 || set_size(in, master, arg[0], arg[1]) < 0)
		return -1;
	if (CHECK(in, fchown, peer, arg[2], -1) < 0)
		return -1;
	if (arg[3] && attach_console(in, peer) < 0)
		return -1;
	if (report_fd(in, REPORT_FD, master) < 0)
		return -1;
	return become_stdio(in, peer);
}

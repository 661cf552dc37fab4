/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A runtime in a chroot: "/" is a place within the mount namespace, whose own root is the host's.
 * setns(2) goes to the namespace's root, so whoever entered such a container would come out on the host;
 * and all of the host's mounts would stay in the namespace.
 */
#include <linux/sched.h>

#include "init/init.h"

/* Goes to the root of our own mount namespace. Without the right to, all stays as it was: -errno. */
static long go_to_top(void)
{
	int self = (int)SYS(pidfd_open, SYS(getpid, 0), 0);

	return self < 0 ? self : SYS(setns, self, CLONE_NEWNS);
}

static long where(int dir, const char *path, int flags, struct statx *ret_place)
{
	return SYS(statx, dir, path, flags, STATX_INO | STATX_MNT_ID, ret_place);
}

static int same_place(const struct statx *a, const struct statx *b)
{
	return a->stx_mnt_id == b->stx_mnt_id && a->stx_ino == b->stx_ino;
}

/* A copy of the chroot on top of it, which is a mount in any case, and which nothing locks. The place
 * must not be shared, or the host would get the copy too. */
static int graft(struct init *in, int chroot)
{
	struct mount_attr attr = { .propagation = FLAG_SLAVE };
	int start = open_directory(in, chroot, "."), tree;
	autofd mount = start < 0 ? -1 : mount_root_of(in, start);
	unsigned flags = OPEN_TREE_CLONE | AT_EMPTY_PATH | AT_RECURSIVE;

	if (mount < 0 || check(in, CALL_mount_setattr, sys_setattr(mount, 0, &attr)) < 0)
		return -1;
	tree = check(in, CALL_open_tree, sys_open_tree(chroot, "", flags));
	if (tree < 0)
		return -1;
	in->root = tree;
	return check(in, CALL_move_mount, sys_move_mount(tree, chroot));
}

int run_OWN_ROOT(struct init *in, const uint64_t *arg)
{
	int here = open_directory(in, AT_FDCWD, "/"), r;
	struct statx own, top;

	if (here < 0 || check(in, CALL_fstat, where(here, "", AT_EMPTY_PATH, &own)) < 0)
		return -1;
	if (go_to_top() < 0)
		return 0;
	if (check(in, CALL_fstat, where(AT_FDCWD, "/", 0, &top)) < 0)
		return -1;
	if (same_place(&own, &top))
		return 0;
	r = graft(in, here);
	if (r == 0)
		r = run_PIVOT(in, arg);
	fd_close(&in->root);
	return r;
}

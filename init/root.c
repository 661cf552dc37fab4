/* SPDX-License-Identifier: Apache-2.0 */
/* The root file system: its mount, and entering it. */
#include "init/init.h"

enum { LAZY = 2 /* MNT_DETACH */ };

int open_directory(struct init *in, int dir, const char *path)
{
	return check(in, CALL_open, SYS(openat, dir, path, O_PATH | O_DIRECTORY | O_CLOEXEC));
}

int run_PROPAGATION(struct init *in, const uint64_t *arg)
{
	const char *path = step_text(in, arg[0]);

	if (arg[1] & FLAG_REC && arg[1] & (FLAG_SLAVE | FLAG_PRIVATE) && text_equal(path, "/"))
		in->may_propagate = 0;
	return CHECK(in, mount, 0, path, 0, arg[1], 0);
}

static int root_copy(struct init *in, int tree)
{
	fd_close(&in->root);
	in->root = (int)SYS(fcntl, tree, F_DUPFD_CLOEXEC, 0);
	/* Without one, places would be looked for from "/". */
	return check(in, CALL_open, in->root) < 0 ? -1 : 0;
}

static int root_take(struct init *in, uint64_t slot_number, int tree)
{
	slot_fill(in, slot_number, tree);
	return root_copy(in, tree);
}

int run_ROOT(struct init *in, const uint64_t *arg)
{
	const char *path = step_text(in, arg[0]);
	autofd tree = -1;
	int below = open_directory(in, AT_FDCWD, path);
	unsigned flags = OPEN_TREE_CLONE | AT_EMPTY_PATH | (arg[1] ? AT_RECURSIVE : 0);
	long r;

	if (below < 0)
		return -1;
	tree = check(in, CALL_open_tree, sys_open_tree(below, "", flags));
	if (tree < 0)
		return -1;
	r = sys_move_mount(tree, below);
	if (r < 0)
		return fail(in, CALL_move_mount, r, NULL);
	r = root_take(in, arg[2], tree);
	tree = -1;
	return (int)r;
}

/* What the host lane has mounted, or opened for an exec. */
int run_ROOT_HELD(struct init *in, const uint64_t *arg)
{
	return root_copy(in, slot(in, arg[0]));
}

/* On top of "/", which stays what paths begin at until PIVOT. */
int run_ROOT_GIVEN(struct init *in, const uint64_t *arg)
{
	autofd below = open_directory(in, AT_FDCWD, "/");
	int tree;

	if (below < 0 || check(in, CALL_move_mount, sys_move_mount(slot(in, arg[0]), below)) < 0)
		return -1;
	in->root_covers = 1;
	tree = check(in, CALL_open, SYS(fcntl, slot(in, arg[0]), F_DUPFD_CLOEXEC, 0));
	return tree < 0 ? -1 : root_take(in, arg[1], tree);
}

int mount_root_of(struct init *in, int start)
{
	autofd dir = start;
	struct statx st;
	int found;

	for (;;) {
		int up;

		if (check(in, CALL_fstat, sys_statx(dir, &st)) < 0)
			return -1;
		if (st.stx_attributes & STATX_ATTR_MOUNT_ROOT)
			break;
		up = open_directory(in, dir, "..");
		if (up < 0)
			return -1;
		fd_close(&dir);
		dir = up;
	}
	found = dir;
	dir = -1;
	return found;
}

/* pivot_root(2) refuses a root whose parent mount is shared. */
int run_ROOT_PARENT_PRIVATE(struct init *in, const uint64_t *arg)
{
	struct mount_attr attr = { .propagation = FLAG_PRIVATE };
	int start = open_directory(in, AT_FDCWD, step_text(in, arg[0]));
	autofd dir = start < 0 ? -1 : mount_root_of(in, start);

	return dir < 0 ? -1 : check(in, CALL_mount_setattr, sys_setattr(dir, 0, &attr));
}

/* Unmounting the old root's mounts must not reach the host's. */
static int cut_off(struct init *in, int old)
{
	struct mount_attr attr = { .propagation = FLAG_SLAVE };

	return check(in, CALL_mount_setattr, sys_setattr(old, AT_RECURSIVE, &attr));
}

static int pivot_failed(struct init *in, long error)
{
	if (error == -EINVAL)
		return FAIL(in, pivot_root, error,
			    "is the host's root an initramfs? --no-pivot works there");
	return fail(in, CALL_pivot_root, error, NULL);
}

/* The old root ends up on top of the new one, from where it is taken off. */
static int enter_pivot(struct init *in)
{
	autofd old = in->may_propagate ? open_directory(in, AT_FDCWD, "/") : -1;
	long r;

	if (in->may_propagate && old < 0)
		return -1;
	r = SYS(pivot_root, ".", ".");
	if (r < 0)
		return pivot_failed(in, r);
	if (in->may_propagate && cut_off(in, old) < 0)
		return -1;
	return CHECK(in, umount2, ".", LAZY);
}

/* Without pivot_root(2) the old root stays below the new one: what could be dangerous there goes
 * first. */
static int enter_move(struct init *in)
{
	static const char covered[][8] = { "/proc", "/sys" };
	autofd old = in->may_propagate ? open_directory(in, AT_FDCWD, "/") : -1;
	long r;

	if (in->may_propagate && (old < 0 || cut_off(in, old) < 0))
		return -1;
	for (size_t i = 0; i < sizeof covered / sizeof *covered; i++) {
		r = SYS(umount2, covered[i], LAZY);
		if (r < 0 && r != -EINVAL && r != -ENOENT)
			return FAIL(in, umount2, r, covered[i]);
	}
	if (in->root_covers)
		return CHECK(in, chroot, ".");
	r = SYS(move_mount, in->root, "", AT_FDCWD, "/", MOVE_MOUNT_F_EMPTY_PATH);
	return r < 0 ? fail(in, CALL_move_mount, r, NULL) : CHECK(in, chroot, ".");
}

static int enter(struct init *in, uint64_t kind)
{
	if (kind == PIVOT_CHROOT)
		return CHECK(in, chroot, ".");
	return kind == PIVOT_MOVE ? enter_move(in) : enter_pivot(in);
}

int run_PIVOT(struct init *in, const uint64_t *arg)
{
	int r = CHECK(in, fchdir, in->root);

	if (r == 0)
		r = enter(in, arg[0]);
	return r < 0 ? r : CHECK(in, chdir, "/");
}

int run_ROOT_PROPAGATION(struct init *in, const uint64_t *arg)
{
	return CHECK(in, mount, 0, "/", 0, arg[0], 0);
}

int run_ROOT_READONLY(struct init *in, const uint64_t *arg)
{
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_RDONLY };

	return check(in, CALL_mount_setattr, sys_setattr(in->root, 0, &attr));
}

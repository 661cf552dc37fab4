/* SPDX-License-Identifier: Apache-2.0 */
/* linux.maskedPaths and linux.readonlyPaths. */
#include "init/init.h"

/* *ret_fd -1: nothing there, nothing to do. */
static int cover_open(struct init *in, const char *path, int *ret_fd)
{
	int fd = path_open(in, path, O_PATH, 0);

	if (fd < 0 && fd != -ENOENT && fd != -ENOTDIR)
		return fail(in, CALL_openat2, fd, NULL);
	*ret_fd = fd < 0 ? -1 : fd;
	return 0;
}

/* Who chose what covers a file (CVE-2025-31133) could read and write any file of the host. */
static int null_is_genuine(struct init *in, uint64_t number)
{
	struct statx st;

	if (is_attached(in, number))
		return 0;
	if (sys_statx(slot(in, number), &st) == 0 && is_kind(&st, S_IFCHR) &&
	    st.stx_rdev_major == 1 && st.stx_rdev_minor == 3)
		return 0;
	return FAIL(in, none, -ENODEV,
		    "the null device given to cover files with is something else");
}

int run_MASK(struct init *in, const uint64_t *arg)
{
	struct statx st;
	int target = -1;
	long r = cover_open(in, step_text(in, arg[0]), &target);

	if (r < 0 || target < 0)
		return (int)r;
	r = sys_statx(target, &st);
	if (r < 0)
		return fail(in, CALL_fstat, r, NULL);
	if (is_kind(&st, S_IFDIR))
		return slot_attach(in, arg[2], target);
	return null_is_genuine(in, arg[1]) < 0 ? -1 : slot_attach(in, arg[1], target);
}

int run_READONLY(struct init *in, const uint64_t *arg)
{
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_RDONLY };
	int target = -1, copy;
	int r = cover_open(in, step_text(in, arg[0]), &target);

	if (r < 0 || target < 0)
		return r;
	copy = check(in, CALL_open_tree,
		     sys_open_tree(target, "", OPEN_TREE_CLONE | AT_EMPTY_PATH | AT_RECURSIVE));
	descriptors_left(in, copy);
	if (copy < 0 ||
	    check(in, CALL_mount_setattr, sys_setattr(copy, AT_RECURSIVE, &attr)) < 0)
		return -1;
	return check(in, CALL_move_mount, sys_move_mount(copy, target));
}

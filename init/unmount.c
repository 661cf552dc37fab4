/* SPDX-License-Identifier: Apache-2.0 */
/* Taking a mount off a path of a running container. */
#include "init/init.h"

enum { LAZY = 2 /* MNT_DETACH */ };

static int is_mount(struct init *in, int target, struct statx *ret_st)
{
	long r = sys_statx(target, ret_st);

	if (r < 0)
		return fail(in, CALL_fstat, r, NULL);
	if (ret_st->stx_attributes & STATX_ATTR_MOUNT_ROOT)
		return 0;
	return FAIL(in, none, -EINVAL, step_object(in), " is no mount");
}

/* umount2(2) knows no descriptor. A directory is entered, anything else has a name in a procfs of
 * our own that nobody else can reach. */
static int unmount_file(struct init *in, int target)
{
	char text[32] = "";
	struct line name = { text, 0, sizeof text };
	struct digits digits;
	autofd procfs = procfs_make(in);

	if (procfs < 0 || CHECK(in, fchdir, procfs) < 0)
		return -1;
	line_add(&name, "self/fd/");
	line_add(&name, decimal(&digits, (uint64_t)target));
	return check(in, CALL_umount2, SYS(umount2, text, LAZY));
}

static int unmount_directory(struct init *in, int target)
{
	if (CHECK(in, fchdir, target) < 0)
		return -1;
	return check(in, CALL_umount2, SYS(umount2, ".", LAZY));
}

int run_UNMOUNT(struct init *in, const uint64_t *arg)
{
	const char *path = step_text(in, arg[0]);
	autofd target = path_open(in, path, O_PATH, 0);
	struct statx st;
	int r;

	if (target < 0)
		return FAIL(in, openat2, target, path);
	if (is_mount(in, target, &st) < 0)
		return -1;
	r = is_kind(&st, S_IFDIR) ? unmount_directory(in, target) : unmount_file(in, target);
	return r < 0 ? r : CHECK(in, chdir, "/");
}

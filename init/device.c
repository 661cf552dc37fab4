/* SPDX-License-Identifier: Apache-2.0 */
/* Device nodes and symlinks in the root. The lane runs with umask 0, so what is made has its mode
 * at once. */
#include "init/init.h"

enum { KINDS = S_IFMT };

static int same_device(const struct statx *st, const uint64_t *arg)
{
	uint64_t major = st->stx_rdev_major, minor = st->stx_rdev_minor;
	uint64_t device = (major & 0xfffff000) << 32 | (major & 0xfff) << 8 |
			  (minor & 0xffffff00) << 12 | (minor & 0xff);

	return is_kind(st, (unsigned)arg[1] & KINDS) &&
	       (is_kind(st, S_IFIFO) || device == arg[2]);
}

/* Where nodes may not be made a path of the host stands for one, and may hold anything. */
int run_IS_DEVICE(struct init *in, const uint64_t *arg)
{
	struct statx st;
	long r = sys_statx(slot(in, arg[0]), &st);

	if (r < 0)
		return fail(in, CALL_fstat, r, NULL);
	return same_device(&st, arg) ? 0 : FAIL(in, none, -EEXIST,
						"what the host has there is another device, or none");
}

/* The same node with another mode is made again: O_PATH descriptors cannot be given a mode
 * everywhere. */
static long make_again(int dir, const char *name, const uint64_t *arg, const struct statx *st)
{
	long r;

	if ((st->stx_mode & 07777) == (arg[1] & 07777))
		return 0;
	r = SYS(unlinkat, dir, name, 0);
	return r < 0 ? r : SYS(mknodat, dir, name, arg[1], arg[2]);
}

static int keep_or_make_again(struct init *in, int dir, const char *name, const uint64_t *arg)
{
	autofd there = name_open(dir, name, O_PATH);
	struct statx st;
	long r;

	if (there < 0)
		return fail(in, CALL_openat2, there, NULL);
	r = sys_statx(there, &st);
	if (r < 0)
		return fail(in, CALL_fstat, r, NULL);
	if (!same_device(&st, arg))
		return FAIL(in, mknodat, -EEXIST, step_text(in, arg[0]), " is something else");
	return check(in, CALL_mknodat, make_again(dir, name, arg, &st));
}

static int give_owner(struct init *in, int dir, const char *name, const uint64_t *arg)
{
	autofd node = name_open(dir, name, O_PATH);
	struct statx st;
	long r;

	if (node < 0)
		return fail(in, CALL_openat2, node, NULL);
	r = sys_statx(node, &st);
	if (r < 0 || !same_device(&st, arg))
		return FAIL(in, fstat, r < 0 ? r : -EEXIST, step_text(in, arg[0]));
	if (st.stx_uid == arg[3] && st.stx_gid == arg[4])
		return 0;
	return CHECK(in, fchownat, node, "", arg[3], arg[4], AT_EMPTY_PATH);
}

int run_MKNOD(struct init *in, const uint64_t *arg)
{
	char name[256];
	int dir = path_parent(in, step_text(in, arg[0]), name);
	long r;

	if (dir < 0)
		return -1;
	r = SYS(mknodat, dir, name, arg[1], arg[2]);
	if (r == 0 && !arg[3] && !arg[4])
		return 0;
	if (r < 0 && r != -EEXIST)
		return fail(in, CALL_mknodat, r, NULL);
	if (r == -EEXIST && keep_or_make_again(in, dir, name, arg) < 0)
		return -1;
	return give_owner(in, dir, name, arg);
}

static int is_same_link(int dir, const char *name, const char *target, int *ret_is_link)
{
	char text[PATH_SIZE];
	long n = SYS(readlinkat, dir, name, text, sizeof text);

	*ret_is_link = n >= 0;
	return n >= 0 && (size_t)n == strlen(target) && memcmp(text, target, (size_t)n) == 0;
}

/* Anything but a symlink is the image's own choice and stays. */
static long replace_link(int dir, const char *name, const char *target)
{
	int is_link;
	long r;

	if (is_same_link(dir, name, target, &is_link) || !is_link)
		return 0;
	r = SYS(unlinkat, dir, name, 0);
	return r < 0 ? r : SYS(symlinkat, target, dir, name);
}

int run_SYMLINK(struct init *in, const uint64_t *arg)
{
	const char *target = step_text(in, arg[0]);
	char name[256];
	int dir = path_parent(in, step_text(in, arg[1]), name);
	long r;

	if (dir < 0)
		return -1;
	r = SYS(symlinkat, target, dir, name);
	if (r == -EEXIST)
		r = replace_link(dir, name, target);
	return r < 0 ? FAIL(in, symlinkat, r, step_text(in, arg[1])) : 0;
}

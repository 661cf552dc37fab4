/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Detached mounts and where they go. A mount is made or copied, gets its attributes and is
 * attached, all by descriptor; only sources are named by path, and only while "/" is still the
 * host's.
 */
#include "init/init.h"

int is_attached(const struct init *in, uint64_t number)
{
	return in->attached[number / 32] >> number % 32 & 1;
}

static void set_attached(struct init *in, uint64_t number)
{
	in->attached[number / 32] |= 1u << number % 32;
}

static int is_directory(int fd)
{
	struct statx st;

	return sys_statx(fd, &st) == 0 && is_kind(&st, S_IFDIR);
}

/* Which of its many reasons for EINVAL the kernel had, it does not say. */
static int attach_failed(struct init *in, long error, int mount, int target)
{
	if (is_directory(mount) != is_directory(target))
		return FAIL(in, move_mount, error, is_directory(mount) ?
			    "a directory cannot be mounted on a file" :
			    "a file cannot be mounted on a directory");
	return fail(in, CALL_move_mount, error, NULL);
}

/* Before 6.15 only an attached mount can be copied, hence first itself, then copies. */
int slot_attach(struct init *in, uint64_t number, int target)
{
	int copy;
	long r;

	if (!is_attached(in, number)) {
		r = sys_move_mount(slot(in, number), target);
		if (r == 0)
			set_attached(in, number);
		return r < 0 ? attach_failed(in, r, slot(in, number), target) : 0;
	}
	copy = descriptors_left(in, (int)sys_open_tree(slot(in, number), "",
						       OPEN_TREE_CLONE | AT_EMPTY_PATH));
	if (copy < 0)
		return fail(in, CALL_open_tree, copy, NULL);
	r = sys_move_mount(copy, target);
	return r < 0 ? attach_failed(in, r, copy, target) : 0;
}

static int slot_take(struct init *in, uint64_t number, enum plan_call call, long fd)
{
	if (fd < 0)
		return fail(in, call, fd, NULL);
	slot_fill(in, number, (int)fd);
	return 0;
}

/* copy-symlink: a symlink is not mounted but made again, by TARGET, from this descriptor. */
static int is_link(int fd)
{
	struct statx st;

	return fd >= 0 && sys_statx(fd, &st) == 0 && is_kind(&st, S_IFLNK);
}

static int tree_link(struct init *in, const uint64_t *arg)
{
	autofd fd = (int)SYS(openat, AT_FDCWD, step_text(in, arg[0]),
			     O_PATH | O_NOFOLLOW | O_CLOEXEC);

	if (!is_link(fd))
		return 0;
	slot_fill(in, arg[2], fd);
	in->link_slot = arg[2];
	fd = -1;
	return 1;
}

int run_TREE(struct init *in, const uint64_t *arg)
{
	unsigned flags = OPEN_TREE_CLONE | (arg[1] & AT_RECURSIVE);
	long fd;

	if (arg[1] & TREE_COPY_SYMLINK && tree_link(in, arg))
		return 0;
	if (arg[1] & TREE_NOFOLLOW)
		flags |= AT_SYMLINK_NOFOLLOW;
	fd = sys_open_tree(AT_FDCWD, step_text(in, arg[0]), flags);
	return slot_take(in, arg[2], CALL_open_tree, fd);
}

/* The same for what the host lane opened. */
int run_LINK_GIVEN(struct init *in, const uint64_t *arg)
{
	if (is_link(slot(in, arg[0])))
		in->link_slot = arg[0];
	return 0;
}

int run_TREE_FD(struct init *in, const uint64_t *arg)
{
	unsigned flags = OPEN_TREE_CLONE | AT_EMPTY_PATH | (arg[1] & AT_RECURSIVE);

	return slot_take(in, arg[2], CALL_open_tree, sys_open_tree(slot(in, arg[0]), "", flags));
}

/* The container's cgroup where it has no cgroup namespace of its own to mount. */
int run_CGROUP_VIEW(struct init *in, const uint64_t *arg)
{
	long fd = sys_open_tree(AT_FDCWD, step_text(in, arg[0]), OPEN_TREE_CLONE);

	return slot_take(in, arg[1], CALL_open_tree, fd);
}

int run_ATTR(struct init *in, const uint64_t *arg)
{
	int idmap = arg[5] == PLAN_NO_SLOT ? 0 : slot(in, arg[5]);
	struct mount_attr attr = {
		.attr_set = arg[1] | (idmap ? MOUNT_ATTR_IDMAP : 0),
		.attr_clr = arg[2],
		.propagation = arg[3],
		.userns_fd = idmap < 0 ? (uint64_t)-1 : (uint64_t)idmap,
	};
	long r;

	if (in->link_slot == arg[0])
		return 0;
	r = sys_setattr(slot(in, arg[0]), arg[4] ? AT_RECURSIVE : 0, &attr);
	if (r == -EINVAL && idmap)
		return FAIL(in, mount_setattr, r, "the file system cannot map ids");
	return r < 0 ? fail(in, CALL_mount_setattr, r, NULL) : 0;
}

/* For a file system that is there already and takes no options: the inode of its root. */
int run_LABEL(struct init *in, const uint64_t *arg)
{
	autofd fd = (int)SYS(openat, slot(in, arg[0]), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
	const char *label = step_text(in, arg[1]);
	long r = fd;

	if (fd >= 0)
		r = SYS(fsetxattr, fd, "security.selinux", label, strlen(label) + 1, 0);
	return r < 0 ? fail(in, CALL_fsetxattr, r, label, NULL) : 0;
}

/* What has no place yet is made like what goes there. */
static int is_file(const struct init *in, const uint64_t *arg)
{
	struct statx st;

	if (arg[3] & TARGET_FILE)
		return 1;
	if (arg[1] == PLAN_NO_SLOT || in->directories[arg[1] / 32] >> arg[1] % 32 & 1)
		return 0;
	return sys_statx(slot(in, arg[1]), &st) == 0 &&
	       !is_kind(&st, S_IFDIR);
}

static int target_open(struct init *in, const uint64_t *arg)
{
	const char *path = step_text(in, arg[0]);
	struct making how = {
		.flags = O_PATH | (arg[3] & TARGET_NOFOLLOW ? O_NOFOLLOW : 0),
		.resolve = arg[3] & TARGET_NO_SYMLINKS ? RESOLVE_NO_SYMLINKS : 0,
		.mode = (uint32_t)arg[2] ? (uint32_t)arg[2] : 0755,
	};
	int fd = path_open(in, path, how.flags, how.resolve);

	if (fd == -ENOENT && !(arg[3] & TARGET_EXISTS)) {
		how.file = (uint8_t)is_file(in, arg);
		return path_make(in, path, &how);
	}
	if (fd == -ELOOP && how.resolve)
		return FAIL(in, none, fd, path, " is, or leads through, a symbolic link");
	return fd < 0 ? FAIL(in, openat2, fd, path) : fd;
}

/* With O_PATH the kernel opens a last symlink instead of refusing it. */
static int target_refuses(struct init *in, const uint64_t *arg, const struct statx *st)
{
	if (arg[3] & TARGET_NOFOLLOW && is_kind(st, S_IFLNK))
		return FAIL(in, none, -ELOOP, step_text(in, arg[0]), " is a symbolic link");
	if (arg[3] & TARGET_EXISTS && !(st->stx_attributes & STATX_ATTR_MOUNT_ROOT))
		return FAIL(in, none, -EINVAL, "nothing is mounted there that a remount could change");
	return 0;
}

/* A tmpfs without mode= looks like the directory it covers. */
static int target_gives_mode(struct init *in, const uint64_t *arg, const struct statx *st)
{
	if (!(arg[3] & TARGET_GIVE_MODE) || !is_kind(st, S_IFDIR))
		return 0;
	return check(in, CALL_fchmod,
		     SYS(fchmodat, slot(in, arg[1]), ".", st->stx_mode & 07777));
}

static int target_look(struct init *in, const uint64_t *arg, int fd)
{
	struct statx st;
	long r;

	if (!(arg[3] & (TARGET_NOFOLLOW | TARGET_GIVE_MODE | TARGET_EXISTS)))
		return 0;
	r = sys_statx(fd, &st);
	if (r < 0)
		return fail(in, CALL_fstat, r, NULL);
	return target_refuses(in, arg, &st) < 0 ? -1 : target_gives_mode(in, arg, &st);
}

/* copy-symlink: what is there stays. */
static int target_link(struct init *in, const uint64_t *arg)
{
	char text[PATH_SIZE], name[256];
	int dir = path_parent(in, step_text(in, arg[0]), name);
	long r;

	if (dir < 0)
		return -1;
	r = SYS(readlinkat, slot(in, arg[1]), "", text, sizeof text - 1);
	if (r < 0)
		return fail(in, CALL_readlinkat, r, NULL);
	text[r] = '\0';
	r = SYS(symlinkat, text, dir, name);
	return r < 0 && r != -EEXIST ? fail(in, CALL_symlinkat, r, NULL) : 0;
}

int run_TARGET(struct init *in, const uint64_t *arg)
{
	autofd fd = -1;

	if (arg[1] != PLAN_NO_SLOT && arg[1] == in->link_slot)
		return target_link(in, arg);
	fd = target_open(in, arg);
	if (fd < 0 || target_look(in, arg, fd) < 0)
		return -1;
	slot_fill(in, arg[4], fd);
	fd = -1;
	return 0;
}

int run_ATTACH(struct init *in, const uint64_t *arg)
{
	int r;

	if (in->link_slot == arg[0])
		return 0;
	r = slot_attach(in, arg[0], slot(in, arg[1]));
	slot_leave(in, arg[1]);
	return r;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/host_mounts.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fd.h"
#include "base/sys.h"
#include "plan/format.h"

int host_tree(const char *path, uint64_t flags, int *ret_mount, struct err *e)
{
	autofd link = flags & TREE_COPY_SYMLINK ? open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC) : -1;
	unsigned how = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | (unsigned)(flags & AT_RECURSIVE);
	struct stat st;
	int fd;

	if (link >= 0 && fstat(link, &st) == 0 && S_ISLNK(st.st_mode)) {
		*ret_mount = fd_take(&link);
		return 0;
	}
	if (flags & TREE_NOFOLLOW)
		how |= AT_SYMLINK_NOFOLLOW;
	fd = sys_open_tree(AT_FDCWD, path, how);
	if (fd < 0)
		return err_set(e, errno, "open_tree %s", path);
	*ret_mount = fd;
	return 0;
}

/* The kernel's own words, "e type: message", from the context. */
static int fs_failed(int fs, const char *call, const char *object, struct err *e)
{
	int code = errno;
	char words[200];
	ssize_t n = read(fs, words, sizeof words - 1);

	err_set(e, code, "%s %s", call, object);
	if (n <= 2)
		return -code;
	words[n] = '\0';
	words[strcspn(words, "\n")] = '\0';
	return err_hint(e, "%s", words + 2);
}

static int set_option(int fs, const char *option, struct err *e)
{
	const char *equals = strchr(option, '=');
	char key[64];
	size_t length = equals ? (size_t)(equals - option) : strlen(option);
	int r;

	if (length >= sizeof key)
		return err_set(e, EINVAL, "fsconfig %s", option);
	memcpy(key, option, length);
	key[length] = '\0';
	r = equals ? sys_fsconfig(fs, FSCONFIG_SET_STRING, key, equals + 1, 0)
		   : sys_fsconfig(fs, FSCONFIG_SET_FLAG, key, NULL, 0);
	return r < 0 ? fs_failed(fs, "fsconfig", option, e) : 0;
}

static int configure(int fs, const struct host_fs *what, struct err *e)
{
	const char *source = what->source;
	int r = 0;

	if (source && *source && sys_fsconfig(fs, FSCONFIG_SET_STRING, "source", source, 0) < 0)
		return fs_failed(fs, "fsconfig", source, e);
	for (size_t i = 0; r == 0 && i < what->options.count; i++)
		r = set_option(fs, what->options.items[i], e);
	if (r == 0 && sys_fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		r = fs_failed(fs, "fsconfig", what->type, e);
	return r;
}

int host_fs(const struct host_fs *what, int *ret_mount, struct err *e)
{
	autofd fs = sys_fsopen(what->type, FSOPEN_CLOEXEC);
	int mount;

	if (fs < 0)
		return err_set(e, errno, "fsopen %s", what->type);
	if (configure(fs, what, e) < 0)
		return -e->code;
	mount = sys_fsmount(fs, FSMOUNT_CLOEXEC, what->attributes);
	if (mount < 0)
		return fs_failed(fs, "fsmount", what->type, e);
	*ret_mount = mount;
	return 0;
}

/* File systems by statfs(2), and the kernel from which on they can map ids; NULL: none can. */
static const struct idmap_row {
	uint32_t magic;
	const char *name, *since;
} idmap_rows[] = {
	{ BTRFS_SUPER_MAGIC, "btrfs", "5.15" },
	{ CEPH_SUPER_MAGIC, "ceph", "6.7" },
	{ EROFS_SUPER_MAGIC_V1, "erofs", "5.19" },
	{ EXT4_SUPER_MAGIC, "ext4", "5.12" },
	{ F2FS_SUPER_MAGIC, "f2fs", "5.18" },
	{ FUSE_SUPER_MAGIC, "fuse", "6.12, if its server agrees" },
	{ HUGETLBFS_MAGIC, "hugetlbfs", "6.9" },
	{ MSDOS_SUPER_MAGIC, "vfat", "5.12" },
	{ SQUASHFS_MAGIC, "squashfs", "6.2" },
	{ TMPFS_MAGIC, "tmpfs", "6.3" },
	{ XFS_SUPER_MAGIC, "xfs", "5.12" },
	{ NFS_SUPER_MAGIC, "nfs", NULL },
	{ OVERLAYFS_SUPER_MAGIC, "overlay", NULL },
	{ PROC_SUPER_MAGIC, "proc", NULL },
	{ SYSFS_MAGIC, "sysfs", NULL },
	{ V9FS_MAGIC, "9p", NULL },
	{ 0, NULL, NULL },
};

static int idmap_failed(int mount, bool recursive, int code, struct err *e)
{
	const struct idmap_row *row = idmap_rows;
	struct statfs fs = { 0 };

	err_set(e, code, "mount_setattr: mapping the ids");
	if (code == EPERM)
		return err_hint(e, "it takes CAP_SYS_ADMIN over the file system's user namespace, "
				   "and a mount whose ids are not mapped yet");
	if (code != EINVAL || fstatfs(mount, &fs) < 0)
		return -code;
	while (row->name && row->magic != (uint32_t)fs.f_type)
		row++;
	if (!row->name)
		return err_hint(e, "a file system of type %#lx may not be able to", (long)fs.f_type);
	if (!row->since)
		return err_hint(e, "%s is not able to", row->name);
	return err_hint(e, "%s is able to since Linux %s%s", row->name, row->since,
			recursive ? "; all that is mounted below it must be, too" : "");
}

int host_idmap(int mount, int userns, bool recursive, struct err *e)
{
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_IDMAP, .userns_fd = (uint64_t)userns };
	unsigned flags = AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0);

	if (sys_mount_setattr(mount, "", flags, &attr) < 0)
		return idmap_failed(mount, recursive, errno, e);
	return 0;
}

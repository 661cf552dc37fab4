/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tmpcopyup: a new tmpfs begins with what the image has at its place. Source and copy are walked by
 * descriptor, one name at a time, and no symlink is followed.
 */
#include "init/init.h"

/* Extended attributes come in whole pages of names; ACLs, labels and capabilities fit well. */
enum { DEPTH_MAX = 64, ENTRIES_SIZE = 1024, NAMES_SIZE = 1024, VALUE_SIZE = 4096 };

/* One directory and its copy. */
struct level {
	int from, to, depth;
};

static int copy_directory(struct init *in, const struct level *level);

static int copy_failed(struct init *in, enum plan_call call, long error, const char *name)
{
	return fail(in, call, error, step_object(in), ": ", name, NULL);
}

/* A tmpfs keeps what it knows: user.* since 6.6. In a user namespace some may not be set. */
static int is_left_out(long error)
{
	return error == -EOPNOTSUPP || error == -EPERM || error == -ENODATA;
}

static int copy_attribute(struct init *in, int from, int to, const char *attribute,
			  const char *name)
{
	/* The scratch is a path in work only while one is resolved. */
	char *value = in->scratch;
	long n = SYS(fgetxattr, from, attribute, value, VALUE_SIZE);
	long r = n < 0 ? n : SYS(fsetxattr, to, attribute, value, n, 0);

	return r < 0 && !is_left_out(r) ? copy_failed(in, CALL_fsetxattr, r, name) : 0;
}

/* Behind chown, which takes security.capability away. Its buffer is not to be in every level's frame. */
__attribute__((noinline))
static int copy_attributes(struct init *in, int from, int to, const char *name)
{
	char names[NAMES_SIZE];
	long n = SYS(flistxattr, from, names, sizeof names);
	int r = 0;

	if (n < 0)
		return is_left_out(n) ? 0 : copy_failed(in, CALL_flistxattr, n, name);
	for (long at = 0; r == 0 && at < n; at += (long)strlen(names + at) + 1)
		r = copy_attribute(in, from, to, names + at, name);
	return r;
}

/* Files and directories can be opened without harm; what else there is rarely has attributes. */
static int copy_attributes_of(struct init *in, const struct level *level, const char *name,
			      const struct statx *st)
{
	autofd from = -1, to = -1;

	if (!is_kind(st, S_IFREG) && !is_kind(st, S_IFDIR))
		return 0;
	from = name_open(level->from, name, O_RDONLY | O_NONBLOCK | O_NOCTTY);
	to = name_open(level->to, name, O_RDONLY | O_NONBLOCK | O_NOCTTY);
	if (from < 0 || to < 0)
		return copy_failed(in, CALL_openat2, from < 0 ? from : to, name);
	return copy_attributes(in, from, to, name);
}

/* Last: making what is inside a directory changes its times. */
static int copy_times(struct init *in, int to_dir, const char *name, const struct statx *st)
{
	const struct {
		int64_t seconds, nanoseconds;
	} times[2] = { { st->stx_atime.tv_sec, st->stx_atime.tv_nsec },
		       { st->stx_mtime.tv_sec, st->stx_mtime.tv_nsec } };
	long r = is_kind(st, S_IFSOCK) ? 0 : SYS(utimensat, to_dir, name, times, AT_SYMLINK_NOFOLLOW);

	return r < 0 ? copy_failed(in, CALL_utimensat, r, name) : 0;
}

static int copy_bytes(struct init *in, int from, int to, const char *name)
{
	long n;

	do
		n = SYS(sendfile, to, from, 0, 1 << 30);
	while (n > 0);
	return n < 0 ? copy_failed(in, CALL_write, n, name) : 0;
}

static int copy_file(struct init *in, const struct level *level, const char *name,
		     const struct statx *st)
{
	autofd from = name_open(level->from, name, O_RDONLY | O_NONBLOCK | O_NOCTTY), to = -1;
	struct statx opened;

	if (from < 0)
		return copy_failed(in, CALL_openat2, from, name);
	if (sys_statx(from, &opened) < 0 || !is_kind(&opened, S_IFREG))
		return copy_failed(in, CALL_fstat, -EAGAIN, name);
	to = (int)SYS(openat, level->to, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
		      st->stx_mode & 07777);
	if (to < 0)
		return copy_failed(in, CALL_open, to, name);
	return copy_bytes(in, from, to, name);
}

static int copy_link(struct init *in, int node, int to_dir, const char *name)
{
	char text[PATH_SIZE];
	long r = SYS(readlinkat, node, "", text, sizeof text - 1);

	if (r < 0)
		return copy_failed(in, CALL_readlinkat, r, name);
	text[r] = '\0';
	r = SYS(symlinkat, text, to_dir, name);
	return r < 0 ? copy_failed(in, CALL_symlinkat, r, name) : 0;
}

static int copy_subdirectory(struct init *in, const struct level *level, const char *name)
{
	autofd from = name_open(level->from, name, O_RDONLY | O_DIRECTORY), to = -1;
	long r;

	if (from < 0)
		return copy_failed(in, CALL_openat2, from, name);
	r = SYS(mkdirat, level->to, name, 0700);
	if (r < 0)
		return copy_failed(in, CALL_mkdirat, r, name);
	to = name_open(level->to, name, O_RDONLY | O_DIRECTORY);
	return to < 0 ? copy_failed(in, CALL_openat2, to, name)
		      : copy_directory(in, &(struct level){ from, to, level->depth + 1 });
}

/* Device nodes and fifos; sockets have no life without who listens. */
static int copy_node(struct init *in, int to_dir, const char *name, const struct statx *st)
{
	uint64_t major = st->stx_rdev_major, minor = st->stx_rdev_minor;
	long r;

	if (is_kind(st, S_IFSOCK))
		return 0;
	r = SYS(mknodat, to_dir, name, st->stx_mode,
		(major & 0xfff) << 8 | (minor & 0xffffff00) << 12 | (minor & 0xff));
	return r < 0 ? copy_failed(in, CALL_mknodat, r, name) : 0;
}

static int copy_by_kind(struct init *in, const struct level *level, const char *name, int node,
			const struct statx *st)
{
	switch (st->stx_mode & S_IFMT) {
	case S_IFDIR:
		return copy_subdirectory(in, level, name);
	case S_IFREG:
		return copy_file(in, level, name, st);
	case S_IFLNK:
		return copy_link(in, node, level->to, name);
	default:
		return copy_node(in, level->to, name, st);
	}
}

static int copy_owner(struct init *in, int to_dir, const char *name, const struct statx *st)
{
	long r;

	if (is_kind(st, S_IFSOCK))
		return 0;
	r = SYS(fchownat, to_dir, name, st->stx_uid, st->stx_gid, AT_SYMLINK_NOFOLLOW);
	if (r < 0)
		return copy_failed(in, CALL_fchownat, r, name);
	/* chown takes set-id bits away, and a directory was made with rights for itself. */
	if (is_kind(st, S_IFLNK))
		return 0;
	r = SYS(fchmodat, to_dir, name, st->stx_mode & 07777);
	return r < 0 ? copy_failed(in, CALL_fchmod, r, name) : 0;
}

static int copy_entry(struct init *in, const struct level *level, const char *name)
{
	autofd node = name_open(level->from, name, O_PATH);
	struct statx st;

	if (node < 0)
		return copy_failed(in, CALL_openat2, node, name);
	if (sys_statx(node, &st) < 0)
		return copy_failed(in, CALL_fstat, -EIO, name);
	if (copy_by_kind(in, level, name, node, &st) < 0 ||
	    copy_owner(in, level->to, name, &st) < 0 ||
	    copy_attributes_of(in, level, name, &st) < 0)
		return -1;
	return copy_times(in, level->to, name, &st);
}

static int is_dots(const char *name)
{
	return text_equal(name, ".") || text_equal(name, "..");
}

static int copy_entries(struct init *in, const struct level *level, const char *entries,
			long length)
{
	int r = 0;

	for (long at = 0; r == 0 && at < length;) {
		const struct directory_entry *entry = (const void *)(entries + at);

		if (!is_dots(entry->name))
			r = copy_entry(in, level, entry->name);
		at += entry->length;
	}
	return r;
}

static int copy_directory(struct init *in, const struct level *level)
{
	_Alignas(8) char entries[ENTRIES_SIZE];
	long n;
	int r = 0;

	if (level->depth > DEPTH_MAX)
		return copy_failed(in, CALL_getdents64, -ELOOP,
				   "directories are nested too deep");
	while (r == 0 && (n = SYS(getdents64, level->from, entries, sizeof entries)) != 0)
		r = n < 0 ? copy_failed(in, CALL_getdents64, n, "")
			  : copy_entries(in, level, entries, n);
	return r;
}

/* A copy beside the original: nobody else reaches the mount yet, so its names are safe. TARGET has
 * given it the mode of what it covers, unless the options have another. */
int run_COPY_UP(struct init *in, const uint64_t *arg)
{
	autofd from = path_open(in, step_text(in, arg[0]), O_RDONLY | O_DIRECTORY, 0), to = -1;
	struct statx st;

	if (from == -ENOENT || from == -ENOTDIR)
		return 0;
	if (from < 0 || sys_statx(from, &st) < 0)
		return fail(in, CALL_openat2, from < 0 ? from : -EIO, NULL);
	to = name_open(slot(in, arg[1]), ".", O_RDONLY | O_DIRECTORY);
	if (to < 0)
		return fail(in, CALL_openat2, to, NULL);
	if (copy_directory(in, &(struct level){ from, to, 0 }) < 0 ||
	    copy_attributes(in, from, to, ".") < 0)
		return -1;
	return copy_times(in, to, ".", &st);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tmpcopyup: a new tmpfs begins with what the image has at its place. Source and copy are walked by
 * descriptor, one name at a time, and no symlink is followed.
 */
#include "init/init.h"

enum { DEPTH_MAX = 64, ENTRIES_SIZE = 1024 };

/* One directory and its copy. */
struct level {
	int from, to, depth;
};

static int copy_directory(struct init *in, const struct level *level);

static int copy_failed(struct init *in, enum plan_call call, long error, const char *name)
{
	return fail(in, call, error, step_object(in), ": ", name, NULL);
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
	if (copy_by_kind(in, level, name, node, &st) < 0)
		return -1;
	return copy_owner(in, level->to, name, &st);
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

/* A copy beside the original: nobody else reaches the mount yet, so its names are safe. */
int run_COPY_UP(struct init *in, const uint64_t *arg)
{
	autofd from = path_open(in, step_text(in, arg[0]), O_RDONLY | O_DIRECTORY, 0), to = -1;

	if (from == -ENOENT || from == -ENOTDIR)
		return 0;
	if (from < 0)
		return fail(in, CALL_openat2, from, NULL);
	to = name_open(slot(in, arg[1]), ".", O_RDONLY | O_DIRECTORY);
	return to < 0 ? fail(in, CALL_openat2, to, NULL)
		      : copy_directory(in, &(struct level){ from, to, 0 });
}

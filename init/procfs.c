/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writing to procfs: only through an instance of our own that nothing was ever mounted on, and only
 * to the file that was named (CVE-2019-16884, CVE-2025-52881).
 */
#include "init/init.h"

int run_PROCFS(struct init *in, const uint64_t *arg)
{
	int fd = procfs_make(in);

	if (fd < 0)
		return -1;
	slot_fill(in, arg[0], fd);
	return 0;
}

enum { PROC_MAGIC = 0x9fa0 };

/* The kernel's own, nothing that was put there to take its place. */
static int is_procfs(int procfs)
{
	struct file_system fs;

	return SYS(fstatfs, procfs, &fs) == 0 && fs.type == PROC_MAGIC;
}

/* "self" and "thread-self" are symlinks, which are not followed but read: the numbers in them are
 * those of the pid namespace that this procfs is of. */
static const char *own_directory(int procfs, const char *file, struct line *ret_path)
{
	const char *thread = text_after(file, "thread-self/"), *self = text_after(file, "self/");
	const char *rest = thread ? thread : self;
	char link[64];
	long n;

	if (!rest)
		return file;
	n = SYS(readlinkat, procfs, thread ? "thread-self" : "self", link, sizeof link - 1);
	link[n > 0 ? n : 0] = '\0';
	line_add(ret_path, link);
	line_add(ret_path, "/");
	line_add(ret_path, rest);
	return ret_path->text;
}

int procfs_write(struct init *in, int procfs, const char *file, const char *text)
{
	char own[256];
	struct line path = { own, 0, sizeof own };
	struct open_how how = {
		.flags = O_WRONLY | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV |
			   RESOLVE_NO_MAGICLINKS,
	};
	autofd fd = -1;
	long r;

	if (!is_procfs(procfs))
		return FAIL(in, fstat, -EINVAL, "/proc is no procfs");
	fd = (int)SYS(openat2, procfs, own_directory(procfs, file, &path), &how, sizeof how);
	if (fd < 0)
		return FAIL(in, openat2, fd, file);
	r = SYS(write, fd, text, strlen(text));
	if (r < 0 || (size_t)r != strlen(text))
		return FAIL(in, write, r < 0 ? r : -EIO, file, ": ", text);
	return 0;
}

int run_WRITE_PROC(struct init *in, const uint64_t *arg)
{
	return procfs_write(in, slot(in, arg[0]), step_text(in, arg[1]), step_text(in, arg[2]));
}

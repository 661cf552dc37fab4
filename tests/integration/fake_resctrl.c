/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Preloaded, makes /sys/fs/resctrl the directory that FAKE_RESCTRL names, and lets it behave like
 * resctrl: a new directory has its files, and goes with them; a line written into schemata replaces that of its
 * resource, or is refused with a word why where it has no bit set. Few machines have the real one.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

int open64(const char *path, int flags, ...)
{
	va_list args;
	mode_t mode;

	va_start(args, flags);
	mode = flags & O_CREAT ? va_arg(args, mode_t) : 0;
	va_end(args);
	if (strcmp(path, "/sys/fs/resctrl") == 0)
		path = getenv("FAKE_RESCTRL");
	return REAL(open64)(path, flags, mode);
}

static int is_ours(int fd)
{
	char link[64], path[PATH_MAX] = "";
	const char *root = getenv("FAKE_RESCTRL");

	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	return readlink(link, path, sizeof path - 1) > 0 && strncmp(path, root, strlen(root)) == 0;
}

int fstatfs64(int fd, struct statfs64 *fs)
{
	int r = REAL(fstatfs64)(fd, fs);

	if (r == 0 && is_ours(fd))
		fs->f_type = 0x7655821;
	return r;
}

int mkdirat(int dir, const char *path, mode_t mode)
{
	static const char *const files[] = { "tasks", "schemata" };
	int r = REAL(mkdirat)(dir, path, mode);
	char name[PATH_MAX];

	if (r < 0 || !is_ours(dir))
		return r;
	for (int i = 0; i < 2; i++) {
		snprintf(name, sizeof name, "%s/%s", path, files[i]);
		close(openat(dir, name, O_CREAT | O_WRONLY | O_CLOEXEC, 0644));
	}
	snprintf(name, sizeof name, "%s/mon_groups", path);
	REAL(mkdirat)(dir, name, 0755);
	return 0;
}

static int refuse(void)
{
	char path[PATH_MAX];
	FILE *status;

	snprintf(path, sizeof path, "%s/info/last_cmd_status", getenv("FAKE_RESCTRL"));
	status = fopen(path, "we");
	if (status) {
		fputs("mask 0 is not possible\n", status);
		fclose(status);
	}
	errno = EINVAL;
	return -1;
}

/* One write has one line. */
static int replace_line(const char *path, const char *line, size_t size)
{
	char before[4096] = "", *at = before;
	size_t name = strcspn(line, ":") + 1;
	FILE *file = fopen(path, "re");
	size_t length = file ? fread(before, 1, sizeof before - 1, file) : 0;

	before[length] = '\0';
	if (file)
		fclose(file);
	file = fopen(path, "we");
	for (char *end; (end = strchr(at, '\n')); at = end + 1)
		if (strncmp(at + strspn(at, " "), line, name) != 0)
			fwrite(at, 1, (size_t)(end + 1 - at), file);
	fprintf(file, "    %.*s", (int)size, line);
	return fclose(file);
}

ssize_t write(int fd, const void *bytes, size_t size)
{
	char link[64], path[PATH_MAX] = "";
	const char *root = getenv("FAKE_RESCTRL");
	ssize_t n;

	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	n = readlink(link, path, sizeof path - 1);
	if (n < 9 || strncmp(path, root, strlen(root)) != 0 ||
	    strcmp(path + n - 9, "/schemata") != 0)
		return REAL(write)(fd, bytes, size);
	if (memmem(bytes, size, "=0\n", 3))
		return refuse();
	return replace_line(path, bytes, size) == 0 ? (ssize_t)size : -1;
}

static int drop(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st, (void)type, (void)ftw;
	return remove(path);
}

int unlinkat(int dir, const char *path, int flags)
{
	char whole[PATH_MAX];

	if (!(flags & AT_REMOVEDIR) || !is_ours(dir))
		return REAL(unlinkat)(dir, path, flags);
	snprintf(whole, sizeof whole, "/proc/self/fd/%d/%s", dir, path);
	if (access(whole, F_OK) < 0) {
		errno = ENOENT;
		return -1;
	}
	return nftw(whole, drop, 8, FTW_DEPTH | FTW_PHYS);
}

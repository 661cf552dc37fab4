/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Preloaded, makes /sys/fs/resctrl the directory that FAKE_RESCTRL names, and lets it behave like
 * resctrl: a new directory has its files, and goes with them. Few machines have the real one.
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

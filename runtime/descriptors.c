/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/descriptors.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/file.h"
#include "runtime/json_list.h"
#include "runtime/mountinfo.h"

enum { SMALL = 1 << 12, MOUNTS_MAX = 1 << 24, TTY_MAJOR = 4, PTS_FIRST = 136, PTS_LAST = 143 };

static const char file_name[] = "descriptors.json";

static bool is_mount_of(struct arena *arena, const char *mountinfo, unsigned long id)
{
	struct mount_line line;

	while (mount_line_next(arena, &mountinfo, &line))
		if (line.id == id)
			return true;
	return false;
}

static bool is_terminal(const struct stat *st)
{
	unsigned major_number = major(st->st_rdev);

	return S_ISCHR(st->st_mode) &&
	       (major_number == TTY_MAJOR || major_number == TTY_MAJOR + 1 ||
		(major_number >= PTS_FIRST && major_number <= PTS_LAST));
}

/* The mount that an open file is on: fdinfo's "mnt_id:". */
static int mount_id(pid_t pid, int fd, unsigned long *ret_id)
{
	autobuf text = { 0 };
	char path[48];
	const char *at;
	int r;

	snprintf(path, sizeof path, "/proc/%d/fdinfo/%d", pid, fd);
	r = file_read(AT_FDCWD, path, SMALL, &text);
	if (r < 0)
		return r;
	at = strstr(text.text, "mnt_id:");
	if (!at)
		return -EBADMSG;
	*ret_id = strtoul(at + strlen("mnt_id:"), NULL, 10);
	return 0;
}

/* A file of the host: NULL when it is one of the container's own, or none that has a place. */
static const char *outside(struct arena *arena, const struct descriptors_of *of, pid_t pid, int fd,
			   const char *mountinfo)
{
	unsigned long id = 0;
	char path[32];
	struct stat st;

	snprintf(path, sizeof path, "/proc/%d/fd/%d", pid, fd);
	if (stat(path, &st) < 0 || mount_id(pid, fd, &id) < 0 || is_mount_of(arena, mountinfo, id))
		return NULL;
	if (is_terminal(&st))
		return of->terminals ? arena_printf(arena, "tty[%jx:%jx]", (uintmax_t)st.st_rdev,
						    (uintmax_t)st.st_dev)
				     : NULL;
	return arena_printf(arena, "file[%lx:%jx]", id, (uintmax_t)st.st_ino);
}

/* Whether a process has this file open in the other direction. */
static bool holds_other_end(pid_t pid, const char *name, int mode)
{
	DIR *fds;
	bool found = false;
	char path[48];

	snprintf(path, sizeof path, "/proc/%d/fd", pid);
	fds = opendir(path);
	if (!fds)
		return false;
	for (struct dirent *entry; !found && (entry = readdir(fds));) {
		char link[PATH_MAX];
		struct stat st;
		ssize_t n = readlinkat(dirfd(fds), entry->d_name, link, sizeof link);

		/* The link itself says in its owner's bits how the file is open. */
		found = n == (ssize_t)strlen(name) && memcmp(link, name, (size_t)n) == 0 &&
			fstatat(dirfd(fds), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
			st.st_mode & (mode_t)mode;
	}
	closedir(fds);
	return found;
}

static bool is_inner_pipe(const struct descriptors_of *of, const char *name, int other)
{
	for (size_t i = 0; i < of->count; i++)
		if (holds_other_end(of->all[i], name, other))
			return true;
	return false;
}

/* The unix sockets of tare's network namespace, "socket:[17]" by the seventh word of a line. */
static bool is_host_socket(const char *name)
{
	autobuf text = { 0 };
	char word[32];
	const char *at = strchr(name, '[') + 1;

	snprintf(word, sizeof word, " %.*s", (int)strcspn(at, "]"), at);
	if (file_read(AT_FDCWD, "/proc/self/net/unix", MOUNTS_MAX, &text) < 0)
		return false;
	for (at = strstr(text.text, word); at; at = strstr(at + 1, word))
		if (strchr(" \n", at[strlen(word)]))
			return true;
	return false;
}

static bool is_inner(const struct descriptors_of *of, int fd, const char *name)
{
	if (str_starts(name, "pipe:["))
		return is_inner_pipe(of, name, fd == STDIN_FILENO ? S_IWUSR : S_IRUSR);
	return str_starts(name, "socket:[") && !(of->sockets && is_host_socket(name));
}

static int read_one(struct arena *arena, const struct descriptors_of *of, int fd,
		    const char *mountinfo, const char **ret_name, struct err *e)
{
	char path[32], link[PATH_MAX];
	const char *name;
	ssize_t n;

	*ret_name = NULL;
	snprintf(path, sizeof path, "/proc/%d/fd/%d", of->pid, fd);
	n = readlink(path, link, sizeof link);
	if (n < 0)
		return errno == ENOENT ? 0 : err_set(e, errno, "readlink %s", path);
	/* Pipes and sockets without a path have none to be reached by. */
	name = *link == '/' ? outside(arena, of, of->pid, fd, mountinfo) : NULL;
	if (!name)
		name = arena_strndup(arena, link, (size_t)n);
	*ret_name = is_inner(of, fd, name) ? "" : name;
	return 0;
}

static bool same_mounts(pid_t pid, pid_t other)
{
	char path[32];
	struct stat a, b;

	snprintf(path, sizeof path, "/proc/%d/ns/mnt", pid);
	if (stat(path, &a) < 0)
		return false;
	snprintf(path, sizeof path, "/proc/%d/ns/mnt", other);
	return stat(path, &b) == 0 && a.st_ino == b.st_ino;
}

/* Which of the three a descriptor with these permissions may have been; -1 none. */
static int free_place(const char *const names[DESCRIPTORS], mode_t mode)
{
	int from = mode & S_IRUSR ? STDIN_FILENO : STDOUT_FILENO;
	int to = mode & S_IWUSR ? STDERR_FILENO : STDIN_FILENO;

	for (int i = from; i <= to; i++)
		if (!descriptor_is_external(names[i]))
			return i;
	return -1;
}

static bool is_known(const char *const names[DESCRIPTORS], const char *name)
{
	for (int i = 0; i < DESCRIPTORS; i++)
		if (str_equal(names[i], name))
			return true;
	return false;
}

/* What an open descriptor of a process is called if it comes from outside, else NULL. */
static const char *outer_name(struct arena *arena, const struct descriptors_of *of, pid_t pid,
			      int fd, const char *mountinfo, mode_t *ret_mode)
{
	char path[32], link[PATH_MAX] = "";
	const char *name;
	struct stat st;

	snprintf(path, sizeof path, "/proc/%d/fd/%d", pid, fd);
	if (readlink(path, link, sizeof link - 1) < 0 || lstat(path, &st) < 0)
		return NULL;
	*ret_mode = st.st_mode;
	if (*link == '/')
		return outside(arena, of, pid, fd, mountinfo);
	name = str_starts(link, "pipe:[") ? arena_strdup(arena, link) : NULL;
	return name && !is_inner_pipe(of, name, st.st_mode & S_IWUSR ? S_IRUSR : S_IWUSR) ? name
											   : NULL;
}

static void name_hidden(struct arena *arena, const struct descriptors_of *of, pid_t pid, int fd,
			const char *mountinfo, const char *names[DESCRIPTORS])
{
	mode_t mode;
	const char *name = outer_name(arena, of, pid, fd, mountinfo, &mode);
	int place = name && !is_known(names, name) ? free_place(names, mode) : -1;

	if (place >= 0)
		names[place] = name;
}

static void read_hidden(struct arena *arena, const struct descriptors_of *of, pid_t pid,
			const char *mountinfo, const char *names[DESCRIPTORS])
{
	char path[32];
	DIR *fds;

	snprintf(path, sizeof path, "/proc/%d/fd", pid);
	fds = opendir(path);
	if (!fds)
		return;
	for (struct dirent *entry; (entry = readdir(fds));) {
		uint64_t fd;

		if (parse_u64(entry->d_name, INT_MAX, &fd) == 0)
			name_hidden(arena, of, pid, (int)fd, mountinfo, names);
	}
	closedir(fds);
}

static void read_all_hidden(struct arena *arena, const struct descriptors_of *of,
			    const char *mountinfo, const char *names[DESCRIPTORS])
{
	for (size_t i = 0; i < of->count; i++)
		if (free_place(names, S_IRUSR | S_IWUSR) >= 0 && same_mounts(of->all[i], of->pid))
			read_hidden(arena, of, of->all[i], mountinfo, names);
}

int descriptors_read(struct arena *arena, const struct descriptors_of *of,
		     const char *ret_names[DESCRIPTORS], struct err *e)
{
	autobuf mountinfo = { 0 };
	char path[32];
	int r;

	snprintf(path, sizeof path, "/proc/%d/mountinfo", of->pid);
	r = file_read(AT_FDCWD, path, MOUNTS_MAX, &mountinfo);
	if (r < 0)
		return err_set(e, -r, "read %s", path);
	for (int fd = 0; fd < DESCRIPTORS && r == 0; fd++)
		r = read_one(arena, of, fd, mountinfo.text, &ret_names[fd], e);
	if (r == 0)
		read_all_hidden(arena, of, mountinfo.text, ret_names);
	return r;
}

int descriptors_save(int image, const char *const names[DESCRIPTORS], struct err *e)
{
	return json_list_save(image, file_name, &(struct strings){ names, DESCRIPTORS }, e);
}

int descriptors_load(struct arena *arena, int image, const char *ret_names[DESCRIPTORS],
		     struct err *e)
{
	struct strings list;
	int r = json_list_load(arena, image, file_name, &list, e);

	if (r < 0)
		return err_prefix(e, "the image");
	for (size_t i = 0; i < DESCRIPTORS; i++)
		ret_names[i] = i < list.count ? list.items[i] : NULL;
	return 0;
}

static bool has_own_word(const char *name)
{
	return str_starts(name, "file[") || str_starts(name, "tty[");
}

bool descriptor_is_external(const char *name)
{
	return name && (str_starts(name, "pipe:[") || str_starts(name, "socket:[") ||
			has_own_word(name));
}

struct strings descriptors_external(struct arena *arena, const char *const names[DESCRIPTORS])
{
	const char **items = arena_array(arena, DESCRIPTORS, sizeof *items);
	size_t count = 0;

	for (int i = 0; i < DESCRIPTORS; i++)
		if (names[i] && has_own_word(names[i]))
			items[count++] = names[i];
	return (struct strings){ items, count };
}

/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "cgroups/internal.h"

enum { DIRECTORY = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC };

static void stream_close(DIR **stream)
{
	if (*stream)
		closedir(*stream);
}

/* A stream of its own, so that dir keeps its place. */
static DIR *stream_open(int dir)
{
	autofd fd = openat(dir, ".", DIRECTORY);
	DIR *stream = fd < 0 ? NULL : fdopendir(fd);

	if (stream)
		fd_take(&fd);
	return stream;
}

static bool is_child(const struct dirent *entry)
{
	return entry->d_type == DT_DIR && strcmp(entry->d_name, ".") != 0 &&
	       strcmp(entry->d_name, "..") != 0;
}

/* The next child directory: its entry, or NULL with errno 0 at the end. */
static const struct dirent *next_child(DIR *stream)
{
	const struct dirent *entry;

	do {
		errno = 0;
		entry = readdir(stream);
	} while (entry && !is_child(entry));
	return entry;
}

/* The child behind the one with inode `left` (0: the first): 1, 0 when there is none, or -errno. */
static int child_after(int dir, ino_t left, char name[256])
{
	__attribute__((cleanup(stream_close))) DIR *stream = stream_open(dir);
	const struct dirent *entry;
	bool passed = !left;

	if (!stream)
		return errno == ENOENT ? 0 : -errno;
	while ((entry = next_child(stream)) && !passed)
		passed = entry->d_ino == left;
	if (!entry)
		return -errno;
	snprintf(name, 256, "%s", entry->d_name);
	return 1;
}

int cgroup_child_name(int dir, ino_t inode, char name[256])
{
	__attribute__((cleanup(stream_close))) DIR *stream = stream_open(dir);
	const struct dirent *entry;

	if (!stream)
		return -errno;
	while ((entry = next_child(stream)) && entry->d_ino != inode)
		;
	if (!entry)
		return -errno;
	snprintf(name, 256, "%s", entry->d_name);
	return 1;
}

int cgroup_walk_begin(int cgroup, struct cgroup_walk *ret_walk)
{
	int dir = openat(cgroup, ".", DIRECTORY);

	if (dir < 0)
		return -errno;
	*ret_walk = (struct cgroup_walk){ .dir = dir };
	return 0;
}

int cgroup_walk_down(struct cgroup_walk *walk)
{
	char name[256];
	int child, r = child_after(walk->dir, walk->left, name);

	if (r <= 0)
		return r;
	child = openat(walk->dir, name, DIRECTORY);
	if (child < 0 && errno == ENOENT) /* it went away meanwhile: the next look finds another */
		return cgroup_walk_down(walk);
	if (child < 0)
		return -errno;
	fd_close(&walk->dir);
	*walk = (struct cgroup_walk){ .dir = child, .depth = walk->depth + 1 };
	return 1;
}

int cgroup_walk_up(struct cgroup_walk *walk)
{
	struct stat st;
	int parent;

	if (!walk->depth)
		return 0;
	if (fstat(walk->dir, &st) < 0)
		return -errno;
	parent = openat(walk->dir, "..", DIRECTORY);
	if (parent < 0)
		return -errno;
	fd_close(&walk->dir);
	*walk = (struct cgroup_walk){ parent, walk->depth - 1, st.st_ino };
	return 1;
}

void cgroup_walk_end(struct cgroup_walk *walk)
{
	fd_close(&walk->dir);
}

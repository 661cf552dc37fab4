/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/fd.h"
#include "cgroups/cgroup.h"
#include "cgroups/internal.h"

enum { DIRECTORY = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC };

/* Removes what is below: down to a leaf, up, remove the leaf, down again. */
static int remove_below(int cgroup)
{
	autowalk walk = { .dir = -1 };
	int r = cgroup_walk_begin(cgroup, &walk);
	char name[256];

	while (r >= 0) {
		while ((r = cgroup_walk_down(&walk)) > 0)
			;
		if (r == 0)
			r = cgroup_walk_up(&walk);
		if (r <= 0)
			return r;
		r = cgroup_child_name(walk.dir, walk.left, name);
		if (r > 0 && unlinkat(walk.dir, name, AT_REMOVEDIR) < 0 && errno != ENOENT)
			r = -errno;
		walk.left = 0;
	}
	return r;
}

static int remove_at(int parent, const char *name)
{
	autofd cgroup = -1;
	int r;

	if (unlinkat(parent, name, AT_REMOVEDIR) == 0 || errno == ENOENT)
		return 0;
	if (errno != EBUSY && errno != ENOTEMPTY)
		return -errno;
	cgroup = openat(parent, name, DIRECTORY);
	if (cgroup < 0)
		return errno == ENOENT ? 0 : -errno;
	r = remove_below(cgroup);
	if (r == 0 && unlinkat(parent, name, AT_REMOVEDIR) < 0 && errno != ENOENT)
		r = -errno;
	return r;
}

static int explain(const char *path, int code, struct err *e)
{
	err_set(e, code, "cgroup %s: rmdir", path);
	return code == EBUSY ? err_hint(e, "processes still live in it") : -code;
}

/* The directory that tare makes for containers without a path of their own goes with the last. */
static void remove_own_parent(const char *full)
{
	const char *name = strrchr(full, '/');

	if (name && strcmp(name, "/tare") == 0)
		rmdir(full);
}

bool cgroup_remove_empty(const struct host *host, const char *path)
{
	autoarena arena = { 0 };
	char *full = arena_printf(&arena, "%s%s", host->cgroup_mount ? host->cgroup_mount : "",
				  path);

	if (!host->cgroup_mount)
		return true;
	if (rmdir(full) < 0)
		return errno == ENOENT;
	*strrchr(full, '/') = '\0';
	remove_own_parent(full);
	return true;
}

int cgroup_remove(const struct host *host, const char *path, struct err *e)
{
	autoarena arena = { 0 };
	char *full = arena_printf(&arena, "%s%s", host->cgroup_mount ? host->cgroup_mount : "",
				  path);
	char *name = strrchr(full, '/');
	autofd parent = -1;
	int r;

	if (!host->cgroup_mount)
		return 0;
	*name++ = '\0';
	parent = openat(AT_FDCWD, full, DIRECTORY);
	if (parent < 0)
		return errno == ENOENT ? 0 : explain(path, errno, e);
	r = remove_at(parent, name);
	if (r < 0)
		return explain(path, -r, e);
	remove_own_parent(full);
	return 0;
}

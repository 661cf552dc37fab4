/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/pids.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/text.h"
#include "cgroups/cgroup.h"
#include "runtime/context.h"
#include "runtime/state.h"

static int of_cgroup(struct context *context, const char *path, struct pids *ret_pids,
		     struct err *e)
{
	autofd cgroup = -1;
	int r = cgroup_open(&context->host, path, &cgroup, e);

	if (r == -ENOENT) {
		*ret_pids = (struct pids){ 0 };
		return 0;
	}
	if (r < 0)
		return r;
	return cgroup_processes(context->arena, cgroup, &ret_pids->items, &ret_pids->count, e);
}

/* The pid namespace of a process: its number, and a descriptor of it; 0 when it cannot be seen. */
static ino_t namespace_of(int proc, const char *pid, int *ret_fd)
{
	char path[32];
	struct stat st;

	snprintf(path, sizeof path, "%.20s/ns/pid", pid);
	*ret_fd = openat(proc, path, O_RDONLY | O_CLOEXEC);
	return *ret_fd >= 0 && fstat(*ret_fd, &st) == 0 ? st.st_ino : 0;
}

/* Whether it is in the namespace, or in one made below it. */
static bool is_below(int proc, const char *pid, ino_t wanted)
{
	autofd at = -1;
	ino_t inode = namespace_of(proc, pid, &at);

	while (inode && inode != wanted) {
		int above = ioctl(at, NS_GET_PARENT);
		struct stat st;

		fd_close(&at);
		at = above;
		inode = above >= 0 && fstat(above, &st) == 0 ? st.st_ino : 0;
	}
	return inode;
}

/* Who is dead and only waits to be reaped is no process of a cgroup either. */
static bool is_dead(int proc, const char *pid)
{
	autobuf text = { 0 };
	char path[32];
	const char *behind;

	snprintf(path, sizeof path, "%.20s/stat", pid);
	if (file_read(proc, path, 4096, &text) < 0 || !text.length)
		return true;
	behind = strrchr(text.text, ')');
	return behind && strncmp(behind, ") Z", 3) == 0;
}

static void close_dir(DIR **stream)
{
	if (*stream)
		closedir(*stream);
}

static void add(struct arena *arena, struct pids *pids, pid_t pid)
{
	/* Powers of two: the count tells when the room is used up. */
	if ((pids->count & (pids->count - 1)) == 0) {
		pid_t *items = arena_array(arena, pids->count ? 2 * pids->count : 1, sizeof *items);

		if (pids->count)
			memcpy(items, pids->items, pids->count * sizeof *items);
		pids->items = items;
	}
	pids->items[pids->count++] = pid;
}

/* No orphan leaves a pid namespace, so who is in the container's is all there is. */
static int of_namespace(struct context *context, const struct container *c, struct pids *ret_pids,
			struct err *e)
{
	__attribute__((cleanup(close_dir))) DIR *proc = opendir("/proc");
	struct pids pids = { 0 };
	char init[16];
	autofd namespace = -1;
	struct dirent *entry;
	ino_t own;

	if (!proc)
		return err_set(e, errno, "open /proc");
	snprintf(init, sizeof init, "%d", c->pid);
	own = namespace_of(dirfd(proc), init, &namespace);
	while (own && (entry = readdir(proc))) {
		pid_t pid = (pid_t)strtol(entry->d_name, NULL, 10);

		if (pid > 0 && is_below(dirfd(proc), entry->d_name, own) &&
		    !is_dead(dirfd(proc), entry->d_name))
			add(context->arena, &pids, pid);
	}
	*ret_pids = pids;
	return 0;
}

bool container_tells_processes(const struct container *c)
{
	return c->cgroup || c->namespaces & CLONE_NEWPID;
}

int container_processes(struct context *context, const struct container *c, struct pids *ret_pids,
			struct err *e)
{
	autofd pidfd = -1;
	struct err gone;

	if (c->cgroup)
		return of_cgroup(context, c->cgroup, ret_pids, e);
	if (!container_tells_processes(c))
		return err_say(e, EOPNOTSUPP, "container %s has neither a cgroup nor a pid namespace "
					      "of its own, so its processes cannot be told", c->id);
	*ret_pids = (struct pids){ 0 };
	pidfd = container_pidfd(c, &gone);
	return pidfd < 0 ? 0 : of_namespace(context, c, ret_pids, e);
}

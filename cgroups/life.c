/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/deadline.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/file.h"
#include "cgroups/cgroup.h"
#include "cgroups/internal.h"

enum { SMALL = 1 << 16, FREEZE_TIMEOUT = 10000 };

/* Whether cgroup.events, open at fd, says "KEY 1". A cgroup that is gone has nothing in it. */
static int read_event(int fd, const char *key, bool *ret_set)
{
	char text[256], *at;
	ssize_t n = pread(fd, text, sizeof text - 1, 0);

	if (n < 0 && errno != ENODEV)
		return -errno;
	text[n < 0 ? 0 : n] = '\0';
	at = strstr(text, key);
	*ret_set = at && at[strlen(key)] == ' ' && at[strlen(key) + 1] == '1';
	return 0;
}

static int open_events(int cgroup, struct err *e)
{
	int fd = openat(cgroup, "cgroup.events", O_RDONLY | O_CLOEXEC);

	return fd < 0 ? err_set(e, errno, "open cgroup.events") : fd;
}

static int get_event(int cgroup, const char *key, bool *ret_set, struct err *e)
{
	autofd fd = open_events(cgroup, e);
	int r;

	if (fd < 0)
		return fd;
	r = read_event(fd, key, ret_set);
	return r < 0 ? err_set(e, -r, "read cgroup.events") : 0;
}

/* Waits until the event has the value. A cgroup that is gone has none: -ENOENT becomes success
 * for 0. */
static int wait_event(int cgroup, const char *key, bool value, int timeout, struct err *e)
{
	int64_t deadline = deadline_after(timeout);
	autofd fd = openat(cgroup, "cgroup.events", O_RDONLY | O_CLOEXEC);
	struct pollfd p = { .fd = fd, .events = POLLPRI };
	bool set = false;

	if (fd < 0)
		return errno == ENOENT && !value ? 0 : err_set(e, errno, "open cgroup.events");
	for (;;) {
		int r = read_event(fd, key, &set);

		if (r < 0)
			return err_set(e, -r, "read cgroup.events");
		if (set == value)
			return 0;
		r = poll(&p, 1, deadline_left(deadline));
		if (r < 0 && errno != EINTR)
			return err_set(e, errno, "poll cgroup.events");
		if (r == 0)
			return err_say(e, ETIMEDOUT, "cgroup.events does not say \"%s %d\" after "
						     "%d ms", key, value, timeout);
	}
}

int cgroup_populated(int cgroup, bool *ret_populated, struct err *e)
{
	return get_event(cgroup, "populated", ret_populated, e);
}

int cgroup_frozen(int cgroup, bool *ret_frozen, struct err *e)
{
	return get_event(cgroup, "frozen", ret_frozen, e);
}

int cgroup_frozen_at(const struct host *host, const char *path, bool *ret_frozen, struct err *e)
{
	autoarena arena = { 0 };
	autofd fd = -1;
	int r;

	if (!host->cgroup_mount)
		return err_say(e, ENODEV, "cgroup v2 is not mounted");
	/* Not open(2): musl's makes a call more. */
	fd = openat(AT_FDCWD, arena_printf(&arena, "%s%s/cgroup.events", host->cgroup_mount, path),
		    O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_set(e, errno, "open cgroup.events of %s", path);
	r = read_event(fd, "frozen", ret_frozen);
	return r < 0 ? err_set(e, -r, "read cgroup.events of %s", path) : 0;
}

/* Says which process holds out. */
static int name_survivor(int cgroup, struct err *e)
{
	autoarena arena = { 0 };
	struct err ignored;
	size_t count;
	pid_t *pids;

	if (cgroup_processes(&arena, cgroup, &pids, &count, &ignored) < 0 || !count)
		return -e->code;
	return err_hint(e, "%s", cgroup_survivor(&arena, pids, count));
}

int cgroup_wait_empty(int cgroup, int timeout, struct err *e)
{
	int r = wait_event(cgroup, "populated", false, timeout, e);

	return r == -ETIMEDOUT ? name_survivor(cgroup, e) : r;
}

int cgroup_kill(int cgroup, int timeout, struct err *e)
{
	int r = file_write(cgroup, "cgroup.kill", "1");

	/* ENODEV: removed meanwhile; ENOENT with no other file either is the same. */
	if (r == -ENODEV || (r == -ENOENT && faccessat(cgroup, "cgroup.procs", F_OK, 0) < 0))
		return 0;
	if (r < 0)
		return err_set(e, -r, "write cgroup.kill");
	return cgroup_wait_empty(cgroup, timeout, e);
}

/* What did not freeze in time goes on running: half a frozen container is worse than none. */
static int thaw_again(int cgroup, struct err *e)
{
	file_write(cgroup, "cgroup.freeze", "0");
	return err_hint(e, "a process cannot stop where it is, perhaps waiting for a disk or "
			   "server; the cgroup was thawed");
}

int cgroup_freeze(int cgroup, bool freeze, struct err *e)
{
	int r = file_write(cgroup, "cgroup.freeze", freeze ? "1" : "0");

	if (r < 0)
		return err_set(e, -r, "write %d to cgroup.freeze", freeze);
	r = wait_event(cgroup, "frozen", freeze, FREEZE_TIMEOUT, e);
	if (r != -ETIMEDOUT)
		return r;
	return freeze ? thaw_again(cgroup, e) : err_hint(e, "a cgroup above may be frozen");
}

/* Appends the processes of one cgroup; those of other pid namespaces read as 0. */
static void add_processes(struct arena *arena, const char *text, pid_t **ret_pids,
			  size_t *ret_count)
{
	struct strings words = cgroup_split(arena, text);
	pid_t *all = arena_array(arena, *ret_count + words.count + 1, sizeof *all);
	size_t count = *ret_count;

	if (count)
		memcpy(all, *ret_pids, count * sizeof *all);
	for (size_t i = 0; i < words.count; i++) {
		all[count] = (pid_t)strtol(words.items[i], NULL, 10);
		count += all[count] > 0;
	}
	*ret_pids = all;
	*ret_count = count;
}

/* A threaded cgroup lists its processes further up (EOPNOTSUPP); one that is gone has none. */
static bool has_no_list(int r)
{
	return r == -EOPNOTSUPP || r == -ENODEV || r == -ENOENT;
}

int cgroup_processes(struct arena *arena, int cgroup, pid_t **ret_pids, size_t *ret_count,
		     struct err *e)
{
	pid_t *pids = NULL;
	size_t count = 0;
	autowalk walk = { .dir = -1 };
	int r = cgroup_walk_begin(cgroup, &walk);

	while (r >= 0) {
		autobuf text = { 0 };

		r = file_read(walk.dir, "cgroup.procs", 1 << 26, &text);
		if (r < 0 && !has_no_list(r))
			break;
		if (r == 0)
			add_processes(arena, text.text, &pids, &count);
		while ((r = cgroup_walk_down(&walk)) == 0 && (r = cgroup_walk_up(&walk)) > 0)
			;
		if (r == 0) {
			*ret_pids = pids;
			*ret_count = count;
			return 0;
		}
	}
	return err_set(e, -r, "read cgroup.procs");
}

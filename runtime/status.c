/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/sys.h"
#include "base/text.h"
#include "cgroups/cgroup.h"
#include "plan/format.h"
#include "runtime/context.h"
#include "runtime/identity.h"
#include "runtime/launch.h"
#include "runtime/state.h"

const char *const status_names[STATUS_COUNT] = {
	[STATUS_CREATING] = "creating", [STATUS_CREATED] = "created", [STATUS_RUNNING] = "running",
	[STATUS_PAUSED] = "paused",	[STATUS_STOPPED] = "stopped",
};

int status_parse(const char *name, enum status *ret_status)
{
	for (enum status i = 0; i < STATUS_COUNT; i++)
		if (str_equal(name, status_names[i])) {
			*ret_status = i;
			return 0;
		}
	return -EINVAL;
}

/* Field 2 is the program's name in parentheses and may hold blanks and parentheses itself: what is
 * behind the last ')' starts with field 3. */
int stat_number(const char *stat, int field, uint64_t *ret_number)
{
	const char *at = strrchr(stat, ')');
	char text[24];
	size_t length;

	for (int i = 2; at && i < field; i++) {
		at = strchr(at, ' ');
		at = at ? at + 1 : NULL;
	}
	length = at ? strcspn(at, " \n") : 0;
	if (length == 0 || length >= sizeof text)
		return -EBADMSG;
	memcpy(text, at, length);
	text[length] = '\0';
	return parse_u64(text, UINT64_MAX, ret_number);
}

int stat_start_time(const char *stat, uint64_t *ret_ticks)
{
	return stat_number(stat, STAT_START_TIME, ret_ticks);
}

bool stat_is_at_gate(const char *stat)
{
	const char *name = strchr(stat, '(');

	return name && str_starts(name, "(" GATE_NAME ") ");
}

/* A zombie whose other threads live on has not ended: a pidfd is not ready then either. */
bool stat_has_ended(const char *stat)
{
	const char *at = strrchr(stat, ')');
	uint64_t threads;

	return at && (str_starts(at, ") Z") || str_starts(at, ") X")) &&
	       (stat_number(stat, STAT_THREADS, &threads) < 0 || threads <= 1);
}

struct seen {
	uint64_t start_time;
	bool at_gate, ended;
};

static int see(pid_t pid, struct seen *ret_seen)
{
	char path[32];
	autobuf text = { 0 };
	int r;

	snprintf(path, sizeof path, "/proc/%d/stat", pid);
	r = file_read_short(AT_FDCWD, path, 64 * 1024, &text);
	if (r < 0)
		return r;
	ret_seen->at_gate = stat_is_at_gate(text.text);
	ret_seen->ended = stat_has_ended(text.text);
	return stat_start_time(text.text, &ret_seen->start_time);
}

/* Before pidfs (6.9) all pidfds shared one anonymous inode: it is the same for every process then, and says nothing. */
static uint64_t pidfd_inode(int pidfd)
{
	struct stat st;

	return fstat(pidfd, &st) < 0 ? 0 : st.st_ino;
}

int container_identify(struct container *c, pid_t pid, int pidfd, struct err *e)
{
	struct seen seen;
	int r = see(pid, &seen);

	if (r < 0)
		return err_set(e, -r, "container %s: /proc/%d/stat", c->id, pid);
	c->pid = pid;
	c->start_time = seen.start_time;
	c->pidfd_inode = pidfd_inode(pidfd);
	return 0;
}

static bool is_the_one(const struct container *c, int pidfd, struct seen *ret_seen)
{
	uint64_t inode = pidfd_inode(pidfd);

	if (c->pidfd_inode && inode && inode != c->pidfd_inode)
		return false;
	return see(c->pid, ret_seen) == 0 && ret_seen->start_time == c->start_time;
}

bool pidfd_ended(int pidfd)
{
	struct pollfd p = { .fd = pidfd, .events = POLLIN };

	return poll(&p, 1, 0) > 0;
}

/* The pidfd comes first: the start time that is read behind it then belongs to the process it
 * holds, or that one is gone and the signal would reach nobody. */
static int hold(const struct container *c, struct seen *ret_seen, struct err *e)
{
	autofd pidfd = c->pid > 0 ? sys_pidfd_open(c->pid, 0) : -1;

	if (c->pid > 0 && pidfd < 0 && errno != ESRCH && errno != EINVAL)
		return err_set(e, errno, "container %s: pidfd_open %d", c->id, c->pid);
	if (pidfd < 0 || !is_the_one(c, pidfd, ret_seen) || pidfd_ended(pidfd))
		return err_say(e, ESRCH, "container not running: %s", c->id);
	return fd_take(&pidfd);
}

/* The same for who only looks, with four calls less. */
static int glance(const struct container *c, struct seen *ret_seen, struct err *e)
{
	if (c->pid > 0 && see(c->pid, ret_seen) == 0 && ret_seen->start_time == c->start_time &&
	    !ret_seen->ended)
		return 0;
	return err_say(e, ESRCH, "container not running: %s", c->id);
}

int container_pidfd(const struct container *c, struct err *e)
{
	struct seen seen;

	return hold(c, &seen, e);
}

/* Shared, so that two who ask at the same time do not see each other as a creator. */
static bool locked_by_another(const struct container *c)
{
	if (c->locked)
		return false;
	if (flock(c->dir, LOCK_SH | LOCK_NB) < 0)
		return errno == EWOULDBLOCK;
	flock(c->dir, LOCK_UN);
	return false;
}

/* The directory has its sticky bit until container_made(). */
static bool is_being_made(const struct container *c)
{
	struct stat st;

	return fstat(c->dir, &st) == 0 && st.st_mode & S_ISVTX;
}

static int read_frozen(struct context *context, const struct container *c, bool *ret_frozen,
		       struct err *e)
{
	bool frozen = false;
	int r = 0;

	host_probe_cgroup(context);
	if (c->cgroup)
		r = cgroup_frozen_at(&context->host, c->cgroup, &frozen, e);
	/* Removed behind our back: the process, if any, is elsewhere and not frozen by it. */
	if (r < 0 && r != -ENOENT && r != -ENODEV)
		return r;
	*ret_frozen = frozen;
	return 0;
}

/* A connection would wake the one that waits. `start` takes the gate's name away, so that a workload which takes the
 * name of tare-init is not taken for it; a tare-init of a build that gave itself no name is asked. */
static bool waits_at_gate(const struct container *c, const struct seen *seen)
{
	return seen->at_gate ? faccessat(c->dir, "gate", F_OK, 0) == 0 : launch_gate_waits(c->dir);
}

static int status_living(struct context *context, const struct container *c,
			 const struct seen *seen, enum status *ret_status, struct err *e)
{
	bool frozen = false;
	int r = read_frozen(context, c, &frozen, e);

	if (r < 0)
		return r;
	if (frozen)
		*ret_status = STATUS_PAUSED;
	/* A creator that died behind the workload's start did not come to say so; one that died
	 * before it takes its tare-init along. */
	else if (is_being_made(c) && locked_by_another(c))
		*ret_status = STATUS_CREATING;
	else
		*ret_status = waits_at_gate(c, seen) ? STATUS_CREATED : STATUS_RUNNING;
	return 0;
}

/* What it does by what was found of its process: found < 0 when that failed, -ESRCH when there is none. */
static int status_found(struct context *context, const struct container *c, int found,
			const struct seen *seen, enum status *ret_status, struct err *e)
{
	if (found >= 0)
		return status_living(context, c, seen, ret_status, e);
	if (found != -ESRCH)
		return found;
	*ret_status = c->pid == 0 && locked_by_another(c) ? STATUS_CREATING : STATUS_STOPPED;
	return 0;
}

/* *ret_pidfd is the process's when it lives, else -1. */
static int look(struct context *context, const struct container *c, enum status *ret_status,
		int *ret_pidfd, struct err *e)
{
	struct seen seen;
	autofd pidfd = hold(c, &seen, e);
	int r = status_found(context, c, pidfd, &seen, ret_status, e);

	if (r == 0)
		*ret_pidfd = pidfd < 0 ? -1 : fd_take(&pidfd);
	return r;
}

int container_status(struct context *context, const struct container *c, enum status *ret_status,
		     struct err *e)
{
	struct seen seen;

	return status_found(context, c, glance(c, &seen, e), &seen, ret_status, e);
}

int container_look(struct context *context, const char *id, bool lock,
		   struct container *ret_container, struct err *e)
{
	autocontainer c = CONTAINER_NONE;
	int r = container_load(context, id, lock, &c, e);

	if (r == 0)
		r = look(context, &c, &c.found, &c.pidfd, e);
	if (r < 0)
		return r;
	*ret_container = c;
	c = (struct container)CONTAINER_NONE;
	return 0;
}

int container_lacks_cgroup(const struct container *c, const char *what_for, struct err *e)
{
	err_say(e, EOPNOTSUPP, "container %s has no cgroup %s", c->id, what_for);
	return err_hint(e, "an unprivileged user needs a delegated cgroup: see ROOTLESS in tare(1)");
}

int container_must_live(const struct container *c, struct err *e)
{
	if (c->found != STATUS_STOPPED && c->found != STATUS_CREATING)
		return 0;
	return err_say(e, EINVAL, "container not running: %s is %s", c->id,
		       status_names[c->found]);
}

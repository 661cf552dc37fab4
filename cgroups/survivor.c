/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/file.h"
#include "base/text.h"
#include "cgroups/cgroup.h"

enum { SMALL = 4096 };

/* The first line of /proc/PID/NAME; "" when there is none. */
static const char *line_of(struct arena *arena, pid_t pid, const char *name)
{
	autobuf text = { 0 };
	char path[48];

	snprintf(path, sizeof path, "/proc/%d/%s", pid, name);
	if (file_read(AT_FDCWD, path, SMALL, &text) < 0 || !text.length)
		return "";
	return arena_strndup(arena, text.text, strcspn(text.text, "\n"));
}

/* The letter behind the name, which may hold anything. */
static bool is_uninterruptible(struct arena *arena, pid_t pid)
{
	const char *behind = strrchr(line_of(arena, pid, "stat"), ')');

	return behind && str_starts(behind, ") D");
}

/* Without the right to look the kernel says "0". */
static const char *place_of(struct arena *arena, pid_t pid)
{
	const char *place = line_of(arena, pid, "wchan");

	return *place && strcmp(place, "0") != 0 ? arena_printf(arena, " in %s", place) : "";
}

static const char *stuck(struct arena *arena, pid_t pid)
{
	return arena_printf(arena,
			    "process %d waits uninterruptibly%s, most often for a disk or server "
			    "that does not answer (/proc/%d/stack)", pid, place_of(arena, pid), pid);
}

/* The first process of a pid namespace ends behind all others, those too that only wait to be reaped. */
static bool waits_for_others(struct arena *arena, pid_t pid)
{
	return str_equal(line_of(arena, pid, "wchan"), "zap_pid_ns_processes");
}

const char *cgroup_survivor(struct arena *arena, const pid_t *pids, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (is_uninterruptible(arena, pids[i]))
			return stuck(arena, pids[i]);
	for (size_t i = 0; i < count; i++)
		if (waits_for_others(arena, pids[i]))
			return arena_printf(arena, "process %d waits for the others of its pid namespace, "
						   "perhaps one that is dead and whose parent does "
						   "not reap it", pids[i]);
	return count ? arena_printf(arena, "%zu processes are left, the first is %d: see "
					   "/proc/%d/stack", count, pids[0], pids[0])
		     : "none is left by now";
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/criu_progress.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/text.h"
#include "cgroups/cgroup.h"
#include "runtime/context.h"
#include "runtime/criu_messages.h"
#include "runtime/criu_wishes.h"

enum { STATS_MAX = 1 << 12, STATS_HEAD = 12, SMALL = 256 };

__attribute__((format(printf, 1, 2)))
static void tell(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vdprintf(STDERR_FILENO, fmt, args);
	va_end(args);
}

static double mebibytes(uint64_t bytes)
{
	return (double)bytes / (1 << 20);
}

static double of_pages(int64_t pages)
{
	return mebibytes((uint64_t)pages * (uint64_t)sysconf(_SC_PAGESIZE));
}

static double seconds(int64_t microseconds)
{
	return (double)microseconds / 1e6;
}

static double seconds_since(const struct timespec *since)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)(now.tv_sec - since->tv_sec) + (double)(now.tv_nsec - since->tv_nsec) / 1e9;
}

/* "redis-server", or a number where it has none any more. */
static const char *name_of_process(struct arena *arena, pid_t pid)
{
	autobuf text = { 0 };
	char path[32];

	snprintf(path, sizeof path, "/proc/%d/comm", pid);
	if (file_read(AT_FDCWD, path, SMALL, &text) < 0)
		return arena_printf(arena, "%d", pid);
	return arena_strndup(arena, text.text, strcspn(text.text, "\n"));
}

static uint64_t memory_in(int cgroup)
{
	autobuf text = { 0 };

	return cgroup >= 0 && file_read(cgroup, "memory.current", SMALL, &text) == 0
		       ? strtoull(text.text, NULL, 10)
		       : 0;
}

void criu_progress_begin(struct criu_progress *p, const struct context *context, const char *id,
			 int cgroup)
{
	pid_t *pids = NULL;
	size_t count = 0;
	struct err ignored;

	p->shown = isatty(STDERR_FILENO);
	if (!p->shown)
		return;
	clock_gettime(CLOCK_MONOTONIC, &p->since);
	tell("%s of %s, image %s\n", p->what, id, p->places->image_path);
	if (cgroup < 0 || cgroup_processes(context->arena, cgroup, &pids, &count, &ignored) < 0 ||
	    !count)
		return;
	tell("  %zu process%s, %s", count, count == 1 ? "" : "es",
	     name_of_process(context->arena, pids[0]));
	if (count > 1)
		tell(" and others");
	if (memory_in(cgroup))
		tell(", %.1f MiB in their cgroup", mebibytes(memory_in(cgroup)));
	tell("\n");
}

static uint64_t size_of_image(int image)
{
	int fd = openat(image, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *files = fd < 0 ? NULL : fdopendir(fd);
	uint64_t size = 0;
	struct stat st;

	if (!files) {
		fd_close(&fd);
		return 0;
	}
	for (struct dirent *entry; (entry = readdir(files));)
		if (fstatat(image, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode))
			size += (uint64_t)st.st_size;
	closedir(files);
	return size;
}

void criu_progress_tick(void *progress)
{
	const struct criu_progress *p = progress;
	uint64_t memory = memory_in(p->cgroup);

	if (!p->shown || p->left)
		return;
	if (p->cgroup < 0)
		tell("\r  %.1f s, image %.1f MiB \x1b[K", seconds_since(&p->since),
		     mebibytes(size_of_image(p->places->image)));
	else
		tell("\r  %.1f s, memory %.1f MiB \x1b[K", seconds_since(&p->since),
		     mebibytes(memory));
}

/* Two magic numbers and the size of the one message are in front. */
static bool read_stats(struct arena *arena, const struct criu_progress *p,
		       struct criu_stats *ret_stats)
{
	autobuf bytes = { 0 };

	return file_read(p->places->work, p->statistics, STATS_MAX, &bytes) == 0 &&
	       bytes.length > STATS_HEAD &&
	       wire_decode(arena, criu_stats_fields, bytes.text + STATS_HEAD,
			   bytes.length - STATS_HEAD, ret_stats) == 0;
}

static void tell_stats(const struct criu_stats *s)
{
	if (s->dump.pages_scanned)
		tell("  %.1f MiB of memory looked at, %.1f MiB written, %.1f MiB as in the parent "
		     "image, %.1f MiB left for later; frozen for %.3f s\n",
		     of_pages(s->dump.pages_scanned), of_pages(s->dump.pages_written),
		     of_pages(s->dump.pages_skipped_parent), of_pages(s->dump.pages_lazy),
		     seconds(s->dump.frozen_time));
	if (s->restore.restore_time)
		tell("  %.1f MiB of memory restored in %.3f s\n", of_pages(s->restore.pages_restored),
		     seconds(s->restore.restore_time));
}

void criu_progress_leave(struct criu_progress *p)
{
	if (p->shown && !p->left)
		tell("\r\x1b[K");
	p->left = true;
}

void criu_progress_end(struct criu_progress *p, struct arena *arena, bool success)
{
	struct criu_stats stats = { 0 };

	criu_progress_leave(p);
	if (!p->shown || !success)
		return;
	if (read_stats(arena, p, &stats))
		tell_stats(&stats);
	tell("  %.1f s in all, image of %.1f MiB\n", seconds_since(&p->since),
	     mebibytes(size_of_image(p->places->image)));
}

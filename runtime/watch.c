/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/watch.h"

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
#include "cgroups/cgroup.h"
#include "runtime/context.h"
#include "runtime/sample.h"
#include "runtime/state.h"

enum { WATCH_END, WATCH_MEMORY, WATCHES };

struct watch {
	const struct watcher *watcher;
	struct container container;
	int cgroup, memory_events, pidfd;
	uint64_t kills;  /* told of so far */
	int64_t due;     /* when the next sample is, DEADLINE_NEVER without any */
};

/* Reading is also what arms poll(2) anew. */
static uint64_t read_kills(int memory_events)
{
	char text[512], *at;
	ssize_t n = memory_events < 0 ? -1 : pread(memory_events, text, sizeof text - 1, 0);

	if (n <= 0)
		return 0;
	text[n] = '\0';
	at = strstr(text, "\noom_kill ");
	return at ? strtoull(at + strlen("\noom_kill "), NULL, 10) : 0;
}


static int begin(struct context *context, const char *id, struct watch *w, struct err *e)
{
	int r = container_look(context, id, false, &w->container, e);

	if (r == 0)
		r = sample_check(&w->container, e);
	if (r == 0)
		r = cgroup_open(&context->host, w->container.cgroup, &w->cgroup, e);
	if (r < 0)
		return r;
	w->pidfd = container_pidfd(&w->container, e);
	if (w->pidfd < 0)
		return w->pidfd;
	/* Without the memory controller there is no such file, and no OOM kill of the cgroup's. */
	w->memory_events = openat(w->cgroup, "memory.events", O_RDONLY | O_CLOEXEC);
	w->kills = read_kills(w->memory_events);
	w->due = w->watcher->interval < 0 ? DEADLINE_NEVER : deadline_now();
	return 0;
}

static int tell_kills(struct watch *w, struct err *e)
{
	uint64_t kills = read_kills(w->memory_events);
	int r = 0;

	for (; r >= 0 && w->kills < kills; w->kills++)
		r = w->watcher->oom(w->watcher->data, e);
	return r;
}

/* Each sample has memory of its own: a watch may last for months. */
static int tell_sample(struct watch *w, struct err *e)
{
	autoarena arena = { 0 };
	struct sample sample;
	int r = sample_take(&arena, &w->container, w->cgroup, &sample, e);

	/* A cgroup goes when the container does, which is no failure. */
	if (r == -ENODEV || r == -ENOENT)
		return 0;
	return r < 0 ? r : w->watcher->sample(w->watcher->data, &sample, e);
}

static int tell_if_due(struct watch *w, struct err *e)
{
	int64_t now = deadline_now();

	if (now < w->due)
		return 0;
	/* Late by more than an interval (a suspended machine): samples are not made up for. */
	w->due += w->watcher->interval;
	if (w->due <= now)
		w->due = now + w->watcher->interval;
	return tell_sample(w, e);
}

static int wait_for_more(struct watch *w, bool *ret_ended, struct err *e)
{
	struct pollfd fds[WATCHES] = {
		[WATCH_END] = { .fd = w->pidfd, .events = POLLIN },
		[WATCH_MEMORY] = { .fd = w->memory_events, .events = POLLPRI },
	};

	if (poll(fds, WATCHES, deadline_left(w->due)) < 0 && errno != EINTR)
		return err_set(e, errno, "poll");
	*ret_ended = fds[WATCH_END].revents;
	/* What killed the container comes ahead of its end. */
	return fds[WATCH_MEMORY].revents || *ret_ended ? tell_kills(w, e) : 0;
}

static int follow(struct watch *w, struct err *e)
{
	bool ended = false;
	int r = 0;

	if (w->watcher->once)
		return tell_sample(w, e);
	while (r >= 0 && !ended) {
		r = tell_if_due(w, e);
		if (r >= 0)
			r = wait_for_more(w, &ended, e);
	}
	return r;
}

int container_watch(struct context *context, const char *id, const struct watcher *watcher,
		    struct err *e)
{
	struct watch w = {
		.watcher = watcher,
		.container = CONTAINER_NONE,
		.cgroup = -1,
		.memory_events = -1,
		.pidfd = -1,
	};
	int r = begin(context, id, &w, e);

	if (r == 0)
		r = follow(&w, e);
	fd_close(&w.pidfd);
	fd_close(&w.memory_events);
	fd_close(&w.cgroup);
	container_close(&w.container);
	return r;
}

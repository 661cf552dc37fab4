/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a container's cgroup knows of a death: the kernel's OOM killer and a refused fork leave no
 * other word.
 */
#pragma once
#include "cgroups/cgroup.h"

struct container;
struct context;

/* Fills container->reached, of one that has stopped. */
void died_figures(struct context *, struct container *);
/* What the container met already ahead of a process that joins it. */
void died_before(struct context *, const struct container *, struct cgroup_toll *ret_toll);
/* systemd removes a scope's cgroup with its last process, and the figures with it: who waits for the end looks at
 * them as soon as the kernel tells of it, which systemd acts upon later. */
enum { DIED_EVENTS = 3 };
struct died_watch {
	int cgroup; /* -1: it stays, and can be looked at afterwards */
	int events[DIED_EVENTS]; /* ready (POLLPRI) when it is time to look; -1 none */
	struct cgroup_toll seen;
};
void died_watch(struct context *, const struct container *, struct died_watch *ret_watch);
void died_look(struct died_watch *);
void died_watch_close(struct died_watch *);
#define DIED_WATCH_NONE { .cgroup = -1, .events = { -1, -1, -1 } }
#define autowatch __attribute__((cleanup(died_watch_close))) struct died_watch

/* A warning in the log when a program that ended with this status, not 0, may have met a limit of
 * the container's cgroup since `before` (NULL: ever); with what was seen of a cgroup that may be gone (NULL: nothing). */
void died_tell(struct context *, const struct container *, const struct cgroup_toll *before,
	       const struct died_watch *, int status);

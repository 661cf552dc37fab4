/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What people see of CRIU's work: who is dumped or restored, how far it has come, twice a second, and
 * sizes and times at its end. Only where standard error is a terminal; else these functions do nothing.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <time.h>

struct arena;
struct context;
struct criu_places;

struct criu_progress {
	bool shown;
	bool left;               /* the terminal is the container's */
	const char *what;        /* "dump", "pre-dump", "restore" */
	const char *statistics;  /* CRIU's file in the work directory */
	const struct criu_places *places;
	int cgroup;              /* where memory grows in a restore, -1 none */
	struct timespec since;
};

/* Says what of which container begins: its processes, from a cgroup (-1: not known). */
void criu_progress_begin(struct criu_progress *, const struct context *, const char *id, int cgroup);
/* How far it is by now; takes the progress. */
void criu_progress_tick(void *progress);
/* Ends the ticks and clears their line: from now on the container may write to the same terminal. */
void criu_progress_leave(struct criu_progress *);
/* The last words: figures, or after a failure none. */
void criu_progress_end(struct criu_progress *, struct arena *, bool success);

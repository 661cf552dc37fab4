/* SPDX-License-Identifier: Apache-2.0 */
/*
 * --trace FILE: what a command spent its time on, as the JSON of Chrome's trace viewer, which Perfetto reads. The
 * host lane is one row of spans without gaps, phases of tare and steps of the plan; the init lane another.
 *
 * Invariant: without --trace every function here does nothing but look at a NULL. With it nothing is written
 * before trace_write(), and tare-init makes two system calls more, both before its first step.
 */
#pragma once

struct context;
struct err;
struct plan_header;
struct plan_step;

/* Opens the file and begins to count; path NULL: nothing. A plan has the environment in it, so a new file is
 * readable for its owner only. 0, -errno. */
int trace_open(struct context *, const char *path, const char *command, struct err *e);
/* From now on the host lane is at this, or at this step of its plan. name: a constant. */
void trace_phase(struct context *, const char *name);
void trace_step(struct context *, const struct plan_header *, const struct plan_step *);
/* A memfd for the spans of the init lane, the caller's to pass on and close; -1: no trace is wanted, or
 * there is no memory for one. */
int trace_share(struct context *, const struct plan_header *);
/* Makes of the file what is known already; for where tare would only wait. */
void trace_prepare(struct context *);
/* Ends the last span and writes the file. What goes wrong is a warning: the container is there. */
void trace_write(struct context *);

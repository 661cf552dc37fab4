/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Watching the system calls of processes that run already, by ptrace(2): a filter can only be given to a
 * process by itself.
 */
#pragma once
#include <stdbool.h>

#include "runtime/calls.h"

struct err;
struct pids;

struct onlooker {
	bool started; /* in, out: a program runs; before its execve the calls are tare-init's */
	struct calls by_init, by_program;
};

/* Stops the processes and all their threads. What one made before it was stopped is not among them: the caller
 * looks for processes again until *ret_new stays false. */
int onlooker_seize(const struct pids *, bool *ret_new, struct err *e);
/* Lets them go on and follows them and all that descend from them, to the end of the last or until tare is told to
 * end (SIGINT, SIGTERM, SIGHUP): they go on by themselves when tare is gone. A line on stderr says that it has begun. */
int onlooker_watch(struct onlooker *, struct err *e);

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Performs the host lane of a sealed plan: everything before CLONE, the clone
 * into the cgroup, the meeting with tare-init, to the end of the lane.
 *
 * Invariant: a launch that fails has ended the process it made and waited for it, and has
 * undone the cgroup it made; what it reports names the field that the failing step of
 * either lane came from.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct container;
struct context;
struct err;
struct plan_header;
struct spec;
struct strings;

struct launch {
	/* in */
	struct context *context;
	struct plan_header *plan;       /* sealed; its slots and sync_fd are written */
	struct container *container;    /* gets pid; NULL for exec */
	const struct container *entered; /* exec: whose state a seccomp agent is told, and its status */
	int entered_status;
	const struct spec *spec;        /* for hooks */
	int cgroup;                     /* exec: the cgroup to be born in; -1: the CGROUP step makes one */
	const char *cgroup_path;        /* its v2 path */
	int init_pidfd;                 /* exec: pidfd of the container's init, else -1 */
	int stdio[3];                   /* -1: the caller's own */
	const char *console_socket;     /* TAKE_CONSOLE sends the master there; NULL: keeps it in console */
	/* out */
	pid_t pid;
	int pidfd;
	int sync;                       /* open until exec succeeded; -1 then */
	int console;                    /* pty master taken by TAKE_CONSOLE, else -1 */
	bool stuck;                     /* what was killed waits uninterruptibly and is still there */
};
void launch_init(struct launch *);
void launch_clear(struct launch *); /* closes what is left, twice is fine */
/* Kills the process, if there is one, and reaps it: until then its pid namespace could not end. One that does
 * not end in 10 s is left, with a warning. */
void launch_end(struct launch *);

/* Runs the host lane to its end. For create that is the gate; for run and exec, success of execve. */
int launch_run(struct launch *, struct err *e);
/* restore: make() stands in the place of the CLONE step. It makes the process in the cgroup (a directory,
 * -1 none) and fills launch's pid and pidfd. Of the other steps only those are done that tell the
 * host of the container, its cgroup and its state; what a process is like comes from elsewhere. */
typedef int launch_maker(struct launch *, int cgroup, void *data, struct err *e);
int launch_restore(struct launch *, launch_maker *make, void *data, struct err *e);
/* `start`: passes the gate in dir (connect, GO with the state document, wait). 0 when execve succeeded. */
int launch_open_gate(struct context *, const struct container *, int state_document, struct err *e);
/* Fills e from an init report: the step's `why`, the call, the detail, errno and a hint. plan may be NULL.
 * Returns -errno. */
struct report;
int launch_explain(const struct plan_header *, const struct report *, struct err *e);
/* The hint where a filter may be why tare-init failed. */
#define EXPLAIN_FILTER "the seccomp filter, in force by then, denies it: see linux.seccomp in tare-config(5)"
/* Whether tare-init still waits at the gate in dir. */
bool launch_gate_waits(int dir);

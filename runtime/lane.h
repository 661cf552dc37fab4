/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The host lane while it runs: private to launch.c, clone.c, meet.c and
 * host_steps.c.
 *
 * Invariant: the lane owns every descriptor in its slots and its own fields;
 * lane_clear() closes them all.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "runtime/holder.h"

struct err;
struct launch;
struct plan_header;
struct plan_step;

struct lane {
	struct launch *launch;
	struct plan_header *plan;
	int32_t *slots;
	int sync;              /* the host's end */
	int cgroup;            /* directory of the cgroup init is born in, -1 none */
	bool cgroup_made;      /* by this launch: undone when it fails */
	bool scope_started;    /* the same of the unit that it is of */
	struct holder holder;  /* the scope's first process, until init is there */
	int taken;             /* what the last REPORT_FD brought */
	int state;             /* memfd with the state document for the next hooks */
	int resctrl;           /* the mount, -1 while not opened */
	int own_time_ns;       /* to come back to after CLONE */
	char own_oom_score[12]; /* to be taken back after CLONE; empty: unchanged */
	bool executing;        /* REPORT_EXEC was seen */
};

/* clone.c: makes the process that executes tare-init; fills launch->pid and pidfd. */
int lane_clone(struct lane *, uint64_t flags, struct err *e);
/* A descriptor of the tare-init program that can be executed and not be written, -errno. */
int init_image_open(struct err *e);

/* meet.c. */
/* Waits for init to post SYNC number. */
int lane_wait(struct lane *, uint32_t number, struct err *e);
/* Waits for init to hand over a descriptor: lane->taken. */
int lane_wait_fd(struct lane *, struct err *e);
/* Posts SYNC number, with fd (-1 none). */
int lane_post(struct lane *, uint32_t number, int fd, struct err *e);
/* Waits for the end of file that a successful execve leaves. */
int lane_wait_exec(struct lane *, struct err *e);
/* Waits for the pidfd of the process that goes on behind FORK. */
int lane_wait_forked(struct lane *, struct err *e);

/* host_steps.c: performs one step; lifecycle.c: the documents. */
int lane_step(struct lane *, const struct plan_step *, struct err *e);
/* The state document as a sealed memfd in lane->state, for hooks at this status. */
int lane_state_document(struct lane *, int status, struct err *e);

/* The same where the init lane has hooks, which get it with the next SYNC; else lane->state is -1. */
int lane_init_document(struct lane *, int status, struct err *e);

/* listener.c: hands a seccomp listener to the agent at path (config-linux.md#seccomp). */
int listener_send(struct lane *, const char *path, const char *metadata, int listener,
		  struct err *e);

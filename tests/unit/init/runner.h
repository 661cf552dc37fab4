/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Executes plans with the real tare-init in real namespaces, playing the host's end of the sync
 * socket. A test's root file system is a fresh directory with busybox, in a tmpfs of a mount
 * namespace of the test program's own, so that nothing is left behind.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "plan/plan.h"

struct runner {
	char root[64];    /* host path of the root file system */
	struct plan plan;
	uint64_t root_slot;
	uint64_t clone;   /* CLONE_NEW*, written into the plan's CLONE step too */
	const char *map;  /* with CLONE_NEWUSER: "0 0 1\n", into uid_map and gid_map */
	uint32_t preserve_fds; /* 3.. : run_start() makes 3 one that is open */
	int given[16];    /* slots filled before the start, by number; 0 = empty */
	pid_t pid;
	int pidfd, sync, output;
	struct report report; /* the last one received */
	int fd;               /* that came with it, -1 */
};

/* For cmocka: skips (77) without root; gives the process its own mount namespace with a tmpfs on
 * /mnt. */
void runner_world(void);
int runner_setup(void **state);
int runner_teardown(void **state);

/* Host lane CLONE and init lane PROPAGATION, ROOT. */
void plan_begin(struct runner *, uint64_t clone);
/* PIVOT. */
void plan_enter(struct runner *);
/* EXEC of `busybox sh -c script`; with it the plan is complete. */
void plan_script(struct runner *, const char *script);
void plan_exec(struct runner *, const char *const *argv, const char *const *env, bool home);
uint64_t text(struct runner *, const char *);
uint64_t list(struct runner *, const char *const *items); /* NULL-terminated */
#define INIT(r, op, ...) PLAN_INIT(&(r)->plan, OP_##op, "/test/" #op, __VA_ARGS__)

void run_start(struct runner *);
/* The next message; false at the end of file. */
bool run_receive(struct runner *);
void run_post(struct runner *, uint32_t number, int fd);
/* Until EXEC and the end of file behind it; fails the test on an ERROR. */
void run_until_exec(struct runner *);
/* Standard output and error to their end. The text lives until the next call. */
const char *run_output(struct runner *);
/* Waits: exit status, or 128 + signal. */
int run_status(struct runner *);

/* Starts it; it must execute, exit with 0 and print exactly this. */
void assert_prints(struct runner *, const char *expected);
/* Starts it; this step must fail so, with a detail that holds these words. */
void assert_fails(struct runner *, enum plan_op op, enum plan_call call, int error,
		  const char *words);

/* Files of the root, by the host's eyes: name below root. */
const char *in_root(struct runner *, const char *name);
void put_directory(struct runner *, const char *name);
void put_file(struct runner *, const char *name, const char *content, mode_t mode);
void put_link(struct runner *, const char *name, const char *target);

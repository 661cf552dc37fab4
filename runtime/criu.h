/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CRIU as a process that is asked over a socket (`criu swrk`). It is looked for when it is needed
 * and linked to nothing.
 *
 * Invariant: criu_clear() leaves no process of CRIU behind: one that is still there is killed and
 * waited for.
 */
#pragma once
#include <stdbool.h>
#include <sys/types.h>

#include "runtime/criu_messages.h"

struct arena;
struct context;
struct err;

/* The first executable file of that name in PATH, or NULL. */
const char *criu_find(struct arena *, const char *name);

/* What a restoring CRIU is put into, so that what it restores is there from birth. */
struct criu_place {
	int cgroup;               /* directory of the cgroup to be born in, -1 none */
	const char *root;         /* made a mount point, in a mount namespace of its own */
	const char *work_path;    /* opened there: CRIU mounts below its work directory */
	bool own_cgroup_namespace; /* the cgroup is the root of the new cgroup namespace */
	bool no_new_privileges;
};

/* A descriptor that CRIU gets under a number. */
struct criu_handed {
	int fd, at;
};

struct criu {
	const struct context *context;
	struct arena *arena;
	pid_t pid;
	int pidfd, socket;
	int errors; /* memfd with what it wrote to standard error */
	int work;   /* the work directory in CRIU's mount namespace, when it has a place */
	void (*tick)(void *); /* called twice a second while it works, or NULL */
	void *tick_data;
	bool resumed; /* the restored processes run: signals are for them, not for the restore */
};
#define CRIU_NONE { .pidfd = -1, .socket = -1, .errors = -1, .work = -1 }

enum { CRIU_HANDED_FIRST = 4 }; /* numbers below are taken */

/* Starts it. place NULL: where tare is. handed ends with fd -1. Signals end it as runtime/interrupt.h
 * says; where that is not on, it is out of reach of the terminal's keys. */
int criu_start(const struct context *, const struct criu_place *, const struct criu_handed *handed,
	       struct criu *ret_criu, struct err *e);
void criu_clear(struct criu *);
#define autocriu __attribute__((cleanup(criu_clear))) struct criu

/* Called for each notification with the number of the process it is about and the descriptor that came
 * with it (-1 none), which stays the caller's. A failure ends the work in CRIU. */
typedef int criu_notified(void *data, const char *script, pid_t pid, int fd, struct err *e);

/* Asks and waits for the answer, answering notifications meanwhile. -EREMOTEIO: CRIU says that it has
 * failed, e has what its answer says; *ret_response is filled on success. */
int criu_ask(struct criu *, const struct criu_request *, criu_notified *notified, void *data,
	     struct criu_response *ret_response, struct err *e);

/* Whether CRIU is there and can do what is wanted, by processes of its own: features that are not
 * false, a version of at least the number (31700 is 3.17, 0 any) that what needs. */
int criu_check_features(const struct context *, const struct criu_features *wanted, struct err *e);
int criu_check_version(const struct context *, int least, const char *what, struct err *e);

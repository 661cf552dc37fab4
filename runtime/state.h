/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The state directory: ROOT/ID/{state.json, config.json, gate}, mode 0700.
 *
 * Invariant: state.json is replaced atomically, never edited; it is there
 * before init can run; whatever a dead runtime left behind, `delete --force`
 * finds it here. A stored pid counts only while its start time (and
 * pidfs inode, where the kernel has it) match. The directory's flock is held by commands that
 * change a container.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/text.h"

struct context;
struct err;
struct spec;
struct pairs;
struct strbuf;

enum status { STATUS_CREATING, STATUS_CREATED, STATUS_RUNNING, STATUS_PAUSED, STATUS_STOPPED, STATUS_COUNT };
extern const char *const status_names[STATUS_COUNT];

/* What is stored, in the order it is printed. */
struct container {
	const char *id, *bundle, *rootfs, *created; /* created: RFC 3339 with nanoseconds, UTC */
	const char *owner;      /* user name or "" */
	uint32_t owner_uid;
	pid_t pid;              /* 0 before CLONE */
	uint64_t start_time;    /* field 22 of /proc/PID/stat */
	uint64_t pidfd_inode;   /* of the pidfd, 0 where pidfs is not there */
	const char *cgroup;     /* v2 path, NULL if none */
	uint32_t namespaces;    /* CLONE_NEW* that are not the runtime's own */
	const char *oci_version;
	const struct pair *annotations;
	size_t annotation_count;
	bool terminal;
	/* open handles */
	int dir;                /* the state directory, O_DIRECTORY */
};

/* Ids: [A-Za-z0-9_+.-]{1,1024}, not "." or "..". */
int container_id_check(const char *id, struct err *e);

/* Opens ROOT (makes it, 0700, when make is set). The fd is the context's. */
int state_root(struct context *, bool make, int *ret_fd, struct err *e);
/* Makes ROOT/ID and locks it: -EEXIST "container with given ID already exists". */
int container_reserve(struct context *, const char *id, struct container *ret_container, struct err *e);
/* Opens and reads: -ENOENT "container ID does not exist". lock: takes the flock (waits). */
int container_load(struct context *, const char *id, bool lock, struct container *ret_container, struct err *e);
int container_save(const struct container *, struct err *e);
/* Removes ROOT/ID, whatever is in it. Absent is success. */
int container_forget(struct context *, const char *id, struct err *e);
void container_close(struct container *);

/* A pidfd of the very process that was stored: >= 0, or -ESRCH when it is gone. */
int container_pidfd(const struct container *, struct err *e);
/* Fills start_time and pidfd_inode of a process that was just made. */
int container_identify(struct container *, pid_t pid, int pidfd, struct err *e);
/* From pidfd, gate and freezer. */
int container_status(struct context *, const struct container *, enum status *ret_status, struct err *e);
/* The config.json saved at create. */
int container_spec(struct context *, const struct container *, const struct spec **ret_spec, struct err *e);
int container_save_config(const struct container *, int config_fd, struct err *e);

/* Ids of all state directories, sorted. */
int container_ids(struct context *, struct strings *ret_ids, struct err *e);
/* The state document of runtime.md#state as one compact JSON text (for hooks) or indented (for `state`:
 * with rootfs, created, owner, as runc prints). */
void container_document(const struct container *, enum status, bool pretty, struct strbuf *ret_json);

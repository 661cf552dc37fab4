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

enum status {
	STATUS_CREATING,
	STATUS_CREATED,
	STATUS_RUNNING,
	STATUS_PAUSED,
	STATUS_STOPPED,
	STATUS_COUNT
};
extern const char *const status_names[STATUS_COUNT];
/* 0, or -EINVAL for a name that is none of them. */
int status_parse(const char *name, enum status *ret_status);

/* What is stored, in the order it is printed. */
struct container {
	const char *id, *bundle, *rootfs, *created; /* created: RFC 3339 with nanoseconds, UTC */
	const char *owner;      /* user name or "" */
	uint32_t owner_uid;
	pid_t pid;              /* 0 before CLONE */
	uint64_t start_time;    /* field 22 of /proc/PID/stat */
	uint64_t pidfd_inode;   /* of the pidfd, 0 where pidfs is not there */
	const char *cgroup;     /* v2 path, NULL if none */
	const char *unit;       /* systemd's, of the system, whose cgroup it is; NULL if none */
	const char *user_unit;  /* the same of the user's manager */
	const char *resctrl;    /* resctrl group made for it, NULL if none */
	const char *monitored;  /* resctrl group that holds its monitoring group, NULL if none */
	const char *rdt_class;  /* resctrl group that it is in, whoever made it; NULL: the root's */
	uint32_t namespaces;    /* CLONE_NEW* that are not the runtime's own */
	const char *oci_version;
	const struct pair *annotations;
	size_t annotation_count;
	bool terminal;
	bool no_new_keyring;    /* exec keeps the caller's too */
	bool no_poststop;       /* its config has no such hooks: delete need not read it */
	struct reached {        /* limits that were met, of a stopped one; not stored */
		uint64_t oom_kills, memory_limit;
		uint64_t refused_forks, pids_limit;
		bool known; /* by its cgroup, which was still there */
	} reached;
	enum status saved;      /* of the last STATE step */
	enum status found;      /* what container_look() found it doing; not stored */
	/* open handles: -1 in CONTAINER_NONE */
	int dir;                /* the state directory, O_DIRECTORY */
	bool locked;            /* dir holds the flock */
	int pidfd;              /* of its process, when container_look() found it alive */
};

#define CONTAINER_NONE { .dir = -1, .pidfd = -1 } /* container_close() accepts it */

/* Ids: [A-Za-z0-9_+.-]{1,1024}, not "." or "..". */
int container_id_check(const char *id, struct err *e);

/* Opens ROOT (makes it, 0700, when make is set). The fd is the context's. Without make an absent
 * ROOT is -ENOENT. */
int state_root(struct context *, bool make, int *ret_fd, struct err *e);
/* Makes ROOT/ID and locks it: -EEXIST "container with given ID already exists: ID". */
int container_reserve(struct context *, const char *id, struct container *ret_container,
		      struct err *e);
/* From now on it is not being created any more: takes the sticky bit that the directory has until then. */
int container_made(const struct container *, struct err *e);
/* Opens and reads: -ENOENT "container does not exist: ID", -EBADMSG when state.json is damaged.
 * lock: takes the flock (waits), to be given back by container_unlock() or container_close(). */
int container_load(struct context *, const char *id, bool lock, struct container *ret_container,
		   struct err *e);
/* The same in two steps, for a delete that must work whatever state.json holds: container_open()
 * fills id, dir and locked, container_read() the rest (-ENOENT when there is no state.json). */
int container_open(struct context *, const char *id, bool lock, struct container *ret_container,
		   struct err *e);
int container_read(struct context *, struct container *, struct err *e);
/* The flock of an open container if nobody else has it, or 0. */
bool container_lock_now(struct container *);
/* Waits for the flock of an open container: -ENOENT when it was deleted meanwhile. */
int container_lock(struct container *, struct err *e);
void container_unlock(struct container *);
int container_save(const struct container *, struct err *e);
/* Removes ROOT/ID, whatever is in it, state.json last. Absent is success. */
int container_forget(struct context *, const char *id, struct err *e);
void container_close(struct container *);
#define autocontainer __attribute__((cleanup(container_close))) struct container

/* Its unit, or NULL without one. */
struct scope;
const struct scope *container_scope(const struct container *, struct scope *ret_scope);
/* A pidfd of the very process that was stored: >= 0, or -ESRCH when it is gone. */
int container_pidfd(const struct container *, struct err *e);
/* Fills start_time and pidfd_inode of a process that was just made. */
int container_identify(struct container *, pid_t pid, int pidfd, struct err *e);
/* From pidfd, gate and freezer. A container whose creation was cut short before it had a process is
 * stopped. */
int container_status(struct context *, const struct container *, enum status *ret_status,
		     struct err *e);
/* What most commands begin with: container_load(), and what the container is doing, in found, with its pidfd. Of the host only
 * host_probe_cgroup() is done. */
int container_look(struct context *, const char *id, bool lock, struct container *ret_container,
		   struct err *e);
/* -EINVAL "container not running: ID is stopped", for one that was looked at and has no process to speak of. */
int container_must_live(const struct container *, struct err *e);
/* -EOPNOTSUPP "container ID has no cgroup WHAT FOR", and what to do. */
int container_lacks_cgroup(const struct container *, const char *what_for, struct err *e);
/* The config.json saved at create. */
int container_spec(struct context *, const struct container *, const struct spec **ret_spec,
		   struct err *e);
int container_save_config(const struct container *, const char *text, size_t length,
			  struct err *e);

/* Ids of all state directories, sorted. */
int container_ids(struct context *, struct strings *ret_ids, struct err *e);
/* The state document of runtime.md#state as one compact JSON text (for hooks) or indented (for
 * `state`: with rootfs, created, owner, as runc prints). */
void container_document(const struct container *, enum status, bool pretty,
			struct strbuf *ret_json);

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tare-init: executes the init lane of a plan. No libc, no heap, no file-scope variables: all it
 * knows is in one struct init on its first stack page or two, since what it dirties counts against
 * the container's memory limit.
 *
 * Convention: a function that says "fails" returns -1 after fail() has put the call, errno and
 * the object at fault into init.fault; a function that says "-errno" leaves that to its caller.
 */
#pragma once
#include <stddef.h>
#include <stdint.h>

#include "init/kernel.h"
#include "init/text.h"
#include "plan/format.h"

struct init {
	const struct plan_header *plan;
	const struct plan_step *step; /* the one that runs */
	struct plan_span *spans;      /* shared with who asked for --trace; NULL */
	uint32_t index;               /* its number in the lane */
	int sync;                     /* to the host lane; behind GATE, to `start` */
	int state;                    /* memfd with the state document for hooks, -1 */
	int hook_output, hook_error;  /* files of the host for the output of hooks, below 0: ours */
	int root;                     /* root directory of the container, -1: "/" */
	int slots[PLAN_SLOTS_MAX];
	uint32_t attached[PLAN_SLOTS_MAX / 32]; /* slots whose mount is in the tree already */
	uint32_t directories[PLAN_SLOTS_MAX / 32]; /* slots whose mount is a new file system: its root is one */
	int parent;                   /* what path_parent() opened last, of parent_path */
	char parent_path[64];
	uint64_t link_slot;           /* TREE_COPY_SYMLINK: the slot that holds a symlink */
	uint32_t umask;               /* what hooks and the workload get */
	uint32_t uid, gid;            /* of the workload, once PROGRAM or IDS ran */
	uint8_t root_covers;          /* the root is attached on "/" already */
	uint8_t untidy;               /* many descriptors are open that nobody needs */
	uint8_t may_propagate;        /* the old root's mounts may be shared with the host */
	uint8_t is_prepared;          /* by exec_prepare() */
	char *const *argv, *const *envp; /* made by exec_foresee(), like the next */
	const char *path;
	/* What PROGRAM found: the name as it is, or one of the directories of a PATH and the name.
	 */
	const char *program, *program_directory;
	size_t program_directory_length;
	struct report fault;
	char scratch[PATH_SIZE];      /* a path in work; one buffer, so that one page is dirtied */
};

/* report.c: what init says. */
/* Fills the fault: call, -error, and the texts up to NULL as the detail. Returns -1. */
__attribute__((sentinel))
int fail(struct init *, enum plan_call call, long error, ...);
#define FAIL(in, call, error, ...) fail(in, CALL_##call, error, __VA_ARGS__, NULL)
/* The same for a result: r when it is none, with the step's own object as the detail. */
int check(struct init *, enum plan_call call, long r);
#define CHECK(in, call, ...) check(in, CALL_##call, SYS(call, __VA_ARGS__))
/* Sends the fault as this kind; without a detail the step's first text is it. */
void report_fault(struct init *, enum report_kind);
/* Turns the fault into a warning: 0. */
int warn(struct init *);
/* Fail when the host lane is gone; else 0. */
int report(struct init *, enum report_kind, uint32_t number);
int report_fd(struct init *, enum report_kind, int fd);
/* Waits for GO with this number; a descriptor with it is the new state document. Fails. */
int await_go(struct init *, uint32_t number);
/* One message from a socket: its size or -errno; the descriptors that it brought are the caller's, -1 for none. */
enum { RECEIVED_STATE, RECEIVED_TRACE, RECEIVED };
long receive(int socket, struct report *ret_report, int ret_fds[RECEIVED]);
__attribute__((noreturn)) void leave(int status);

/* descriptors.c */
void fd_close(int *fd);
#define autofd __attribute__((cleanup(fd_close))) int
/* -EBADF for an empty slot: the next call says so. */
int slot(const struct init *, uint64_t number);
/* Owns fd from now on; leaves what the slot held. */
void slot_fill(struct init *, uint64_t number, int fd);
void slot_close(struct init *, uint64_t number);
/* The slot is empty; what it held stays open until descriptors_tidy(). */
void slot_leave(struct init *, uint64_t number);
/*
 * What a step opened and needs no more it leaves, instead of one close(2) for each: descriptors_tidy() closes everything that is
 * neither in struct init nor preserved, range by range. The lane calls it before steps that must not find such things (lane.c)
 * and when descriptors_left() has seen a high number; execve closes the rest.
 */
void descriptors_tidy(struct init *);
/* One more that will be left: returns it. */
int descriptors_left(struct init *, int fd);
/* Takes over what was inherited: copies the slots, makes all close-on-exec. Fails. */
int descriptors_take(struct init *);
/* What the workload is to have loses close-on-exec. Fails. */
int descriptors_give(struct init *);

/* trace.c: no system call but for taking the memory. */
/* The spans of the lane from now on, by a descriptor, which is closed; without memory there is no trace. */
void trace_take(struct init *, int fd);
void trace_begin(const struct init *);
void trace_end(const struct init *);

/* lane.c */
/* Runs the lane; ends the process when it fails. */
__attribute__((noreturn)) void lane_run(struct init *);
const char *step_text(const struct init *, uint64_t offset); /* NULL for 0 */
uint32_t list_count(const struct init *, uint64_t list);
const char *list_item(const struct init *, uint64_t list, uint32_t index);
const void *blob(const struct init *, uint64_t argument, size_t *ret_length);
/* The first text among a step's arguments, or "". */
const char *step_object(const struct init *);

/* path.c: nothing below the root is reached but by these. */
/* openat2() of path with the container's root as "/": descriptor or -errno. */
int path_open(struct init *, const char *path, uint64_t flags, uint64_t resolve);
/* openat2() of one component below dir, never through a symlink: descriptor or -errno. */
int name_open(int dir, const char *name, uint64_t flags);
struct making {
	uint32_t mode;    /* of the last component */
	uint8_t file;     /* it is a file, not a directory */
	uint64_t flags;   /* how it is opened */
	uint64_t resolve;
};
/* Where path_open() said ENOENT: makes what is missing, parents with 0755, and opens. Fails. */
int path_make(struct init *, const char *path, const struct making *);
/* The directory that is to hold path's last component, which is copied; made when missing. It is
 * kept open for the next, until parent_forget(). Fails. */
int path_parent(struct init *, const char *path, char ret_name[256]);
void parent_forget(struct init *);

/* mount.c */
/* Puts the mount of a slot on target: itself the first time, then copies. Fails. */
int slot_attach(struct init *, uint64_t number, int target);
int is_attached(const struct init *, uint64_t number);
/* filesystem.c */
/* A detached procfs of this pid namespace. Fails. */
int procfs_make(struct init *);
/* procfs.c */
/* One write of text into file below the procfs. Fails. */
int procfs_write(struct init *, int procfs, const char *file, const char *text);
/* root.c */
enum { FLAG_REC = 0x4000, FLAG_SLAVE = 1 << 19, FLAG_PRIVATE = 1 << 18 }; /* MS_* of libc */
/* Fails. */
int open_directory(struct init *, int dir, const char *path);
/* From a directory, which is closed, up to the root of the mount it lies on. Fails. */
int mount_root_of(struct init *, int start);
/* ns.c */
/* A change of ids may have made the process dumpable again. */
void hide(void);

/* user.c: acts as the workload's user where only the kernel can tell what that may reach. */
void user_enter(uint32_t uid, uint32_t gid);
void user_leave(uint32_t uid, uint32_t gid);

/* program.c: the path of what PROGRAM found. */
void program_path(const struct init *, struct line *ret_path);
/* exec.c */
/* Both are for the step EXEC, which may be one to come: a filter might deny what they take. Fail. */
/* What the program is given: its path, arguments and environment with HOME, and the umask. */
int exec_foresee(struct init *, const struct plan_step *);
/* That, unless it was done, and all else ahead of execve itself: nothing may come between. */
int exec_prepare(struct init *, const struct plan_step *);
/* home.c: "HOME=dir" of the user from the container's /etc/passwd; "HOME=/" without an entry. */
void home_find(struct init *, uint32_t uid, char *ret_text, size_t size);
/* explain.c: fails with why execve refused the program at path. */
int exec_explain(struct init *, const char *path, long error);

/* One function for each opcode of the lane, run_OPCODE(). */
#define DECLARE_LANE_HOST(op)
#define DECLARE_LANE_INIT(op) int run_##op(struct init *, const uint64_t *arg);
#define DECLARE_LANE_BOTH(op) DECLARE_LANE_INIT(op)
#define X(op, name, lane, ...) DECLARE_##lane(op)
PLAN_OPS(X)
#undef X

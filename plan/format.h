/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The plan buffer: what tare hands to tare-init. Included by both, so nothing
 * here may need libc.
 *
 * A plan is one contiguous block, position-independent: every reference is an
 * offset from its start, every string ends in NUL. tare-init maps it read-only.
 *
 *   struct plan_header | strings, lists and blobs
 *                      | struct plan_step[] (host lane, then init lane) | int32_t slots[]
 *
 * Two lanes, host (in tare) and init (in tare-init), meet at SYNC steps: each
 * has a number and a direction; one lane posts, the other waits. plan_check()
 * proves that both lanes list the same SYNCs in the same order.
 *
 * Slots are file descriptors by number. A step's RET_SLOT argument is filled by
 * the step, its SLOT argument must have been filled before; "given" slots
 * are filled by the host lane before CLONE and inherited by tare-init. A lane may fill a slot
 * of its own again: what it held is closed then, so a hundred mounts need two slots.
 */
#pragma once
#include <stdint.h>

#define PLAN_MAGIC 0x65726174u /* "tare" */
enum { PLAN_ARGS = 6, PLAN_SLOTS_MAX = 256 };

/* What an argument means: how it is printed, checked and read.
 * In arg[]: S and L are offsets; B is length << 32 | offset; the rest are values. */
enum plan_arg {
	A_NONE,
	A_STR,   /* offset of a string, 0 = none */
	A_LIST,  /* offset of uint32_t count, then count offsets of strings; 0 = none */
	A_BLOB,  /* length << 32 | offset of bytes, 8-aligned */
	A_SLOT,  /* a slot that was filled before; PLAN_NO_SLOT = none */
	A_RET,   /* a slot this step fills */
	A_INT,   /* int64_t */
	A_UINT,  /* uint64_t */
	A_HEX,   /* uint64_t: flags */
	A_OCT,   /* a file mode */
	A_DIR,   /* SYNC's direction, enum plan_direction */
};
#define PLAN_NO_SLOT UINT64_MAX

enum plan_lane { LANE_HOST = 1, LANE_INIT = 2, LANE_BOTH = 3 };
enum plan_direction { INIT_TO_HOST, HOST_TO_INIT };

struct plan_header {
	uint32_t magic, version;
	uint32_t size;                    /* of the whole block */
	uint32_t steps;                   /* offset of the first step */
	uint32_t host_count, init_count;  /* host steps come first */
	uint32_t slots, slot_count;       /* offset of int32_t[], -1 = empty */
	int32_t sync_fd;                  /* set by launch just before CLONE */
	uint32_t preserve_fds;            /* descriptors 3..3+n-1 go to the workload */
	uint32_t gate;                    /* PLAN_GATE of the build that made it */
	int32_t trace_fd;                 /* struct plan_span for each init step; 0: none wanted */
	uint32_t reserved[2];
	uint64_t ignored_signals;         /* bit n - 1: signal n; set by launch just before CLONE */
};

struct plan_step {
	uint16_t op;     /* enum plan_op */
	uint16_t flags;  /* enum plan_step_flag */
	uint32_t why;    /* offset of "/mounts/3 (destination /dev/shm)" */
	uint64_t arg[PLAN_ARGS];
};
/* When an init step began and ended, in ticks of the processor: tare-init writes them for --trace into memory that it shares
 * with tare. 0: it was not reached, or did not end. No system call, for a filter may be in force, and no clock, for a time
 * namespace has others. */
struct plan_span {
	uint64_t begin, end;
};
enum plan_step_flag {
	STEP_OPTIONAL = 1, /* a failure is a warning: reported, then the lane goes on */
	STEP_ELSE = 2,     /* init lane: where it is not permitted (EPERM), which is a warning, the next
			      step is done in its stead; else that one is passed over */
};

/*
 * One list drives the enum, the names and the argument tables. A row:
 *   X(OP, "name", lane, "names of the arguments", {kinds of the arguments})
 * What each step does is written in HACKING.md's opcode table and above its
 * function in init/ or runtime/.
 */
#define PLAN_OPS(X) \
	/* both lanes */ \
	X(SYNC, "sync", LANE_BOTH, "number direction", A_UINT, A_DIR) \
	/* host lane: before CLONE */ \
	X(STATE, "state", LANE_HOST, "status", A_STR) \
	X(CGROUP, "cgroup", LANE_HOST, "path controllers", A_STR, A_LIST) \
	X(SCOPE, "scope", LANE_HOST, "path unit user properties controllers", A_STR, A_STR, A_UINT, A_LIST, A_LIST) \
	X(CGROUP_USAGE, "cgroup-usage", LANE_HOST, "bytes", A_UINT) \
	X(CGROUP_WRITE, "cgroup-write", LANE_HOST, "file value", A_STR, A_STR) \
	X(CGROUP_DEVICES, "cgroup-devices", LANE_HOST, "program rules", A_BLOB, A_LIST) \
	X(CGROUP_OWN, "cgroup-own", LANE_HOST, "uid", A_UINT) \
	X(OPEN, "open", LANE_HOST, "path flags ret", A_STR, A_HEX, A_RET) \
	X(OPEN_NS, "open-ns", LANE_HOST, "path type ret", A_STR, A_HEX, A_RET) \
	X(OPEN_GATE, "open-gate", LANE_HOST, "ret", A_RET) \
	X(OPEN_INIT, "open-init", LANE_HOST, "ret", A_RET) \
	X(TIME_OFFSETS, "time-offsets", LANE_HOST, "text", A_STR) \
	X(HOST_AFFINITY, "host-affinity", LANE_HOST, "mask", A_BLOB) \
	X(USERNS, "userns", LANE_HOST, "uid-map gid-map ret", A_STR, A_STR, A_RET) \
	X(HOST_TREE, "host-tree", LANE_HOST, "source flags ret", A_STR, A_HEX, A_RET) \
	X(HOST_ROOT, "host-root", LANE_HOST, "path place propagation ret", A_STR, A_STR, A_HEX, A_RET) \
	X(HOST_FS, "host-fs", LANE_HOST, "type source options attr ret", A_STR, A_STR, A_LIST, A_HEX, A_RET) \
	X(HOST_IDMAP, "host-idmap", LANE_HOST, "mount userns recursive", A_SLOT, A_SLOT, A_UINT) \
	X(RESCTRL, "resctrl", LANE_HOST, "group schemata must-exist monitor", A_STR, A_LIST, A_UINT, A_STR) \
	X(OOM_SCORE, "oom-score", LANE_HOST, "adj", A_STR) \
	X(CLONE, "clone", LANE_HOST, "flags", A_HEX) \
	/* host lane: behind CLONE */ \
	X(SCOPE_RELEASE, "scope-release", LANE_HOST, "") \
	X(FORKED, "forked", LANE_HOST, "") \
	X(ID_MAP, "id-map", LANE_HOST, "file mappings", A_STR, A_STR) \
	X(HOST_HOOK, "hook", LANE_HOST, "kind path argv env timeout", A_STR, A_STR, A_LIST, A_LIST, A_INT) \
	X(RELEASE, "release", LANE_HOST, "") \
	X(NET_DEVICE, "net-device", LANE_HOST, "host-name name", A_STR, A_STR) \
	X(HOST_PROC, "host-proc", LANE_HOST, "file text", A_STR, A_STR) \
	X(RESCTRL_JOIN, "resctrl-join", LANE_HOST, "group monitor", A_STR, A_STR) \
	X(MADE, "made", LANE_HOST, "") \
	X(HOST_RLIMIT, "host-rlimit", LANE_HOST, "resource soft hard", A_UINT, A_UINT, A_UINT) \
	X(HOST_SCHEDULER, "host-scheduler", LANE_HOST, "attr", A_BLOB) \
	X(HOST_IO_PRIORITY, "host-io-priority", LANE_HOST, "value", A_HEX) \
	X(TAKE_CONSOLE, "take-console", LANE_HOST, "") \
	X(TAKE_LISTENER, "take-listener", LANE_HOST, "path metadata", A_STR, A_STR) \
	/* init lane: namespaces and identity inside them */ \
	X(SETNS, "setns", LANE_INIT, "ns type", A_SLOT, A_HEX) \
	X(UNSHARE, "unshare", LANE_INIT, "flags", A_HEX) \
	X(FORK, "fork", LANE_INIT, "flags", A_HEX) \
	X(NS_ROOT, "ns-root", LANE_INIT, "uid gid setgroups", A_UINT, A_UINT, A_UINT) \
	X(CLOCKS, "clocks", LANE_INIT, "offsets", A_STR) \
	X(HOSTNAME, "hostname", LANE_INIT, "name", A_STR) \
	X(DOMAINNAME, "domainname", LANE_INIT, "name", A_STR) \
	X(LOOPBACK_UP, "loopback-up", LANE_INIT, "") \
	X(KEYRING, "keyring", LANE_INIT, "name label", A_STR, A_STR) \
	/* init lane: mounts. "root" is the slot of the rootfs mount. */ \
	X(OWN_ROOT, "own-root", LANE_INIT, "kind", A_UINT) \
	X(PROPAGATION, "propagation", LANE_INIT, "path flags", A_STR, A_HEX) \
	X(ROOT, "root", LANE_INIT, "path recursive ret", A_STR, A_UINT, A_RET) \
	X(ROOT_HELD, "root-held", LANE_INIT, "mount", A_SLOT) \
	X(ROOT_PARENT_PRIVATE, "root-parent-private", LANE_INIT, "path", A_STR) \
	X(ROOT_GIVEN, "root-given", LANE_INIT, "mount ret", A_SLOT, A_RET) \
	X(FS, "fs", LANE_INIT, "type source options attr ret", A_STR, A_STR, A_LIST, A_HEX, A_RET) \
	X(RECONFIGURE, "reconfigure", LANE_INIT, "mount options", A_SLOT, A_LIST) \
	X(TREE, "tree", LANE_INIT, "source flags ret", A_STR, A_HEX, A_RET) \
	X(TREE_FD, "tree-fd", LANE_INIT, "from flags ret", A_SLOT, A_HEX, A_RET) \
	X(LINK_GIVEN, "link-given", LANE_INIT, "mount", A_SLOT) \
	X(IS_DEVICE, "is-device", LANE_INIT, "mount mode device", A_SLOT, A_OCT, A_HEX) \
	X(ATTR, "attr", LANE_INIT, "mount set clear propagation recursive userns", A_SLOT, A_HEX, A_HEX, A_HEX, A_UINT, A_SLOT) \
	X(LABEL, "label", LANE_INIT, "mount context", A_SLOT, A_STR) \
	X(TARGET, "target", LANE_INIT, "path like mode flags ret", A_STR, A_SLOT, A_OCT, A_HEX, A_RET) \
	X(ATTACH, "attach", LANE_INIT, "mount target", A_SLOT, A_SLOT) \
	X(COPY_UP, "copy-up", LANE_INIT, "path mount", A_STR, A_SLOT) \
	X(CGROUP_VIEW, "cgroup-view", LANE_INIT, "source ret", A_STR, A_RET) \
	X(MKNOD, "mknod", LANE_INIT, "path mode device uid gid", A_STR, A_OCT, A_HEX, A_UINT, A_UINT) \
	X(SYMLINK, "symlink", LANE_INIT, "target path", A_STR, A_STR) \
	X(PIVOT, "pivot", LANE_INIT, "kind", A_UINT) \
	X(MASK, "mask", LANE_INIT, "path null empty", A_STR, A_SLOT, A_SLOT) \
	X(READONLY, "readonly", LANE_INIT, "path", A_STR) \
	X(UNMOUNT, "unmount", LANE_INIT, "path", A_STR) \
	X(ROOT_PROPAGATION, "root-propagation", LANE_INIT, "flags", A_HEX) \
	X(ROOT_READONLY, "root-readonly", LANE_INIT, "") \
	X(PROCFS, "procfs", LANE_INIT, "ret", A_RET) \
	X(WRITE_PROC, "write-proc", LANE_INIT, "procfs file text", A_SLOT, A_STR, A_STR) \
	/* init lane: the process */ \
	X(SESSION, "session", LANE_INIT, "") \
	X(CONSOLE, "console", LANE_INIT, "height width uid mount", A_UINT, A_UINT, A_UINT, A_UINT) \
	X(RLIMIT, "rlimit", LANE_INIT, "resource soft hard", A_UINT, A_UINT, A_UINT) \
	X(UMASK, "umask", LANE_INIT, "mode", A_OCT) \
	X(PERSONALITY, "personality", LANE_INIT, "domain", A_HEX) \
	X(SCHEDULER, "scheduler", LANE_INIT, "attr", A_BLOB) \
	X(IO_PRIORITY, "io-priority", LANE_INIT, "value", A_HEX) \
	X(AFFINITY, "affinity", LANE_INIT, "mask", A_BLOB) \
	X(MEMORY_POLICY, "memory-policy", LANE_INIT, "mode nodes bits", A_UINT, A_BLOB, A_UINT) \
	X(GROUPS, "groups", LANE_INIT, "gids", A_BLOB) \
	X(CWD, "cwd", LANE_INIT, "path uid gid make", A_STR, A_UINT, A_UINT, A_UINT) \
	X(PROGRAM, "program", LANE_INIT, "name env uid gid", A_STR, A_LIST, A_UINT, A_UINT) \
	X(GATE, "gate", LANE_INIT, "listener", A_SLOT) \
	X(BOUNDING, "bounding", LANE_INIT, "capabilities", A_HEX) \
	X(IDS, "ids", LANE_INIT, "uid gid", A_UINT, A_UINT) \
	X(CAPABILITIES, "capabilities", LANE_INIT, "effective permitted inheritable ambient", A_HEX, A_HEX, A_HEX, A_HEX) \
	X(HOOK, "hook", LANE_INIT, "kind path argv env timeout", A_STR, A_STR, A_LIST, A_LIST, A_INT) \
	X(HOOK_OUTPUT, "hook-output", LANE_INIT, "output error", A_SLOT, A_SLOT) \
	X(NO_NEW_PRIVS, "no-new-privs", LANE_INIT, "") \
	X(SECCOMP, "seccomp", LANE_INIT, "filter flags", A_BLOB, A_HEX) \
	X(EXEC, "exec", LANE_INIT, "argv env home", A_LIST, A_LIST, A_UINT) \
	X(DONE, "done", LANE_INIT, "")

enum plan_op {
#define X(op, ...) OP_##op,
	PLAN_OPS(X)
#undef X
	OP_COUNT
};

/*
 * A tare-init that waits at its gate may be older than the tare that starts it. Two numbers say what has
 * changed, and come from what they are about. PLAN_VERSION: how a plan is read, the sum of all rows by
 * place and shape. PLAN_GATE: what is said at the gate. An edition rises by hand, where a meaning changes
 * and its shape does not.
 */
enum { PLAN_EDITION = 1, PLAN_GATE_EDITION = 1 };
#define PLAN_KINDS(none, a, b, c, d, e, f, ...) \
	((a) | (b) << 4 | (c) << 8 | (d) << 12 | (e) << 16 | (f) << 20)
#define PLAN_SHAPE(op, name, lane, args, ...) \
	+(OP_##op + 1u) * (PLAN_KINDS(0, ##__VA_ARGS__, 0, 0, 0, 0, 0, 0) * 31u + \
			   (lane) * 7u + sizeof name * 131u + sizeof args * 1031u)
#define PLAN_VERSION \
	((uint32_t)(PLAN_EDITION + sizeof(struct plan_header) + \
		    sizeof(struct plan_step) PLAN_OPS(PLAN_SHAPE)))
#define PLAN_GATE ((uint32_t)(sizeof(struct report) << 16 | REPORT_EXEC << 8 | PLAN_GATE_EDITION))
/* What tare-init calls itself while it waits at the gate, in place of the memfd's name or number. */
#define GATE_NAME "tare-init"

/* TARGET flags. */
enum plan_target_flag {
	TARGET_NOFOLLOW = 1,    /* the last component may not be a symlink (dest-nofollow) */
	TARGET_NO_SYMLINKS = 2, /* none at all: proc, sysfs, cgroup (CVE-2019-19921 and kin) */
	TARGET_FILE = 4,        /* a missing one is made as a file, not as a directory */
	TARGET_EXISTS = 8,      /* one that is missing, or no mount, is an error */
	TARGET_GIVE_MODE = 16,  /* the directory found gives its mode to the mount in `like` (tmpfs without mode=) */
};
/* TREE flags, besides AT_RECURSIVE of fcntl.h. */
enum plan_tree_flag {
	TREE_NOFOLLOW = 1 << 20, /* src-nofollow */
	TREE_COPY_SYMLINK = 1 << 21,
};
/* PIVOT and OWN_ROOT kinds. */
enum plan_pivot { PIVOT_ROOT, PIVOT_MOVE, PIVOT_CHROOT };

/* What travels over the sync socket, one SOCK_SEQPACKET message each way. */
enum report_kind {
	REPORT_SYNC = 1, /* init posts: number */
	REPORT_GO,       /* host posts: number, at the gate PLAN_GATE; hooks need SCM_RIGHTS with the state document */
	REPORT_ERROR,    /* init: step, error, call, detail; init ends after it */
	REPORT_WARNING,  /* the same for a STEP_OPTIONAL step, or a note; init goes on */
	REPORT_FD,       /* init: SCM_RIGHTS with one descriptor for the host's TAKE_ step */
	REPORT_PID,      /* init, FORK: SCM_RIGHTS with the pidfd of the process that goes on */
	REPORT_EXEC,     /* init: the next thing is execve; end of file behind it is success */
};
/* Flags of the sendmsg(2) that carries a REPORT_FD: MSG_NOSIGNAL, and MSG_CONFIRM and MSG_PROBE, which mean nothing to a
 * unix socket. A filter that notifies of every call tells that one by them. */
enum { REPORT_FD_FLAGS = 0x4000 | 0x800 | 0x10 };
/* The system call that failed: names for messages, one list. */
#define PLAN_CALLS(X) \
	X(none) X(open) X(openat2) X(read) X(write) X(close) X(mkdirat) X(mknodat) \
	X(symlinkat) X(fchownat) X(fchmod) X(fstat) X(fsopen) X(fsconfig) X(fsmount) X(fspick) \
	X(open_tree) X(move_mount) X(mount_setattr) X(mount) X(umount2) X(pivot_root) \
	X(chroot) X(chdir) X(fchdir) X(getcwd) X(setns) X(unshare) X(clone3) \
	X(sethostname) X(setdomainname) X(ioctl) X(keyctl) X(setsid) X(dup3) \
	X(prlimit64) X(personality) X(sched_setattr) X(ioprio_set) \
	X(sched_setaffinity) X(set_mempolicy) X(setgroups) X(setresuid) \
	X(setresgid) X(prctl) X(capset) X(seccomp) X(execve) X(faccessat2) \
	X(socket) X(accept4) X(recvmsg) X(sendmsg) X(wait4) X(mmap) X(readlinkat) \
	X(statfs) X(ppoll) X(waitid) X(getdents64) X(close_range) X(fchown) \
	X(flistxattr) X(fsetxattr) X(utimensat)
enum plan_call {
#define X(call) CALL_##call,
	PLAN_CALLS(X)
#undef X
	CALL_COUNT
};

struct report {
	uint32_t kind;   /* enum report_kind */
	uint32_t number; /* SYNC and GO: which; ERROR and WARNING: index of the step in the init lane */
	int32_t error;   /* a positive errno */
	uint32_t call;   /* enum plan_call */
	char detail[240]; /* the object, NUL-terminated, may be empty */
};

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the compile functions know besides config.json: the command's request and
 * what was probed of the host. Plain data, so that a plan is a pure function
 * of (spec, request, host).
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/text.h"

enum request_kind { REQUEST_CREATE, REQUEST_RUN, REQUEST_EXEC };
/* What a process that enters a container is to do instead of executing a program. */
enum request_errand { ERRAND_NONE, ERRAND_ADD_MOUNTS, ERRAND_REMOVE_MOUNTS };

struct findings;
struct seccomp_filter;
struct request {
	enum request_kind kind;
	const char *id;
	const char *bundle;         /* absolute */
	const char *rootfs;         /* absolute, root.path resolved against the bundle */
	bool no_pivot, no_new_keyring;
	uint32_t preserve_fds;      /* 3..3+n-1 reach the workload; LISTEN_FDS are counted in */
	struct strings extra_env;   /* appended to process.env: LISTEN_FDS, NOTIFY_SOCKET */
	const struct seccomp_filter *filter; /* compiled earlier; NULL: compile the spec's */
	struct strings unreachable; /* places of host_places() that the container's root has no path to */
	struct findings *findings;  /* all that is wrong is noted there; NULL: the first error ends it */
	const char *notify_dir;     /* host directory to bind on /run/notify, NULL if none */
	const char *host_root;      /* where its root is set up on the host: without a mount namespace */
	/* exec only */
	enum request_errand errand;
	uint32_t join;              /* CLONE_NEW* of the namespaces joined through the pidfd */
	int init_pidfd;             /* of the container's init; -1 in a printed plan */
	const char *cgroup;         /* v2 path of the container's cgroup, or a sub-cgroup */
	const char *rdt_class;      /* resctrl group that the container is in, NULL for none */
	bool rdt_monitored;         /* and it has a monitoring group there */
};

/* Who makes the containers' cgroups. */
enum cgroup_manager { MANAGER_CGROUPFS, MANAGER_SYSTEMD, MANAGER_DISABLED };

struct host {
	bool root;               /* CAP_SYS_ADMIN in the initial user namespace */
	bool in_userns;          /* this process is not in the initial user namespace */
	uid_t uid;
	gid_t gid;               /* effective ids */
	bool groups_denied;      /* its user namespace has no setgroups(2), nor will those below */
	bool confined;           /* by an AppArmor profile; only probed when a process is to have one */
	bool no_terminal_group;  /* its user namespace does not map 5, the gid engines give devpts */
	bool has_terminal;       /* standard input is a terminal: only used for foreground runs */
	uint32_t rows, columns;  /* its size, 0 if none */
	const char *cgroup_mount; /* where cgroup v2 is mounted, NULL if nowhere */
	bool hybrid;             /* v1 controllers are mounted beside it */
	const char *own_cgroup;  /* this process's v2 path, "/" at the root */
	struct strings controllers; /* cgroup.controllers at the v2 root of what we see */
	enum cgroup_manager manager;
	bool user_manager;       /* systemd's manager of the user, not of the system */
	const char *manager_root; /* v2 path of systemd's root slice: "" for the whole tree */
};

/* One of these per concern; runtime/build.c lists them in order. */
struct plan;
struct spec;
struct err;
struct arena;
struct spec_process;
struct compile {
	struct plan *plan;
	struct arena *arena;     /* strings made on the way */
	const struct spec *spec;
	const struct spec_process *process; /* what runs: the spec's, or exec's */
	const struct request *request;
	const struct host *host;
};
/* Appends steps for one concern. 0, or a negative errno with e filled. */
typedef int compile_function(struct compile *, struct err *e);

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What can be done to a container. The commands are thin rows above these, a shim would be
 * another front end. Errors follow runc's wording where engines parse it
 * ("container does not exist", "container not running", "executable file not found in $PATH").
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/text.h"

struct context;
struct recording;
struct err;
struct spec_resources;

struct create_request {
	const char *id, *bundle;          /* bundle: NULL is "." */
	const char *config;               /* NULL: config.json in the bundle */
	const char *console_socket, *pid_file, *pidfd_socket;
	bool no_pivot, no_new_keyring, no_subreaper, detach, keep;
	uint32_t preserve_fds;
	struct recording *recording;      /* NULL: the config's own seccomp profile; runtime/record.h */
};
/* Leaves the container created: tare-init waits at the gate. On failure nothing is left. */
int container_create(struct context *, const struct create_request *, struct err *e);
/* create + start in one. Not detached: waits; *ret_status is the workload's (128+n for a signal)
 * and the container is deleted afterwards unless keep. */
int container_run(struct context *, const struct create_request *, int *ret_status, struct err *e);
int container_start(struct context *, const char *id, struct err *e);

struct exec_request {
	const char *id;
	const char *process_file;         /* a process object; the fields below then come from it */
	struct strings args, env;
	const char *cwd, *user;           /* NULL: as in config.json */
	bool terminal, has_no_new_privs, no_new_privs, detach, ignore_paused;
	struct strings capabilities;      /* added to bounding, effective, permitted, never inheritable */
	struct strings cgroups;           /* sub-cgroups: [controller:]path */
	const uint32_t *additional_gids;
	size_t additional_gid_count;
	const char *apparmor, *process_label;
	const char *console_socket, *pid_file, *pidfd_socket;
	uint32_t preserve_fds;
};
int container_exec(struct context *, const struct exec_request *, int *ret_status, struct err *e);

/* What checkpoint and restore tell CRIU alike. */
struct criu_wishes {
	const char *image_path; /* NULL: "checkpoint" in the current directory */
	const char *work_path;  /* logs, statistics, sockets; NULL: the image's */
	const char *manage_cgroups_mode, *network_lock, *empty_ns; /* as on the command line, NULL none */
	bool tcp_established, tcp_close, ext_unix_sk, shell_job, file_locks, link_remap, auto_dedup,
		lazy_pages;
};

struct checkpoint_request {
	const char *id;
	struct criu_wishes criu;
	const char *parent_path; /* of an earlier pre-dump, relative to the image's */
	const char *page_server; /* ADDRESS:PORT */
	int status_fd;           /* told when lazy pages can be asked for; -1 none */
	bool leave_running, pre_dump, tcp_skip_in_flight;
};
/* Writes an image of the container, which is deleted then unless leave_running or pre_dump. On
 * failure it runs on. */
int container_checkpoint(struct context *, const struct checkpoint_request *, struct err *e);

struct restore_request {
	struct create_request create;
	struct criu_wishes criu;
	const char *lsm_profile, *lsm_mount_context;
};
/* As container_run(), with processes that come from an image. */
int container_restore(struct context *, const struct restore_request *, int *ret_status,
		      struct err *e);

/* signal: "TERM", "SIGTERM", "15", "RTMIN+3". all: every process of the cgroup, which SIGKILL means
 * anyway for a container without a pid namespace of its own. */
int container_kill(struct context *, const char *id, const char *signal, bool all, struct err *e);
int container_delete(struct context *, const char *id, bool force, struct err *e);
int container_pause(struct context *, const char *id, bool pause, struct err *e);
struct update_request {
	const struct spec_resources *resources; /* NULL: those of the cgroup stay */
	struct strings schemata;                /* lines of Intel RDT, for the class it is in */
};
/* Limits of a container that is not stopped: all, or on failure none. */
int container_update(struct context *, const char *id, const struct update_request *,
		     struct err *e);
struct spec;
struct mounts_request {
	const char *id;
	bool remove;             /* else add */
	const struct spec *spec; /* its mounts; removal looks at their destinations only */
};
/* Mounts of a container that is not stopped, in the order given (removal: from the last). What was done ahead of one
 * that fails stays. */
int container_mounts(struct context *, const struct mounts_request *, struct err *e);
/* Names to numbers: 0 or -EINVAL. */
int signal_parse(const char *text, int *ret_signal);

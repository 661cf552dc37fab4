/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Commands and options are rows. Usage texts, shell completion and the check of the man pages come
 * from the same rows that parse the command line.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"

struct context;
struct err;

/* FLAG and CHOICE take "--x", "--x=true", "--x=false"; a CHOICE knows that it was not given. A TEXT
 * that is empty was not given, as with runc; a WORD stays empty, for what must not become the default
 * unnoticed. */
enum option_kind { OPTION_FLAG, OPTION_CHOICE, OPTION_TEXT, OPTION_WORD, OPTION_NUMBER, OPTION_LIST };
enum choice { CHOICE_NONE, CHOICE_NO, CHOICE_YES };

struct option_row {
	const char *name;     /* "bundle", "" for a letter alone; NULL ends a table */
	char letter;          /* 'b', or 0 */
	enum option_kind kind;
	size_t offset;        /* into struct options */
	const char *argument; /* "DIR", "text|json" where only these words count; NULL for a flag */
	const char *help;     /* one line */
	bool hidden;          /* accepted for compatibility, not advertised */
};

/* Every option of every command; a zeroed one means "not given". Lists are arena-owned. */
struct options {
	/* global */
	const char *root, *log, *log_format, *log_level, *cgroup_manager, *rootless;
	bool debug, systemd_cgroup, version, help;
	/* create, run, restore */
	const char *bundle, *config, *console_socket, *pid_file, *pidfd_socket;
	bool no_pivot, no_new_keyring, detach, keep, no_subreaper;
	uint64_t preserve_fds;
	/* checkpoint, restore */
	const char *image_path, *work_path, *parent_path, *page_server, *manage_cgroups_mode,
		*network_lock, *empty_ns, *lsm_profile, *lsm_mount_context;
	bool leave_running, pre_dump, lazy_pages, tcp_established, tcp_skip_in_flight, tcp_close,
		ext_unix_sk, shell_job, file_locks, link_remap, auto_dedup;
	uint64_t status_fd;
	/* exec */
	const char *cwd, *user, *process, *process_label, *apparmor;
	struct strings env, caps, cgroups, additional_gids;
	bool tty, ignore_paused;
	enum choice no_new_privs;
	/* update */
	const char *resources, *blkio_weight, *cpu_period, *cpu_quota, *cpu_share, *cpu_burst,
		*cpu_idle, *cpu_rt_period, *cpu_rt_runtime, *cpuset_cpus, *cpuset_mems, *memory,
		*memory_reservation, *memory_swap, *pids_limit, *kernel_memory, *kernel_memory_tcp,
		*l3_cache_schema, *mem_bw_schema;
	/* events, stats */
	const char *interval;
	bool stats, no_stream, attach;
	/* seccomp */
	const char *merge, *output;
	/* the rest */
	const char *format, *file, *regex_text, *trace, *assume;
	bool all, force, quiet, regex, rootless_spec;
};

struct invocation {
	struct context *context;
	const struct options *options;
	int argc;            /* positional arguments */
	char *const *argv;
};

struct command {
	const char *name;      /* NULL ends the table */
	const char *arguments; /* "CONTAINER [SIGNAL]"; CONTAINER exists, ID is a new one */
	const char *summary;   /* one line */
	const struct option_row *options;
	int least, most;       /* positional arguments; most -1: any number */
	bool stops;            /* options end at the first positional argument: exec */
	bool stateless;        /* needs no state directory: works where none can be known */
	bool hidden;           /* not advertised */
	int failure;           /* the exit status of a failure when it is not 1 */
	/* The exit status, or a negative errno with e filled. */
	int (*run)(struct invocation *, struct err *e);
};
extern const struct command commands[];
extern const struct option_row global_options[];
extern const struct option_row help_option; /* every table has it behind its last row */

/* The command of this name, or NULL. */
const struct command *command_find(const char *name);

/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "runtime/command.h"
#include "runtime/commands/commands.h"

/* clang-format off: a row is read across */
#define CELLS(name, letter, kind, field, argument, help) \
	name, letter, OPTION_##kind, offsetof(struct options, field), argument, help
#define ROW(...) { CELLS(__VA_ARGS__), false }
/* Accepted from callers who know another runtime; no part of what tare promises. */
#define HIDDEN(...) { CELLS(__VA_ARGS__), true }
#define END { .name = NULL }

const struct option_row global_options[] = {
	ROW("root", 0, WORD, root, "DIR",
	    "keep the state of containers in DIR (default: /run/tare for root, else "
	    "$XDG_RUNTIME_DIR/tare)"),
	ROW("log", 0, TEXT, log, "FILE",
	    "append messages to FILE, or to file:FILE, syslog:NAME, journald:NAME"),
	ROW("log-format", 0, TEXT, log_format, "text|json",
	    "form of the lines in the log (default: text)"),
	ROW("log-level", 0, TEXT, log_level, "error|warning|info|debug",
	    "least important messages to log (default: warning)"),
	ROW("debug", 0, FLAG, debug, NULL, "log everything: the same as --log-level=debug"),
	ROW("systemd-cgroup", 0, FLAG, systemd_cgroup, NULL,
	    "the same as --cgroup-manager=systemd"),
	ROW("cgroup-manager", 0, TEXT, cgroup_manager, "cgroupfs|systemd|disabled",
	    "who makes the cgroups of containers (default: cgroupfs)"),
	ROW("rootless", 0, TEXT, rootless, "true|false|auto",
	    "accepted and ignored: tare finds out itself what it may do"),
	ROW("version", 'v', FLAG, version, NULL, "print versions and exit"),
	HIDDEN("", 'V', FLAG, version, NULL, ""),
	END,
};

#define BUNDLE_ROWS \
	ROW("bundle", 'b', TEXT, bundle, "DIR", \
	    "the bundle's directory (default: the current one)"), \
	ROW("config", 'f', TEXT, config, "FILE", \
	    "read FILE instead of config.json of the bundle")
#define OUTPUT_ROWS \
	ROW("console-socket", 0, TEXT, console_socket, "SOCKET", \
	    "unix socket that receives the terminal's master descriptor"), \
	ROW("pid-file", 0, TEXT, pid_file, "FILE", \
	    "write the process id of the new process to FILE"), \
	ROW("pidfd-socket", 0, TEXT, pidfd_socket, "SOCKET", \
	    "unix socket that receives a pidfd of the new process"), \
	ROW("preserve-fds", 0, NUMBER, preserve_fds, "N", \
	    "hand N descriptors behind those of $LISTEN_FDS, counted from 3, to the process")
#define MAKE_ROWS \
	BUNDLE_ROWS, OUTPUT_ROWS, \
	ROW("no-pivot", 0, FLAG, no_pivot, NULL, \
	    "move the root file system instead of pivot_root(2): for roots on a ramdisk"), \
	ROW("no-new-keyring", 0, FLAG, no_new_keyring, NULL, \
	    "keep the caller's session keyring"), \
	ROW("no-subreaper", 0, FLAG, no_subreaper, NULL, \
	    "do not adopt processes that the container leaves behind")
#define TRACE_ROW \
	ROW("trace", 0, TEXT, trace, "FILE", \
	    "write what took how long to FILE, for Perfetto or Chrome's trace viewer")
#define DETACH_ROW \
	ROW("detach", 'd', FLAG, detach, NULL, "return as soon as the process runs")
#define FORMAT_ROW \
	ROW("format", 'f', TEXT, format, "table|json", "form of the output (default: table)")
#define REGEX_ROW \
	ROW("regex", 'r', FLAG, regex, NULL, \
	    "CONTAINER is an extended regular expression: act on every container whose id " \
	    "it matches")

static const struct option_row create_options[] = { MAKE_ROWS, TRACE_ROW, END };
static const struct option_row start_options[] = { TRACE_ROW, END };
static const struct option_row run_options[] = {
	MAKE_ROWS,
	DETACH_ROW,
	ROW("keep", 0, FLAG, keep, NULL,
	    "do not delete the container when its process has ended"),
	TRACE_ROW,
	END,
};
#define CRIU_ROWS(verb) \
	ROW("image-path", 0, TEXT, image_path, "DIR", \
	    "directory of the image (default: checkpoint)"), \
	ROW("work-path", 0, TEXT, work_path, "DIR", \
	    "directory of logs and statistics (default: that of the image)"), \
	ROW("tcp-established", 0, FLAG, tcp_established, NULL, verb " open TCP connections"), \
	ROW("tcp-close", 0, FLAG, tcp_close, NULL, "close TCP connections in the restored container"), \
	ROW("ext-unix-sk", 0, FLAG, ext_unix_sk, NULL, \
	    "allow unix sockets whose other end is outside"), \
	ROW("shell-job", 0, FLAG, shell_job, NULL, \
	    "allow a terminal that is not the container's own"), \
	ROW("file-locks", 0, FLAG, file_locks, NULL, verb " file locks"), \
	ROW("link-remap", 0, FLAG, link_remap, NULL, verb " files that have been deleted"), \
	ROW("lazy-pages", 0, FLAG, lazy_pages, NULL, "move memory when it is asked for"), \
	ROW("auto-dedup", 0, FLAG, auto_dedup, NULL, \
	    "drop what is in a later image, too, from the parent images"), \
	ROW("empty-ns", 0, TEXT, empty_ns, "network", \
	    "leave what is in the network namespace to hooks"), \
	ROW("network-lock", 0, TEXT, network_lock, "iptables|nftables|skip", \
	    "how packets are kept away meanwhile (default: iptables)")
#define CGROUPS_MODE_ROW(standard) \
	ROW("manage-cgroups-mode", 0, TEXT, manage_cgroups_mode, "soft|full|strict|ignore", \
	    "what CRIU does about cgroups (default: " standard ")")
static const struct option_row checkpoint_options[] = {
	CRIU_ROWS("keep"),
	CGROUPS_MODE_ROW("soft"),
	ROW("leave-running", 0, FLAG, leave_running, NULL, "let the container run on"),
	ROW("pre-dump", 0, FLAG, pre_dump, NULL,
	    "write only the memory, and let the container run on"),
	ROW("parent-path", 0, TEXT, parent_path, "DIR",
	    "directory, relative to the image's, of a pre-dump to build upon"),
	ROW("page-server", 0, TEXT, page_server, "ADDRESS:PORT",
	    "send the memory to a page server; with --lazy-pages be one"),
	ROW("status-fd", 0, NUMBER, status_fd, "N",
	    "write a zero byte to descriptor N when lazy pages can be asked for"),
	ROW("tcp-skip-in-flight", 0, FLAG, tcp_skip_in_flight, NULL,
	    "leave TCP connections out that are not complete yet"),
	END,
};
static const struct option_row restore_options[] = {
	BUNDLE_ROWS,
	CRIU_ROWS("restore"),
	CGROUPS_MODE_ROW("ignore"),
	DETACH_ROW,
	ROW("console-socket", 0, TEXT, console_socket, "SOCKET",
	    "unix socket that receives the terminal's master descriptor"),
	ROW("pid-file", 0, TEXT, pid_file, "FILE",
	    "write the process id of the restored process to FILE"),
	ROW("pidfd-socket", 0, TEXT, pidfd_socket, "SOCKET",
	    "unix socket that receives a pidfd of the restored process"),
	ROW("keep", 0, FLAG, keep, NULL, "do not delete the container when its process has ended"),
	ROW("no-pivot", 0, FLAG, no_pivot, NULL, "accepted and ignored: CRIU makes the root"),
	ROW("no-new-keyring", 0, FLAG, no_new_keyring, NULL,
	    "accepted and ignored: CRIU restores no keyrings"),
	ROW("no-subreaper", 0, FLAG, no_subreaper, NULL,
	    "do not adopt processes that the container leaves behind"),
	ROW("lsm-profile", 0, TEXT, lsm_profile, "TYPE:NAME",
	    "AppArmor profile or SELinux label in place of that in the image"),
	ROW("lsm-mount-context", 0, TEXT, lsm_mount_context, "CONTEXT",
	    "SELinux context of mounts in place of that in the image"),
	END,
};
static const struct option_row exec_options[] = {
	ROW("process", 'p', TEXT, process, "FILE",
	    "run the process object in FILE; what else describes a process does not count then"),
	ROW("cwd", 0, TEXT, cwd, "DIR", "working directory in the container"),
	ROW("env", 'e', LIST, env, "NAME=VALUE", "set an environment variable; may be repeated"),
	ROW("tty", 't', FLAG, tty, NULL, "give the process a terminal"),
	ROW("user", 'u', WORD, user, "UID[:GID]", "numeric user and group to run as"),
	ROW("additional-gids", 'g', LIST, additional_gids, "GID",
	    "add a supplementary group; may be repeated"),
	ROW("cap", 'c', LIST, caps, "CAP", "add a capability; may be repeated"),
	ROW("no-new-privs", 0, CHOICE, no_new_privs, NULL,
	    "forbid the process to gain privileges"),
	ROW("apparmor", 0, TEXT, apparmor, "PROFILE", "AppArmor profile of the process"),
	ROW("process-label", 0, TEXT, process_label, "LABEL", "SELinux label of the process"),
	ROW("cgroup", 0, LIST, cgroups, "[CONTROLLER:]PATH",
	    "run in this sub-cgroup of the container's cgroup; may be repeated"),
	ROW("ignore-paused", 0, FLAG, ignore_paused, NULL, "run in a paused container too"),
	DETACH_ROW,
	OUTPUT_ROWS,
	TRACE_ROW,
	END,
};
static const struct option_row kill_options[] = {
	HIDDEN("all", 'a', FLAG, all, NULL, "send the signal to every process"),
	REGEX_ROW,
	END,
};
static const struct option_row delete_options[] = {
	ROW("force", 'f', FLAG, force, NULL,
	    "kill what still runs and clean up whatever is left; an absent container is fine"),
	REGEX_ROW,
	END,
};
static const struct option_row list_options[] = {
	FORMAT_ROW,
	ROW("quiet", 'q', FLAG, quiet, NULL, "print ids only"),
	END,
};
static const struct option_row ps_options[] = { FORMAT_ROW, END };
static const struct option_row update_options[] = {
	ROW("resources", 'r', TEXT, resources, "FILE",
	    "read the limits from FILE, a resources object as in config.json; - is standard input"),
	ROW("memory", 0, TEXT, memory, "BYTES", "memory limit; -1 is none"),
	ROW("memory-reservation", 0, TEXT, memory_reservation, "BYTES",
	    "memory that is protected from reclaim"),
	ROW("memory-swap", 0, TEXT, memory_swap, "BYTES",
	    "limit of memory and swap together; -1 is none"),
	ROW("pids-limit", 0, WORD, pids_limit, "NUMBER", "most processes; -1 is any number"),
	ROW("cpu-share", 0, TEXT, cpu_share, "NUMBER", "share of the CPUs, 2 to 262144"),
	ROW("cpu-quota", 0, TEXT, cpu_quota, "USECS", "CPU time in a period; -1 is any"),
	ROW("cpu-period", 0, TEXT, cpu_period, "USECS", "length of a period"),
	ROW("cpu-burst", 0, TEXT, cpu_burst, "USECS",
	    "CPU time left over that may be added to later periods"),
	ROW("cpu-idle", 0, TEXT, cpu_idle, "0|1", "1: run only when nobody else wants to"),
	ROW("cpuset-cpus", 0, TEXT, cpuset_cpus, "LIST", "CPUs to run on"),
	ROW("cpuset-mems", 0, TEXT, cpuset_mems, "LIST", "memory nodes to use"),
	ROW("blkio-weight", 0, WORD, blkio_weight, "NUMBER", "share of disks, 10 to 1000"),
	ROW("cpu-rt-period", 0, TEXT, cpu_rt_period, "USECS",
	    "length of a real-time period; cgroup v2 has none and refuses"),
	ROW("cpu-rt-runtime", 0, TEXT, cpu_rt_runtime, "USECS",
	    "real-time CPU time in a period; cgroup v2 has none and refuses"),
	ROW("l3-cache-schema", 0, TEXT, l3_cache_schema, "SCHEMA",
	    "Intel RDT cache allocation of the container's class of service"),
	ROW("mem-bw-schema", 0, TEXT, mem_bw_schema, "SCHEMA",
	    "Intel RDT memory bandwidth of the container's class of service"),
	HIDDEN("kernel-memory", 0, TEXT, kernel_memory, "BYTES", ""),
	HIDDEN("kernel-memory-tcp", 0, TEXT, kernel_memory_tcp, "BYTES", ""),
	END,
};
#define INTERVAL_ROW(standard) \
	ROW("interval", 0, WORD, interval, "DURATION", \
	    "time between two samples (default: " standard ")")
static const struct option_row events_options[] = {
	INTERVAL_ROW("5s"),
	ROW("stats", 0, FLAG, stats, NULL, "print one sample and exit"),
	END,
};
static const struct option_row stats_options[] = {
	ROW("format", 'f', TEXT, format, "table|json|openmetrics",
	    "form of the output (default: table on a terminal, else json)"),
	INTERVAL_ROW("1s"),
	ROW("no-stream", 0, FLAG, no_stream, NULL, "print one sample and exit"),
	END,
};
static const struct option_row no_options[] = { END };
static const struct option_row spec_options[] = {
	ROW("bundle", 'b', TEXT, bundle, "DIR",
	    "write config.json in DIR (default: the current directory)"),
	ROW("file", 'f', TEXT, file, "FILE", "write FILE instead; - is standard output"),
	ROW("rootless", 0, FLAG, rootless_spec, NULL,
	    "for a container that is run without privileges"),
	END,
};
static const struct option_row plan_options[] = {
	BUNDLE_ROWS,
	ROW("format", 0, TEXT, format, "text|json", "form of the output (default: text)"),
	ROW("assume", 0, TEXT, assume, "FACT[,FACT]...",
	    "do not look at the host but take it to be so: root, rootless, userns, unified, "
	    "hybrid, terminal, confined"),
	END,
};
static const struct option_row validate_options[] = { BUNDLE_ROWS, END };
static const struct option_row seccomp_options[] = {
	BUNDLE_ROWS,
	ROW("output", 'o', TEXT, output, "FILE",
	    "record: write the profile to FILE (default: standard output)"),
	ROW("attach", 0, FLAG, attach, NULL,
	    "record: watch a container that is there, instead of running one"),
	ROW("merge", 0, TEXT, merge, "FILE",
	    "record: write the profile in FILE with what it lacks added"),
	END,
};

const struct command commands[] = {
	{ "create", "ID", "make a container from a bundle, without starting its program",
	  create_options, 1, 1, .run = command_create },
	{ "start", "CONTAINER", "start the program of a created container",
	  start_options, 1, 1, .run = command_start },
	{ "run", "ID", "create a container and start its program",
	  run_options, 1, 1, .run = command_run },
	{ "exec", "CONTAINER [PROGRAM [ARGUMENT]...]", "run another process in a container",
	  exec_options, 1, -1, .stops = true, .failure = 255, .run = command_exec },
	{ "state", "CONTAINER", "print the state of a container",
	  no_options, 1, 1, .run = command_state },
	{ "list", "", "list the containers",
	  list_options, 0, 0, .run = command_list },
	{ "ps", "CONTAINER [PS-OPTION]...", "list the processes of a container",
	  ps_options, 1, -1, .stops = true, .run = command_ps },
	{ "kill", "CONTAINER [SIGNAL]", "send a signal to a container, TERM by default",
	  kill_options, 1, 2, .run = command_kill },
	{ "pause", "CONTAINER", "freeze all processes of a container",
	  no_options, 1, 1, .run = command_pause },
	{ "resume", "CONTAINER", "thaw a paused container",
	  no_options, 1, 1, .run = command_resume },
	{ "update", "CONTAINER", "change the limits of a container",
	  update_options, 1, 1, .run = command_update },
	{ "mounts", "add|remove CONTAINER FILE", "change the mounts of a running container",
	  no_options, 3, 3, .run = command_mounts },
	{ "events", "CONTAINER", "print what a container uses, and its OOM kills",
	  events_options, 1, 1, .run = command_events },
	{ "stats", "[CONTAINER]...", "show what containers use",
	  stats_options, 0, -1, .run = command_stats },
	{ "delete", "CONTAINER", "remove a stopped container",
	  delete_options, 1, 1, .run = command_delete },
	{ "checkpoint", "CONTAINER", "write an image of a running container, with CRIU",
	  checkpoint_options, 1, 1, .run = command_checkpoint },
	{ "restore", "ID", "make a container from an image and a bundle, with CRIU",
	  restore_options, 1, 1, .run = command_restore },
	{ "spec", "", "write a config.json to begin with",
	  spec_options, 0, 0, .stateless = true, .run = command_spec },
	{ "validate", "", "print every problem of a config.json",
	  validate_options, 0, 0, .stateless = true, .run = command_validate },
	{ "plan", "", "print the steps that a bundle compiles to",
	  plan_options, 0, 0, .stateless = true, .run = command_plan },
	{ "seccomp", "explain|record ARGUMENT...", "explain a seccomp profile, or record one from a run",
	  seccomp_options, 2, -1, .run = command_seccomp },
	{ "features", "", "print what this runtime can do",
	  no_options, 0, 0, .stateless = true, .run = command_features },
	{ "completion", "bash", "print a completion script",
	  no_options, 1, 1, .stateless = true, .hidden = true, .run = command_completion },
	{ .name = NULL },
};
/* clang-format on */

const struct command *command_find(const char *name)
{
	for (const struct command *command = commands; command->name; command++)
		if (strcmp(command->name, name) == 0)
			return command;
	return NULL;
}

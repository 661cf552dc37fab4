/* SPDX-License-Identifier: Apache-2.0 */
/*
 * config.json as plain structs: every field that runtime-spec 1.3.0 gives a
 * Linux container, in the spec's own words and order (config.md,
 * config-linux.md).
 *
 * Invariant: outside spec/ a struct spec is const. Strings are never NULL where
 * the spec makes the field REQUIRED; an absent optional string is NULL; an
 * absent list has count 0 (items may be NULL); `has_x` says whether x was there.
 * Everything lives in the arena that spec_load() was given.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/text.h"

struct arena;

/* A pair of an object with string values: env-like maps, annotations, sysctl, unified. */
struct pair {
	const char *key, *value;
};
struct pairs {
	const struct pair *items;
	size_t count;
};

struct id_mapping {
	uint32_t container_id, host_id, size;
};
struct id_mappings {
	const struct id_mapping *items;
	size_t count;
};

/* config.md#root */
struct spec_root {
	const char *path;
	bool readonly;
};

/* config.md#mounts. options keeps the text; namespaces/mount_options.h gives it meaning. */
struct spec_mount {
	const char *destination, *type, *source;
	struct strings options;
	struct id_mappings uid_mappings, gid_mappings;
};

/* config.md#posix-platform-user */
struct spec_user {
	uint32_t uid, gid;
	bool has_umask;
	uint32_t umask;
	const uint32_t *additional_gids;
	size_t additional_gid_count;
};

/* Capability sets as bits: bit n is capability n of linux/capability.h. */
struct spec_capabilities {
	bool present;
	uint64_t bounding, effective, inheritable, permitted, ambient;
};

struct spec_rlimit {
	const char *type; /* RLIMIT_... */
	int resource;     /* its number, prlimit(2) */
	uint64_t soft, hard;
};

/* config.md#linux-process: sched_setattr(2) */
struct spec_scheduler {
	bool present;
	uint32_t policy; /* SCHED_... of linux/sched.h */
	int32_t nice, priority;
	uint64_t flags; /* SCHED_FLAG_... */
	uint64_t runtime, deadline, period;
};

struct spec_io_priority {
	bool present;
	uint32_t class; /* IOPRIO_CLASS_... */
	uint32_t priority;
};

struct spec_cpu_affinity {
	const char *initial, *final; /* lists such as "0-3,7", NULL if absent */
};

struct spec_process {
	bool present;
	bool terminal;
	bool has_console_size;
	uint32_t console_height, console_width;
	struct spec_user user;
	struct strings args, env;
	const char *cwd;
	struct spec_capabilities capabilities;
	const struct spec_rlimit *rlimits;
	size_t rlimit_count;
	bool no_new_privileges;
	const char *apparmor_profile, *selinux_label;
	bool has_oom_score_adj;
	int32_t oom_score_adj;
	struct spec_scheduler scheduler;
	struct spec_io_priority io_priority;
	struct spec_cpu_affinity exec_cpu_affinity;
};

/* config.md#posix-platform-hooks; the order is the order they run in. */
enum hook_kind {
	HOOK_PRESTART,
	HOOK_CREATE_RUNTIME,
	HOOK_CREATE_CONTAINER,
	HOOK_START_CONTAINER,
	HOOK_POSTSTART,
	HOOK_POSTSTOP,
	HOOK_KINDS
};
struct spec_hook {
	const char *path;
	struct strings args; /* argv, argv[0] included; count 0 means just path */
	bool has_env;
	struct strings env;
	bool has_timeout;
	uint32_t timeout; /* seconds, > 0 */
};
struct spec_hooks {
	const struct spec_hook *items;
	size_t count;
};

/* config-linux.md#namespaces */
enum ns_kind {
	NS_USER, /* joined first */
	NS_PID,
	NS_NETWORK,
	NS_MOUNT,
	NS_IPC,
	NS_UTS,
	NS_CGROUP,
	NS_TIME,
	NS_KINDS
};
struct spec_namespace {
	bool present;     /* listed in linux.namespaces */
	const char *path; /* NULL: a new one */
	size_t index;     /* its place in the list, for JSON pointers */
};

struct spec_time_offset {
	bool present;
	int64_t secs;
	uint32_t nanosecs;
};

struct spec_device {
	const char *path;
	char type; /* 'c', 'b', 'u' or 'p' */
	int64_t major, minor;
	bool has_file_mode, has_uid, has_gid;
	uint32_t file_mode, uid, gid;
};

struct spec_net_device {
	const char *host_name; /* the key */
	const char *name;      /* in the container; NULL: unchanged */
};

/* config-linux.md#allowed-device-list */
struct spec_device_rule {
	bool allow;
	char type; /* 'a', 'c' or 'b' */
	bool has_major, has_minor;
	int64_t major, minor; /* -1 is "any" too */
	bool read, write, mknod;
};

struct spec_memory {
	bool has_limit, has_reservation, has_swap, has_kernel, has_kernel_tcp,
		has_swappiness, has_disable_oom_killer, has_use_hierarchy,
		has_check_before_update;
	int64_t limit, reservation, swap, kernel, kernel_tcp; /* bytes, -1 unlimited */
	uint64_t swappiness;
	bool disable_oom_killer, use_hierarchy, check_before_update;
};

struct spec_cpu {
	bool has_shares, has_quota, has_burst, has_period, has_realtime_runtime,
		has_realtime_period, has_idle;
	uint64_t shares, burst, period, realtime_period;
	int64_t quota, realtime_runtime, idle;
	const char *cpus, *mems;
};

struct spec_weight_device {
	int64_t major, minor;
	bool has_weight, has_leaf_weight;
	uint16_t weight, leaf_weight;
};
struct spec_throttle_device {
	int64_t major, minor;
	uint64_t rate;
};
struct spec_throttle_devices {
	const struct spec_throttle_device *items;
	size_t count;
};
struct spec_block_io {
	bool present, has_weight, has_leaf_weight;
	uint16_t weight, leaf_weight;
	const struct spec_weight_device *weight_devices;
	size_t weight_device_count;
	struct spec_throttle_devices read_bps, write_bps, read_iops, write_iops;
};

struct spec_hugepage_limit {
	const char *page_size; /* "2MB" */
	uint64_t limit;        /* bytes */
};

struct spec_interface_priority {
	const char *name;
	uint32_t priority;
};

struct spec_rdma {
	const char *device;
	bool has_handles, has_objects;
	uint32_t handles, objects;
};

struct spec_resources {
	bool present;
	const struct spec_device_rule *devices;
	size_t device_count;
	struct spec_memory memory;
	struct spec_cpu cpu;
	bool has_pids_limit;
	int64_t pids_limit; /* 0 is a limit, -1 is max (1.3.0) */
	struct spec_block_io block_io;
	const struct spec_hugepage_limit *hugepage_limits;
	size_t hugepage_limit_count;
	bool has_network_class_id;
	uint32_t network_class_id;
	const struct spec_interface_priority *network_priorities;
	size_t network_priority_count;
	const struct spec_rdma *rdma;
	size_t rdma_count;
	struct pairs unified;
};

/* config-linux.md#seccomp. The names are in spec/names.c, libseccomp's values in seccomp/. */
enum seccomp_action {
	SECCOMP_KILL,         /* SCMP_ACT_KILL: the thread */
	SECCOMP_KILL_PROCESS,
	SECCOMP_KILL_THREAD,
	SECCOMP_TRAP,
	SECCOMP_ERRNO,
	SECCOMP_TRACE,
	SECCOMP_ALLOW,
	SECCOMP_LOG,
	SECCOMP_NOTIFY,
	SECCOMP_ACTIONS
};
enum seccomp_operator {
	SECCOMP_NE, SECCOMP_LT, SECCOMP_LE, SECCOMP_EQ, SECCOMP_GE, SECCOMP_GT,
	SECCOMP_MASKED_EQ,
	SECCOMP_OPERATORS
};
struct spec_seccomp_arg {
	uint32_t index; /* 0..5 */
	uint64_t value, value_two;
	enum seccomp_operator op;
};
struct spec_seccomp_rule {
	struct strings names;
	enum seccomp_action action;
	bool has_errno_ret;
	uint32_t errno_ret;
	const struct spec_seccomp_arg *args;
	size_t arg_count;
};
struct spec_seccomp {
	bool present;
	enum seccomp_action default_action;
	bool has_default_errno_ret;
	uint32_t default_errno_ret;
	struct strings architectures; /* SCMP_ARCH_... */
	struct strings flags;         /* SECCOMP_FILTER_FLAG_... */
	const char *listener_path, *listener_metadata;
	const struct spec_seccomp_rule *rules; /* "syscalls" */
	size_t rule_count;
};

struct spec_intel_rdt {
	bool present;
	const char *clos_id, *l3_cache_schema, *mem_bw_schema;
	struct strings schemata;
	bool enable_monitoring;
};

struct spec_memory_policy {
	bool present;
	uint32_t mode;  /* MPOL_... of linux/mempolicy.h */
	const char *nodes;
	uint32_t flags; /* MPOL_F_... */
};

struct spec_personality {
	bool present;
	uint32_t domain; /* PER_LINUX or PER_LINUX32 */
};

struct spec_linux {
	bool present;
	struct spec_namespace namespaces[NS_KINDS];
	struct id_mappings uid_mappings, gid_mappings;
	struct spec_time_offset boottime, monotonic; /* timeOffsets */
	const struct spec_device *devices;
	size_t device_count;
	const struct spec_net_device *net_devices;
	size_t net_device_count;
	const char *cgroups_path;
	struct spec_resources resources;
	struct spec_intel_rdt intel_rdt;
	struct spec_memory_policy memory_policy;
	struct pairs sysctl;
	struct spec_seccomp seccomp;
	const char *rootfs_propagation;
	struct strings masked_paths, readonly_paths;
	const char *mount_label;
	struct spec_personality personality;
};

/* config.md */
struct spec {
	const char *oci_version;
	struct spec_root root; /* path NULL if the object is absent */
	const struct spec_mount *mounts;
	size_t mount_count;
	struct spec_process process;
	const char *hostname, *domainname;
	struct spec_hooks hooks[HOOK_KINDS];
	struct pairs annotations;
	struct spec_linux linux;
};

/* The value of an annotation, or NULL. */
const char *spec_annotation(const struct spec *, const char *key);
/* The file below /proc/sys that a key of linux.sysctl names. */
char *spec_sysctl_path(struct arena *, const char *key);
/* Whether the container gets a namespace of this kind that is not the runtime's own (new or
 * joined). */
bool spec_has_namespace(const struct spec *, enum ns_kind);
/* Whether it gets a new one. */
bool spec_new_namespace(const struct spec *, enum ns_kind);
/* Whether it joins one by its path. */
bool spec_joined_namespace(const struct spec *, enum ns_kind);

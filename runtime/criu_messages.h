/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The messages of CRIU's RPC (images/rpc.proto) and of its statistics (images/stats.proto) that
 * tare uses, as structs and rows for runtime/wire.h. Numbers of fields never change between
 * versions of CRIU; one that does not know a field passes it over. Data only.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "runtime/wire.h"

enum criu_type {
	CRIU_DUMP = 1,
	CRIU_RESTORE = 2,
	CRIU_PRE_DUMP = 4,
	CRIU_NOTIFY = 6,
	CRIU_FEATURE_CHECK = 9,
	CRIU_VERSION = 10,
};

struct criu_page_server {
	const char *address;
	int64_t port;
};
struct criu_mount {
	const char *key, *value;
};
struct criu_join {
	const char *type, *path;
};
struct criu_inherit {
	const char *key;
	int64_t fd;
};
struct criu_cgroup_root {
	const char *path;
};

struct criu_options {
	int64_t images_dir_fd, work_dir_fd, pid, log_level, network_lock, manage_cgroups_mode,
		empty_ns, status_fd;
	bool leave_running, ext_unix_sk, tcp_established, tcp_skip_in_flight, tcp_close, shell_job,
		file_locks, track_mem, auto_dedup, link_remap, lazy_pages;
	bool notify_scripts, rst_sibling, ext_sharing, ext_masters, orphan_pts_master,
		manage_cgroups;
	const char *log_file, *root, *parent_img, *freeze_cgroup, *config_file, *lsm_profile,
		*lsm_mount_context;
	struct criu_page_server page_server;
	struct wire_list mounts;      /* struct criu_mount */
	struct wire_list inherit;     /* struct criu_inherit */
	struct wire_list join;        /* struct criu_join */
	struct wire_list cgroup_root; /* struct criu_cgroup_root */
	struct wire_list external;    /* texts */
};

struct criu_features {
	bool mem_track, lazy_pages;
};

struct criu_request {
	int64_t type; /* enum criu_type */
	bool notify_success;
	struct criu_options options;
	struct criu_features features;
};
extern const struct wire_field criu_request_fields[];

struct criu_response {
	int64_t type;
	bool success;
	int64_t error; /* errno, 0 when CRIU has none */
	const char *message;
	struct {
		int64_t pid;
	} restore;
	struct {
		const char *script;
		int64_t pid;
	} notify;
	struct {
		int64_t major, minor, sublevel;
	} version;
	struct criu_features features;
};
extern const struct wire_field criu_response_fields[];

/* The file stats-dump or stats-restore that CRIU leaves in the work directory, behind its head. Times in
 * microseconds. */
struct criu_stats {
	struct {
		int64_t freezing_time, frozen_time, memdump_time, pages_scanned,
			pages_skipped_parent, pages_written, pages_lazy;
	} dump;
	struct {
		int64_t restore_time, pages_restored;
	} restore;
};
extern const struct wire_field criu_stats_fields[];

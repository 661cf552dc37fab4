/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/criu_messages.h"

#include <stddef.h>

/* clang-format off: a row is read across */
#define ROW(type, member, name, number, kind) \
	{ name, number, WIRE_##kind, WIRE_OPTIONAL, offsetof(struct type, member), NULL, 0 }
#define SENT(type, member, name, number, kind) \
	{ name, number, WIRE_##kind, WIRE_ALWAYS, offsetof(struct type, member), NULL, 0 }
#define INNER(type, member, name, number, fields) \
	{ name, number, WIRE_MESSAGE, WIRE_OPTIONAL, offsetof(struct type, member), fields, 0 }
#define LIST(type, member, name, number, fields, element) \
	{ name, number, WIRE_MESSAGE, WIRE_REPEATED, offsetof(struct type, member), fields, sizeof(struct element) }
#define TEXTS(type, member, name, number) \
	{ name, number, WIRE_TEXT, WIRE_REPEATED, offsetof(struct type, member), NULL, 0 }
#define END { .name = NULL }

static const struct wire_field page_server_fields[] = {
	ROW(criu_page_server, address, "address", 1, TEXT),
	ROW(criu_page_server, port, "port", 2, NUMBER),
	END,
};
static const struct wire_field mount_fields[] = {
	ROW(criu_mount, key, "key", 1, TEXT),
	ROW(criu_mount, value, "val", 2, TEXT),
	END,
};
static const struct wire_field join_fields[] = {
	ROW(criu_join, type, "ns", 1, TEXT),
	ROW(criu_join, path, "ns_file", 2, TEXT),
	END,
};
static const struct wire_field inherit_fields[] = {
	ROW(criu_inherit, key, "key", 1, TEXT),
	SENT(criu_inherit, fd, "fd", 2, NUMBER),
	END,
};
static const struct wire_field cgroup_root_fields[] = {
	ROW(criu_cgroup_root, path, "path", 2, TEXT),
	END,
};

static const struct wire_field options_fields[] = {
	ROW(criu_options, images_dir_fd, "images_dir_fd", 1, NUMBER),
	ROW(criu_options, pid, "pid", 2, NUMBER),
	ROW(criu_options, leave_running, "leave_running", 3, BOOL),
	ROW(criu_options, ext_unix_sk, "ext_unix_sk", 4, BOOL),
	ROW(criu_options, tcp_established, "tcp_established", 5, BOOL),
	ROW(criu_options, shell_job, "shell_job", 7, BOOL),
	ROW(criu_options, file_locks, "file_locks", 8, BOOL),
	ROW(criu_options, log_level, "log_level", 9, NUMBER),
	ROW(criu_options, log_file, "log_file", 10, TEXT),
	INNER(criu_options, page_server, "ps", 11, page_server_fields),
	ROW(criu_options, notify_scripts, "notify_scripts", 12, BOOL),
	ROW(criu_options, root, "root", 13, TEXT),
	ROW(criu_options, parent_img, "parent_img", 14, TEXT),
	ROW(criu_options, track_mem, "track_mem", 15, BOOL),
	ROW(criu_options, auto_dedup, "auto_dedup", 16, BOOL),
	ROW(criu_options, work_dir_fd, "work_dir_fd", 17, NUMBER),
	ROW(criu_options, link_remap, "link_remap", 18, BOOL),
	LIST(criu_options, mounts, "ext_mnt", 23, mount_fields, criu_mount),
	ROW(criu_options, manage_cgroups, "manage_cgroups", 24, BOOL),
	LIST(criu_options, cgroup_root, "cg_root", 25, cgroup_root_fields, criu_cgroup_root),
	ROW(criu_options, rst_sibling, "rst_sibling", 26, BOOL),
	LIST(criu_options, inherit, "inherit_fd", 27, inherit_fields, criu_inherit),
	ROW(criu_options, ext_sharing, "ext_sharing", 29, BOOL),
	ROW(criu_options, ext_masters, "ext_masters", 30, BOOL),
	SENT(criu_options, manage_cgroups_mode, "manage_cgroups_mode", 34, NUMBER),
	TEXTS(criu_options, external, "external", 37),
	ROW(criu_options, empty_ns, "empty_ns", 38, NUMBER),
	LIST(criu_options, join, "join_ns", 39, join_fields, criu_join),
	ROW(criu_options, freeze_cgroup, "freeze_cgroup", 44, TEXT),
	ROW(criu_options, tcp_skip_in_flight, "tcp_skip_in_flight", 46, BOOL),
	ROW(criu_options, lazy_pages, "lazy_pages", 48, BOOL),
	ROW(criu_options, status_fd, "status_fd", 49, NUMBER),
	ROW(criu_options, orphan_pts_master, "orphan_pts_master", 50, BOOL),
	ROW(criu_options, config_file, "config_file", 51, TEXT),
	ROW(criu_options, tcp_close, "tcp_close", 52, BOOL),
	ROW(criu_options, lsm_profile, "lsm_profile", 53, TEXT),
	ROW(criu_options, lsm_mount_context, "lsm_mount_context", 63, TEXT),
	ROW(criu_options, network_lock, "network_lock", 64, NUMBER),
	END,
};

static const struct wire_field features_fields[] = {
	ROW(criu_features, mem_track, "mem_track", 1, BOOL),
	ROW(criu_features, lazy_pages, "lazy_pages", 2, BOOL),
	END,
};

/* Who asks for a dump or a restore has named a directory; who does not, has no options at all. */
const struct wire_field criu_request_fields[] = {
	SENT(criu_request, type, "type", 1, NUMBER),
	{ "opts", 2, WIRE_MESSAGE, WIRE_OPTIONAL, offsetof(struct criu_request, options),
	  options_fields, 0 },
	ROW(criu_request, notify_success, "notify_success", 3, BOOL),
	INNER(criu_request, features, "features", 5, features_fields),
	END,
};

static const struct wire_field restore_fields[] = {
	ROW(criu_response, restore.pid, "pid", 1, NUMBER),
	END,
};
static const struct wire_field notify_fields[] = {
	ROW(criu_response, notify.script, "script", 1, TEXT),
	ROW(criu_response, notify.pid, "pid", 2, NUMBER),
	END,
};
static const struct wire_field version_fields[] = {
	ROW(criu_response, version.major, "major_number", 1, NUMBER),
	ROW(criu_response, version.minor, "minor_number", 2, NUMBER),
	ROW(criu_response, version.sublevel, "sublevel", 4, NUMBER),
	END,
};
/* Their rows count from the start of the response. */
#define PART(name, number, fields) { name, number, WIRE_MESSAGE, WIRE_OPTIONAL, 0, fields, 0 }
const struct wire_field criu_response_fields[] = {
	SENT(criu_response, type, "type", 1, NUMBER),
	ROW(criu_response, success, "success", 2, BOOL),
	PART("restore", 4, restore_fields),
	PART("notify", 5, notify_fields),
	ROW(criu_response, error, "cr_errno", 7, NUMBER),
	INNER(criu_response, features, "features", 8, features_fields),
	ROW(criu_response, message, "cr_errmsg", 9, TEXT),
	PART("version", 10, version_fields),
	END,
};

static const struct wire_field dump_stats_fields[] = {
	ROW(criu_stats, dump.freezing_time, "freezing_time", 1, NUMBER),
	ROW(criu_stats, dump.frozen_time, "frozen_time", 2, NUMBER),
	ROW(criu_stats, dump.memdump_time, "memdump_time", 3, NUMBER),
	ROW(criu_stats, dump.pages_scanned, "pages_scanned", 5, NUMBER),
	ROW(criu_stats, dump.pages_skipped_parent, "pages_skipped_parent", 6, NUMBER),
	ROW(criu_stats, dump.pages_written, "pages_written", 7, NUMBER),
	ROW(criu_stats, dump.pages_lazy, "pages_lazy", 9, NUMBER),
	END,
};
static const struct wire_field restore_stats_fields[] = {
	ROW(criu_stats, restore.restore_time, "restore_time", 4, NUMBER),
	ROW(criu_stats, restore.pages_restored, "pages_restored", 5, NUMBER),
	END,
};
const struct wire_field criu_stats_fields[] = {
	PART("dump", 1, dump_stats_fields),
	PART("restore", 2, restore_stats_fields),
	END,
};
/* clang-format on */

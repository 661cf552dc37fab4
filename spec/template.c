/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/template.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

/* What both kinds have; the rest is in the rows below. */
static const char common[] =
	"{\"ociVersion\":\"1.3.0\","
	"\"process\":{\"terminal\":true,\"user\":{\"uid\":0,\"gid\":0},\"args\":[\"sh\"],"
	"\"env\":[\"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\","
	"\"TERM=xterm\"],\"cwd\":\"/\",\"capabilities\":{"
	"\"bounding\":[\"CAP_AUDIT_WRITE\",\"CAP_KILL\",\"CAP_NET_BIND_SERVICE\"],"
	"\"effective\":[\"CAP_AUDIT_WRITE\",\"CAP_KILL\",\"CAP_NET_BIND_SERVICE\"],"
	"\"permitted\":[\"CAP_AUDIT_WRITE\",\"CAP_KILL\",\"CAP_NET_BIND_SERVICE\"]},"
	"\"rlimits\":[{\"type\":\"RLIMIT_NOFILE\",\"hard\":1024,\"soft\":1024}],"
	"\"noNewPrivileges\":true},"
	"\"root\":{\"path\":\"rootfs\",\"readonly\":true},\"hostname\":\"tare\",\"mounts\":[],"
	"\"linux\":{\"namespaces\":[],"
	"\"maskedPaths\":[\"/proc/acpi\",\"/proc/asound\",\"/proc/kcore\",\"/proc/keys\","
	"\"/proc/latency_stats\",\"/proc/timer_list\",\"/proc/timer_stats\",\"/proc/sched_debug\","
	"\"/sys/firmware\",\"/proc/scsi\"],"
	"\"readonlyPaths\":[\"/proc/bus\",\"/proc/fs\",\"/proc/irq\",\"/proc/sys\","
	"\"/proc/sysrq-trigger\"]}}";

enum { ROOTED = 1, ROOTLESS = 2, BOTH = 3 };

static const struct mount_row {
	int kinds;
	const char *destination, *type, *source;
	const char *options[8];
} mount_rows[] = {
	{ BOTH, "/proc", "proc", "proc", { "nosuid", "noexec", "nodev" } },
	{ BOTH, "/dev", "tmpfs", "tmpfs", { "nosuid", "strictatime", "mode=755", "size=65536k" } },
	{ ROOTED, "/dev/pts", "devpts", "devpts",
	  { "nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5" } },
	{ ROOTLESS, "/dev/pts", "devpts", "devpts",
	  { "nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620" } },
	{ BOTH, "/dev/shm", "tmpfs", "shm",
	  { "nosuid", "noexec", "nodev", "mode=1777", "size=65536k" } },
	{ BOTH, "/dev/mqueue", "mqueue", "mqueue", { "nosuid", "noexec", "nodev" } },
	{ ROOTED, "/sys", "sysfs", "sysfs", { "nosuid", "noexec", "nodev", "ro" } },
	{ ROOTED, "/sys/fs/cgroup", "cgroup", "cgroup",
	  { "nosuid", "noexec", "nodev", "relatime", "ro" } },
	/* sysfs belongs to the network namespace, which an unprivileged user shares with the host. */
	{ ROOTLESS, "/sys", "none", "/sys", { "rbind", "nosuid", "noexec", "nodev", "ro" } },
};

static const struct namespace_row {
	int kinds;
	const char *type;
} namespace_rows[] = {
	{ BOTH, "pid" }, { ROOTED, "network" }, { BOTH, "ipc" },     { BOTH, "uts" },
	{ BOTH, "mount" }, { BOTH, "cgroup" },  { ROOTLESS, "user" },
};

static json_t *options_json(const struct mount_row *row)
{
	json_t *options = json_array();

	for (size_t i = 0; i < sizeof row->options / sizeof *row->options && row->options[i]; i++)
		json_array_append_new(options, json_string(row->options[i]));
	return options;
}

static void add_mounts(json_t *document, int kind)
{
	json_t *mounts = json_object_get(document, "mounts");

	for (size_t i = 0; i < sizeof mount_rows / sizeof *mount_rows; i++) {
		const struct mount_row *row = &mount_rows[i];

		if (row->kinds & kind)
			json_array_append_new(mounts, json_pack("{s:s, s:s, s:s, s:o}", "destination",
								row->destination, "type", row->type,
								"source", row->source, "options",
								options_json(row)));
	}
}

static void add_namespaces(json_t *linux_object, int kind)
{
	json_t *namespaces = json_object_get(linux_object, "namespaces");

	for (size_t i = 0; i < sizeof namespace_rows / sizeof *namespace_rows; i++)
		if (namespace_rows[i].kinds & kind)
			json_array_append_new(namespaces,
					      json_pack("{s:s}", "type", namespace_rows[i].type));
}

static void add_mapping(json_t *linux_object, const char *key, uint32_t host_id)
{
	json_object_set_new(linux_object, key,
			    json_pack("[{s:i, s:I, s:i}]", "containerID", 0, "hostID",
				      (json_int_t)host_id, "size", 1));
}

void spec_template(bool rootless, uint32_t uid, uint32_t gid, struct strbuf *ret_json)
{
	json_t *document = json_loads(common, 0, NULL);
	json_t *linux_object = json_object_get(document, "linux");
	int kind = rootless ? ROOTLESS : ROOTED;
	char *text;

	add_mounts(document, kind);
	add_namespaces(linux_object, kind);
	if (rootless) {
		add_mapping(linux_object, "uidMappings", uid);
		add_mapping(linux_object, "gidMappings", gid);
	} else {
		json_object_set_new(linux_object, "resources",
				    json_pack("{s:[{s:b, s:s}]}", "devices", "allow", 0, "access",
					      "rwm"));
	}
	text = json_dumps(document, JSON_INDENT(4));
	strbuf_add(ret_json, text);
	strbuf_add(ret_json, "\n");
	free(text);
	json_decref(document);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/template.h"

#include <stddef.h>

#include "base/text.h"

/* clang-format off: the document as it is printed */
static const char process[] =
	"{\n"
	"\t\"ociVersion\": \"1.3.0\",\n"
	"\t\"process\": {\n"
	"\t\t\"terminal\": true,\n"
	"\t\t\"user\": {\n"
	"\t\t\t\"uid\": 0,\n"
	"\t\t\t\"gid\": 0\n"
	"\t\t},\n"
	"\t\t\"args\": [\n"
	"\t\t\t\"sh\"\n"
	"\t\t],\n"
	"\t\t\"env\": [\n"
	"\t\t\t\"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\",\n"
	"\t\t\t\"TERM=xterm\"\n"
	"\t\t],\n"
	"\t\t\"cwd\": \"/\",\n"
	"\t\t\"capabilities\": {\n"
	"\t\t\t\"bounding\": [\n"
	"\t\t\t\t\"CAP_AUDIT_WRITE\",\n"
	"\t\t\t\t\"CAP_KILL\",\n"
	"\t\t\t\t\"CAP_NET_BIND_SERVICE\"\n"
	"\t\t\t],\n"
	"\t\t\t\"effective\": [\n"
	"\t\t\t\t\"CAP_AUDIT_WRITE\",\n"
	"\t\t\t\t\"CAP_KILL\",\n"
	"\t\t\t\t\"CAP_NET_BIND_SERVICE\"\n"
	"\t\t\t],\n"
	"\t\t\t\"permitted\": [\n"
	"\t\t\t\t\"CAP_AUDIT_WRITE\",\n"
	"\t\t\t\t\"CAP_KILL\",\n"
	"\t\t\t\t\"CAP_NET_BIND_SERVICE\"\n"
	"\t\t\t]\n"
	"\t\t},\n"
	"\t\t\"rlimits\": [\n"
	"\t\t\t{\n"
	"\t\t\t\t\"type\": \"RLIMIT_NOFILE\",\n"
	"\t\t\t\t\"hard\": 1024,\n"
	"\t\t\t\t\"soft\": 1024\n"
	"\t\t\t}\n"
	"\t\t],\n"
	"\t\t\"noNewPrivileges\": true\n"
	"\t},\n"
	"\t\"root\": {\n"
	"\t\t\"path\": \"rootfs\",\n"
	"\t\t\"readonly\": true\n"
	"\t},\n"
	"\t\"hostname\": \"tare\",\n";

static const char masks[] =
	"\t\t\"maskedPaths\": [\n"
	"\t\t\t\"/proc/acpi\",\n"
	"\t\t\t\"/proc/asound\",\n"
	"\t\t\t\"/proc/interrupts\",\n"
	"\t\t\t\"/proc/kcore\",\n"
	"\t\t\t\"/proc/keys\",\n"
	"\t\t\t\"/proc/latency_stats\",\n"
	"\t\t\t\"/proc/sched_debug\",\n"
	"\t\t\t\"/proc/scsi\",\n"
	"\t\t\t\"/proc/timer_list\",\n"
	"\t\t\t\"/proc/timer_stats\",\n"
	"\t\t\t\"/sys/devices/virtual/powercap\",\n"
	"\t\t\t\"/sys/firmware\"\n"
	"\t\t],\n"
	"\t\t\"readonlyPaths\": [\n"
	"\t\t\t\"/proc/bus\",\n"
	"\t\t\t\"/proc/fs\",\n"
	"\t\t\t\"/proc/irq\",\n"
	"\t\t\t\"/proc/sys\",\n"
	"\t\t\t\"/proc/sysrq-trigger\"\n"
	"\t\t]\n";
/* clang-format on */

/* A user's container has the host's network, so no sysfs of its own; it has no cgroup to limit and
 * no group 5 to own terminals. */
enum whose { ROOT = 1, ROOTLESS = 2, BOTH = 3 };

struct mount_row {
	enum whose whose;
	const char *destination, *type, *source, *options;
};

static const struct mount_row mounts[] = {
	{ BOTH, "/proc", "proc", "proc", NULL },
	{ BOTH, "/dev", "tmpfs", "tmpfs", "nosuid,strictatime,mode=755,size=65536k" },
	{ ROOT, "/dev/pts", "devpts", "devpts",
	  "nosuid,noexec,newinstance,ptmxmode=0666,mode=0620,gid=5" },
	{ ROOTLESS, "/dev/pts", "devpts", "devpts",
	  "nosuid,noexec,newinstance,ptmxmode=0666,mode=0620" },
	{ BOTH, "/dev/shm", "tmpfs", "shm", "nosuid,noexec,nodev,mode=1777,size=65536k" },
	{ BOTH, "/dev/mqueue", "mqueue", "mqueue", "nosuid,noexec,nodev" },
	{ ROOT, "/sys", "sysfs", "sysfs", "nosuid,noexec,nodev,ro" },
	{ ROOT, "/sys/fs/cgroup", "cgroup", "cgroup", "nosuid,noexec,nodev,relatime,ro" },
	{ ROOTLESS, "/sys", "none", "/sys", "rbind,nosuid,noexec,nodev,rro" },
};

static const struct namespace_row {
	enum whose whose;
	const char *type;
} namespaces[] = {
	{ BOTH, "pid" },   { ROOT, "network" }, { BOTH, "ipc" },
	{ BOTH, "uts" },   { BOTH, "mount" },   { BOTH, "cgroup" },
	{ ROOTLESS, "user" },
};

static void add_options(struct strbuf *out, const char *options)
{
	strbuf_add(out, ",\n\t\t\t\"options\": [\n\t\t\t\t\"");
	for (; *options; options++)
		if (*options == ',')
			strbuf_add(out, "\",\n\t\t\t\t\"");
		else
			strbuf_add_bytes(out, options, 1);
	strbuf_add(out, "\"\n\t\t\t]");
}

static void add_mounts(struct strbuf *out, enum whose whose)
{
	strbuf_add(out, "\t\"mounts\": [");
	for (size_t i = 0; i < sizeof mounts / sizeof *mounts; i++) {
		const struct mount_row *row = &mounts[i];

		if (!(row->whose & whose))
			continue;
		strbuf_addf(out,
			    "%s\n\t\t{\n\t\t\t\"destination\": \"%s\",\n\t\t\t\"type\": \"%s\",\n"
			    "\t\t\t\"source\": \"%s\"",
			    i ? "," : "", row->destination, row->type, row->source);
		if (row->options)
			add_options(out, row->options);
		strbuf_add(out, "\n\t\t}");
	}
	strbuf_add(out, "\n\t],\n");
}

static void add_namespaces(struct strbuf *out, enum whose whose)
{
	strbuf_add(out, "\t\t\"namespaces\": [");
	for (size_t i = 0; i < sizeof namespaces / sizeof *namespaces; i++)
		if (namespaces[i].whose & whose)
			strbuf_addf(out, "%s\n\t\t\t{\n\t\t\t\t\"type\": \"%s\"\n\t\t\t}",
				    i ? "," : "", namespaces[i].type);
	strbuf_add(out, "\n\t\t],\n");
}

static void add_mapping(struct strbuf *out, const char *key, unsigned id)
{
	strbuf_addf(out,
		    "\t\t\"%s\": [\n\t\t\t{\n\t\t\t\t\"containerID\": 0,\n\t\t\t\t\"hostID\": %u,\n"
		    "\t\t\t\t\"size\": 1\n\t\t\t}\n\t\t],\n",
		    key, id);
}

static void add_resources(struct strbuf *out)
{
	strbuf_add(out, "\t\t\"resources\": {\n\t\t\t\"devices\": [\n\t\t\t\t{\n"
			"\t\t\t\t\t\"allow\": false,\n\t\t\t\t\t\"access\": \"rwm\"\n"
			"\t\t\t\t}\n\t\t\t]\n\t\t},\n");
}

void spec_template(bool rootless, uid_t uid, gid_t gid, struct strbuf *ret_json)
{
	enum whose whose = rootless ? ROOTLESS : ROOT;

	strbuf_add(ret_json, process);
	add_mounts(ret_json, whose);
	strbuf_add(ret_json, "\t\"linux\": {\n");
	if (rootless) {
		add_mapping(ret_json, "uidMappings", uid);
		add_mapping(ret_json, "gidMappings", gid);
	} else {
		add_resources(ret_json);
	}
	add_namespaces(ret_json, whose);
	strbuf_add(ret_json, masks);
	strbuf_add(ret_json, "\t}\n}\n");
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/sound.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "spec/load.h"
#include "spec/reader.h"
#include "spec/spec.h"

/* Of a list's element. */
enum { POINTER_MOST = 64 };

static const char *const program[] = { "true" };
const struct spec_process stand_in_process = {
	.present = true,
	.args = { program, 1 },
	.cwd = "/",
};

/* With these a mount lacks nothing that it might need, whatever the namespaces were meant to be. */
static const struct spec_namespace all_namespaces[NS_KINDS] = {
#define NEW { .present = true }
	[NS_USER] = NEW, [NS_PID] = NEW, [NS_NETWORK] = NEW, [NS_MOUNT] = NEW,
	[NS_IPC] = NEW,	 [NS_UTS] = NEW, [NS_CGROUP] = NEW,  [NS_TIME] = NEW,
#undef NEW
};
static const struct id_mapping all_ids = { .size = UINT32_MAX };
static const struct id_mappings all_mappings = { &all_ids, 1 };
/* One that few rules have: what has the default's is left out, and contradicts nobody. */
static const enum seccomp_action some_action = SECCOMP_LOG;
static const char *const some_version = "1.3.0";
static const struct spec_root some_root = { .path = "rootfs" };

/* What is judged as a whole, and from where to where it is in struct spec. */
static const struct part {
	const char *pointer;
	size_t offset, size;
	const void *stand_in; /* of the same size; NULL: nothing at all */
} parts[] = {
#define END(field) (offsetof(struct spec, field) + sizeof ((struct spec *)0)->field)
#define PART(pointer, from, to, stand_in) \
	{ pointer, offsetof(struct spec, from), END(to) - offsetof(struct spec, from), stand_in }
#define FIELD(pointer, field, stand_in) PART(pointer, field, field, stand_in)
	FIELD("/ociVersion", oci_version, &some_version),
	FIELD("/root", root, &some_root),
	FIELD("/process/args", process.args, &stand_in_process.args),
	FIELD("/process/cwd", process.cwd, &stand_in_process.cwd),
	FIELD("/process/user", process.user, NULL),
	PART("/process/rlimits", process.rlimits, process.rlimit_count, NULL),
	FIELD("/process/execCPUAffinity", process.exec_cpu_affinity, NULL),
	FIELD("/hooks", hooks, NULL),
	FIELD("/linux/namespaces", linux.namespaces, all_namespaces),
	FIELD("/linux/uidMappings", linux.uid_mappings, &all_mappings),
	FIELD("/linux/gidMappings", linux.gid_mappings, &all_mappings),
	PART("/linux/devices", linux.devices, linux.device_count, NULL),
	PART("/linux/netDevices", linux.net_devices, linux.net_device_count, NULL),
	FIELD("/linux/cgroupsPath", linux.cgroups_path, NULL),
	FIELD("/linux/intelRdt", linux.intel_rdt, NULL),
	FIELD("/linux/memoryPolicy", linux.memory_policy, NULL),
	FIELD("/linux/rootfsPropagation", linux.rootfs_propagation, NULL),
	FIELD("/linux/seccomp/defaultAction", linux.seccomp.default_action, &some_action),
	PART("/linux/resources/devices", linux.resources.devices, linux.resources.device_count,
	     NULL),
	FIELD("/linux/resources/memory", linux.resources.memory, NULL),
	FIELD("/linux/resources/cpu", linux.resources.cpu, NULL),
	PART("/linux/resources/pids", linux.resources.has_pids_limit, linux.resources.pids_limit,
	     NULL),
	FIELD("/linux/resources/blockIO", linux.resources.block_io, NULL),
	PART("/linux/resources/hugepageLimits", linux.resources.hugepage_limits,
	     linux.resources.hugepage_limit_count, NULL),
	PART("/linux/resources/network", linux.resources.has_network_class_id,
	     linux.resources.network_priority_count, NULL),
	PART("/linux/resources/rdma", linux.resources.rdma, linux.resources.rdma_count, NULL),
	FIELD("/linux/resources/unified", linux.resources.unified, NULL),
#undef FIELD
#undef PART
#undef END
};

/* Lists whose elements are judged each by itself. */
#define MOUNTS "/mounts"
#define RULES "/linux/seccomp/syscalls"
static const char *const lists[] = { MOUNTS, RULES };

static bool has_error(const struct problems *problems, const char *pointer)
{
	for (size_t i = 0; i < problems->count; i++)
		if (!problems->items[i].warning &&
		    same_branch(problems->items[i].pointer, pointer))
			return true;
	return false;
}

static bool has_error_in(const struct problems *problems, const char *list, size_t index)
{
	char pointer[POINTER_MOST];

	snprintf(pointer, sizeof pointer, "%s/%zu", list, index);
	return has_error(problems, pointer);
}

static bool leads_into(const char *pointer, const char *part)
{
	size_t length = strlen(part);

	return str_starts(pointer, part) && (!pointer[length] || pointer[length] == '/');
}

/* The element that pointer leads to or into; false when that is none of the list. */
static bool element_of(const char *pointer, const char *list, char ret_element[POINTER_MOST])
{
	size_t length = strlen(list);

	if (!leads_into(pointer, list) || !pointer[length])
		return false;
	length += 1 + strcspn(pointer + length + 1, "/");
	snprintf(ret_element, POINTER_MOST, "%.*s", (int)length, pointer);
	return true;
}

bool problems_doubt(const struct problems *problems, const char *pointer)
{
	char element[POINTER_MOST];

	for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
		if (element_of(pointer, lists[i], element))
			return has_error(problems, element);
	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
		if (leads_into(pointer, parts[i].pointer))
			return has_error(problems, parts[i].pointer);
	return has_error(problems, pointer);
}

static void replace(struct spec *spec, const struct part *part)
{
	char *place = (char *)spec + part->offset;

	if (part->stand_in)
		memcpy(place, part->stand_in, part->size);
	else
		memset(place, 0, part->size);
}

/* List elements are const to everyone who has not made them. */
static void replace_elements(struct spec *spec, const struct problems *problems)
{
	struct spec_mount *mounts = (struct spec_mount *)spec->mounts;
	struct spec_seccomp_rule *rules = (struct spec_seccomp_rule *)spec->linux.seccomp.rules;

	for (size_t i = 0; i < spec->mount_count; i++)
		if (has_error_in(problems, MOUNTS, i))
			mounts[i] = (struct spec_mount){ .destination = "/" };
	for (size_t i = 0; i < spec->linux.seccomp.rule_count; i++)
		if (has_error_in(problems, RULES, i))
			rules[i] = (struct spec_seccomp_rule){ 0 };
}

/* The user namespace that stands in needs some. */
static void add_mappings(struct id_mappings *mappings)
{
	if (!mappings->count)
		*mappings = all_mappings;
}

void sound_config(struct spec *spec, const struct problems *problems)
{
	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
		if (has_error(problems, parts[i].pointer))
			replace(spec, &parts[i]);
	replace_elements(spec, problems);
	if (has_error(problems, "/linux/namespaces")) {
		add_mappings(&spec->linux.uid_mappings);
		add_mappings(&spec->linux.gid_mappings);
	}
	if (!spec->process.present && has_error(problems, "/process"))
		spec->process = stand_in_process;
}

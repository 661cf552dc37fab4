/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/document.h"
#include "spec/names.h"
#include "spec/reader.h"
#include "spec/spec.h"
#include "spec/tables.h"

struct namespace_entry {
	uint32_t kind; /* NS_KINDS: not known */
	const char *path;
};
static const struct field namespace_fields[] = {
	{ "type", parse_enum, AT(namespace_entry, kind), REQUIRED, .names = namespace_names },
	{ "path", parse_text, AT(namespace_entry, path) },
	{ NULL },
};
static const struct object namespace_object = { sizeof(struct namespace_entry), namespace_fields };

static void add_namespace(struct reader *r, const struct step *at,
			  const struct namespace_entry *entry, struct spec_namespace *namespaces)
{
	struct step type = { .up = at, .key = "type" };
	struct spec_namespace *ns;

	if (entry->kind >= NS_KINDS)
		return;
	ns = &namespaces[entry->kind];
	if (ns->present) {
		say_error(r, &type, "\"%s\" is there twice: /linux/namespaces/%zu has it too",
			  name_of(namespace_names, entry->kind), ns->index);
		return;
	}
	*ns = (struct spec_namespace){ true, entry->path, at->index };
}

/* An array in the document, but one slot a kind in the struct. */
static bool parse_namespaces(struct reader *r, const struct step *at, const struct field *f,
			     const json_t *json, char *base)
{
	json_t *value;
	size_t i;

	if (!json_is_array(json))
		return wrong_type(r, at, "an array", json);
	json_array_foreach(json, i, value) {
		struct step here = { .up = at, .index = i };
		struct namespace_entry entry = { .kind = NS_KINDS };

		fields_parse(r, &here, &namespace_object, value, &entry);
		add_namespace(r, &here, &entry, (struct spec_namespace *)(base + f->offset));
	}
	return true;
}

static const struct field offset_fields[] = {
	{ "secs", parse_integer, AT(spec_time_offset, secs), ANY_I64 },
	{ "nanosecs", parse_integer, AT(spec_time_offset, nanosecs), WITHIN(0, 999999999) },
	{ NULL },
};
static const struct object offset_object = {
	sizeof(struct spec_time_offset), offset_fields, HAS_PRESENT(spec_time_offset),
};
static const struct field offsets_fields[] = {
	{ "boottime", parse_object, AT(spec_linux, boottime), .object = &offset_object },
	{ "monotonic", parse_object, AT(spec_linux, monotonic), .object = &offset_object },
	{ NULL },
};
static const struct object offsets_object = { sizeof(struct spec_linux), offsets_fields };

/* 12 bits of major and 20 of minor number are all that mknod(2) passes on. */
#define MAJOR WITHIN(0, 0xfff)
#define MINOR WITHIN(0, 0xfffff)
static const struct field device_fields[] = {
	{ "path", parse_text, AT(spec_device, path), REQUIRED },
	{ "type", parse_enum, AT(spec_device, type), REQUIRED, .names = device_types },
	{ "major", parse_integer, AT(spec_device, major), MAJOR },
	{ "minor", parse_integer, AT(spec_device, minor), MINOR },
	/* Engines leave the bits of the file's type in. */
	{ "fileMode", parse_integer, AT(spec_device, file_mode), HAS(spec_device, has_file_mode),
	  WITHIN(0, 0177777) },
	{ "uid", parse_integer, AT(spec_device, uid), HAS(spec_device, has_uid), ANY_ID },
	{ "gid", parse_integer, AT(spec_device, gid), HAS(spec_device, has_gid), ANY_ID },
	{ NULL },
};
static const struct spec_device no_device = { .major = -1, .minor = -1 };
static const struct object device_object = {
	sizeof(struct spec_device), device_fields, .defaults = &no_device,
};

static const struct field net_device_fields[] = {
	{ "name", parse_text, AT(spec_net_device, name) },
	{ NULL },
};
static const struct object net_device_object = {
	sizeof(struct spec_net_device), net_device_fields,
	.key = offsetof(struct spec_net_device, host_name),
};

#define REPLACED .note = "enableMonitoring replaced it in version 1.3.0"
static const struct field intel_rdt_fields[] = {
	{ "closID", parse_text, AT(spec_intel_rdt, clos_id) },
	{ "l3CacheSchema", parse_text, AT(spec_intel_rdt, l3_cache_schema) },
	{ "memBwSchema", parse_text, AT(spec_intel_rdt, mem_bw_schema) },
	{ "schemata", parse_texts,
	  LIST(spec_intel_rdt, schemata.items, schemata.count) },
	{ "enableMonitoring", parse_bool, AT(spec_intel_rdt, enable_monitoring) },
	{ "enableCMT", parse_foreign, REPLACED },
	{ "enableMBM", parse_foreign, REPLACED },
	{ NULL },
};
static const struct object intel_rdt_object = {
	sizeof(struct spec_intel_rdt), intel_rdt_fields, HAS_PRESENT(spec_intel_rdt),
};

static const struct field memory_policy_fields[] = {
	{ "mode", parse_enum, AT(spec_memory_policy, mode), REQUIRED,
	  .names = memory_policy_modes },
	{ "nodes", parse_text, AT(spec_memory_policy, nodes) },
	{ "flags", parse_bits, AT(spec_memory_policy, flags), .names = memory_policy_flags },
	{ NULL },
};
static const struct object memory_policy_object = {
	sizeof(struct spec_memory_policy), memory_policy_fields, HAS_PRESENT(spec_memory_policy),
};

/* The specification gives personality flags a place and no values. */
static const struct name_value no_names[] = { { NULL, 0 } };
static bool parse_no_flags(struct reader *r, const struct step *at, const struct field *f,
			   const json_t *json, char *base)
{
	uint64_t ignored = 0;
	const struct field none = { .size = sizeof ignored, .names = no_names };

	return parse_bits(r, at, &none, json, (char *)&ignored);
}
static const struct field personality_fields[] = {
	{ "domain", parse_enum, AT(spec_personality, domain), REQUIRED,
	  .names = personality_domains },
	{ "flags", parse_no_flags },
	{ NULL },
};
static const struct object personality_object = {
	sizeof(struct spec_personality), personality_fields, HAS_PRESENT(spec_personality),
};

static const struct field linux_fields[] = {
	{ "namespaces", parse_namespaces, AT(spec_linux, namespaces) },
	{ "uidMappings", parse_list, LIST(spec_linux, uid_mappings.items, uid_mappings.count),
	  .object = &id_mapping_object },
	{ "gidMappings", parse_list, LIST(spec_linux, gid_mappings.items, gid_mappings.count),
	  .object = &id_mapping_object },
	{ "timeOffsets", parse_object, .object = &offsets_object },
	{ "devices", parse_list, LIST(spec_linux, devices, device_count),
	  .object = &device_object },
	{ "netDevices", parse_map, LIST(spec_linux, net_devices, net_device_count),
	  .object = &net_device_object },
	{ "cgroupsPath", parse_text, AT(spec_linux, cgroups_path) },
	{ "resources", parse_object, AT(spec_linux, resources), .object = &resources_object },
	{ "intelRdt", parse_object, AT(spec_linux, intel_rdt), .object = &intel_rdt_object },
	{ "memoryPolicy", parse_object, AT(spec_linux, memory_policy),
	  .object = &memory_policy_object },
	{ "sysctl", parse_pairs, LIST(spec_linux, sysctl.items, sysctl.count) },
	{ "seccomp", parse_object, AT(spec_linux, seccomp), .object = &seccomp_object },
	{ "rootfsPropagation", parse_name, AT(spec_linux, rootfs_propagation),
	  .names = rootfs_propagations },
	{ "maskedPaths", parse_texts, LIST(spec_linux, masked_paths.items, masked_paths.count) },
	{ "readonlyPaths", parse_texts,
	  LIST(spec_linux, readonly_paths.items, readonly_paths.count) },
	{ "mountLabel", parse_text, AT(spec_linux, mount_label) },
	{ "personality", parse_object, AT(spec_linux, personality),
	  .object = &personality_object },
	{ NULL },
};
const struct object linux_object = {
	sizeof(struct spec_linux), linux_fields, HAS_PRESENT(spec_linux),
};

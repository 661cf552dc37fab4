/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/spec.h"
#include "spec/tables.h"

static const struct field root_fields[] = {
	{ "path", parse_text, AT(spec_root, path), REQUIRED },
	{ "readonly", parse_bool, AT(spec_root, readonly) },
	{ NULL },
};
static const struct object root_object = { sizeof(struct spec_root), root_fields };

static const struct field id_mapping_fields[] = {
	{ "containerID", parse_integer, AT(id_mapping, container_id), REQUIRED, ANY_ID },
	{ "hostID", parse_integer, AT(id_mapping, host_id), REQUIRED, ANY_ID },
	{ "size", parse_integer, AT(id_mapping, size), REQUIRED, WITHIN(1, UINT32_MAX) },
	{ NULL },
};
const struct object id_mapping_object = { sizeof(struct id_mapping), id_mapping_fields };

static const struct field mount_fields[] = {
	{ "destination", parse_text, AT(spec_mount, destination), REQUIRED },
	{ "type", parse_text, AT(spec_mount, type) },
	{ "source", parse_text, AT(spec_mount, source) },
	{ "options", parse_texts, LIST(spec_mount, options.items, options.count) },
	{ "uidMappings", parse_list, LIST(spec_mount, uid_mappings.items, uid_mappings.count),
	  .object = &id_mapping_object },
	{ "gidMappings", parse_list, LIST(spec_mount, gid_mappings.items, gid_mappings.count),
	  .object = &id_mapping_object },
	{ NULL },
};
static const struct object mount_object = { sizeof(struct spec_mount), mount_fields };

static const struct field hook_fields[] = {
	{ "path", parse_text, AT(spec_hook, path), REQUIRED },
	{ "args", parse_texts, LIST(spec_hook, args.items, args.count) },
	{ "env", parse_texts, LIST(spec_hook, env.items, env.count), HAS(spec_hook, has_env) },
	{ "timeout", parse_integer, AT(spec_hook, timeout), HAS(spec_hook, has_timeout),
	  WITHIN(1, INT32_MAX) },
	{ NULL },
};
static const struct object hook_object = { sizeof(struct spec_hook), hook_fields };

/* The base of these rows is the array of all kinds. */
#define HOOK_ROW(key_, kind) \
	{ .key = key_, .parse = parse_list, \
	  .offset = (kind) * sizeof(struct spec_hooks) + offsetof(struct spec_hooks, items), \
	  .count = (kind) * sizeof(struct spec_hooks) + offsetof(struct spec_hooks, count), \
	  .object = &hook_object }
static const struct field hooks_fields[] = {
	HOOK_ROW("prestart", HOOK_PRESTART),
	HOOK_ROW("createRuntime", HOOK_CREATE_RUNTIME),
	HOOK_ROW("createContainer", HOOK_CREATE_CONTAINER),
	HOOK_ROW("startContainer", HOOK_START_CONTAINER),
	HOOK_ROW("poststart", HOOK_POSTSTART),
	HOOK_ROW("poststop", HOOK_POSTSTOP),
	{ NULL },
};
const struct object hooks_object = { sizeof(struct spec_hooks[HOOK_KINDS]), hooks_fields };

#define FOREIGN(key_) { .key = key_, .parse = parse_foreign, .note = "it is for another platform" }
static const struct field config_fields[] = {
	{ "ociVersion", parse_text, AT(spec, oci_version), REQUIRED },
	{ "root", parse_object, AT(spec, root), REQUIRED, .object = &root_object },
	{ "mounts", parse_list, LIST(spec, mounts, mount_count), .object = &mount_object },
	{ "process", parse_object, AT(spec, process), .object = &process_object },
	{ "hostname", parse_text, AT(spec, hostname) },
	{ "domainname", parse_text, AT(spec, domainname) },
	{ "hooks", parse_object, AT(spec, hooks), .object = &hooks_object },
	{ "annotations", parse_pairs, LIST(spec, annotations.items, annotations.count) },
	{ "linux", parse_object, AT(spec, linux), .object = &linux_object },
	FOREIGN("solaris"), FOREIGN("windows"), FOREIGN("vm"), FOREIGN("zos"),
	FOREIGN("freebsd"),
	{ NULL },
};
/* What `mounts add` and `mounts remove` read. */
static const struct field mounts_fields[] = {
	{ "mounts", parse_list, LIST(spec, mounts, mount_count), REQUIRED, .object = &mount_object },
	{ NULL },
};
const struct object mounts_object = { sizeof(struct spec), mounts_fields };
const struct object config_object = { sizeof(struct spec), config_fields };

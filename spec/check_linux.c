/* SPDX-License-Identifier: Apache-2.0 */
#include <linux/mempolicy.h>
#include <string.h>

#include "spec/check.h"
#include "spec/names.h"
#include "spec/reader.h"
#include "spec/spec.h"

static void check_paths(struct reader *r, const char *pointer, const struct strings *paths)
{
	for (size_t i = 0; i < paths->count; i++)
		if (*paths->items[i] != '/')
			broken(r, pointer, "must be an absolute path", "/%zu", i);
}

/* "/", "/dev/." and their like are directories, whatever is made there. */
static bool names_a_file(const char *path)
{
	size_t length = strlen(path), last;

	while (length && path[length - 1] == '/')
		length--;
	for (last = length; last && path[last - 1] != '/';)
		last--;
	return length > last && !(length - last == 1 && path[last] == '.');
}

static void check_devices(struct reader *r, const struct spec_linux *linux)
{
	for (size_t i = 0; i < linux->device_count; i++) {
		const struct spec_device *device = &linux->devices[i];

		if (device->path && !is_absolute(device->path))
			broken(r, "/linux/devices", "must be an absolute path", "/%zu/path", i);
		if (device->path && !has_no_dot_dot(device->path))
			broken(r, "/linux/devices", "must not have \"..\" in it", "/%zu/path", i);
		if (device->path && has_no_dot_dot(device->path) && !names_a_file(device->path))
			broken(r, "/linux/devices", "must end in the name of a file", "/%zu/path", i);
		if (device->type == 'p' || !device->type)
			continue;
		if (device->major < 0)
			broken(r, "/linux/devices", "is required for this type", "/%zu/major", i);
		if (device->minor < 0)
			broken(r, "/linux/devices", "is required for this type", "/%zu/minor", i);
	}
}

/* A name may hold one "%d", for which the kernel puts a number. */
static bool is_name_pattern(const char *name)
{
	const char *percent = strchr(name, '%');

	return is_interface_name(name) &&
	       (!percent || (percent[1] == 'd' && !strchr(percent + 1, '%')));
}

static const char *net_device_name(const struct spec_net_device *device)
{
	return device->name ? device->name : device->host_name;
}

static bool name_is_taken(const struct spec_linux *linux, size_t i)
{
	const char *name = net_device_name(&linux->net_devices[i]);

	for (size_t k = 0; k < i && !strchr(name, '%'); k++)
		if (strcmp(net_device_name(&linux->net_devices[k]), name) == 0)
			return true;
	return false;
}

static void check_net_devices(struct reader *r, const struct spec_linux *linux)
{
	for (size_t i = 0; i < linux->net_device_count; i++) {
		const struct spec_net_device *device = &linux->net_devices[i];
		const char *key = pointer_token(r->arena, device->host_name);

		if (!is_interface_name(device->host_name) || strchr(device->host_name, '%'))
			broken(r, "/linux/netDevices",
			       "is not the name of a network device: 1 to 15 characters, none of "
			       "'/', ':', '%' and blanks",
			       "/%s", key);
		if (device->name && !is_name_pattern(device->name))
			broken(r, "/linux/netDevices",
			       "must be a name of 1 to 15 characters without '/', ':' and blanks; "
			       "\"%d\" in it stands for a number",
			       "/%s/name", key);
		if (name_is_taken(linux, i))
			broken(r, "/linux/netDevices",
			       "has the name in the container that another device has", "/%s", key);
	}
}

/* Names that resctrl itself has in the directory where classes are made. */
static bool is_reserved_class(const char *name)
{
	static const struct name_value reserved[] = {
		{ ".", 0 }, { "..", 1 }, { "info", 2 }, { "mon_groups", 3 }, { "mon_data", 4 },
		{ NULL, 0 },
	};

	return name_find(reserved, name);
}

static bool is_class(const char *name)
{
	return strcmp(name, "/") == 0 || (!is_reserved_class(name) && !strpbrk(name, "/\n"));
}

static bool is_l3_schema(const char *text)
{
	return str_starts(text, "L3:");
}

static bool is_bandwidth_schema(const char *text)
{
	return str_starts(text, "MB:") && is_one_line(text);
}

static const struct text_rule linux_texts[] = {
	{ has_no_dot_dot, offsetof(struct spec_linux, cgroups_path), "/cgroupsPath",
	  "must not have \"..\" in it" },
	{ is_one_line, offsetof(struct spec_linux, cgroups_path), "/cgroupsPath",
	  "must not have a newline in it" },
	{ is_class, offsetof(struct spec_linux, intel_rdt.clos_id), "/intelRdt/closID",
	  "must be \"/\" or the name of a directory that resctrl does not use itself" },
	{ is_one_line, offsetof(struct spec_linux, intel_rdt.l3_cache_schema),
	  "/intelRdt/l3CacheSchema", "must be one line" },
	{ is_l3_schema, offsetof(struct spec_linux, intel_rdt.l3_cache_schema),
	  "/intelRdt/l3CacheSchema", "should begin with \"L3:\"", true },
	{ is_bandwidth_schema, offsetof(struct spec_linux, intel_rdt.mem_bw_schema),
	  "/intelRdt/memBwSchema", "must be one line that begins with \"MB:\"" },
	{ is_number_list, offsetof(struct spec_linux, memory_policy.nodes),
	  "/memoryPolicy/nodes", "must be a list such as \"0-3,7\"" },
	{ NULL },
};

static void check_schemata(struct reader *r, const struct spec_intel_rdt *rdt)
{
	for (size_t i = 0; i < rdt->schemata.count; i++)
		if (strchr(rdt->schemata.items[i], '\n'))
			broken(r, "/linux/intelRdt/schemata", "must be one line", "/%zu", i);
}

static const struct spec_memory_policy *policy_of(const void *subject)
{
	return &((const struct spec_linux *)subject)->memory_policy;
}

static bool is_nodeless(const struct spec_memory_policy *policy)
{
	return policy->mode == MPOL_DEFAULT || policy->mode == MPOL_LOCAL;
}

static bool nodes_unwanted(const void *subject)
{
	return policy_of(subject)->present && is_nodeless(policy_of(subject)) &&
	       policy_of(subject)->nodes;
}

/* An empty set of preferred nodes means the local one. */
static bool nodes_missing(const void *subject)
{
	const struct spec_memory_policy *policy = policy_of(subject);

	return policy->present && !is_nodeless(policy) && policy->mode != MPOL_PREFERRED &&
	       !policy->nodes;
}

static bool flags_unwanted(const void *subject)
{
	return policy_of(subject)->present && is_nodeless(policy_of(subject)) &&
	       policy_of(subject)->flags;
}

static bool flags_contradict(const void *subject)
{
	const uint32_t both = MPOL_F_STATIC_NODES | MPOL_F_RELATIVE_NODES;

	return (policy_of(subject)->flags & both) == both;
}

static bool balancing_unwanted(const void *subject)
{
	const struct spec_memory_policy *policy = policy_of(subject);

	return policy->flags & MPOL_F_NUMA_BALANCING && policy->mode != MPOL_BIND &&
	       policy->mode != MPOL_PREFERRED_MANY;
}

#define MODE "/memoryPolicy/mode"
static const struct rule memory_policy_rules[] = {
	{ nodes_unwanted, "/memoryPolicy/nodes",
	  "must be empty for MPOL_DEFAULT and MPOL_LOCAL", MODE },
	{ nodes_missing, "/memoryPolicy/nodes", "must name a node for this mode", MODE },
	{ flags_unwanted, "/memoryPolicy/flags", "must be empty for MPOL_DEFAULT and MPOL_LOCAL",
	  MODE },
	{ flags_contradict, "/memoryPolicy/flags",
	  "must not have both MPOL_F_STATIC_NODES and MPOL_F_RELATIVE_NODES" },
	{ balancing_unwanted, "/memoryPolicy/flags",
	  "must not have MPOL_F_NUMA_BALANCING but for MPOL_BIND and MPOL_PREFERRED_MANY", MODE },
	{ NULL },
};
#undef MODE

void check_linux(struct reader *r, const struct spec *spec)
{
	const struct spec_linux *linux = &spec->linux;

	check_texts(r, "/linux", linux_texts, linux);
	check_rules(r, "/linux", memory_policy_rules, linux);
	check_devices(r, linux);
	check_net_devices(r, linux);
	check_schemata(r, &linux->intel_rdt);
	check_paths(r, "/linux/maskedPaths", &linux->masked_paths);
	check_paths(r, "/linux/readonlyPaths", &linux->readonly_paths);
}

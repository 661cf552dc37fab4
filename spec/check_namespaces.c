/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/check.h"
#include "spec/names.h"
#include "spec/reader.h"
#include "spec/spec.h"

/* The kernel's limit for lines of a uid_map (user_namespaces(7)). */
enum { MAPPINGS_MAX = 340 };

static bool uids_without_user(const void *subject)
{
	const struct spec *spec = subject;

	return spec->linux.uid_mappings.count && !spec_has_namespace(spec, NS_USER);
}

static bool gids_without_user(const void *subject)
{
	const struct spec *spec = subject;

	return spec->linux.gid_mappings.count && !spec_has_namespace(spec, NS_USER);
}

static bool user_without_uids(const void *subject)
{
	const struct spec *spec = subject;

	return spec_new_namespace(spec, NS_USER) && !spec->linux.uid_mappings.count;
}

static bool user_without_gids(const void *subject)
{
	const struct spec *spec = subject;

	return spec_new_namespace(spec, NS_USER) && !spec->linux.gid_mappings.count;
}

static bool has_offsets(const struct spec *spec)
{
	return spec->linux.boottime.present || spec->linux.monotonic.present;
}

static bool offsets_without_time(const void *subject)
{
	return has_offsets(subject) && !spec_has_namespace(subject, NS_TIME);
}

static bool offsets_of_joined(const void *subject)
{
	return has_offsets(subject) && spec_has_namespace(subject, NS_TIME) &&
	       !spec_new_namespace(subject, NS_TIME);
}

static bool net_devices_without_network(const void *subject)
{
	const struct spec *spec = subject;

	return spec->linux.net_device_count && !spec_has_namespace(spec, NS_NETWORK);
}

static bool joins_mounts(const struct spec *spec)
{
	return spec_joined_namespace(spec, NS_MOUNT);
}

static bool mounts_of_joined(const void *subject)
{
	return ((const struct spec *)subject)->mount_count && joins_mounts(subject);
}

static bool readonly_of_joined(const void *subject)
{
	return ((const struct spec *)subject)->root.readonly && joins_mounts(subject);
}

static bool devices_of_joined(const void *subject)
{
	return ((const struct spec *)subject)->linux.device_count && joins_mounts(subject);
}

static bool masked_of_joined(const void *subject)
{
	return ((const struct spec *)subject)->linux.masked_paths.count && joins_mounts(subject);
}

static bool readonly_paths_of_joined(const void *subject)
{
	return ((const struct spec *)subject)->linux.readonly_paths.count && joins_mounts(subject);
}

static bool propagation_of_joined(const void *subject)
{
	return ((const struct spec *)subject)->linux.rootfs_propagation && joins_mounts(subject);
}

#define IN_DOUBT "/linux/namespaces"
#define AS_IT_IS "is ignored: the mount namespace is joined by its path, and stays as it is"
static const struct rule namespace_rules[] = {
	{ uids_without_user, "/linux/uidMappings", "needs a user namespace in linux.namespaces",
	  IN_DOUBT },
	{ gids_without_user, "/linux/gidMappings", "needs a user namespace in linux.namespaces",
	  IN_DOUBT },
	{ user_without_uids, "/linux/uidMappings", "is required for a new user namespace",
	  IN_DOUBT },
	{ user_without_gids, "/linux/gidMappings", "is required for a new user namespace",
	  IN_DOUBT },
	{ offsets_without_time, "/linux/timeOffsets", "needs a time namespace in linux.namespaces",
	  IN_DOUBT },
	{ offsets_of_joined, "/linux/timeOffsets",
	  "can be set for a new time namespace only, not for one that is joined by its path",
	  IN_DOUBT },
	{ net_devices_without_network, "/linux/netDevices",
	  "needs a network namespace in linux.namespaces", IN_DOUBT },
	{ mounts_of_joined, "/mounts", AS_IT_IS, IN_DOUBT, true },
	{ readonly_of_joined, "/root/readonly", AS_IT_IS, IN_DOUBT, true },
	{ devices_of_joined, "/linux/devices", AS_IT_IS, IN_DOUBT, true },
	{ masked_of_joined, "/linux/maskedPaths", AS_IT_IS, IN_DOUBT, true },
	{ readonly_paths_of_joined, "/linux/readonlyPaths", AS_IT_IS, IN_DOUBT, true },
	{ propagation_of_joined, "/linux/rootfsPropagation", AS_IT_IS, IN_DOUBT, true },
	{ NULL },
};
#undef AS_IT_IS
#undef IN_DOUBT

static bool overlap(uint32_t a, uint32_t a_size, uint32_t b, uint32_t b_size)
{
	return (uint64_t)a < (uint64_t)b + b_size && (uint64_t)b < (uint64_t)a + a_size;
}

/* The last id, 2^32 - 1, is "no id" to the kernel. */
static bool beyond_ids(uint32_t first, uint32_t size)
{
	return (uint64_t)first + size > UINT32_MAX;
}

static void check_pair(struct reader *r, const char *pointer, const struct id_mappings *maps,
		       size_t i, size_t k)
{
	const struct id_mapping *a = &maps->items[i], *b = &maps->items[k];

	if (overlap(a->container_id, a->size, b->container_id, b->size))
		broken(r, pointer,
		       arena_printf(r->arena, "overlaps %s/%zu in the container", pointer, k),
		       "/%zu/containerID", i);
	if (overlap(a->host_id, a->size, b->host_id, b->size))
		broken(r, pointer,
		       arena_printf(r->arena, "overlaps %s/%zu on the host", pointer, k),
		       "/%zu/hostID", i);
}

static void check_mappings(struct reader *r, const char *pointer, const struct id_mappings *maps)
{
	if (maps->count > MAPPINGS_MAX) {
		broken(r, pointer, "has more entries than the kernel takes, 340", "%s", "");
		return;
	}
	for (size_t i = 0; i < maps->count && !in_doubt(r, pointer); i++) {
		const struct id_mapping *map = &maps->items[i];

		if (beyond_ids(map->container_id, map->size) || beyond_ids(map->host_id, map->size))
			broken(r, pointer, "reaches beyond the largest id, 4294967294", "/%zu/size",
			       i);
		for (size_t k = 0; k < i; k++)
			check_pair(r, pointer, maps, i, k);
	}
}

void check_mount_mappings(struct reader *r, size_t i, const struct spec_mount *mount)
{
	const char *prefix = arena_printf(r->arena, "/mounts/%zu", i);

	if (!mount->uid_mappings.count && mount->gid_mappings.count)
		broken(r, prefix, "is required where gidMappings is given", "/uidMappings");
	if (mount->uid_mappings.count && !mount->gid_mappings.count)
		broken(r, prefix, "is required where uidMappings is given", "/gidMappings");
	check_mappings(r, arena_printf(r->arena, "%s/uidMappings", prefix),
		       &mount->uid_mappings);
	check_mappings(r, arena_printf(r->arena, "%s/gidMappings", prefix),
		       &mount->gid_mappings);
}

void check_namespaces(struct reader *r, const struct spec *spec)
{
	check_rules(r, "", namespace_rules, spec);
	for (size_t kind = 0; kind < NS_KINDS; kind++) {
		const struct spec_namespace *ns = &spec->linux.namespaces[kind];

		if (ns->path && !is_absolute(ns->path))
			broken(r, "/linux/namespaces", "must be an absolute path", "/%zu/path",
			       ns->index);
	}
	check_mappings(r, "/linux/uidMappings", &spec->linux.uid_mappings);
	check_mappings(r, "/linux/gidMappings", &spec->linux.gid_mappings);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "spec/check.h"
#include "spec/reader.h"
#include "spec/spec.h"

static bool swap_below_limit(const void *subject)
{
	const struct spec_memory *memory = &((const struct spec_resources *)subject)->memory;

	return memory->has_limit && memory->has_swap && memory->limit > 0 && memory->swap > 0 &&
	       memory->swap < memory->limit;
}

static bool reservation_above_limit(const void *subject)
{
	const struct spec_memory *memory = &((const struct spec_resources *)subject)->memory;

	return memory->has_limit && memory->has_reservation && memory->limit > 0 &&
	       memory->reservation > memory->limit;
}

static bool burst_above_quota(const void *subject)
{
	const struct spec_cpu *cpu = &((const struct spec_resources *)subject)->cpu;

	return cpu->has_burst && cpu->has_quota && cpu->quota > 0 &&
	       cpu->burst > (uint64_t)cpu->quota;
}

/* 0 is how engines write "not set". */
static bool is_weight(uint16_t weight)
{
	return !weight || (weight >= 10 && weight <= 1000);
}

static bool bad_weight(const void *subject)
{
	return !is_weight(((const struct spec_resources *)subject)->block_io.weight);
}

static bool bad_leaf_weight(const void *subject)
{
	return !is_weight(((const struct spec_resources *)subject)->block_io.leaf_weight);
}

/* 0 and -1 ask for nothing. */
static bool limits_kernel(const void *subject)
{
	return ((const struct spec_resources *)subject)->memory.kernel > 0;
}

static bool limits_tcp(const void *subject)
{
	return ((const struct spec_resources *)subject)->memory.kernel_tcp > 0;
}

static bool wants_no_hierarchy(const void *subject)
{
	const struct spec_memory *memory = &((const struct spec_resources *)subject)->memory;

	return memory->has_use_hierarchy && !memory->use_hierarchy;
}

static const struct rule resource_rules[] = {
	{ swap_below_limit, "/memory/swap",
	  "must not be less than the limit: it limits memory and swap together" },
	{ reservation_above_limit, "/memory/reservation",
	  "has no effect: it is greater than the limit", .warning = true },
	{ limits_kernel, "/memory/kernel",
	  "is ignored: the memory limit of cgroup v2 counts kernel memory too", .warning = true },
	{ limits_tcp, "/memory/kernelTCP",
	  "is ignored: the memory limit of cgroup v2 counts socket buffers too", .warning = true },
	{ wants_no_hierarchy, "/memory/useHierarchy",
	  "is ignored: in cgroup v2 a limit holds for the cgroups below it too", .warning = true },
	{ burst_above_quota, "/cpu/burst", "must not be greater than the quota" },
	{ bad_weight, "/blockIO/weight", "must be from 10 to 1000" },
	{ bad_leaf_weight, "/blockIO/leafWeight", "must be from 10 to 1000" },
	{ NULL },
};

static const struct text_rule resource_texts[] = {
	{ is_number_list, offsetof(struct spec_resources, cpu.cpus), "/cpu/cpus",
	  "must be a list such as \"0-3,7\"" },
	{ is_number_list, offsetof(struct spec_resources, cpu.mems), "/cpu/mems",
	  "must be a list such as \"0-3,7\"" },
	{ NULL },
};

static void check_weight_devices(struct reader *r, const char *prefix,
				 const struct spec_block_io *io)
{
	for (size_t i = 0; i < io->weight_device_count; i++) {
		const struct spec_weight_device *device = &io->weight_devices[i];

		if (!device->has_weight && !device->has_leaf_weight)
			broken(r, prefix, "must have a weight or a leafWeight",
			       "/blockIO/weightDevice/%zu", i);
		if (!is_weight(device->weight))
			broken(r, prefix, "must be from 10 to 1000",
			       "/blockIO/weightDevice/%zu/weight", i);
		if (!is_weight(device->leaf_weight))
			broken(r, prefix, "must be from 10 to 1000",
			       "/blockIO/weightDevice/%zu/leafWeight", i);
	}
}

/* "2MB": what the kernel calls its files. */
static bool is_page_size(const char *text)
{
	size_t digits = strspn(text, "0123456789");

	return digits && *text != '0' && text[digits] && strchr("KMG", text[digits]) &&
	       strcmp(text + digits + 1, "B") == 0;
}

static void check_hugepages(struct reader *r, const char *prefix,
			    const struct spec_resources *resources)
{
	for (size_t i = 0; i < resources->hugepage_limit_count; i++) {
		const char *size = resources->hugepage_limits[i].page_size;

		if (size && !is_page_size(size))
			broken(r, prefix, "must be a size such as \"64KB\", \"2MB\" or \"1GB\"",
			       "/hugepageLimits/%zu/pageSize", i);
	}
}

static void check_devices(struct reader *r, const char *prefix,
			  const struct spec_resources *resources)
{
	for (size_t i = 0; i < resources->device_count; i++) {
		const struct spec_device_rule *rule = &resources->devices[i];

		if (!rule->read && !rule->write && !rule->mknod)
			doubtful(r, prefix, "has no effect: it has no \"access\"", "/devices/%zu",
				 i);
	}
}

static void check_rdma(struct reader *r, const char *prefix,
		       const struct spec_resources *resources)
{
	for (size_t i = 0; i < resources->rdma_count; i++) {
		const struct spec_rdma *rdma = &resources->rdma[i];

		if (!rdma->has_handles && !rdma->has_objects)
			broken(r, prefix, "must have hcaHandles or hcaObjects", "/rdma/%s",
			       pointer_token(r->arena, rdma->device));
	}
}

/* Files of a cgroup that are for the runtime alone: they move, stop or end processes. */
static bool is_runtime_file(const char *file)
{
	static const struct name_value files[] = {
		{ "cgroup.procs", 0 },  { "cgroup.threads", 1 },
		{ "cgroup.kill", 2 },   { "cgroup.freeze", 3 },
		{ "cgroup.type", 4 },   { "cgroup.subtree_control", 5 },
		{ NULL, 0 },
	};

	return name_find(files, file);
}

static void check_unified(struct reader *r, const char *prefix,
			  const struct spec_resources *resources)
{
	for (size_t i = 0; i < resources->unified.count; i++) {
		const char *file = resources->unified.items[i].key;
		const char *value = resources->unified.items[i].value;
		const char *key = pointer_token(r->arena, file);

		if (strchr(file, '/') || !strchr(file, '.') || !has_no_dot_dot(file))
			broken(r, prefix,
			       "is not the name of a cgroup's file, such as \"memory.high\"",
			       "/unified/%s", key);
		if (is_runtime_file(file))
			broken(r, prefix, "is for the runtime alone to write", "/unified/%s", key);
		if (!value[strspn(value, "\n")] && !str_starts(file, "cpuset."))
			doubtful(r, prefix, "has no effect: it is empty", "/unified/%s", key);
	}
}

void check_resources(struct reader *r, const char *prefix, const struct spec_resources *resources)
{
	check_texts(r, prefix, resource_texts, resources);
	check_rules(r, prefix, resource_rules, resources);
	check_weight_devices(r, prefix, &resources->block_io);
	check_hugepages(r, prefix, resources);
	check_devices(r, prefix, resources);
	check_rdma(r, prefix, resources);
	check_unified(r, prefix, resources);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "spec/names.h"
#include "spec/reader.h"
#include "spec/spec.h"
#include "spec/tables.h"

/* "rwm" in any order; the three flags lie side by side. */
static bool parse_access(struct reader *r, const struct step *at, const struct field *f,
			 const json_t *json, char *base)
{
	struct spec_device_rule *rule = (struct spec_device_rule *)base;
	const char *text = need_text(r, at, json);

	if (!text)
		return false;
	if (text[strspn(text, "rwm")]) {
		say_error(r, at, "must be made of the letters r, w and m, not %s",
			  quoted(r->arena, text));
		return false;
	}
	rule->read = strchr(text, 'r');
	rule->write = strchr(text, 'w');
	rule->mknod = strchr(text, 'm');
	return true;
}

/* -1 is "any", which is also what absence means. */
static const struct field device_rule_fields[] = {
	{ "allow", parse_bool, AT(spec_device_rule, allow), REQUIRED },
	{ "type", parse_enum, AT(spec_device_rule, type), .names = device_rule_types },
	{ "major", parse_integer, AT(spec_device_rule, major), HAS(spec_device_rule, has_major),
	  WITHIN(-1, UINT32_MAX) },
	{ "minor", parse_integer, AT(spec_device_rule, minor), HAS(spec_device_rule, has_minor),
	  WITHIN(-1, UINT32_MAX) },
	{ "access", parse_access },
	{ NULL },
};
static const struct spec_device_rule any_device = { .type = 'a', .major = -1, .minor = -1 };
static const struct object device_rule_object = {
	sizeof(struct spec_device_rule), device_rule_fields, .defaults = &any_device,
};

#define BYTES WITHIN(-1, INT64_MAX)
static const struct field memory_fields[] = {
	{ "limit", parse_integer, AT(spec_memory, limit), HAS(spec_memory, has_limit), BYTES },
	{ "reservation", parse_integer, AT(spec_memory, reservation),
	  HAS(spec_memory, has_reservation), BYTES },
	{ "swap", parse_integer, AT(spec_memory, swap), HAS(spec_memory, has_swap), BYTES },
	{ "kernel", parse_integer, AT(spec_memory, kernel), HAS(spec_memory, has_kernel), BYTES },
	{ "kernelTCP", parse_integer, AT(spec_memory, kernel_tcp),
	  HAS(spec_memory, has_kernel_tcp), BYTES },
	{ "swappiness", parse_integer, AT(spec_memory, swappiness),
	  HAS(spec_memory, has_swappiness), WITHIN(0, 100) },
	{ "disableOOMKiller", parse_bool, AT(spec_memory, disable_oom_killer),
	  HAS(spec_memory, has_disable_oom_killer) },
	{ "useHierarchy", parse_bool, AT(spec_memory, use_hierarchy),
	  HAS(spec_memory, has_use_hierarchy) },
	{ "checkBeforeUpdate", parse_bool, AT(spec_memory, check_before_update),
	  HAS(spec_memory, has_check_before_update) },
	{ NULL },
};
static const struct object memory_object = { sizeof(struct spec_memory), memory_fields };

static const struct field cpu_fields[] = {
	{ "shares", parse_integer, AT(spec_cpu, shares), HAS(spec_cpu, has_shares), ANY_U64 },
	{ "quota", parse_integer, AT(spec_cpu, quota), HAS(spec_cpu, has_quota),
	  WITHIN(-1, INT64_MAX) },
	{ "burst", parse_integer, AT(spec_cpu, burst), HAS(spec_cpu, has_burst), ANY_U64 },
	{ "period", parse_integer, AT(spec_cpu, period), HAS(spec_cpu, has_period), ANY_U64 },
	{ "realtimeRuntime", parse_integer, AT(spec_cpu, realtime_runtime),
	  HAS(spec_cpu, has_realtime_runtime), WITHIN(-1, INT64_MAX) },
	{ "realtimePeriod", parse_integer, AT(spec_cpu, realtime_period),
	  HAS(spec_cpu, has_realtime_period), ANY_U64 },
	{ "idle", parse_integer, AT(spec_cpu, idle), HAS(spec_cpu, has_idle), WITHIN(0, 1) },
	{ "cpus", parse_text, AT(spec_cpu, cpus) },
	{ "mems", parse_text, AT(spec_cpu, mems) },
	{ NULL },
};
static const struct object cpu_object = { sizeof(struct spec_cpu), cpu_fields };

static const struct field pids_fields[] = {
	{ "limit", parse_integer, AT(spec_resources, pids_limit),
	  HAS(spec_resources, has_pids_limit), WITHIN(-1, INT64_MAX) },
	{ NULL },
};
static const struct object pids_object = { sizeof(struct spec_resources), pids_fields };

#define NUMBERS(type) \
	{ "major", parse_integer, AT(type, major), REQUIRED, WITHIN(0, UINT32_MAX) }, \
	{ "minor", parse_integer, AT(type, minor), REQUIRED, WITHIN(0, UINT32_MAX) }
static const struct field weight_device_fields[] = {
	NUMBERS(spec_weight_device),
	{ "weight", parse_integer, AT(spec_weight_device, weight),
	  HAS(spec_weight_device, has_weight), ANY_U16 },
	{ "leafWeight", parse_integer, AT(spec_weight_device, leaf_weight),
	  HAS(spec_weight_device, has_leaf_weight), ANY_U16 },
	{ NULL },
};
static const struct object weight_device_object = {
	sizeof(struct spec_weight_device), weight_device_fields,
};
static const struct field throttle_fields[] = {
	NUMBERS(spec_throttle_device),
	{ "rate", parse_integer, AT(spec_throttle_device, rate), REQUIRED, ANY_U64 },
	{ NULL },
};
static const struct object throttle_object = {
	sizeof(struct spec_throttle_device), throttle_fields,
};

#define THROTTLE(key, member) \
	{ key, parse_list, LIST(spec_block_io, member.items, member.count), \
	  .object = &throttle_object }
static const struct field block_io_fields[] = {
	{ "weight", parse_integer, AT(spec_block_io, weight), HAS(spec_block_io, has_weight),
	  ANY_U16 },
	{ "leafWeight", parse_integer, AT(spec_block_io, leaf_weight),
	  HAS(spec_block_io, has_leaf_weight), ANY_U16 },
	{ "weightDevice", parse_list, LIST(spec_block_io, weight_devices, weight_device_count),
	  .object = &weight_device_object },
	THROTTLE("throttleReadBpsDevice", read_bps),
	THROTTLE("throttleWriteBpsDevice", write_bps),
	THROTTLE("throttleReadIOPSDevice", read_iops),
	THROTTLE("throttleWriteIOPSDevice", write_iops),
	{ NULL },
};
static const struct object block_io_object = {
	sizeof(struct spec_block_io), block_io_fields, HAS_PRESENT(spec_block_io),
};

static const struct field hugepage_fields[] = {
	{ "pageSize", parse_text, AT(spec_hugepage_limit, page_size), REQUIRED },
	{ "limit", parse_integer, AT(spec_hugepage_limit, limit), REQUIRED, ANY_U64 },
	{ NULL },
};
static const struct object hugepage_object = {
	sizeof(struct spec_hugepage_limit), hugepage_fields,
};

static const struct field priority_fields[] = {
	{ "name", parse_text, AT(spec_interface_priority, name), REQUIRED },
	{ "priority", parse_integer, AT(spec_interface_priority, priority), REQUIRED, ANY_U32 },
	{ NULL },
};
static const struct object priority_object = {
	sizeof(struct spec_interface_priority), priority_fields,
};
static const struct field network_fields[] = {
	{ "classID", parse_integer, AT(spec_resources, network_class_id),
	  HAS(spec_resources, has_network_class_id), ANY_U32 },
	{ "priorities", parse_list,
	  LIST(spec_resources, network_priorities, network_priority_count),
	  .object = &priority_object },
	{ NULL },
};
static const struct object network_object = { sizeof(struct spec_resources), network_fields };

static const struct field rdma_fields[] = {
	{ "hcaHandles", parse_integer, AT(spec_rdma, handles), HAS(spec_rdma, has_handles),
	  ANY_U32 },
	{ "hcaObjects", parse_integer, AT(spec_rdma, objects), HAS(spec_rdma, has_objects),
	  ANY_U32 },
	{ NULL },
};
static const struct object rdma_object = {
	sizeof(struct spec_rdma), rdma_fields, .key = offsetof(struct spec_rdma, device),
};

static const struct field resources_fields[] = {
	{ "devices", parse_list, LIST(spec_resources, devices, device_count),
	  .object = &device_rule_object },
	{ "memory", parse_object, AT(spec_resources, memory), .object = &memory_object },
	{ "cpu", parse_object, AT(spec_resources, cpu), .object = &cpu_object },
	{ "pids", parse_object, .object = &pids_object },
	{ "blockIO", parse_object, AT(spec_resources, block_io), .object = &block_io_object },
	{ "hugepageLimits", parse_list, LIST(spec_resources, hugepage_limits, hugepage_limit_count),
	  .object = &hugepage_object },
	{ "network", parse_object, .object = &network_object },
	{ "rdma", parse_map, LIST(spec_resources, rdma, rdma_count), .object = &rdma_object },
	{ "unified", parse_pairs, LIST(spec_resources, unified.items, unified.count) },
	{ NULL },
};
const struct object resources_object = {
	sizeof(struct spec_resources), resources_fields, HAS_PRESENT(spec_resources),
};

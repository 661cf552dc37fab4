/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <string.h>

#include "base/arena.h"
#include "base/err.h"
#include "cgroups/internal.h"
#include "plan/findings.h"
#include "spec/spec.h"

/* Limits of block devices: a list of the spec, a key of io.max. */
static const struct throttle_row {
	const char *name;
	size_t list;
	const char *key;
} throttle_rows[] = {
	{ "throttleReadBpsDevice", offsetof(struct spec_block_io, read_bps), "rbps" },
	{ "throttleWriteBpsDevice", offsetof(struct spec_block_io, write_bps), "wbps" },
	{ "throttleReadIOPSDevice", offsetof(struct spec_block_io, read_iops), "riops" },
	{ "throttleWriteIOPSDevice", offsetof(struct spec_block_io, write_iops), "wiops" },
};

/* 0 took a limit away in cgroup v1; io.max has a word for it. */
static const char *rate_text(struct arena *arena, uint64_t rate)
{
	return rate ? arena_printf(arena, "%" PRIu64, rate) : "max";
}

static void throttle_limits(const struct throttle_row *row, const struct spec_block_io *io,
			    struct cgroup_limits *limits)
{
	const struct spec_throttle_devices *list = (const void *)((const char *)io + row->list);
	struct arena *arena = limits->arena;

	for (size_t i = 0; i < list->count; i++) {
		const struct spec_throttle_device *d = &list->items[i];

		cgroup_limit_add(limits, arena_printf(arena, "blockIO/%s/%zu", row->name, i),
				 "io.max",
				 arena_printf(arena, "%" PRId64 ":%" PRId64 " %s=%s", d->major,
					      d->minor, row->key, rate_text(arena, d->rate)));
	}
}

static void weight_limits(const struct spec_block_io *io, struct cgroup_limits *limits)
{
	struct arena *arena = limits->arena;

	for (size_t i = 0; i < io->weight_device_count; i++) {
		const struct spec_weight_device *d = &io->weight_devices[i];
		const char *device = arena_printf(arena, "%" PRId64 ":%" PRId64, d->major,
						  d->minor);

		if (!d->has_weight || !d->weight)
			continue;
		cgroup_limit_add(limits, arena_printf(arena, "blockIO/weightDevice/%zu", i),
				 "io.bfq.weight|io.weight",
				 arena_printf(arena, "%s %u|%s %u", device, d->weight, device,
					      cgroup_io_weight(d->weight)));
	}
}

/* Reservations where the kernel counts them, and use in any case, as the spec's fallback has it. */
static void hugepage_limits(const struct spec_resources *r, struct cgroup_limits *limits)
{
	struct arena *arena = limits->arena;

	for (size_t i = 0; i < r->hugepage_limit_count; i++) {
		const struct spec_hugepage_limit *h = &r->hugepage_limits[i];
		const char *pointer = arena_printf(arena, "hugepageLimits/%zu", i);
		const char *value = arena_printf(arena, "%" PRIu64, h->limit);

		cgroup_limit_add(limits, pointer,
				 arena_printf(arena, "hugetlb.%s.max", h->page_size), value);
		cgroup_limit_add(limits, pointer,
				 arena_printf(arena, "hugetlb.%s.rsvd.max|", h->page_size), value);
	}
}

static void rdma_limits(const struct spec_resources *r, struct cgroup_limits *limits)
{
	struct arena *arena = limits->arena;

	for (size_t i = 0; i < r->rdma_count; i++) {
		const struct spec_rdma *d = &r->rdma[i];
		const char *handles = "", *objects = "";

		if (d->has_handles)
			handles = arena_printf(arena, " hca_handle=%u", d->handles);
		if (d->has_objects)
			objects = arena_printf(arena, " hca_object=%u", d->objects);
		cgroup_limit_add(limits, arena_printf(arena, "rdma/%s", d->device), "rdma.max",
				 arena_printf(arena, "%s%s%s", d->device, handles, objects));
	}
}

void cgroup_list_limits(const struct spec_resources *r, struct cgroup_limits *ret_limits)
{
	weight_limits(&r->block_io, ret_limits);
	for (size_t i = 0; i < sizeof throttle_rows / sizeof *throttle_rows; i++)
		throttle_limits(&throttle_rows[i], &r->block_io, ret_limits);
	hugepage_limits(r, ret_limits);
	rdma_limits(r, ret_limits);
}

/* Files take one line a write: io.max with two devices is two writes. Nothing at all stays nothing, for memory.high
 * takes an empty line for 0; only of a mask it is the value that takes it back. */
static void unified_lines(const struct pair *pair, struct cgroup_limits *limits)
{
	struct arena *arena = limits->arena;
	const char *pointer = arena_printf(arena, "unified/%s", pair->key);
	const char *line = pair->value;

	if (!line[strspn(line, "\n")])
		cgroup_limit_add(limits, pointer, pair->key,
				 str_starts(pair->key, "cpuset.") ? "\n" : "");
	while (*(line += strspn(line, "\n"))) {
		size_t length = strcspn(line, "\n");

		cgroup_limit_add(limits, pointer, pair->key, arena_strndup(arena, line, length));
		line += length;
	}
}

/* The key becomes the name of a file in the cgroup's own directory, and nothing else. */
static bool is_file_name(const char *key)
{
	return *key != '.' && strchr(key, '.') && !strpbrk(key, "/|\n");
}

static int refuse_key(const char *key, struct err *e)
{
	return err_say(e, EINVAL, "/linux/resources/unified: \"%s\" is not the name of a cgroup's "
				  "file, such as \"memory.high\"", key);
}

int cgroup_unified_limits(const struct spec_resources *r, struct cgroup_limits *ret_limits,
			  struct err *e)
{
	for (size_t i = 0; i < r->unified.count; i++) {
		const struct pair *pair = &r->unified.items[i];

		if (is_file_name(pair->key))
			unified_lines(pair, ret_limits);
		else if (findings_note(ret_limits->findings, refuse_key(pair->key, e), e) < 0)
			return -EINVAL;
	}
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stddef.h>
#include <stdio.h>

#include "base/err.h"
#include "cgroups/internal.h"
#include "plan/findings.h"
#include "spec/spec.h"

/*
 * Fields that only cgroup v1 can honour. The spec asks for an error where a
 * conversion is impossible; what asks for nothing (0, false, -1, an empty list) passes. memory/kernel
 * and memory/kernelTCP are no error but a warning of spec/check_resources.c: what they would limit is
 * counted by memory.max.
 */
static const struct v1_row {
	const char *pointer;
	size_t offset, size;
	const char *instead;
} v1_rows[] = {
#define ROW(pointer, field, instead) \
	{ pointer, offsetof(struct spec_resources, field), \
	  sizeof ((struct spec_resources *)0)->field, instead }
	ROW("memory/swappiness", memory.swappiness, "use the limit of swap"),
	ROW("memory/disableOOMKiller", memory.disable_oom_killer,
	    "use \"memory.high\" of unified, which slows down instead of killing"),
	ROW("cpu/realtimeRuntime", cpu.realtime_runtime, "use process.scheduler"),
	ROW("cpu/realtimePeriod", cpu.realtime_period, "use process.scheduler"),
	ROW("blockIO/leafWeight", block_io.leaf_weight, "use weight"),
	ROW("network/classID", network_class_id, "match the cgroup in the firewall's rules"),
	ROW("network/priorities", network_priority_count,
	    "match the cgroup in the firewall's rules"),
#undef ROW
};

/* All bits clear is 0 or false, all bits set is -1. */
static bool asks_for_nothing(const unsigned char *value, size_t size)
{
	size_t same = 1;

	if (*value != 0 && *value != 0xff)
		return false;
	while (same < size && value[same] == *value)
		same++;
	return same == size;
}

static int refuse(const char *pointer, const char *instead, struct err *e)
{
	err_say(e, EOPNOTSUPP, "/linux/resources/%s: cgroup v2 has nothing like it", pointer);
	return err_hint(e, "%s", instead);
}

static int refuse_leaf_weights(const struct spec_block_io *io, struct findings *findings,
			       struct err *e)
{
	char pointer[64];
	int r = 0;

	for (size_t i = 0; r == 0 && i < io->weight_device_count; i++) {
		if (!io->weight_devices[i].leaf_weight)
			continue;
		snprintf(pointer, sizeof pointer, "blockIO/weightDevice/%zu/leafWeight", i);
		r = findings_note(findings, refuse(pointer, "use weight", e), e);
	}
	return r;
}

int cgroup_refuse_v1(const struct spec_resources *r, struct findings *findings, struct err *e)
{
	int ret = 0;

	for (size_t i = 0; ret == 0 && i < sizeof v1_rows / sizeof *v1_rows; i++) {
		const struct v1_row *row = &v1_rows[i];

		if (asks_for_nothing((const unsigned char *)r + row->offset, row->size))
			continue;
		ret = findings_note(findings, refuse(row->pointer, row->instead, e), e);
	}
	return ret < 0 ? ret : refuse_leaf_weights(&r->block_io, findings, e);
}

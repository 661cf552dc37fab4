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

/* The text to write, or NULL for nothing; a negative errno with e filled, without the pointer. */
typedef int convert_function(struct arena *, const struct spec_resources *, const char **ret_text,
			     struct err *e);

/* A new scalar limit is one row here and one row in its test. Rows are written in this order. */
struct scalar_row {
	const char *pointer; /* below /linux/resources */
	const char *file;    /* its first word is the controller; see cgroup_write() for '|' */
	convert_function *convert;
};

#define CONVERT(name) \
	static int name(struct arena *arena, const struct spec_resources *r, \
			const char **ret_text, struct err *e)

static const char *number(struct arena *arena, int64_t value)
{
	return value < 0 ? "max" : arena_printf(arena, "%" PRId64, value);
}

/* Engines write 0 for "not set"; -1 is "unlimited". */
static int bytes(struct arena *arena, bool has, int64_t value, const char **ret_text,
		 struct err *e)
{
	if (!has || !value)
		return 0;
	if (value < -1)
		return err_say(e, EINVAL, "must be a number of bytes, or -1 for no limit");
	*ret_text = number(arena, value);
	return 0;
}

/* Unlike the others, 0 is a limit. */
CONVERT(pids_limit)
{
	if (r->has_pids_limit)
		*ret_text = number(arena, r->pids_limit);
	return 0;
}

CONVERT(memory_limit)
{
	return bytes(arena, r->memory.has_limit, r->memory.limit, ret_text, e);
}

CONVERT(memory_reservation)
{
	return bytes(arena, r->memory.has_reservation, r->memory.reservation, ret_text, e);
}

/* The field limits memory and swap together, the file swap alone. */
static int swap_alone(const struct spec_memory *m, int64_t *ret_swap, struct err *e)
{
	if (m->swap < -1)
		return err_say(e, EINVAL, "must be a number of bytes, or -1 for no limit");
	if (m->swap == -1) {
		*ret_swap = -1;
		return 0;
	}
	if (!m->has_limit || m->limit <= 0)
		return err_say(e, EINVAL, "needs a memory limit: it limits both together");
	if (m->swap < m->limit)
		return err_say(e, EINVAL, "must not be less than the memory limit");
	*ret_swap = m->swap - m->limit;
	return 0;
}

/* An unlimited memory with nothing said of swap means unlimited swap. */
static int swap_value(const struct spec_memory *m, bool *ret_set, int64_t *ret_swap,
		      struct err *e)
{
	*ret_set = true;
	if (m->has_swap && m->swap)
		return swap_alone(m, ret_swap, e);
	*ret_set = m->has_limit && m->limit == -1;
	*ret_swap = -1;
	return 0;
}

static int swap_text(struct arena *arena, const struct spec_resources *r, bool harmless,
		     const char **ret_text, struct err *e)
{
	int64_t swap = 0;
	bool set;
	int ret = swap_value(&r->memory, &set, &swap, e);

	if (ret < 0 || !set || (swap <= 0) != harmless)
		return ret;
	*ret_text = number(arena, swap);
	return 0;
}

/* Two rows: where the kernel accounts no swap, "none" and "any" hold without the file. */
CONVERT(memory_swap)
{
	return swap_text(arena, r, false, ret_text, e);
}

CONVERT(memory_swap_extreme)
{
	return swap_text(arena, r, true, ret_text, e);
}

CONVERT(cpu_idle)
{
	if (r->cpu.has_idle)
		*ret_text = arena_printf(arena, "%" PRId64, r->cpu.idle);
	return 0;
}

/* The kernel refuses a weight for an idle cgroup. */
CONVERT(cpu_shares)
{
	bool idle = r->cpu.has_idle && r->cpu.idle;

	if (r->cpu.has_shares && r->cpu.shares && !idle)
		*ret_text = arena_printf(arena, "%u", cgroup_cpu_weight(r->cpu.shares));
	return 0;
}

static bool has_quota(const struct spec_resources *r)
{
	return r->cpu.has_quota && r->cpu.quota;
}

/* One file and one write for both, so that no moment has the one without the other. */
static void cpu_max(struct arena *arena, const struct spec_resources *r, const char **ret_text)
{
	uint64_t period = r->cpu.has_period && r->cpu.period ? r->cpu.period : 100000;
	int64_t quota = has_quota(r) ? r->cpu.quota : -1;

	*ret_text = arena_printf(arena, "%s %" PRIu64, number(arena, quota), period);
}

CONVERT(cpu_quota)
{
	if (has_quota(r))
		cpu_max(arena, r, ret_text);
	return 0;
}

CONVERT(cpu_period)
{
	if (!has_quota(r) && r->cpu.has_period && r->cpu.period)
		cpu_max(arena, r, ret_text);
	return 0;
}

CONVERT(cpu_burst)
{
	if (r->cpu.has_burst)
		*ret_text = arena_printf(arena, "%" PRIu64, r->cpu.burst);
	return 0;
}

static const char *text_or_none(const char *text)
{
	return text && *text ? text : NULL;
}

CONVERT(cpuset_cpus)
{
	*ret_text = text_or_none(r->cpu.cpus);
	return 0;
}

CONVERT(cpuset_mems)
{
	*ret_text = text_or_none(r->cpu.mems);
	return 0;
}

/* BFQ takes the number as it is, io.cost takes it on its own scale. */
CONVERT(io_weight)
{
	unsigned weight = r->block_io.weight;

	if (r->block_io.has_weight && weight)
		*ret_text = arena_printf(arena, "%u|default %u", weight, cgroup_io_weight(weight));
	return 0;
}

static const struct scalar_row scalar_rows[] = {
	{ "pids/limit", "pids.max", pids_limit },
	{ "memory/swap", "memory.swap.max", memory_swap },
	{ "memory/swap", "memory.swap.max|", memory_swap_extreme },
	{ "memory/limit", "memory.max", memory_limit },
	{ "memory/reservation", "memory.low", memory_reservation },
	{ "cpu/idle", "cpu.idle", cpu_idle },
	{ "cpu/shares", "cpu.weight", cpu_shares },
	{ "cpu/quota", "cpu.max", cpu_quota },
	{ "cpu/period", "cpu.max", cpu_period },
	{ "cpu/burst", "cpu.max.burst", cpu_burst },
	{ "cpu/cpus", "cpuset.cpus", cpuset_cpus },
	{ "cpu/mems", "cpuset.mems", cpuset_mems },
	{ "blockIO/weight", "io.bfq.weight|io.weight", io_weight },
};

static int scalar_limits(const struct spec_resources *r, struct cgroup_limits *limits,
			 struct err *e)
{
	for (size_t i = 0; i < sizeof scalar_rows / sizeof *scalar_rows; i++) {
		const struct scalar_row *row = &scalar_rows[i];
		const char *text = NULL;

		int ret = row->convert(limits->arena, r, &text, e);

		if (ret < 0)
			ret = err_prefix(e, "/linux/resources/%s", row->pointer);
		if (findings_note(limits->findings, ret, e) < 0)
			return ret;
		if (text)
			cgroup_limit_add(limits, row->pointer, row->file, text);
	}
	return 0;
}

void cgroup_limit_add(struct cgroup_limits *limits, const char *pointer, const char *file,
		      const char *value)
{
	struct arena *arena = limits->arena;
	int shown = (int)strcspn(file, "|");

	if (limits->count == limits->size) {
		size_t size = limits->size ? 2 * limits->size : 16;
		struct cgroup_limit *items = arena_array(arena, size, sizeof *items);

		if (limits->count)
			memcpy(items, limits->items, limits->count * sizeof *items);
		limits->items = items;
		limits->size = size;
	}
	limits->items[limits->count++] = (struct cgroup_limit){
		.file = file,
		.value = value,
		.why = arena_printf(arena, "/linux/resources/%s (%.*s)", pointer, shown, file),
	};
}

size_t cgroup_controller_of(const char *file)
{
	size_t length = strcspn(file, ".");

	return length == 6 && strncmp(file, "cgroup", 6) == 0 ? 0 : length;
}

int cgroup_limits_of(const struct spec_resources *r, struct cgroup_limits *ret_limits,
		     struct err *e)
{
	int ret = cgroup_refuse_v1(r, ret_limits->findings, e);

	if (ret == 0)
		ret = scalar_limits(r, ret_limits, e);
	if (ret < 0)
		return ret;
	cgroup_list_limits(r, ret_limits);
	return cgroup_unified_limits(r, ret_limits, e);
}

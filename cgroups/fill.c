/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/arena.h"
#include "base/err.h"
#include "cgroups/cgroup.h"
#include "cgroups/internal.h"
#include "spec/spec.h"

/* Word number n of a small file, "" when there is none: its controller may be off as yet. */
static const char *word_of(struct arena *arena, int cgroup, const char *file, size_t n)
{
	struct strings words;
	const char *text;
	struct err ignored;

	if (cgroup_read(arena, cgroup, file, &text, &ignored) < 0)
		return "";
	words = cgroup_split(arena, text);
	return n < words.count ? words.items[n] : "";
}

static void fill_cpu_max(struct arena *arena, int cgroup, struct spec_cpu *cpu)
{
	bool quota = cpu->has_quota && cpu->quota, period = cpu->has_period && cpu->period;
	uint64_t number;

	if (quota && !period && parse_u64(word_of(arena, cgroup, "cpu.max", 1), UINT64_MAX,
					  &number) == 0) {
		cpu->has_period = true;
		cpu->period = number;
	}
	if (period && !quota && parse_u64(word_of(arena, cgroup, "cpu.max", 0), INT64_MAX,
					  &number) == 0) {
		cpu->has_quota = true;
		cpu->quota = (int64_t)number;
	}
}

/* The kernel refuses a weight for an idle cgroup; engines send one with everything. One that ceases to be
 * idle has the usual weight, which systemd has to be told. */
static void fill_idle(struct arena *arena, int cgroup, struct spec_cpu *cpu)
{
	enum { USUAL_SHARES = 1024 };

	if (!str_equal(word_of(arena, cgroup, "cpu.idle", 0), "1"))
		return;
	if (!cpu->has_idle) {
		cpu->has_idle = true;
		cpu->idle = 1;
	} else if (!cpu->idle && !(cpu->has_shares && cpu->shares)) {
		cpu->has_shares = true;
		cpu->shares = USUAL_SHARES;
	}
}

static void fill_memory(struct arena *arena, int cgroup, struct spec_memory *memory)
{
	uint64_t number;

	if (!memory->has_swap || memory->swap <= 0 || (memory->has_limit && memory->limit) ||
	    parse_u64(word_of(arena, cgroup, "memory.max", 0), INT64_MAX, &number) < 0)
		return;
	memory->has_limit = true;
	memory->limit = (int64_t)number;
}

void cgroup_fill_from(struct arena *arena, int cgroup, const struct spec_resources *resources,
		      struct spec_resources *ret_filled)
{
	*ret_filled = *resources;
	fill_cpu_max(arena, cgroup, &ret_filled->cpu);
	fill_idle(arena, cgroup, &ret_filled->cpu);
	fill_memory(arena, cgroup, &ret_filled->memory);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* The builder. Strings lie behind the header from the first on, so an offset is final at once. */
#include "plan/plan.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/memory.h"

enum { PLAN_SIZE_MAX = 64 << 20, STEPS_FIRST = 64 };

_Static_assert(sizeof(struct plan_header) % 8 == 0, "what follows the header is 8-aligned");
_Static_assert(sizeof(struct plan_step) % 8 == 0, "steps and what follows them are 8-aligned");

/* Appends bytes at an aligned offset of the block and returns that offset. */
static uint64_t append(struct plan *plan, const void *bytes, size_t length, size_t align)
{
	static const char zeros[8];
	size_t gap = -plan->bytes.length & (align - 1);
	uint64_t offset = sizeof(struct plan_header) + plan->bytes.length + gap;

	if (plan->failed || length > PLAN_SIZE_MAX || offset + length > PLAN_SIZE_MAX) {
		plan->failed = true;
		return 0;
	}
	strbuf_add_bytes(&plan->bytes, zeros, gap);
	strbuf_add_bytes(&plan->bytes, bytes, length);
	return offset;
}

uint64_t plan_str(struct plan *plan, const char *text)
{
	return text ? append(plan, text, strlen(text) + 1, 1) : 0;
}

uint64_t plan_list(struct plan *plan, const struct strings *list)
{
	autofree uint32_t *words = NULL;

	if (!list || !list->count)
		return 0;
	words = calloc(list->count + 1, sizeof *words);
	if (!words || list->count > PLAN_SIZE_MAX) {
		plan->failed = true;
		return 0;
	}
	words[0] = (uint32_t)list->count;
	for (size_t i = 0; i < list->count; i++)
		words[i + 1] = (uint32_t)plan_str(plan, list->items[i]);
	return append(plan, words, (list->count + 1) * sizeof *words, sizeof *words);
}

uint64_t plan_blob(struct plan *plan, const void *bytes, size_t length)
{
	uint64_t offset;

	if (!length)
		return 0;
	offset = append(plan, bytes, length, 8);
	return offset ? (uint64_t)length << 32 | offset : 0;
}

uint64_t plan_slot(struct plan *plan)
{
	if (plan->slot_count >= PLAN_SLOTS_MAX) {
		plan->failed = true;
		return PLAN_NO_SLOT;
	}
	return plan->slot_count++;
}

uint64_t plan_slot_of(struct plan *plan, uint32_t *known)
{
	if (!*known)
		*known = (uint32_t)plan_slot(plan) + 1;
	return *known - 1;
}

const char *plan_built_text(const struct plan *plan, uint64_t offset)
{
	return offset ? plan->bytes.text + offset - sizeof(struct plan_header) : NULL;
}

/* Neighbouring steps mostly come from one field: its text is stored once. */
static uint32_t add_why(struct plan *plan, const struct plan_lane_steps *lane, const char *why)
{
	uint32_t last = lane->count ? lane->items[lane->count - 1].why : 0;

	if (last && why && str_equal(plan_built_text(plan, last), why))
		return last;
	return (uint32_t)plan_str(plan, why);
}

static struct plan_step *grow(struct plan_lane_steps *lane)
{
	if (lane->count == lane->size) {
		size_t size = lane->size ? lane->size * 2 : STEPS_FIRST;
		struct plan_step *items = reallocarray(lane->items, size, sizeof *items);

		if (!items)
			memory_out();
		lane->items = items;
		lane->size = size;
	}
	return &lane->items[lane->count++];
}

static struct plan_step *add(struct plan *plan, struct plan_lane_steps *steps, enum plan_op op,
			     const char *why, const uint64_t args[PLAN_ARGS])
{
	uint32_t text = add_why(plan, steps, why);
	struct plan_step *step = grow(steps);

	*step = (struct plan_step){ .op = (uint16_t)op, .why = text };
	memcpy(step->arg, args, sizeof step->arg);
	return step;
}

struct plan_step *plan_add(struct plan *plan, enum plan_lane lane, enum plan_op op, const char *why,
			   const uint64_t args[PLAN_ARGS])
{
	return add(plan, lane == LANE_HOST ? &plan->host : &plan->init, op, why, args);
}

void plan_later(struct plan *plan, enum plan_op op, const char *why, const uint64_t args[PLAN_ARGS])
{
	add(plan, &plan->later, op, why, args);
}

void plan_add_later(struct plan *plan)
{
	for (size_t i = 0; i < plan->later.count; i++)
		*grow(&plan->init) = plan->later.items[i];
	plan->later.count = 0;
}

void plan_sync(struct plan *plan, enum plan_direction direction, const char *why)
{
	plan->sync_count++;
	PLAN_HOST(plan, OP_SYNC, why, plan->sync_count, direction);
	PLAN_INIT(plan, OP_SYNC, why, plan->sync_count, direction);
}

void plan_clear(struct plan *plan)
{
	free(plan->host.items);
	free(plan->init.items);
	free(plan->later.items);
	strbuf_clear(&plan->bytes);
	*plan = (struct plan){ 0 };
}

static size_t steps_size(const struct plan_lane_steps *lane)
{
	return lane->count * sizeof *lane->items;
}

/* memcpy() wants no NULL, not even for nothing. */
static char *put(char *to, const void *bytes, size_t length)
{
	if (length)
		memcpy(to, bytes, length);
	return to + length;
}

static void lay_out(const struct plan *plan, struct plan_header *header)
{
	char *to = (char *)header + header->steps;
	int32_t *slots = (int32_t *)((char *)header + header->slots);

	put((char *)(header + 1), plan->bytes.text, plan->bytes.length);
	to = put(to, plan->host.items, steps_size(&plan->host));
	put(to, plan->init.items, steps_size(&plan->init));
	for (uint32_t i = 0; i < plan->slot_count; i++)
		slots[i] = -1;
}

int plan_seal(struct plan *plan, struct arena *arena, struct plan_header **ret_plan, struct err *e)
{
	size_t steps = (sizeof(struct plan_header) + plan->bytes.length + 7) & ~(size_t)7;
	size_t slots = steps + steps_size(&plan->host) + steps_size(&plan->init);
	size_t size = slots + plan->slot_count * sizeof(int32_t);
	struct plan_header *header;
	int r;

	if (plan->failed || size > PLAN_SIZE_MAX)
		return err_say(e, E2BIG,
			       "the plan has more than %d descriptors or is larger than %d MiB",
			       PLAN_SLOTS_MAX, PLAN_SIZE_MAX >> 20);
	header = arena_alloc(arena, size);
	*header = (struct plan_header){
		.magic = PLAN_MAGIC,
		.version = PLAN_VERSION,
		.gate = PLAN_GATE,
		.size = (uint32_t)size,
		.steps = (uint32_t)steps,
		.host_count = (uint32_t)plan->host.count,
		.init_count = (uint32_t)plan->init.count,
		.slots = (uint32_t)slots,
		.slot_count = plan->slot_count,
		.sync_fd = -1,
		.preserve_fds = plan->preserve_fds,
	};
	lay_out(plan, header);
	r = plan_check(header, size, e);
	if (r < 0)
		return r;
	*ret_plan = header;
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* What plan/format.h says of opcodes and calls, and reading a sealed plan. */
#include "plan/facts.h"

#include <string.h>

#include "base/arena.h"
#include "plan/plan.h"

#define X(op, name, lane, args, ...) [OP_##op] = { name, lane, args, { __VA_ARGS__ } },
static const struct op_facts ops[OP_COUNT] = { PLAN_OPS(X) };
#undef X

#define X(call) #call,
static const char *const calls[CALL_COUNT] = { PLAN_CALLS(X) };
#undef X

const struct op_facts *plan_op_facts(unsigned op)
{
	return op < OP_COUNT ? &ops[op] : NULL;
}

const char *plan_op_name(unsigned op)
{
	return op < OP_COUNT ? ops[op].name : "unknown";
}

const char *plan_call_name(unsigned call)
{
	return call < CALL_COUNT ? calls[call] : "unknown";
}

const char *plan_arg_name(unsigned op, unsigned arg, size_t *ret_length)
{
	const char *name = op < OP_COUNT ? ops[op].args : "";

	for (; arg && *name; arg--) {
		name += strcspn(name, " ");
		name += *name == ' ';
	}
	if (!*name)
		return NULL;
	*ret_length = strcspn(name, " ");
	return name;
}

enum plan_arg plan_arg_kind(unsigned op, unsigned arg)
{
	return op < OP_COUNT && arg < PLAN_ARGS ? (enum plan_arg)ops[op].kinds[arg] : A_NONE;
}

const struct plan_step *plan_steps(const struct plan_header *plan, enum plan_lane lane,
				   size_t *ret_count)
{
	const void *first = (const char *)plan + plan->steps;
	const struct plan_step *steps = first;

	*ret_count = lane == LANE_HOST ? plan->host_count : plan->init_count;
	return lane == LANE_HOST ? steps : steps + plan->host_count;
}

const char *plan_text(const struct plan_header *plan, uint64_t offset)
{
	return offset ? (const char *)plan + offset : NULL;
}

static const uint32_t *list_words(const struct plan_header *plan, uint64_t list)
{
	const void *words = (const char *)plan + list;

	return words;
}

size_t plan_list_count(const struct plan_header *plan, uint64_t list)
{
	return list ? *list_words(plan, list) : 0;
}

const char *plan_list_item(const struct plan_header *plan, uint64_t list, size_t index)
{
	return plan_text(plan, list_words(plan, list)[index + 1]);
}

char **plan_vector(const struct plan_header *plan, uint64_t list, struct arena *arena)
{
	size_t count = plan_list_count(plan, list);
	char **vector = arena_array(arena, count + 1, sizeof *vector);

	for (size_t i = 0; i < count; i++)
		vector[i] = arena_strdup(arena, plan_list_item(plan, list, i));
	return vector;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* The loop over the init lane: one switch over the opcodes. */
#include "init/init.h"

const char *step_text(const struct init *in, uint64_t offset)
{
	return offset ? (const char *)in->plan + offset : NULL;
}

uint32_t list_count(const struct init *in, uint64_t list)
{
	return list ? *(const uint32_t *)(const void *)((const char *)in->plan + list) : 0;
}

const char *list_item(const struct init *in, uint64_t list, uint32_t index)
{
	const uint32_t *items = (const void *)((const char *)in->plan + list);

	return (const char *)in->plan + items[1 + index];
}

const void *blob(const struct init *in, uint64_t argument, size_t *ret_length)
{
	*ret_length = argument >> 32;
	return (const char *)in->plan + (uint32_t)argument;
}

static enum plan_arg kind_of(unsigned op, unsigned arg)
{
	static const uint8_t kinds[OP_COUNT][PLAN_ARGS] = {
#define X(op, name, lane, names, ...) [OP_##op] = { __VA_ARGS__ },
		PLAN_OPS(X)
#undef X
	};

	return op < OP_COUNT ? (enum plan_arg)kinds[op][arg] : A_NONE;
}

const char *step_object(const struct init *in)
{
	for (unsigned i = 0; i < PLAN_ARGS; i++)
		if (kind_of(in->step->op, i) == A_STR && in->step->arg[i])
			return step_text(in, in->step->arg[i]);
	return "";
}

static int argument_fits(const struct init *in, enum plan_arg kind, uint64_t value)
{
	const struct plan_header *plan = in->plan;

	switch (kind) {
	case A_STR:
		return value < plan->size;
	case A_LIST:
		return value % 4 == 0 && value + 4 <= plan->size &&
		       list_count(in, value) <= (plan->size - value) / 4 - 1;
	case A_BLOB:
		return (value >> 32) + (uint32_t)value <= plan->size;
	case A_SLOT:
		return value == PLAN_NO_SLOT || value < plan->slot_count;
	case A_RET:
		return value < plan->slot_count;
	default:
		return 1;
	}
}

/* The host has proved the plan; this only keeps a wrong one from reaching beyond its end. */
static int step_fits(const struct init *in)
{
	int fits = 1;

	for (unsigned i = 0; i < PLAN_ARGS; i++)
		fits &= argument_fits(in, kind_of(in->step->op, i), in->step->arg[i]);
	return fits;
}

static int step_run(struct init *in, const uint64_t *arg)
{
#define CASE_LANE_HOST(op)
#define CASE_LANE_INIT(op) \
	case OP_##op: \
		return run_##op(in, arg);
#define CASE_LANE_BOTH(op) CASE_LANE_INIT(op)
#define X(op, name, lane, ...) CASE_##lane(op)
	switch (in->step->op) {
		PLAN_OPS(X)
#undef X
	default:
		return FAIL(in, none, -EINVAL, "an opcode that tare-init does not know");
	}
}

int run_SYNC(struct init *in, const uint64_t *arg)
{
	if (arg[1] == INIT_TO_HOST)
		return report(in, REPORT_SYNC, (uint32_t)arg[0]);
	return await_go(in, (uint32_t)arg[0]);
}

/* A mount may change what a path leads to; these steps do not. */
static int keeps_parent(unsigned op)
{
	return op == OP_MKNOD || op == OP_SYMLINK;
}

enum { NOFILE = 7 };

/* What leads to the host's files is not open when the root changes, nor for long; what is opened under a new limit needs low
 * numbers; and the host lane, while we wait for it, may set such a limit. */
static int begins_tidy(const struct init *in)
{
	const uint64_t *arg = in->step->arg;

	switch (in->step->op) {
	case OP_PIVOT:
	case OP_GATE:
		return 1;
	case OP_SYNC:
		return arg[1] == INIT_TO_HOST;
	case OP_RLIMIT:
		return arg[0] == NOFILE;
	default:
		return in->untidy;
	}
}

static int step_perform(struct init *in)
{
	if (begins_tidy(in))
		descriptors_tidy(in);
	if (!keeps_parent(in->step->op))
		parent_forget(in);
	if (!step_fits(in))
		return FAIL(in, none, -EINVAL, "a step reaches beyond the plan");
	return step_run(in, in->step->arg);
}

static int is_forgiven(const struct init *in)
{
	return in->step->flags & STEP_OPTIONAL ||
	       (in->step->flags & STEP_ELSE && in->fault.error == EPERM);
}

void lane_run(struct init *in)
{
	const struct plan_step *steps = (const void *)((const char *)in->plan + in->plan->steps);

	for (in->index = 0; in->index < in->plan->init_count; in->index++) {
		int r;

		in->step = &steps[in->plan->host_count + in->index];
		trace_begin(in);
		r = step_perform(in);
		trace_end(in);
		if (r < 0 && !is_forgiven(in))
			break;
		if (r < 0)
			warn(in);
		else if (in->step->flags & STEP_ELSE)
			in->index++;
	}
	if (in->index < in->plan->init_count)
		report_fault(in, REPORT_ERROR);
	leave(1);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tare-init trusts its plan. A builder's mistake that plan_check() lets through becomes a wild read, a
 * descriptor of the host in the wrong place or two processes that wait for each other for ever.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "sample.h"

static int check(const struct plan_header *plan)
{
	struct err e = { 0 };
	int r = plan_check(plan, plan->size, &e);

	assert_int_equal(r < 0, e.text[0] != '\0');
	return r;
}

#define HEADER(field) { #field, offsetof(struct plan_header, field) }
static const struct header_field {
	const char *name;
	size_t offset;
} header_fields[] = {
	HEADER(magic), HEADER(version), HEADER(size), HEADER(steps), HEADER(host_count),
	HEADER(init_count), HEADER(slots), HEADER(slot_count), HEADER(gate),
	HEADER(reserved[0]), HEADER(reserved[1]),
};

static void test_every_header_field_counts(void **state)
{
	static const uint32_t values[] = { 0x7fffffff, 0xffffffff, 3 };

	(void)state;
	for (size_t i = 0; i < sizeof header_fields / sizeof *header_fields; i++)
		for (size_t v = 0; v < sizeof values / sizeof *values; v++) {
			autoarena arena = { 0 };
			struct plan_header *plan = sample_plan(&arena);
			uint32_t size = plan->size;
			struct err e;

			memcpy((char *)plan + header_fields[i].offset, &values[v], 4);
			if (plan_check(plan, size, &e) != -EINVAL)
				fail_msg("%s = %x passes", header_fields[i].name, values[v]);
		}
}

static void test_numbers_that_launch_sets_are_bounded(void **state)
{
	autoarena arena = { 0 };
	struct plan_header *plan = sample_plan(&arena);

	(void)state;
	plan->sync_fd = 7;
	plan->preserve_fds = 2;
	assert_int_equal(check(plan), 0);
	plan->sync_fd = -2;
	assert_int_equal(check(plan), -EINVAL);
	plan->sync_fd = 7;
	plan->trace_fd = 8;
	assert_int_equal(check(plan), 0);
	plan->trace_fd = -1;
	assert_int_equal(check(plan), -EINVAL);
	plan->trace_fd = 0;
	plan->preserve_fds = UINT32_MAX;
	assert_int_equal(check(plan), -EINVAL);
}

static void test_sizes_count(void **state)
{
	autoarena arena = { 0 };
	struct plan_header *plan = sample_plan(&arena);
	struct err e;

	(void)state;
	assert_int_equal(plan_check(plan, plan->size - 1, &e), -EINVAL);
	assert_int_equal(plan_check(plan, plan->size + 8, &e), -EINVAL);
	assert_int_equal(plan_check(plan, 8, &e), -EINVAL);
	assert_int_equal(plan_check((char *)plan + 4, plan->size - 4, &e), -EINVAL);
}

/* Every reference of every step, pointed before, into the middle of nowhere and behind the end. */
static bool is_reference(enum plan_arg kind)
{
	return kind == A_STR || kind == A_LIST || kind == A_BLOB || kind == A_SLOT || kind == A_RET;
}

static void try_value(struct plan_header *plan, struct plan_step *step, unsigned arg, uint64_t value)
{
	uint64_t old = step->arg[arg];

	step->arg[arg] = value;
	if (check(plan) != -EINVAL)
		fail_msg("%s: argument %u = %llx passes", plan_op_name(step->op), arg,
			 (unsigned long long)value);
	step->arg[arg] = old;
}

static void damage_argument(struct plan_header *plan, struct plan_step *step, unsigned arg)
{
	enum plan_arg kind = plan_arg_kind(step->op, arg);
	bool is_slot = kind == A_SLOT || kind == A_RET;
	const uint64_t offsets[] = { 1, plan->steps, plan->size, UINT32_MAX, UINT64_MAX,
				     (uint64_t)plan->size << 32 | sizeof *plan };
	const uint64_t slots[] = { plan->slot_count, PLAN_SLOTS_MAX, UINT32_MAX, UINT64_MAX - 1 };
	const uint64_t *values = is_slot ? slots : offsets;
	size_t count = is_slot ? sizeof slots / sizeof *slots : sizeof offsets / sizeof *offsets;

	for (size_t i = 0; is_reference(kind) && i < count; i++)
		try_value(plan, step, arg, values[i]);
}

static void damage_lane(struct plan_header *plan, enum plan_lane lane)
{
	size_t count;
	struct plan_step *steps = (struct plan_step *)plan_steps(plan, lane, &count);

	for (size_t i = 0; i < count; i++)
		for (unsigned arg = 0; arg < PLAN_ARGS; arg++)
			damage_argument(plan, &steps[i], arg);
}

static void test_every_reference_counts(void **state)
{
	autoarena arena = { 0 };
	struct plan_header *plan = sample_plan(&arena);

	(void)state;
	damage_lane(plan, LANE_HOST);
	damage_lane(plan, LANE_INIT);
	assert_int_equal(check(plan), 0);
}

/* One change of one field of one step; each must be found. */
struct damage {
	const char *name;
	enum plan_lane lane;
	enum plan_op op;
	size_t offset, size;
	uint64_t value;
};
#define ARG(n) offsetof(struct plan_step, arg[n]), 8
static const struct damage damages[] = {
	{ "no such opcode", LANE_INIT, OP_UMASK, offsetof(struct plan_step, op), 2, OP_COUNT },
	{ "an opcode of the other lane", LANE_INIT, OP_UMASK, offsetof(struct plan_step, op), 2,
	  OP_STATE },
	{ "an unknown flag", LANE_INIT, OP_UMASK, offsetof(struct plan_step, flags), 2, 2 },
	{ "a reason outside", LANE_INIT, OP_UMASK, offsetof(struct plan_step, why), 4, 1 },
	{ "an argument too many", LANE_INIT, OP_UMASK, ARG(1), 1 },
	{ "a mode out of range", LANE_INIT, OP_UMASK, ARG(0), 0777777 },
	{ "a direction out of range", LANE_INIT, OP_SYNC, ARG(1), 2 },
	{ "a wrong number", LANE_INIT, OP_SYNC, ARG(0), 2 },
	{ "a wrong direction", LANE_HOST, OP_SYNC, ARG(1), HOST_TO_INIT },
	{ "a missing string", LANE_INIT, OP_ROOT, ARG(0), 0 },
	{ "a missing list", LANE_INIT, OP_EXEC, ARG(0), 0 },
	{ "a missing filter", LANE_INIT, OP_SECCOMP, ARG(0), 0 },
	{ "a slot of the host's filled by init", LANE_INIT, OP_FS, ARG(4), 0 },
	{ "a user namespace without release", LANE_HOST, OP_RELEASE, offsetof(struct plan_step, op),
	  2, OP_FORKED },
	{ "a release nobody waits for", LANE_HOST, OP_CLONE, ARG(0), 0 },
	{ "no exec", LANE_INIT, OP_EXEC, offsetof(struct plan_step, op), 2, OP_GROUPS },
	{ "no clone", LANE_HOST, OP_CLONE, offsetof(struct plan_step, op), 2, OP_CGROUP_OWN },
	{ "no root", LANE_INIT, OP_ROOT, offsetof(struct plan_step, op), 2, OP_TREE },
};

static void test_every_damage_is_found(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof damages / sizeof *damages; i++) {
		const struct damage *d = &damages[i];
		autoarena arena = { 0 };
		struct plan_header *plan = sample_plan(&arena);
		struct plan_step *step = sample_step(plan, d->lane, d->op);

		memcpy((char *)step + d->offset, &d->value, d->size);
		if (check(plan) != -EINVAL)
			fail_msg("%s passes", d->name);
	}
}

static void swap(struct plan_step *a, struct plan_step *b)
{
	struct plan_step old = *a;

	*a = *b;
	*b = old;
}

/* The order of steps is the meaning of a plan. */
static const struct order {
	enum plan_lane lane;
	enum plan_op first, second;
} orders[] = {
	{ LANE_HOST, OP_OPEN_GATE, OP_CLONE },    /* init would not get the gate */
	{ LANE_HOST, OP_CLONE, OP_RELEASE },      /* nobody to release */
	{ LANE_HOST, OP_CLONE, OP_SYNC },         /* nobody to wait for */
	{ LANE_INIT, OP_FS, OP_ATTR },            /* attributes of nothing */
	{ LANE_INIT, OP_TARGET, OP_ATTACH },      /* nowhere to go */
	{ LANE_INIT, OP_ROOT, OP_TARGET },        /* a path with no root to resolve it in */
	{ LANE_INIT, OP_GATE, OP_EXEC },          /* something behind the end */
};

static void test_the_order_counts(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof orders / sizeof *orders; i++) {
		autoarena arena = { 0 };
		struct plan_header *plan = sample_plan(&arena);

		swap(sample_step(plan, orders[i].lane, orders[i].first),
		     sample_step(plan, orders[i].lane, orders[i].second));
		if (check(plan) != -EINVAL)
			fail_msg("%s behind %s passes", plan_op_name(orders[i].first),
				 plan_op_name(orders[i].second));
	}
}

/* Both lanes wait for the other's message: SYNCs in another order hang the container's start. */
static void test_syncs_must_pair(void **state)
{
	autoarena arena = { 0 };
	struct plan_header *plan = sample_plan(&arena);
	struct plan_step *first = sample_step(plan, LANE_HOST, OP_SYNC);

	(void)state;
	swap(first, first + 2);
	assert_int_equal(check(plan), -EINVAL);
	swap(first, first + 2);
	first[2].op = OP_FORKED;
	memset(first[2].arg, 0, sizeof first[2].arg);
	assert_int_equal(check(plan), -EINVAL);
}

/* ATTACH closes its target: what is attached there again would go to another file of the same number. */
static void test_a_target_is_used_once(void **state)
{
	autoarena arena = { 0 };
	autoplan plan = { 0 };
	struct plan_header *sealed;
	struct err e;
	uint64_t mount = plan_slot(&plan), target = plan_slot(&plan);

	(void)state;
	sample_host(&plan);
	PLAN_INIT(&plan, OP_ROOT, NULL, plan_str(&plan, "/"), 1, mount);
	PLAN_INIT(&plan, OP_TARGET, NULL, plan_str(&plan, "/x"), PLAN_NO_SLOT, 0, 0, target);
	PLAN_INIT(&plan, OP_ATTACH, NULL, mount, target);
	PLAN_INIT(&plan, OP_ATTACH, NULL, mount, target);
	sample_end(&plan);
	assert_int_equal(plan_seal(&plan, &arena, &sealed, &e), -EINVAL);
	assert_non_null(strstr(e.text, "used before it is filled"));
}

/* A hundred mounts share two slots, or a large pod would run out of descriptors. */
static void test_a_slot_may_be_filled_again(void **state)
{
	autoarena arena = { 0 };
	autoplan plan = { 0 };
	struct plan_header *sealed;
	struct err e;
	uint64_t slot = plan_slot(&plan);

	(void)state;
	sample_host(&plan);
	PLAN_INIT(&plan, OP_PROCFS, NULL, slot);
	PLAN_INIT(&plan, OP_PROCFS, NULL, slot);
	sample_end(&plan);
	assert_int_equal(plan_seal(&plan, &arena, &sealed, &e), 0);
}

/* Whichever of a step and its alternative runs, the next ones must find their slot filled; and a meeting
 * that only one lane may pass over would hang both. */
static void test_an_alternative_fills_the_same_slot(void **state)
{
	(void)state;
	for (unsigned same = 0; same < 2; same++) {
		autoarena arena = { 0 };
		autoplan plan = { 0 };
		struct plan_header *sealed;
		struct err e;
		uint64_t first = plan_slot(&plan), second = plan_slot(&plan);
		int expected = same ? 0 : -EINVAL;

		sample_host(&plan);
		PLAN_INIT(&plan, OP_PROCFS, NULL, first)->flags = STEP_ELSE;
		PLAN_INIT(&plan, OP_PROCFS, NULL, same ? first : second);
		sample_end(&plan);
		assert_int_equal(plan_seal(&plan, &arena, &sealed, &e), expected);
	}
}

/* The host's /proc is given to tare-init for the case that it gets none of its own: only a step that may fail
 * leaves the given one in its slot. */
static void test_a_given_slot_is_bettered_at_most(void **state)
{
	(void)state;
	for (unsigned optional = 0; optional < 2; optional++) {
		autoarena arena = { 0 };
		autoplan plan = { 0 };
		struct plan_header *sealed;
		struct err e;
		uint64_t slot = plan_slot(&plan);

		PLAN_HOST(&plan, OP_OPEN, NULL, plan_str(&plan, "/proc"), 0, slot);
		sample_host(&plan);
		PLAN_INIT(&plan, OP_PROCFS, NULL, slot)->flags = optional ? STEP_OPTIONAL : 0;
		sample_end(&plan);
		assert_int_equal(plan_seal(&plan, &arena, &sealed, &e), optional ? 0 : -EINVAL);
	}
}

/* A damaged plan is any bytes at all: whatever they are, the check only says yes or no. */
static void test_any_byte_may_change(void **state)
{
	autoarena arena = { 0 };
	struct plan_header *plan = sample_plan(&arena);
	unsigned char *bytes = (unsigned char *)plan;
	size_t size = plan->size;
	struct err e;

	(void)state;
	for (size_t i = 0; i < size; i++)
		for (unsigned bit = 0; bit < 8; bit++) {
			bytes[i] ^= (unsigned char)(1u << bit);
			(void)plan_check(plan, size, &e);
			bytes[i] ^= (unsigned char)(1u << bit);
		}
	assert_int_equal(plan_check(plan, size, &e), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_header_field_counts),
		cmocka_unit_test(test_numbers_that_launch_sets_are_bounded),
		cmocka_unit_test(test_sizes_count),
		cmocka_unit_test(test_every_reference_counts),
		cmocka_unit_test(test_every_damage_is_found),
		cmocka_unit_test(test_the_order_counts),
		cmocka_unit_test(test_syncs_must_pair),
		cmocka_unit_test(test_a_target_is_used_once),
		cmocka_unit_test(test_a_slot_may_be_filled_again),
		cmocka_unit_test(test_an_alternative_fills_the_same_slot),
		cmocka_unit_test(test_a_given_slot_is_bettered_at_most),
		cmocka_unit_test(test_any_byte_may_change),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

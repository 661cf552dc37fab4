/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#include "sample.h"

/* What a compile function puts in must be what tare-init reads, or a container gets other arguments
 * than its config has. */
static void test_what_goes_in_comes_out(void **state)
{
	autoarena arena = { 0 };
	struct plan_header *plan = sample_plan(&arena);
	const struct plan_step *fs = sample_step(plan, LANE_INIT, OP_FS);
	const struct plan_step *exec = sample_step(plan, LANE_INIT, OP_EXEC);
	char **argv = plan_vector(plan, exec->arg[0], &arena);

	(void)state;
	assert_string_equal(plan_text(plan, fs->arg[0]), "tmpfs");
	assert_string_equal(plan_text(plan, fs->why), "/mounts/0 (destination /dev/shm)");
	assert_null(plan_text(plan, fs->arg[1]));
	assert_int_equal(plan_list_count(plan, exec->arg[0]), 3);
	assert_string_equal(argv[2], "echo \"hello\"");
	assert_null(argv[3]);
	assert_null(*plan_vector(plan, exec->arg[1], &arena));
}

/* A descriptor number that is left over from another process would be used as if it were ours. */
static void test_slots_start_empty(void **state)
{
	autoarena arena = { 0 };
	struct plan_header *plan = sample_plan(&arena);
	const int32_t *slots = (const int32_t *)((const char *)plan + plan->slots);

	(void)state;
	assert_int_equal(plan->slot_count, 4);
	for (uint32_t i = 0; i < plan->slot_count; i++)
		assert_int_equal(slots[i], -1);
	assert_int_equal(plan->sync_fd, -1);
}

/* An environment or an argument list as large as Linux allows must fit. */
static void test_large_lists_fit(void **state)
{
	autoarena arena = { 0 };
	autoplan plan = { 0 };
	const char *items[2000];
	struct strings env = { items, 2000 };
	struct plan_header *sealed;
	struct err e;
	char *text = arena_alloc(&arena, 1001);

	(void)state;
	memset(text, 'x', 1000);
	for (size_t i = 0; i < env.count; i++)
		items[i] = text;
	sample_host(&plan);
	PLAN_INIT(&plan, OP_EXEC, NULL, plan_list(&plan, &env), plan_list(&plan, &env), 0);
	assert_int_equal(plan_seal(&plan, &arena, &sealed, &e), 0);
	assert_int_equal(plan_list_count(sealed, sample_step(sealed, LANE_INIT, OP_EXEC)->arg[1]),
			 2000);
}

/* Blobs are read as structs: a misaligned one faults on some machines. */
static void test_blobs_are_aligned(void **state)
{
	autoarena arena = { 0 };
	struct plan_header *plan = sample_plan(&arena);
	uint64_t filter = sample_step(plan, LANE_INIT, OP_SECCOMP)->arg[0];

	(void)state;
	assert_int_equal((uint32_t)filter % 8, 0);
	assert_int_equal(filter >> 32, 16);
}

/* Too many descriptors must be an error that is seen, not a slot that two steps share. */
static void test_too_many_slots_are_refused(void **state)
{
	autoarena arena = { 0 };
	autoplan plan = { 0 };
	struct plan_header *sealed = NULL;
	struct err e;

	(void)state;
	for (int i = 0; i < PLAN_SLOTS_MAX; i++)
		assert_int_equal(plan_slot(&plan), i);
	assert_true(plan_slot(&plan) == PLAN_NO_SLOT);
	sample_host(&plan);
	sample_end(&plan);
	assert_int_equal(plan_seal(&plan, &arena, &sealed, &e), -E2BIG);
	assert_null(sealed);
}

/* Where a tmpfs becomes read-only decides whether other mounts can still go into it. */
static void test_later_steps_come_when_called_for(void **state)
{
	autoplan plan = { 0 };

	(void)state;
	plan_later(&plan, OP_UMASK, "/a", (const uint64_t[PLAN_ARGS]){ 1 });
	PLAN_INIT(&plan, OP_SESSION, "/b", 0);
	plan_add_later(&plan);
	plan_add_later(&plan);
	assert_int_equal(plan.init.count, 2);
	assert_int_equal(plan.init.items[1].op, OP_UMASK);
	assert_string_equal(plan_built_text(&plan, plan.init.items[1].why), "/a");
}

/* Two meanings for one slot would mount one thing in place of another. */
static void test_a_known_slot_is_allotted_once(void **state)
{
	autoplan plan = { 0 };
	uint64_t first = plan_slot_of(&plan, &plan.null_slot);

	(void)state;
	assert_int_equal(plan_slot_of(&plan, &plan.empty_slot), first + 1);
	assert_int_equal(plan_slot_of(&plan, &plan.null_slot), first);
}

/* Every opcode and every call is printed in messages: one without a name would be "(null)". */
static void test_everything_has_a_name(void **state)
{
	size_t length;

	(void)state;
	for (unsigned op = 0; op < OP_COUNT; op++) {
		unsigned arg = 0;

		assert_non_null(plan_op_name(op));
		while (plan_arg_name(op, arg, &length))
			assert_int_not_equal(plan_arg_kind(op, arg++), A_NONE);
		assert_int_equal(plan_arg_kind(op, arg), A_NONE);
	}
	for (unsigned call = 0; call < CALL_COUNT; call++)
		assert_non_null(plan_call_name(call));
	assert_string_equal(plan_op_name(OP_COUNT), "unknown");
	assert_string_equal(plan_call_name(CALL_move_mount), "move_mount");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_goes_in_comes_out),
		cmocka_unit_test(test_slots_start_empty),
		cmocka_unit_test(test_large_lists_fit),
		cmocka_unit_test(test_blobs_are_aligned),
		cmocka_unit_test(test_too_many_slots_are_refused),
		cmocka_unit_test(test_later_steps_come_when_called_for),
		cmocka_unit_test(test_a_known_slot_is_allotted_once),
		cmocka_unit_test(test_everything_has_a_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdalign.h>
#include <string.h>

#include "base/arena.h"

/* Structs of every kind are put in it: one at an odd address is undefined behaviour. */
static void memory_is_aligned_and_zero(void **state)
{
	autoarena arena = { 0 };

	for (size_t size = 1; size < 200; size++) {
		unsigned char *memory = arena_alloc(&arena, size);

		assert_int_equal((uintptr_t)memory % alignof(max_align_t), 0);
		for (size_t i = 0; i < size; i++)
			assert_int_equal(memory[i], 0);
		memset(memory, 0xff, size);
	}
}

/* Texts of one config live side by side; none may run into the next, however large one is. */
static void objects_do_not_overlap(void **state)
{
	autoarena arena = { 0 };
	const size_t sizes[] = { 16, 16 * 1024, 100, 1 << 20, 100, 16 * 1024 - 8, 40 };
	enum { COUNT = sizeof sizes / sizeof *sizes };
	unsigned char *memory[COUNT];

	for (size_t i = 0; i < COUNT; i++)
		memset(memory[i] = arena_alloc(&arena, sizes[i]), (int)i + 1, sizes[i]);
	for (size_t i = 0; i < COUNT; i++)
		for (size_t at = 0; at < sizes[i]; at += sizes[i] / 16)
			assert_int_equal(memory[i][at], i + 1);
}

/* A large object is given a chunk of its own: the small ones behind it must still fill the old one,
 * or a config with many large texts would take a multiple of its size. */
static void large_objects_do_not_waste_the_rest(void **state)
{
	autoarena arena = { 0 };
	char *before = arena_alloc(&arena, 64), *behind;

	arena_alloc(&arena, 1 << 20);
	behind = arena_alloc(&arena, 64);
	assert_ptr_equal(behind, before + 64);
}

/* The copies a parser keeps of a document that it frees. */
static void texts_are_copied(void **state)
{
	autoarena arena = { 0 };
	char text[] = "abc";
	char *whole = arena_strdup(&arena, text), *part = arena_strndup(&arena, text, 2);
	char *made = arena_printf(&arena, "%s-%d", text, 5);

	memset(text, 'x', 3);
	assert_string_equal(whole, "abc");
	assert_string_equal(part, "ab");
	assert_string_equal(made, "abc-5");
}

/* Clean-up runs on every path, also where nothing was made, and where it has run before. */
static void clearing_twice_is_fine(void **state)
{
	struct arena arena = { 0 };

	arena_clear(&arena);
	arena_strdup(&arena, "x");
	arena_clear(&arena);
	arena_clear(&arena);
	assert_null(arena.chunks);
	assert_string_equal(arena_strdup(&arena, "again"), "again");
	arena_clear(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(memory_is_aligned_and_zero),
		cmocka_unit_test(objects_do_not_overlap),
		cmocka_unit_test(large_objects_do_not_waste_the_rest),
		cmocka_unit_test(texts_are_copied),
		cmocka_unit_test(clearing_twice_is_fine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

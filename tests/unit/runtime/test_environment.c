/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "runtime/environment.h"

#define LIST(...) \
	{ (const char *const[]){ __VA_ARGS__ }, \
	  sizeof(const char *const[]){ __VA_ARGS__ } / sizeof(const char *) }

/* A variable that config.json has already would keep its value for all who use getenv(3). */
static void last_values_count(void **state)
{
	const struct strings own = LIST("PATH=/bin", "A=1", "AB=2", "A=3", "NONE", "NONE", "=x", "");
	const struct strings more = LIST("AB=", "B=4", "NONE=5", "PATH=/a=b", "B=6");
	static const char *const expected[] = {
		"PATH=/a=b", "A=3", "AB=", "NONE", "NONE", "=x", "", "B=6", "NONE=5",
	};
	enum { EXPECTED = sizeof expected / sizeof *expected };
	struct arena arena = { 0 };
	struct strings all = environment_of(&arena, &own, &more);

	assert_int_equal(all.count, EXPECTED);
	for (size_t i = 0; i < EXPECTED; i++)
		assert_string_equal(all.items[i], expected[i]);
	arena_clear(&arena);
}

static void none_and_many(void **state)
{
	enum { MANY = 5000 };
	static const char *items[MANY];
	struct arena arena = { 0 };
	struct strings none = { 0 }, all = environment_of(&arena, &none, &none);

	assert_int_equal(all.count, 0);
	for (size_t i = 0; i < MANY; i++)
		items[i] = arena_printf(&arena, "SERVICE_%zu=%zu", i % (MANY / 2), i);
	all = environment_of(&arena, &(struct strings){ items, MANY }, &none);
	assert_int_equal(all.count, MANY / 2);
	for (size_t i = 0; i < MANY / 2; i++)
		assert_string_equal(all.items[i], items[i + MANY / 2]);
	arena_clear(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(last_values_count),
		cmocka_unit_test(none_and_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

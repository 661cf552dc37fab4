/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every value of a config that has every field is, in turn, made one of each type that it must not be.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "mutate.h"
#include "wrong_types.h"

enum { AT_LEAST = 1500 };

/* One error, and where the mistake is: neither silence nor a wild goose chase. */
static void judge(void *unused, const char *pointer, const char *value,
		  const struct parsed *p)
{
	if (p->spec || p->problems.errors != 1)
		fail_msg("%s = %s: %zu errors", pointer, value, p->problems.errors);
	for (size_t i = 0; i < p->problems.count; i++)
		if (!p->problems.items[i].warning &&
		    strcmp(p->problems.items[i].pointer, pointer) != 0)
			fail_msg("%s = %s: the error is said to be at %s", pointer, value,
				 p->problems.items[i].pointer);
	assert_true(strlen(p->message) > strlen(pointer));
}

static void each_is_named(void **state)
{
	autoarena arena = { 0 };
	const char *text = read_test_file(&arena, "golden/spec/good/full.json");

	assert_true(each_wrong_type(text, judge, NULL) >= AT_LEAST);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(each_is_named) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}

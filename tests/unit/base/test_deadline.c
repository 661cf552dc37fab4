/* SPDX-License-Identifier: Apache-2.0 */
/* A wait that ends too early fails what was well; one that never ends hangs an engine. */
#include <limits.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>

#include <cmocka.h>

#include "base/deadline.h"

static void test_never(void **state)
{
	(void)state;
	assert_int_equal(deadline_left(deadline_after(-1)), -1);
	assert_int_equal(deadline_left(DEADLINE_NEVER), -1);
}

/* Zero and the past are 0, never -1, with which poll(2) would wait for ever. */
static void test_passed(void **state)
{
	(void)state;
	assert_int_equal(deadline_left(deadline_after(0)), 0);
	assert_int_equal(deadline_left(deadline_now() - 1), 0);
	assert_int_equal(deadline_left(deadline_now() - INT64_C(1000000000000)), 0);
}

static void test_ahead(void **state)
{
	int left = deadline_left(deadline_after(3600000));

	(void)state;
	assert_in_range(left, 3000000, 3600000);
	assert_int_equal(deadline_left(deadline_now() + INT64_C(1) * INT_MAX * 4), INT_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_never),
		cmocka_unit_test(test_passed),
		cmocka_unit_test(test_ahead),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

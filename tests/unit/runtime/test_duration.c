/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "runtime/duration.h"

/* A collector would be called a thousand times too often, or too seldom. */
static void test_durations(void **state)
{
	static const struct {
		const char *text;
		int r, ms;
	} rows[] = {
		{ "5s", 0, 5000 }, { "500ms", 0, 500 }, { "1m30s", 0, 90000 }, { "1h", 0, 3600000 },
		{ "1.5s", 0, 1500 }, { "0.25h", 0, 900000 }, { "2m", 0, 120000 },
		{ "1us", 0, 1 }, { "999999ns", 0, 1 }, { "1000001ns", 0, 2 },
		{ "0.0s500ms", 0, 500 }, { "2147483647ms", 0, INT_MAX },
		{ "2147483648ms", -ERANGE, 0 }, { "99999999999999999999s", -ERANGE, 0 },
		{ "9999999999h", -ERANGE, 0 }, { "0s", -ERANGE, 0 },
		{ "", -EINVAL, 0 }, { "5", -EINVAL, 0 }, { "s", -EINVAL, 0 }, { "-1s", -EINVAL, 0 },
		{ "1 s", -EINVAL, 0 }, { "1s ", -EINVAL, 0 }, { "1d", -EINVAL, 0 },
		{ "1.s", -EINVAL, 0 }, { ".5s", -EINVAL, 0 }, { "1s5", -EINVAL, 0 },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		int ms = 0, r = duration_parse(rows[i].text, &ms);

		if (r != rows[i].r || ms != rows[i].ms)
			fail_msg("\"%s\": %d, %d", rows[i].text, r, ms);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_durations),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

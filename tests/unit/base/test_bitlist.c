/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>

#include "base/bitlist.h"
#include "base/text.h"

static const struct row {
	const char *text;
	int result;
	size_t length;
	uint64_t first_word;
} rows[] = {
	{ "0", 0, 8, 1 },
	{ "0-3", 0, 8, 0xf },
	{ "0-3,7", 0, 8, 0x8f },
	{ "63", 0, 8, 1ull << 63 },
	{ "64", 0, 16, 0 },
	{ "1,65535", 0, 8192, 2 },
	{ "65536", -ERANGE, 0, 0 },
	{ "", -EINVAL, 0, 0 },
	{ ",", -EINVAL, 0, 0 },
	{ "1,", -EINVAL, 0, 0 },
	{ "3-1", -EINVAL, 0, 0 },
	{ "1-", -EINVAL, 0, 0 },
	{ "-1", -EINVAL, 0, 0 },
	{ "1 ", -EINVAL, 0, 0 },
	{ "0x1", -EINVAL, 0, 0 },
	{ "99999999999", -ERANGE, 0, 0 },
};

/* Without it a process may be bound to CPUs nobody asked for. */
static void test_rows(void **state)
{
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		autobuf mask = { 0 };

		assert_int_equal(bitlist_parse(rows[i].text, &mask), rows[i].result);
		assert_int_equal(mask.length, rows[i].length);
		if (mask.length)
			assert_true(*(uint64_t *)mask.text == rows[i].first_word);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_rows) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}

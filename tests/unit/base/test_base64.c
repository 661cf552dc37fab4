/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>

#include "base/base64.h"
#include "base/text.h"

static const struct row {
	const char *text;
	int result;
	const char *bytes;
} rows[] = {
	{ "", 0, "" },
	{ "Zg==", 0, "f" },
	{ "Zm8=", 0, "fo" },
	{ "Zm9v", 0, "foo" },
	{ "Zm9vYmFy", 0, "foobar" },
	{ "+/+/", 0, "\xfb\xff\xbf" },
	{ "Zg", -EINVAL, NULL },
	{ "Zg=", -EINVAL, NULL },
	{ "Zh==", -EINVAL, NULL },
	{ "Zm9=", -EINVAL, NULL },
	{ "Z===", -EINVAL, NULL },
	{ "====", -EINVAL, NULL },
	{ "Zg==Zg==", -EINVAL, NULL },
	{ "Zm9v\n", -EINVAL, NULL },
	{ "Zm9 ", -EINVAL, NULL },
	{ "Zm-_", -EINVAL, NULL },
};

/* A user would lose the filter in an annotation, or load another one than was meant. */
static void test_base64(void **state)
{
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		autobuf bytes = { 0 };

		strbuf_add(&bytes, "");
		assert_int_equal(base64_parse(rows[i].text, &bytes), rows[i].result);
		assert_string_equal(bytes.text, rows[i].bytes ? rows[i].bytes : "");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_base64),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/json.h"
#include "base/text.h"

/* An engine that cannot parse a line of the log shows its user no error at all. */
static void strings(void **state)
{
	static const struct {
		const char *text, *json;
	} cases[] = {
		{ "", "\"\"" },
		{ "plain /path", "\"plain /path\"" },
		{ "a\"b\\c", "\"a\\\"b\\\\c\"" },
		{ "\n\t\r\x01\x1f\x7f", "\"\\n\\t\\r\\u0001\\u001f\x7f\"" },
		{ "\xc3\xa9 \xe2\x82\xac \xf0\x9f\x90\x8b", "\"\xc3\xa9 \xe2\x82\xac \xf0\x9f\x90\x8b\"" },
		{ "\x80", "\"\\ufffd\"" },
		{ "\xc0\xaf", "\"\\ufffd\\ufffd\"" },            /* overlong */
		{ "\xe2\x82", "\"\\ufffd\\ufffd\"" },            /* cut short */
		{ "\xed\xa0\x80", "\"\\ufffd\\ufffd\\ufffd\"" }, /* a surrogate */
		{ "\xf4\x90\x80\x80", "\"\\ufffd\\ufffd\\ufffd\\ufffd\"" },
		{ "\xf0\x9f\x90", "\"\\ufffd\\ufffd\\ufffd\"" },
		{ "\xff" "a", "\"\\ufffda\"" },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		autobuf json = { 0 };

		json_add_string(&json, cases[i].text);
		assert_string_equal(json.text, cases[i].json);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(strings) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}

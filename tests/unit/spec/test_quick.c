/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "spec/quick.h"

static void release(json_t **json)
{
	json_decref(*json);
}
#define autojson __attribute__((cleanup(release))) json_t

static json_t *slowly(const char *text, size_t length)
{
	json_error_t error;

	return json_loadb(text, length, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &error);
}

/* A config would mean something else than what it says, without a word. */
static void agree(const char *text, size_t length)
{
	autoarena arena = { 0 };
	autojson *quick = quick_parse(&arena, text, length), *slow = slowly(text, length);

	if (quick && !json_equal(quick, slow))
		fail_msg("not what jansson makes of it: %.*s", (int)length, text);
}

static const char *const plain[] = {
	"{}", "[]", " { } ", "[1,-1,0,-0]", "[123456789012345678]", "[true,false,null]",
	"{\"a\":{\"b\":[{\"c\":\"d\"}]},\"\":\"\"}", "[\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"]",
	"[\"a\\u003cb\\u003E\\u0041\",\"\\u0008\"]", "\t\r\n[\n1\t,\r2 ]\n",
};

/* Not slow only, but useless: what programs write would go through both. */
static void takes_what_programs_write(void **state)
{
	for (size_t i = 0; i < sizeof plain / sizeof *plain; i++) {
		autoarena arena = { 0 };
		autojson *quick = quick_parse(&arena, plain[i], strlen(plain[i]));

		if (!quick)
			fail_msg("left to jansson: %s", plain[i]);
		agree(plain[i], strlen(plain[i]));
	}
}

/* A mistake would pass, or a message would not lead to its place. */
static void leaves_the_rest(void **state)
{
	static const char *const others[] = {
		"", "1", "\"a\"", "null", "{", "[1", "[1,]", "{\"a\":1,}", "{,}", "[01]", "[-]",
		"[1.5]", "[1e3]", "[\"\xc3\xa4\"]", "[\"\\u00e4\"]", "[\"\\u0000\"]", "[\"\\x\"]",
		"[\"\n\"]", "[\"a\\n\n\"]", "[\"\\u12\"]", "[\"\\", "[\"a\\\"]", "{\"a\":1,\"a\":2}",
		"{\"a\" 1}", "{a:1}", "[tru]", "[] x", "['a']", "[\"\x7f\"]", "[+1]",
	};

	for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
		autoarena arena = { 0 };

		if (quick_parse(&arena, others[i], strlen(others[i])))
			fail_msg("taken: %s", others[i]);
	}
}

/* A stack has an end: nesting is jansson's, which counts. */
static void does_not_run_out_of_stack(void **state)
{
	static char deep[100000];
	autoarena arena = { 0 };

	memset(deep, '[', sizeof deep);
	assert_null(quick_parse(&arena, deep, sizeof deep));
}

/* RLIM_INFINITY is 18446744073709551615 in every engine's config. */
static void keeps_large_integers(void **state)
{
	static const char text[] = "[ 18446744073709551615]";
	autoarena arena = { 0 };
	autojson *quick = quick_parse(&arena, text, strlen(text));

	assert_int_equal(json_string_length(json_array_get(quick, 0)), 2);
	assert_memory_equal(json_string_value(json_array_get(quick, 0)), "\0" "2", 3);
}

static void agrees_on_mutations(void **state)
{
	char text[64];

	srand(11);
	for (int i = 0; i < 200000; i++) {
		const char *from = plain[(size_t)rand() % (sizeof plain / sizeof *plain)];
		size_t length = strlen(from);

		memcpy(text, from, length);
		for (int k = rand() % 3; k >= 0; k--)
			text[(size_t)rand() % length] = "{}[]\",:\\u0019eatn- \x80"[rand() % 20];
		agree(text, length - (size_t)(rand() % 2));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_what_programs_write),
		cmocka_unit_test(leaves_the_rest),
		cmocka_unit_test(does_not_run_out_of_stack),
		cmocka_unit_test(keeps_large_integers),
		cmocka_unit_test(agrees_on_mutations),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

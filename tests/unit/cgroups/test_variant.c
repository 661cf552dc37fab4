/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/text.h"
#include "cgroups/marshal.h"
#include "cgroups/variant.h"

/* A property of another type than the text means is refused by systemd, or worse, taken. */
static void types_and_numbers(void **state)
{
	static const struct {
		const char *text, *type;
		uint64_t number;
	} rows[] = {
		{ "15", "i", 15 },
		{ " -1 ", "i", UINT64_MAX },
		{ "0x10", "i", 16 },
		{ "2147483647", "i", INT32_MAX },
		{ "true", "b", 1 },
		{ "false", "b", 0 },
		{ "boolean true", "b", 1 },
		{ "uint64 18446744073709551615", "t", UINT64_MAX },
		{ "int64 -9223372036854775808", "x", (uint64_t)INT64_MIN },
		{ "int16 -32768", "n", (uint64_t)INT16_MIN },
		{ "byte 255", "y", 255 },
		{ "uint16 65535", "q", 65535 },
		{ "@u 7", "u", 7 },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		autoarena arena = { 0 };
		struct variant v;
		struct err e;

		assert_int_equal(variant_parse(&arena, rows[i].text, &v, &e), 0);
		assert_string_equal(v.type, rows[i].type);
		assert_int_equal(v.number, rows[i].number);
	}
}

static void compound_types(void **state)
{
	static const struct {
		const char *text, *type;
		size_t count;
	} rows[] = {
		{ "['a', \"b\"]", "as", 2 },
		{ "@as []", "as", 0 },
		{ "@ay [0x0f, 1]", "ay", 2 },
		{ "[uint64 1, 2, 3]", "at", 3 },
		{ "[[1], [2, 3]]", "aai", 2 },
		{ "('/dev/sda', uint64 5)", "(st)", 2 },
		{ "@a(st) [('/dev/sda', 5), ('/dev/sdb', 6)]", "a(st)", 2 },
		{ "('a',)", "(s)", 1 },
		{ "1.5", "d", 0 },
		{ "double 1", "d", 0 },
		{ "objectpath '/a'", "o", 0 },
		{ "signature 'as'", "g", 0 },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		autoarena arena = { 0 };
		struct variant v;
		struct err e;

		assert_int_equal(variant_parse(&arena, rows[i].text, &v, &e), 0);
		assert_string_equal(v.type, rows[i].type);
		assert_int_equal(v.count, rows[i].count);
	}
}

static void strings(void **state)
{
	static const char *const rows[][2] = {
		{ "'a b'", "a b" },	  { "\"it's\"", "it's" }, { "'it\\'s'", "it's" },
		{ "'a\\tb\\\\'", "a\tb\\" }, { "'\\u00e4\\u20ac\\u0041'", "\xc3\xa4\xe2\x82\xac" "A" },
		{ "''", "" },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		autoarena arena = { 0 };
		struct variant v;
		struct err e;

		assert_int_equal(variant_parse(&arena, rows[i][0], &v, &e), 0);
		assert_string_equal(v.text, rows[i][1]);
	}
}

/* What is not understood must not become another value. */
static void refused(void **state)
{
	static const char *const rows[] = {
		"", "x", "1 2", "2147483648", "byte 256", "byte -1", "uint64 -1",
		"uint64 18446744073709551616", "int16 -32769", "1x", "'a", "'a\\", "'\\u12'",
		"'\\u0000'", "'\\ud800'", "[]", "[1, 'a']", "[1 2]", "[1,", "()", "(1", "@z 1",
		"@as ['a', 1]", "@i 'a'", "uint64 'a'", "string 1", "boolean 1", "truex", "{'a': 1}", "<1>",
		"@a(st [] ", "@ 1", "1.5x", "--1", "[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]",
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		autoarena arena = { 0 };
		struct variant v;
		struct err e;

		if (variant_parse(&arena, rows[i], &v, &e) != -EINVAL)
			fail_msg("accepted: %s", rows[i]);
		assert_non_null(strstr(e.text, "is no value"));
	}
}

/* The bytes of D-Bus's wire format, by hand (little-endian machines). */
static void bytes(void **state)
{
	static const struct {
		const char *text;
		size_t length;
		const char *bytes;
	} rows[] = {
		{ "byte 5", 1, "\5" },
		{ "true", 4, "\1\0\0\0" },
		{ "'ab'", 7, "\2\0\0\0ab\0" },
		{ "signature 'as'", 4, "\2as\0" },
		{ "@ay [1, 2]", 6, "\2\0\0\0\1\2" },
		{ "@at []", 8, "\0\0\0\0\0\0\0\0" },
		{ "[uint64 1]", 16, "\10\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0" },
		{ "('a', uint64 2)", 16, "\1\0\0\0a\0\0\0\2\0\0\0\0\0\0\0" },
		{ "['a', 'b']", 18, "\16\0\0\0\1\0\0\0a\0\0\0\1\0\0\0b\0" },
		{ "double 1", 8, "\0\0\0\0\0\0\360\77" },
		{ "int16 -2", 2, "\376\377" },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		autoarena arena = { 0 };
		autobuf out = { 0 };
		struct variant v;
		struct err e;

		assert_int_equal(variant_parse(&arena, rows[i].text, &v, &e), 0);
		variant_write(&v, &out);
		assert_int_equal(out.length, rows[i].length);
		assert_memory_equal(out.text, rows[i].bytes, rows[i].length);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(types_and_numbers), cmocka_unit_test(compound_types),
		cmocka_unit_test(strings),	     cmocka_unit_test(refused),
		cmocka_unit_test(bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

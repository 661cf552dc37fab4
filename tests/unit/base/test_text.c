/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"

static const struct number {
	const char *text;
	uint64_t max;
	int result;
	uint64_t value;
} numbers[] = {
	{ "0", UINT64_MAX, 0, 0 },
	{ "007", UINT64_MAX, 0, 7 },
	{ "18446744073709551615", UINT64_MAX, 0, UINT64_MAX },
	{ "18446744073709551616", UINT64_MAX, -ERANGE, 0 },
	{ "99999999999999999999999999", UINT64_MAX, -ERANGE, 0 },
	{ "4294967295", UINT32_MAX, 0, UINT32_MAX },
	{ "4294967296", UINT32_MAX, -ERANGE, 0 },
	{ "", UINT64_MAX, -EINVAL, 0 },
	{ "+0", UINT64_MAX, -EINVAL, 0 },
	{ "-0", UINT64_MAX, -EINVAL, 0 },
	{ " 1", UINT64_MAX, -EINVAL, 0 },
	{ "1 ", UINT64_MAX, -EINVAL, 0 },
	{ "1\n", UINT64_MAX, -EINVAL, 0 },
	{ "0x10", UINT64_MAX, -EINVAL, 0 },
	{ "1e3", UINT64_MAX, -EINVAL, 0 },
	{ "99999999999999999999999999x", UINT64_MAX, -EINVAL, 0 },
};

/* Read loosely, "--user +0" or a number of 33 bits would run a program as root. */
static void numbers_are_read_strictly(void **state)
{
	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
		uint64_t value = 42;

		assert_int_equal(parse_u64(numbers[i].text, numbers[i].max, &value),
				 numbers[i].result);
		assert_int_equal(value, numbers[i].result == 0 ? numbers[i].value : 42);
	}
}

static const struct signed_number {
	const char *text;
	int64_t min, max;
	int result;
	int64_t value;
} signed_numbers[] = {
	{ "-1", INT64_MIN, INT64_MAX, 0, -1 },
	{ "-9223372036854775808", INT64_MIN, INT64_MAX, 0, INT64_MIN },
	{ "9223372036854775807", INT64_MIN, INT64_MAX, 0, INT64_MAX },
	{ "9223372036854775808", INT64_MIN, INT64_MAX, -ERANGE, 0 },
	{ "-9223372036854775809", INT64_MIN, INT64_MAX, -ERANGE, 0 },
	{ "-1001", -1000, 1000, -ERANGE, 0 },
	{ "1001", -1000, 1000, -ERANGE, 0 },
	{ "-", INT64_MIN, INT64_MAX, -EINVAL, 0 },
	{ "--1", INT64_MIN, INT64_MAX, -EINVAL, 0 },
	{ "", INT64_MIN, INT64_MAX, -EINVAL, 0 },
};

/* A limit of -1 means "none" and one of -2 does not: both ends must be read right. */
static void signed_numbers_keep_their_ends(void **state)
{
	for (size_t i = 0; i < sizeof signed_numbers / sizeof *signed_numbers; i++) {
		const struct signed_number *n = &signed_numbers[i];
		int64_t value = 42;

		assert_int_equal(parse_i64(n->text, n->min, n->max, &value), n->result);
		assert_int_equal(value, n->result == 0 ? n->value : 42);
	}
}

static const struct name_value colours[] = {
	{ "red", 1 }, { "rot", 1 }, { "blue", 2 }, { NULL, 0 },
};

/* A table that answers with the wrong row gives a container the wrong flag. */
static void names_are_found_whole(void **state)
{
	assert_ptr_equal(name_find(colours, "blue"), &colours[2]);
	assert_null(name_find(colours, "blu"));
	assert_null(name_find(colours, "bluer"));
	assert_null(name_find(colours, ""));
	assert_string_equal(name_of(colours, 1), "red");
	assert_null(name_of(colours, 0));
}

/* An absent option is not an empty one. */
static void nothing_equals_nothing_only(void **state)
{
	assert_true(str_equal(NULL, NULL));
	assert_false(str_equal(NULL, ""));
	assert_false(str_equal("", NULL));
	assert_true(str_equal("a", "a"));
	assert_true(str_starts("abc", "ab"));
	assert_false(str_starts("a", "ab"));
	assert_true(str_starts("", ""));
}

/* Every document is made in one: bytes lost where it grows would cut a state file in half. */
static void buffer_grows_without_loss(void **state)
{
	autobuf buf = { 0 };

	for (int i = 0; i < 2000; i++)
		strbuf_addf(&buf, "%04d", i);
	assert_int_equal(buf.length, 8000);
	assert_int_equal(strlen(buf.text), 8000);
	for (int i = 0; i < 2000; i++) {
		char four[5] = { 0 };

		memcpy(four, buf.text + 4 * i, 4);
		assert_int_equal(atoi(four), i);
	}
}

/* Sizes at and around each doubling, where an end without NUL would be read past. */
static void buffer_ends_in_nul_at_every_size(void **state)
{
	for (size_t size = 250; size < 260; size++) {
		autobuf buf = { 0 };

		for (size_t i = 0; i < size; i++)
			strbuf_add_bytes(&buf, "x", 1);
		assert_int_equal(strlen(buf.text), size);
	}
}

/* Callers test text for NULL to see whether anything was ever added. */
static void empty_append_makes_a_text(void **state)
{
	struct strbuf buf = { 0 };

	strbuf_add(&buf, "");
	assert_string_equal(buf.text, "");
	strbuf_clear(&buf);
	strbuf_clear(&buf);
	assert_null(buf.text);
	assert_int_equal(buf.size, 0);
}

/* A viewer shows a span at the wrong place, or none, for a number that lost a digit. */
static void numbers_are_written_whole(void **state)
{
	static const uint64_t counts[] = { 0, 9, 10, 1000, INT64_MAX, UINT64_MAX };
	static const int64_t differences[] = { 0, 7, -1, -1000, INT64_MAX, INT64_MIN };

	for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
		autobuf got = { 0 }, want = { 0 };

		strbuf_add_u64(&got, counts[i]);
		strbuf_add_i64(&got, differences[i]);
		strbuf_addf(&want, "%" PRIu64 "%" PRId64, counts[i], differences[i]);
		assert_string_equal(got.text, want.text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_are_read_strictly),
		cmocka_unit_test(signed_numbers_keep_their_ends),
		cmocka_unit_test(names_are_found_whole),
		cmocka_unit_test(nothing_equals_nothing_only),
		cmocka_unit_test(buffer_grows_without_loss),
		cmocka_unit_test(buffer_ends_in_nul_at_every_size),
		cmocka_unit_test(empty_append_makes_a_text),
		cmocka_unit_test(numbers_are_written_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

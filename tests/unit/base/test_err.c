/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "base/err.h"

/* The words a user gets: what, then why. */
static void message_and_reason(void **state)
{
	struct err e = { 0 };

	assert_int_equal(err_set(&e, ENOENT, "%s: open", "/x"), -ENOENT);
	assert_int_equal(e.code, ENOENT);
	assert_string_equal(e.text, "/x: open: No such file or directory");
	assert_int_equal(err_say(&e, EBUSY, "taken by %d", 7), -EBUSY);
	assert_string_equal(e.text, "taken by 7");
}

/* Each level adds the place it knows, and none may replace the cause. */
static void context_goes_in_front_and_hints_behind(void **state)
{
	struct err e = { 0 };

	err_set(&e, EPERM, "mount");
	assert_int_equal(err_prefix(&e, "/mounts/%d", 3), -EPERM);
	assert_int_equal(err_hint(&e, "is it a %s?", "user namespace"), -EPERM);
	assert_string_equal(e.text,
			    "/mounts/3: mount: Operation not permitted (is it a user namespace?)");
	assert_int_equal(e.code, EPERM);
}

/* A function that forgot to set errno must not report success to its caller. */
static void failure_without_a_code_is_still_one(void **state)
{
	struct err e = { 0 };

	assert_int_equal(err_set(&e, 0, "x"), -EIO);
	assert_int_equal(err_say(&e, -5, "x"), -EIO);
}

/* Engines read the last line of the log: a file name with a newline in it could forge one. */
static void message_is_one_line(void **state)
{
	struct err e = { 0 };

	err_say(&e, EINVAL, "a\nlevel=error\x1b[2J\x7f\t");
	assert_string_equal(e.text, "a?level=error?[2J??");
}

/* A path of 4096 bytes is legal; a message about it may be cut, but not be written past its end. */
static void long_texts_are_cut(void **state)
{
	char path[4097];
	struct err e = { 0 };

	memset(path, 'p', sizeof path - 1);
	path[sizeof path - 1] = '\0';
	err_set(&e, ENOENT, "%s", path);
	assert_int_equal(strlen(e.text), sizeof e.text - 1);
	err_prefix(&e, "%s", path);
	err_hint(&e, "%s", path);
	assert_int_equal(strlen(e.text), sizeof e.text - 1);
	assert_int_equal(e.code, ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(message_and_reason),
		cmocka_unit_test(context_goes_in_front_and_hints_behind),
		cmocka_unit_test(failure_without_a_code_is_still_one),
		cmocka_unit_test(message_is_one_line),
		cmocka_unit_test(long_texts_are_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

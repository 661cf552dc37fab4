/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "base/arena.h"
#include "namespaces/paths.h"

/* Other spellings of /dev must not get a container without device nodes, or one with them made in a
 * host's directory that is bound there. */
static void test_spellings(void **state)
{
	static const struct {
		const char *path, *clean;
		bool same;
	} rows[] = {
		{ "/dev", "/dev", true },       { "/dev/", "/dev", true },
		{ "//dev", "/dev", true },      { "/./dev/.", "/dev", true },
		{ "/dev/pts", "/dev", false },  { "/de", "/dev", false },
		{ "/devx", "/dev", false },     { "/", "/", true },
		{ "/.", "/", true },            { "//", "/", true },
		{ "/a", "/", false },           { "/a//b", "/a/b", true },
		{ "/a/.b", "/a/b", false },     { "/..", "/", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (path_is(rows[i].path, rows[i].clean) != rows[i].same)
			fail_msg("%s and %s", rows[i].path, rows[i].clean);
}

/* Old configs have destinations such as "proc". */
static void test_relative_is_below_the_root(void **state)
{
	autoarena arena = { 0 };

	(void)state;
	assert_string_equal(path_absolute(&arena, "proc"), "/proc");
	assert_string_equal(path_absolute(&arena, "/proc"), "/proc");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_spellings),
		cmocka_unit_test(test_relative_is_below_the_root),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

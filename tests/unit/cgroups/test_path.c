/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/err.h"
#include "cgroups/cgroup.h"
#include "cgroups/internal.h"

/* A user would lose the place that an engine looks for the container's cgroup, or limits that
 * only work there. */
static void test_places(void **state)
{
	static const struct {
		bool root;
		const char *own, *given, *path;
	} rows[] = {
		{ true, "/", NULL, "/tare/id" },
		{ true, "/user.slice/a.scope", NULL, "/tare/id" },
		{ true, "/user.slice/a.scope", "", "/tare/id" },
		{ true, "/user.slice/a.scope", "/docker/1", "/docker/1" },
		{ true, "/user.slice/a.scope", "x/y", "/user.slice/x/y" },
		{ true, "/a.scope", "x", "/x" },
		{ true, "/", "x", "/x" },
		{ true, "/", "/kubepods/a:b:c", "/kubepods/a:b:c" },
		{ false, "/user.slice/a.scope", NULL, "/user.slice/a.scope/tare/id" },
		{ false, "/user.slice/a.scope", "x", "/user.slice/a.scope/x" },
		{ false, "/", NULL, "/tare/id" },
		{ false, "/a", "/b", "/b" },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		autoarena arena = { 0 };
		struct host host = { .root = rows[i].root, .own_cgroup = rows[i].own };
		const char *path;
		struct err e;

		assert_int_equal(cgroup_path(&arena, &host, rows[i].given, "id", &path, &e), 0);
		assert_string_equal(path, rows[i].path);
	}
}

/* A user would lose the walls of his cgroup: a path that leaves it, or means another than it
 * shows. */
static void test_refused(void **state)
{
	static const char *const paths[] = {
		"/a/../b", "/..", "..", "a/..", "/./a", "/a//b", "//", "/", "/a/", "/a\nb",
		"system.slice:docker:1", ":podman:1",
	};
	autoarena arena = { 0 };
	struct host host = { .root = true, .own_cgroup = "/" };
	char *longest = arena_alloc(&arena, 5000);
	const char *path = NULL;
	struct err e;

	for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
		assert_true(cgroup_path(&arena, &host, paths[i], "id", &path, &e) < 0);
		assert_non_null(strstr(e.text, "/linux/cgroupsPath"));
	}
	memset(longest, 'a', 300);
	assert_int_equal(cgroup_path(&arena, &host, longest, "id", &path, &e), -EINVAL);
	for (size_t i = 0; i < 4500; i += 2)
		memcpy(longest + i, "/a", 2);
	assert_int_equal(cgroup_path(&arena, &host, longest, "id", &path, &e), -EINVAL);
	assert_null(path);
}

/* A user would lose his limits to a hierarchy that was taken for another. */
static void test_own(void **state)
{
	autoarena arena = { 0 };
	struct host host = { 0 };

	cgroup_parse_own(&arena, "0::/user.slice/a:b.scope\n", &host);
	assert_string_equal(host.own_cgroup, "/user.slice/a:b.scope");
	assert_false(host.hybrid);
	cgroup_parse_own(&arena, "9:name=systemd:/x\n4:memory:/y\n0::/\n", &host);
	assert_string_equal(host.own_cgroup, "/");
	assert_true(host.hybrid);
	host = (struct host){ 0 };
	cgroup_parse_own(&arena, "1:name=systemd:/x\n0::/../../z\n", &host);
	assert_string_equal(host.own_cgroup, "/");
	assert_false(host.hybrid);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_places),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

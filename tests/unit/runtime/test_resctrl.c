/* SPDX-License-Identifier: Apache-2.0 */
/* Against a tree of ordinary files: few machines have Intel RDT. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fd.h"
#include "base/file.h"
#include "runtime/resctrl.h"

static const char kernel_text[] = "    MB:0=100;1= 70\n    L3:0=7f0;1=01f\n";

static const struct match {
	const char *line;
	bool matches;
} matches[] = {
	{ "L3:0=7f0;1=1f", true },  { "L3:1=01f", true },     { "L3:0=7f0", true },
	{ "L3:0=7f0;1=3f", false }, { "L3:2=1f", false },     { "L2:0=f", false },
	{ "MB:0=100", true },	    { "MB:0=10", false },     { "no colon", false },
	{ "L3:0=7f", false },	    { "L3:0=7f00", false },
};

/* Without it a container joins a class of service that gives it other limits than it asked for. */
static void existing_schemata_are_compared(void **state)
{
	for (size_t i = 0; i < sizeof matches / sizeof *matches; i++)
		assert_int_equal(resctrl_matches(kernel_text, matches[i].line),
				 matches[i].matches);
}

static int make_tree(void **state)
{
	char path[] = "/tmp/resctrl-XXXXXX";
	int root;

	if (!mkdtemp(path))
		return -1;
	root = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	mkdirat(root, "there", 0755);
	mkdirat(root, "there/mon_groups", 0755);
	close(openat(root, "there/tasks", O_CREAT | O_WRONLY, 0644));
	close(openat(root, "tasks", O_CREAT | O_WRONLY, 0644));
	close(openat(root, "there/schemata", O_CREAT | O_WRONLY, 0644));
	file_write(root, "there/schemata", kernel_text);
	*state = (void *)(intptr_t)root;
	return 0;
}

static int root_of(void **state)
{
	return (int)(intptr_t)*state;
}

static int drop_tree(void **state)
{
	char path[64], target[128] = { 0 };

	snprintf(path, sizeof path, "/proc/self/fd/%d", root_of(state));
	if (readlink(path, target, sizeof target - 1) < 0)
		return -1;
	close(root_of(state));
	return dir_remove_tree(AT_FDCWD, target);
}

static struct resctrl_group group(const char *name, const char *const *lines, size_t count)
{
	return (struct resctrl_group){ .name = name, .schemata = { lines, count } };
}

/* The rules on closID: a group that exists must fit, and is left as it is. */
static void an_existing_group_must_fit(void **state)
{
	static const char *const fitting[] = { "L3:1=1f" }, *const other[] = { "L3:1=3f" };
	struct resctrl_group ok = group("there", fitting, 1), bad = group("there", other, 1);
	struct err e = { 0 };
	autobuf left = { 0 };

	assert_int_equal(resctrl_make(root_of(state), &ok, &e), 0);
	assert_int_equal(resctrl_make(root_of(state), &bad, &e), -EEXIST);
	assert_non_null(strstr(e.text, "L3:1=3f"));
	assert_int_equal(file_read(root_of(state), "there/schemata", 4096, &left), 0);
	assert_string_equal(left.text, kernel_text);
}

/* A closID without schemata is a promise that the administrator has made the group. */
static void a_missing_group_is_an_error_where_promised(void **state)
{
	struct resctrl_group wanted = { .name = "absent", .must_exist = true };
	struct err e = { 0 };

	assert_int_equal(resctrl_make(root_of(state), &wanted, &e), -ENOENT);
	assert_non_null(strstr(e.text, "absent"));
	assert_int_equal(faccessat(root_of(state), "absent", F_OK, 0), -1);
}

/* What the kernel refuses (an ordinary directory has no schemata file) must leave no group. */
static void a_refused_group_is_taken_back(void **state)
{
	static const char *const lines[] = { "L3:0=f" };
	struct resctrl_group wanted = group("new", lines, 1);
	struct err e = { 0 };

	assert_true(resctrl_make(root_of(state), &wanted, &e) < 0);
	assert_non_null(strstr(e.text, "L3:0=f"));
	assert_int_equal(faccessat(root_of(state), "new", F_OK, 0), -1);
}

/* The process is what all of it is for; a new group without lines is made and removed. */
static void a_process_joins(void **state)
{
	struct resctrl_group wanted = { .name = "own" };
	struct err e = { 0 };
	autobuf tasks = { 0 };

	assert_int_equal(resctrl_join(root_of(state), "there", NULL, 4711, &e), 0);
	assert_int_equal(file_read(root_of(state), "there/tasks", 4096, &tasks), 0);
	assert_string_equal(tasks.text, "4711\n");
	assert_int_equal(resctrl_join(root_of(state), ".", NULL, 4712, &e), 0);
	assert_int_equal(resctrl_make(root_of(state), &wanted, &e), 0);
	assert_int_equal(resctrl_remove(root_of(state), "own", NULL, &e), 0);
	assert_int_equal(resctrl_remove(root_of(state), "own", NULL, &e), 0);
}

static void a_monitoring_group_comes_and_goes(void **state)
{
	struct err e = { 0 };

	assert_int_equal(resctrl_monitor(root_of(state), "there", "c1", &e), 0);
	assert_int_equal(faccessat(root_of(state), "there/mon_groups/c1", F_OK, 0), 0);
	assert_int_equal(resctrl_monitor(root_of(state), "there", "c1", &e), -EEXIST);
	assert_int_equal(resctrl_remove(root_of(state), "there", "c1", &e), 0);
	assert_int_equal(faccessat(root_of(state), "there/mon_groups/c1", F_OK, 0), -1);
}

#define IN_TREE(test) cmocka_unit_test_setup_teardown(test, make_tree, drop_tree)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(existing_schemata_are_compared),
		IN_TREE(an_existing_group_must_fit),
		IN_TREE(a_missing_group_is_an_error_where_promised),
		IN_TREE(a_refused_group_is_taken_back),
		IN_TREE(a_process_joins),
		IN_TREE(a_monitoring_group_comes_and_goes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

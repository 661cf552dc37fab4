/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/err.h"
#include "runtime/command.h"
#include "runtime/context.h"
#include "runtime/settings.h"

struct asked {
	struct arena arena;
	struct context context;
	struct err e;
	int result;
};

static struct asked ask(struct options options, bool stateless)
{
	struct command command = { .stateless = stateless };
	struct asked a = { 0 };

	a.context.arena = &a.arena;
	a.result = settings_context(&options, &command, &a.context, &a.e);
	return a;
}

/* Containers that were made in one place must be found there again. */
static void given_roots(void **state)
{
	struct asked a = ask((struct options){ .root = "/x/y" }, false);
	struct asked relative = ask((struct options){ .root = "y" }, false);
	struct asked empty = ask((struct options){ .root = "" }, false);
	char *here = get_current_dir_name();

	assert_int_equal(a.result, 0);
	assert_string_equal(a.context.root, "/x/y");
	assert_int_equal(relative.result, 0);
	assert_memory_equal(relative.context.root, here, strlen(here));
	assert_string_equal(relative.context.root + strlen(here), "/y");
	assert_int_equal(empty.result, -EINVAL);
	arena_clear(&a.arena);
	arena_clear(&relative.arena);
	arena_clear(&empty.arena);
	free(here);
}

/* A user without root must be told what to set, and still be able to print plans and templates. */
static void default_roots(void **state)
{
	struct asked a, stateless;

	unsetenv("XDG_RUNTIME_DIR");
	a = ask((struct options){ 0 }, false);
	stateless = ask((struct options){ 0 }, true);
	assert_int_equal(stateless.result, 0);
	if (geteuid() == 0) {
		assert_int_equal(a.result, 0);
		assert_string_equal(a.context.root, "/run/tare");
	} else {
		assert_int_equal(a.result, -ENOENT);
		assert_non_null(strstr(a.e.text, "XDG_RUNTIME_DIR is not set"));
		assert_non_null(strstr(a.e.text, "--root"));
	}
	arena_clear(&a.arena);
	arena_clear(&stateless.arena);
}

/* A container must be where its engine looks for it, and that is the manager's choice. */
static void managers(void **state)
{
	static const struct {
		struct options options;
		int result;
		enum cgroup_manager manager;
	} cases[] = {
		{ { .cgroup_manager = NULL }, 0, MANAGER_CGROUPFS },
		{ { .cgroup_manager = "cgroupfs" }, 0, MANAGER_CGROUPFS },
		{ { .cgroup_manager = "systemd" }, 0, MANAGER_SYSTEMD },
		{ { .cgroup_manager = "disabled" }, 0, MANAGER_DISABLED },
		{ { .systemd_cgroup = true }, 0, MANAGER_SYSTEMD },
		{ { .systemd_cgroup = true, .cgroup_manager = "systemd" }, 0, MANAGER_SYSTEMD },
		{ { .systemd_cgroup = true, .cgroup_manager = "disabled" }, -EINVAL,
		  MANAGER_DISABLED },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct asked a = ask(cases[i].options, true);

		assert_int_equal(a.result, cases[i].result);
		assert_int_equal(a.context.manager, cases[i].manager);
		arena_clear(&a.arena);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(given_roots),
		cmocka_unit_test(default_roots),
		cmocka_unit_test(managers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

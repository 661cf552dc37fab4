/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/err.h"
#include "runtime/context.h"
#include "runtime/probe.h"

/* A printed plan must be the same on every machine when its facts are given. */
static void facts(void **state)
{
	static const struct {
		const char *words;
		bool root, in_userns, hybrid, terminal;
		uid_t uid;
		size_t controllers;
	} cases[] = {
		{ "", true, false, false, false, 0, 8 },
		{ "root", true, false, false, false, 0, 8 },
		{ "rootless", false, false, false, false, 1000, 8 },
		{ "userns", false, true, false, false, 0, 8 },
		{ "hybrid", true, false, true, false, 0, 0 },
		{ "hybrid,unified", true, false, false, false, 0, 8 },
		{ "rootless,hybrid,terminal", false, false, true, true, 1000, 0 },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct context c = { .root_fd = -1 };
		struct err e;

		assert_int_equal(host_assume(&c, cases[i].words, &e), 0);
		assert_true(c.host_probed);
		assert_int_equal(c.host.root, cases[i].root);
		assert_int_equal(c.host.in_userns, cases[i].in_userns);
		assert_int_equal(c.host.hybrid, cases[i].hybrid);
		assert_int_equal(c.host.has_terminal, cases[i].terminal);
		assert_int_equal(c.host.uid, cases[i].uid);
		assert_int_equal(c.host.controllers.count, cases[i].controllers);
		assert_non_null(c.host.cgroup_mount);
	}
}

/* A misspelt fact must not silently give the plan of another host. */
static void unknown_facts(void **state)
{
	static const char *const words[] = { "Root", "rootles", "root,", "root,,hybrid", "x", "root, hybrid" };

	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		struct context c = { .root_fd = -1 };
		struct err e;

		assert_int_equal(host_assume(&c, words[i], &e), -EINVAL);
		assert_false(c.host_probed);
		assert_non_null(strstr(e.text, "--assume: unknown fact"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(facts),
		cmocka_unit_test(unknown_facts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

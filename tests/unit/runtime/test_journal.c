/* SPDX-License-Identifier: Apache-2.0 */
/* What the journal is asked for must not be charged to a container that it does not speak of. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <string.h>

#include <cmocka.h>

#include "runtime/journal.h"
#include "runtime/state.h"

#define CGROUP "/system.slice/tare-web.scope"
#define REFUSED "MESSAGE=cgroup: fork rejected by pids controller in "
#define KILLED "MESSAGE_ID=fe6faa94e7774663a0da52717891d8ef"

static const struct row {
	const char *answer;
	uint64_t oom_kills, refused_forks;
} rows[] = {
	{ "", 0, 0 },
	{ "\n", 0, 0 },
	{ KILLED "\n", 1, 0 },
	{ KILLED, 1, 0 },
	{ "__CURSOR=s=1\n" KILLED "\nMESSAGE=tare-web.scope: A process ...\n\n__CURSOR=s=2\n" KILLED "\n", 2, 0 },
	{ REFUSED CGROUP "\n", 0, 1 },
	{ REFUSED CGROUP "/deeper\n" KILLED "\n", 1, 1 },
	/* others: one whose name begins alike, one above, one of another text */
	{ REFUSED CGROUP "-2\n", 0, 0 },
	{ REFUSED "/system.slice\n", 0, 0 },
	{ REFUSED "\n", 0, 0 },
	{ REFUSED CGROUP "x/tare-web.scope\n", 0, 0 },
	{ "MESSAGE=" CGROUP "\n", 0, 0 },
	{ " " KILLED "\n", 0, 0 },
	{ KILLED "0\n", 0, 0 },
	{ "MESSAGE=said " KILLED "\n", 0, 0 },
};

static void test_count(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct reached reached = { 0 };

		journal_count(rows[i].answer, strlen(rows[i].answer), CGROUP, &reached);
		assert_int_equal(reached.oom_kills, rows[i].oom_kills);
		assert_int_equal(reached.refused_forks, rows[i].refused_forks);
	}
}

/* The length of a message that is no text is eight bytes of anything, among them zeros. */
static void test_count_behind_zeros(void **state)
{
	static const char answer[] = "MESSAGE\n\5\0\0\0\0\0\0\0a\nb\0c\n" KILLED "\n";
	struct reached reached = { 0 };

	(void)state;
	journal_count(answer, sizeof answer - 1, CGROUP, &reached);
	assert_int_equal(reached.oom_kills, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_count),
		cmocka_unit_test(test_count_behind_zeros),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/text.h"
#include "runtime/commands/table.h"

static int filter(const char *text, struct strbuf *ret_lines)
{
	pid_t numbers[] = { 7, 1234 };
	struct err e;

	return table_filter(text, &(struct pids){ numbers, 2 }, ret_lines, &e);
}

/* `tare ps` must show the container's processes and no one else's, whatever columns were asked for. */
static void picks_lines(void **state)
{
	static const struct {
		const char *text, *lines;
	} cases[] = {
		{ "UID PID CMD\nroot 7 sh\nroot 8 sh 7\nroot 1234 x\n", "UID PID CMD\nroot 7 sh\nroot 1234 x\n" },
		{ "  PID TTY\n    7 ?\n   77 ?\n", "  PID TTY\n    7 ?\n" },
		{ "PPID  PID\n7 1\n1 7\n", "PPID  PID\n1 7\n" },
		{ "PID\n7", "PID\n7" },
		{ "PID\n\nx\n-7\n99999999999999999999999999\n", "PID\n" },
		{ "CMD PID\nsh\nsh 7\n", "CMD PID\nsh 7\n" },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		autobuf lines = { 0 };

		assert_int_equal(filter(cases[i].text, &lines), 0);
		assert_string_equal(lines.text, cases[i].lines);
	}
}

/* Without a PID column nothing can be picked; printing everything would show the host's processes. */
static void needs_the_column(void **state)
{
	static const char *const texts[] = { "", "\n", "CMD\nsh\n", "PPID PIDS\n7 7\n" };

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		autobuf lines = { 0 };

		assert_int_equal(filter(texts[i], &lines), -EINVAL);
		assert_int_equal(lines.length, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(picks_lines),
		cmocka_unit_test(needs_the_column),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

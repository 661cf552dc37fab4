/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <signal.h>

#include "runtime/operations.h"

static const struct row {
	const char *text;
	int signal; /* -1: refused */
} rows[] = {
	{ "TERM", SIGTERM },	  { "SIGTERM", SIGTERM }, { "term", SIGTERM },
	{ "sigKill", SIGKILL },	  { "9", 9 },		  { "0", 0 },
	{ "64", 64 },		  { "65", -1 },		  { "-9", -1 },
	{ "+9", -1 },		  { " 9", -1 },		  { "9x", -1 },
	{ "", -1 },		  { "SIG", -1 },	  { "SIGSIGTERM", -1 },
	{ "TERMX", -1 },	  { "TER", -1 },	  { "CLD", SIGCHLD },
	{ "POLL", SIGIO },	  { "RTMIN", 34 },	  { "SIGRTMIN+3", 37 },
	{ "RTMIN+30", 64 },	  { "RTMIN+31", -1 },	  { "RTMAX", 64 },
	{ "RTMAX-3", 61 },	  { "RTMAX-31", -1 },	  { "RTMIN-1", -1 },
	{ "RTMAX+1", -1 },	  { "RTMIN+", -1 },	  { "RTMIN+ 1", -1 },
	{ "RTMINX", -1 },	  { "999999999999999999999", -1 },
};

/* kill with the wrong number ends a container that should have reloaded; STOPSIGNAL of images says
 * SIGRTMIN+3 (systemd), which must mean the same whichever libc tare was built with. */
static void signals_have_names_and_numbers(void **state)
{
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		int signal = -1;

		if (signal_parse(rows[i].text, &signal) != (rows[i].signal < 0 ? -EINVAL : 0) ||
		    signal != rows[i].signal)
			fail_msg("\"%s\" gave %d", rows[i].text, signal);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(signals_have_names_and_numbers) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}

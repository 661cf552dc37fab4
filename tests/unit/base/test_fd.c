/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/fd.h"

static bool is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

/* A descriptor that stays open is one the workload may find. */
static void scope_closes(void **state)
{
	int number;

	{
		autofd fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

		assert_true(fd >= 0);
		number = fd;
		assert_true(is_open(number));
	}
	assert_false(is_open(number));
}

/* What was handed over belongs to somebody else: closing it here would close theirs. */
static void taken_is_not_closed(void **state)
{
	int number;

	{
		autofd fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

		number = fd_take(&fd);
		assert_int_equal(fd, -1);
	}
	assert_true(is_open(number));
	close(number);
}

/* Clean-up stands between a failed call and the message about it. */
static void closing_keeps_errno(void **state)
{
	int bad = 9999, none = -1;

	errno = ENOTTY;
	fd_close(&bad);
	fd_close(&none);
	assert_int_equal(errno, ENOTTY);
	assert_int_equal(bad, -1);
	fd_close(&bad);
}

/* Memory has owners too. */
static void pointers_are_freed_once(void **state)
{
	char *text = malloc(8);

	free_pointer(&text);
	assert_null(text);
	free_pointer(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(scope_closes),
		cmocka_unit_test(taken_is_not_closed),
		cmocka_unit_test(closing_keeps_errno),
		cmocka_unit_test(pointers_are_freed_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

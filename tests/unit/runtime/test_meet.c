/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fd.h"
#include "base/sys.h"
#include "plan/format.h"
#include "runtime/context.h"
#include "runtime/lane.h"
#include "runtime/launch.h"

struct meeting {
	struct context context;
	struct launch launch;
	struct lane lane;
	int init; /* the other end */
};

static void meet(struct meeting *m)
{
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	m->context = (struct context){ .root_fd = -1 };
	launch_init(&m->launch);
	m->launch.context = &m->context;
	m->lane = (struct lane){ .launch = &m->launch, .sync = pair[0], .cgroup = -1, .taken = -1 };
	m->init = pair[1];
}

static void part(struct meeting *m)
{
	fd_close(&m->lane.sync);
	fd_close(&m->init);
	launch_clear(&m->launch);
}

static void say(struct meeting *m, uint32_t kind, uint32_t number, const char *detail)
{
	struct report report = { .kind = kind, .number = number, .error = ENOENT };

	strncpy(report.detail, detail, sizeof report.detail - 1);
	assert_int_equal(send(m->init, &report, sizeof report, 0), sizeof report);
}

/* tare-init fails with the host's word unread, and ends: users would be told that it ended, not why. */
static void what_init_said_is_heard_behind_a_reset(void **state)
{
	struct meeting m;
	struct err e = { 0 };

	meet(&m);
	assert_int_equal(lane_post(&m.lane, 1, -1, &e), 0);
	say(&m, REPORT_ERROR, UINT32_MAX, "executable file not found");
	fd_close(&m.init);
	assert_int_equal(lane_wait_exec(&m.lane, &e), -ENOENT);
	assert_non_null(strstr(e.text, "executable file not found"));
	part(&m);
}

/* The same when the host speaks to an end that is closed already. */
static void what_init_said_is_heard_behind_a_broken_pipe(void **state)
{
	struct meeting m;
	struct err e = { 0 };

	meet(&m);
	say(&m, REPORT_ERROR, UINT32_MAX, "the reason");
	fd_close(&m.init);
	assert_int_equal(lane_post(&m.lane, 1, -1, &e), -ENOENT);
	assert_non_null(strstr(e.text, "the reason"));
	part(&m);
}

/* Success is the end of file behind REPORT_EXEC and nothing else. */
static void only_exec_ends_well(void **state)
{
	struct meeting m;
	struct err e = { 0 };

	meet(&m);
	say(&m, REPORT_EXEC, 0, "");
	fd_close(&m.init);
	assert_int_equal(lane_wait_exec(&m.lane, &e), 0);
	part(&m);
}

/* A process that is gone without a word: killed, most often for memory. */
static void a_death_is_told_with_its_signal(void **state)
{
	struct meeting m;
	struct err e = { 0 };
	pid_t pid = fork();

	if (pid == 0) {
		raise(SIGKILL);
		_exit(0);
	}
	meet(&m);
	m.launch.pidfd = sys_pidfd_open(pid, 0);
	fd_close(&m.init);
	assert_int_equal(lane_wait_exec(&m.lane, &e), -ECHILD);
	assert_non_null(strstr(e.text, "signal 9"));
	waitpid(pid, NULL, 0);
	part(&m);
}

/* A lane that is elsewhere must not be taken for one that has arrived. */
static void another_number_is_an_error(void **state)
{
	struct meeting m;
	struct err e = { 0 };

	meet(&m);
	say(&m, REPORT_SYNC, 2, "");
	assert_int_equal(lane_wait(&m.lane, 1, &e), -EPROTO);
	part(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_init_said_is_heard_behind_a_reset),
		cmocka_unit_test(what_init_said_is_heard_behind_a_broken_pipe),
		cmocka_unit_test(only_exec_ends_well),
		cmocka_unit_test(a_death_is_told_with_its_signal),
		cmocka_unit_test(another_number_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

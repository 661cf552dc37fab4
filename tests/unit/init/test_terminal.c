/* SPDX-License-Identifier: Apache-2.0 */
/* The container's terminal. */
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fd.h"
#include "tests/unit/init/runner.h"

static void mount_devpts(struct runner *r)
{
	const char *const options[] = { "newinstance", "ptmxmode=0666", "mode=0620", NULL };
	uint64_t mount = plan_slot(&r->plan), target = plan_slot(&r->plan);

	INIT(r, FS, text(r, "devpts"), text(r, "devpts"), list(r, options), 0, mount);
	INIT(r, TARGET, text(r, "/dev/pts"), mount, 0755, 0, target);
	INIT(r, ATTACH, mount, target);
}

static void console(struct runner *r, uint64_t uid, bool mount)
{
	INIT(r, SESSION, 0);
	INIT(r, CONSOLE, 33, 77, uid, mount);
	plan_sync(&r->plan, INIT_TO_HOST, NULL);
	PLAN_HOST(&r->plan, OP_TAKE_CONSOLE, NULL, 0);
}

/* What the workload writes to the terminal: up to this text, or (NULL) until its last holder is
 * gone. */
static const char *screen(int master, const char *until)
{
	static char output[1024];
	size_t length = 0;
	ssize_t n;

	output[0] = '\0';
	while (!(until && strstr(output, until)) &&
	       (n = read(master, output + length, sizeof output - 1 - length)) > 0) {
		length += (size_t)n;
		output[length] = '\0';
	}
	return output;
}

static int take_master(struct runner *r)
{
	int master;

	assert_true(run_receive(r));
	if (r->report.kind == REPORT_ERROR)
		fail_msg("%s", r->report.detail);
	assert_int_equal(r->report.kind, REPORT_FD);
	assert_true(r->fd >= 0);
	master = fd_take(&r->fd);
	return master;
}

/* -t: a terminal of the right size and owner, in control, that is /dev/console too. */
static void terminal_and_console(void **state)
{
	struct runner *r = *state;
	autofd master = -1;

	plan_begin(r, CLONE_NEWNS | CLONE_NEWPID);
	mount_devpts(r);
	INIT(r, MKNOD, text(r, "/dev/tty"), S_IFCHR | 0666, makedev(5, 0), 0, 0);
	plan_enter(r);
	console(r, 1000, true);
	plan_script(r, "stty size; test -t 0 && test -t 1 && test -t 2 && echo tty;"
		       "stat -c '%u %a' /dev/pts/0; echo more >/dev/console; cat </dev/tty");
	run_start(r);
	master = take_master(r);
	run_until_exec(r);
	assert_string_equal(screen(master, "more\r\n"), "33 77\r\ntty\r\n1000 620\r\nmore\r\n");
	assert_int_equal(write(master, "typed\n\4", 7), 7);
	assert_string_equal(screen(master, NULL), "typed\r\ntyped\r\n");
	assert_int_equal(run_status(r), 0);
}

/* Without a devpts the pty could be anyone's. */
static void needs_a_devpts(void **state)
{
	struct runner *r = *state;

	put_directory(r, "dev/pts");
	put_file(r, "dev/pts/ptmx", "", 0666);
	plan_begin(r, CLONE_NEWNS);
	plan_enter(r);
	console(r, 0, true);
	plan_script(r, "true");
	assert_fails(r, OP_CONSOLE, CALL_none, ENODEV, "devpts file system mounted on /dev/pts");
}

/* An image with a symlink at /dev/console must not make init mount outside. */
static void console_symlink_stays_inside(void **state)
{
	struct runner *r = *state;
	autofd master = -1;

	put_link(r, "dev/console", "/etc/made");
	plan_begin(r, CLONE_NEWNS | CLONE_NEWPID);
	mount_devpts(r);
	console(r, 0, true);
	plan_enter(r);
	plan_script(r, "test -c /etc/made && echo inside");
	run_start(r);
	master = take_master(r);
	run_until_exec(r);
	assert_string_equal(screen(master, NULL), "inside\r\n");
	assert_int_equal(access("/etc/made", F_OK), -1);
}

/* A rootless container's terminal belongs to a user of its namespace. */
static void terminal_in_a_user_namespace(void **state)
{
	struct runner *r = *state;
	autofd master = -1;

	r->map = "0 5000 2000\n";
	assert_int_equal(chown(r->root, 5000, 5000), 0);
	assert_int_equal(chown(in_root(r, "dev"), 5000, 5000), 0);
	plan_begin(r, CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID);
	mount_devpts(r);
	plan_enter(r);
	console(r, 1000, true);
	plan_script(r, "stat -c '%u' /dev/pts/0; test -c /dev/console && echo ok");
	run_start(r);
	master = take_master(r);
	run_until_exec(r);
	assert_string_equal(screen(master, NULL), "1000\r\nok\r\n");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, runner_setup, runner_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(terminal_and_console),
		TEST(needs_a_devpts),
		TEST(console_symlink_stays_inside),
		TEST(terminal_in_a_user_namespace),
	};

	runner_world();
	return cmocka_run_group_tests(tests, NULL, NULL);
}

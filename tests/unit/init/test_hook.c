/* SPDX-License-Identifier: Apache-2.0 */
/* Hooks that run in the container. */
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/unit/init/runner.h"

static const char *const nothing[] = { NULL };

static void hook(struct runner *r, const char *path, const char *const *argv,
		 const char *const *env, int64_t timeout)
{
	INIT(r, HOOK, text(r, "createContainer"), text(r, path), list(r, argv), list(r, env),
	     (uint64_t)timeout);
}

static void shell_hook(struct runner *r, const char *script, int64_t timeout)
{
	const char *const argv[] = { "sh", "-c", script, NULL };

	hook(r, "/bin/sh", argv, nothing, timeout);
}

static void begin(struct runner *r)
{
	plan_begin(r, CLONE_NEWNS | CLONE_NEWPID);
	plan_enter(r);
}

/* CVE-2025-23266: exactly the environment the config gives, arguments as given, all before the
 * program. */
static void gets_exactly_its_environment(void **state)
{
	struct runner *r = *state;
	const char *const argv[] = { "env", NULL };
	const char *const env[] = { "A=1", "B=two words", NULL };

	put_link(r, "bin/env", "busybox");
	begin(r);
	hook(r, "/bin/env", argv, env, 0);
	hook(r, "/bin/env", argv, nothing, 0);
	plan_script(r, "echo program");
	assert_prints(r, "A=1\nB=two words\nprogram\n");
}

static void runs_with_the_umask_of_the_workload(void **state)
{
	struct runner *r = *state;

	begin(r);
	INIT(r, UMASK, 0077);
	shell_hook(r, "umask", 0);
	plan_script(r, "umask");
	assert_prints(r, "0077\n0077\n");
}

/* A hook that fails ends the container, and the user is told which and how. */
static void failure_is_told(void **state)
{
	struct runner *r = *state;

	begin(r);
	shell_hook(r, "exit 3", 0);
	plan_script(r, "true");
	assert_fails(r, OP_HOOK, CALL_none, ECANCELED, "hook /bin/sh exited with status 3");
}

static void signal_is_told(void **state)
{
	struct runner *r = *state;

	begin(r);
	shell_hook(r, "kill -9 $$", 0);
	plan_script(r, "true");
	assert_fails(r, OP_HOOK, CALL_none, ECANCELED, "hook /bin/sh was killed by signal 9");
}

/* The hook and what it started are gone behind the timeout: the end of the output says so. */
static void timeout_kills_the_group(void **state)
{
	struct runner *r = *state;

	put_file(r, "dev/null", "", 0666); /* where the shell takes a background job's input from */
	begin(r);
	shell_hook(r, "sleep 1000 & sleep 1000", 1);
	plan_script(r, "true");
	assert_fails(r, OP_HOOK, CALL_none, ECANCELED,
		     "hook /bin/sh was killed: it took more seconds than its timeout of 1");
	assert_string_equal(run_output(r), "");
}

static void missing_hook(void **state)
{
	struct runner *r = *state;

	begin(r);
	hook(r, "/bin/nohook", nothing, nothing, 0);
	plan_script(r, "true");
	assert_fails(r, OP_HOOK, CALL_execve, ENOENT, "/bin/nohook");
}

static void hook_that_is_no_program(void **state)
{
	struct runner *r = *state;

	put_file(r, "bin/text", "text\n", 0755);
	begin(r);
	hook(r, "/bin/text", nothing, nothing, 0);
	plan_script(r, "true");
	assert_fails(r, OP_HOOK, CALL_none, ENOEXEC, "exec /bin/text: exec format error: it is neither");
}

/* What --preserve-fds keeps is for the workload, not for hooks. */
static void hooks_get_no_descriptors(void **state)
{
	struct runner *r = *state;
	const char *const look =
		"for f in 3 4 5 6 7 8; do (: <&$f) 2>/dev/null && echo $f; done; true";

	r->preserve_fds = 1;
	begin(r);
	shell_hook(r, look, 0);
	plan_script(r, look);
	assert_prints(r, "3\n");
}

/* Files that the host lane opened; without one the output is the container's. */
static void output_goes_to_given_files(void **state)
{
	struct runner *r = *state;
	uint64_t file = plan_slot(&r->plan);

	put_file(r, "file", "", 0644);
	r->given[file] = open(in_root(r, "file"), O_WRONLY | O_APPEND);
	PLAN_HOST(&r->plan, OP_OPEN, NULL, text(r, "/file"), O_WRONLY, file);
	begin(r);
	INIT(r, HOOK_OUTPUT, PLAN_NO_SLOT, file);
	shell_hook(r, "echo out; echo error >&2", 0);
	shell_hook(r, "echo more >&2", 0);
	plan_script(r, "cat /file; echo program >&2");
	assert_prints(r, "out\nerror\nmore\nprogram\n");
	close(r->given[file]);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, runner_setup, runner_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(gets_exactly_its_environment),
		TEST(runs_with_the_umask_of_the_workload),
		TEST(failure_is_told),
		TEST(signal_is_told),
		TEST(timeout_kills_the_group),
		TEST(missing_hook),
		TEST(hook_that_is_no_program),
		TEST(hooks_get_no_descriptors),
		TEST(output_goes_to_given_files),
	};

	runner_world();
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/sys.h"
#include "base/text.h"
#include "runtime/hooks.h"
#include "runtime/notify.h"
#include "runtime/state.h"
#include "runtime/unix.h"

struct place {
	char path[64];
	int dir, state;
};

static int make_place(void **state)
{
	struct place *place = calloc(1, sizeof *place);

	strcpy(place->path, "/tmp/test-hooks-XXXXXX");
	if (!mkdtemp(place->path))
		return -1;
	place->dir = open(place->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	place->state = memfd_sealed("state", "{\"id\":\"x\"}", 10);
	*state = place;
	return place->dir < 0 || place->state < 0 ? -1 : 0;
}

static int drop_place(void **state)
{
	struct place *place = *state;
	int r = dir_remove_tree(AT_FDCWD, place->path);

	close(place->dir);
	close(place->state);
	free(place);
	return r;
}

static int run(struct place *place, const char *script, int timeout, struct err *e)
{
	char *const argv[] = { "hook", "-c", (char *)(uintptr_t)script, NULL };
	char *const envp[] = { "ONLY=this", NULL };
	const struct hook_run hook = { .interrupt = -1, .program = -1,
		.name = "prestart", .path = "/bin/sh", .argv = argv,
				       .envp = envp, .timeout = timeout, .cwd = place->path,
				       .state = place->state, .container = -1 };

	return hook_run(&hook, e);
}

static void assert_file(struct place *place, const char *name, const char *text)
{
	autobuf found = { 0 };

	assert_int_equal(file_read(place->dir, name, 1 << 16, &found), 0);
	assert_string_equal(found.text, text);
}

/* A hook runs as root on the host: a variable or a descriptor that leaks into it from elsewhere has
 * been a way to take the host over (CVE-2025-23266). */
static void hook_gets_what_is_its_own(void **state)
{
	struct place *place = *state;
	autoarena arena = { 0 };
	struct err e = { 0 };
	int leak = open("/dev/zero", O_RDONLY);

	assert_true(leak > 2);
	setenv("HOST_SECRET", "x", 1);
	assert_int_equal(run(place, "cat >doc; pwd -P >dir; echo $0 >name;"
				    "echo \"$HOST_SECRET$ONLY\" >env;"
				    "for fd in 3 4 5 6 7 8 9; do"
				    "  [ -e /proc/self/fd/$fd ] && echo $fd; done >fds; :",
			     0, &e), 0);
	assert_file(place, "dir", arena_printf(&arena, "%s\n", place->path));
	close(leak);
	assert_file(place, "doc", "{\"id\":\"x\"}");
	assert_file(place, "env", "this\n");
	assert_file(place, "name", "hook\n");
	assert_file(place, "fds", "");
	/* The next hook reads the document from its start. */
	assert_int_equal(run(place, "cat >doc2", 0, &e), 0);
	assert_file(place, "doc2", "{\"id\":\"x\"}");
}

/* A mask or an ignored signal of ours would make a hook that cannot be stopped. */
static void hook_gets_default_signals(void **state)
{
	struct place *place = *state;
	struct err e = { 0 };
	sigset_t all, old;

	sigfillset(&all);
	signal(SIGPIPE, SIG_IGN);
	/* A caller's C library may have other signals of its own than ours. */
	assert_int_equal(syscall(SYS_rt_sigaction, 32, (unsigned long[4]){ (unsigned long)SIG_IGN },
				 NULL, sizeof(uint64_t)), 0);
	sigprocmask(SIG_BLOCK, &all, &old);
	assert_int_equal(run(place, "grep -E 'Sig(Blk|Ign)' /proc/self/status |"
				    "tr -d '\\t\\n' >s", 0, &e), 0);
	sigprocmask(SIG_SETMASK, &old, NULL);
	assert_file(place, "s", "SigBlk:0000000000000000SigIgn:0000000000000000");
}

/* The user sees why it failed: its status and the last thing it said. */
static void failure_has_its_last_words(void **state)
{
	struct place *place = *state;
	struct err e = { 0 };

	assert_int_equal(run(place, "echo first >&2; echo 'no such bridge' >&2; exit 3", 0, &e),
			 -ECANCELED);
	assert_string_equal(e.text, "hook exited with status 3 (no such bridge)");
	assert_int_equal(run(place, "exit 1", 0, &e), -ECANCELED);
	assert_string_equal(e.text, "hook exited with status 1");
	assert_int_equal(run(place, "kill -KILL $$", 0, &e), -ECANCELED);
	assert_non_null(strstr(e.text, "signal 9"));
	assert_int_equal(run(place, "i=0; while [ $i -lt 5000 ]; do i=$((i+1)); echo line $i >&2; "
				    "done; exit 1", 0, &e), -ECANCELED);
	assert_non_null(strstr(e.text, "(line 5000)"));
}

/* A path that is wrong is told as such, not as "status 127". */
static void missing_program_is_named(void **state)
{
	struct place *place = *state;
	char *const argv[] = { "x", NULL };
	const struct hook_run hook = { .interrupt = -1, .program = -1,
		.name = "prestart", .path = "/nonexistent/hook",
				       .argv = argv, .envp = argv + 1, .cwd = place->path,
				       .state = place->state, .container = -1 };
	struct err e = { 0 };

	assert_int_equal(hook_run(&hook, &e), -ECANCELED);
	assert_non_null(strstr(e.text, "/nonexistent/hook: No such file or directory"));
}

/* Past its timeout a hook is ended with all it started, whatever it does with its output: it would
 * otherwise hold up create for ever, or go on changing the host behind our back. */
static void timeout_ends_the_whole_group(void **state)
{
	struct place *place = *state;
	struct err e = { 0 };

	/* Made here: on a busy machine the shell may get to nothing in its second. */
	assert_int_equal(mkfifoat(place->dir, "f", 0600), 0);
	assert_int_equal(run(place, "(exec sleep 1000000 <>f) & "
				    "while :; do echo noise; done >&2", 1, &e), -ETIMEDOUT);
	assert_non_null(strstr(e.text, "timeout of 1 s"));
	/* Once the sleeper is gone nobody has the FIFO open for reading. Its death is under way. */
	for (int fd; (fd = openat(place->dir, "f", O_WRONLY | O_NONBLOCK)) >= 0; sched_yield())
		close(fd);
	assert_int_equal(errno, ENXIO);
}

/* A daemon that a hook starts may keep our pipe: we must not wait for its end. */
static void daemon_of_a_hook_is_left_alone(void **state)
{
	struct place *place = *state;
	struct err e = { 0 };
	autobuf pid = { 0 };
	uint64_t number;

	assert_int_equal(run(place, "sleep 1000000 & printf %d $! >pid", 0, &e), 0);
	assert_int_equal(file_read(place->dir, "pid", 20, &pid), 0);
	assert_int_equal(parse_u64(pid.text, INT32_MAX, &number), 0);
	assert_int_equal(kill((pid_t)number, SIGKILL), 0);
}

/* delete --force of a container whose create hangs in a hook: the end of its process must free
 * it. */
static void hook_ends_with_the_container(void **state)
{
	struct place *place = *state;
	char *const argv[] = { "sh", "-c", "exec sleep 1000000", NULL };
	pid_t pid = fork();
	struct hook_run hook = { .interrupt = -1, .program = -1,
		.name = "createRuntime", .path = "/bin/sh", .argv = argv,
				 .envp = argv + 3, .cwd = place->path, .state = place->state };
	struct err e = { 0 };

	if (pid == 0)
		_exit(0);
	hook.container = sys_pidfd_open(pid, 0);
	assert_true(hook.container >= 0);
	assert_int_equal(hook_run(&hook, &e), -ECHILD);
	assert_non_null(strstr(e.text, "container's process ended"));
	waitpid(pid, NULL, 0);
	close(hook.container);
}

/* run.oci.hooks.stdout and .stderr: appended, for all hooks share them. */
static void output_is_appended_to_files(void **state)
{
	struct place *place = *state;
	autoarena arena = { 0 };
	char *const argv[] = { "sh", "-c", "echo out; echo err >&2", NULL };
	const struct hook_run hook = { .interrupt = -1, .program = -1,
		.name = "prestart", .path = "/bin/sh", .argv = argv, .envp = argv + 3,
		.cwd = place->path, .state = place->state, .container = -1,
		.stdout_file = arena_printf(&arena, "%s/out", place->path),
		.stderr_file = arena_printf(&arena, "%s/err", place->path),
	};
	struct err e = { 0 };

	assert_int_equal(hook_run(&hook, &e), 0);
	assert_int_equal(hook_run(&hook, &e), 0);
	assert_file(place, "out", "out\nout\n");
	assert_file(place, "err", "err\nerr\n");
}

/* What the caller's service manager hears of one message of the workload's. */
static void assert_forwarded(struct place *place, const char *message, const char *heard,
			     bool ready)
{
	autoarena arena = { 0 };
	struct container c = { .id = "x", .dir = place->dir };
	const char *to = arena_printf(&arena, "%s/manager", place->path), *dir;
	autofd manager = unix_bind(place->dir, "manager", SOCK_DGRAM), socket = -1, peer = -1;
	char text[4096];
	bool is_ready = false;
	ssize_t n;
	struct err e = { 0 };

	assert_int_equal(notify_prepare(&arena, "/root", &c, &dir, &e), 0);
	assert_string_equal(dir, "/root/x/notify");
	assert_int_equal(notify_bind(&c, &socket, &e), 0);
	peer = unix_connect(place->dir, "notify/notify.sock", SOCK_DGRAM);
	assert_true(peer >= 0);
	assert_int_equal(send(peer, message, strlen(message), 0), strlen(message));
	notify_forward(socket, to, 42, &is_ready);
	n = recv(manager, text, sizeof text - 1, MSG_DONTWAIT);
	if (n >= 0)
		text[n] = '\0';
	assert_string_equal(n < 0 ? "" : text, heard);
	assert_int_equal(is_ready, ready);
}

/* A unit with Type=notify becomes active when its container says so, and follows its process; the
 * container cannot name another process or stop somebody's watchdog. */
static void readiness_passes_and_nothing_else(void **state)
{
	assert_forwarded(*state, "READY=1", "READY=1\nMAINPID=42\n", true);
	assert_forwarded(*state, "STATUS=up\nREADY=1\nMAINPID=1\nFDSTORE=1\n",
			 "STATUS=up\nREADY=1\nMAINPID=42\n", true);
	assert_forwarded(*state, "STATUS=loading", "STATUS=loading\n", false);
	assert_forwarded(*state, "MAINPID=1\nWATCHDOG=1\nREADY=10\nXREADY=1", "", false);
}

/* `start` of a unit must end when its container dies before it is ready. */
static void waiting_ends_with_the_process(void **state)
{
	struct place *place = *state;
	autoarena arena = { 0 };
	struct container c = { .id = "x", .dir = place->dir };
	autofd socket = -1, pidfd = -1;
	const char *dir;
	struct err e = { 0 };
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	pidfd = sys_pidfd_open(pid, 0);
	assert_int_equal(notify_prepare(&arena, "/root", &c, &dir, &e), 0);
	assert_int_equal(notify_bind(&c, &socket, &e), 0);
	assert_int_equal(notify_wait(socket, "@nobody-listens", pid, pidfd, &e), 0);
	waitpid(pid, NULL, 0);
}

#define AT_PLACE(test) cmocka_unit_test_setup_teardown(test, make_place, drop_place)

int main(void)
{
	const struct CMUnitTest tests[] = {
		AT_PLACE(hook_gets_what_is_its_own),
		AT_PLACE(hook_gets_default_signals),
		AT_PLACE(failure_has_its_last_words),
		AT_PLACE(missing_program_is_named),
		AT_PLACE(timeout_ends_the_whole_group),
		AT_PLACE(daemon_of_a_hook_is_left_alone),
		AT_PLACE(hook_ends_with_the_container),
		AT_PLACE(output_is_appended_to_files),
		AT_PLACE(readiness_passes_and_nothing_else),
		AT_PLACE(waiting_ends_with_the_process),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

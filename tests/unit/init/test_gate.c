/* SPDX-License-Identifier: Apache-2.0 */
/* The start gate: probes pass by, only GO from the right user opens, and hooks see the state
 * document. */
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fd.h"
#include "base/file.h"
#include "tests/unit/init/runner.h"

static struct sockaddr_un address(struct runner *r)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };

	snprintf(a.sun_path, sizeof a.sun_path, "%s/gate", r->root);
	return a;
}

static int listener(struct runner *r)
{
	struct sockaddr_un a = address(r);
	int fd = socket(AF_UNIX, SOCK_SEQPACKET, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof a), 0);
	assert_int_equal(listen(fd, 16), 0);
	return fd;
}

static int caller(struct runner *r)
{
	struct sockaddr_un a = address(r);
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof a), 0);
	return fd;
}

static void begin(struct runner *r, uint64_t clone)
{
	uint64_t gate = plan_slot(&r->plan);

	PLAN_HOST(&r->plan, OP_OPEN_GATE, NULL, gate);
	plan_begin(r, clone);
	plan_enter(r);
	plan_sync(&r->plan, INIT_TO_HOST, NULL);
	INIT(r, GATE, gate);
	r->given[gate] = listener(r);
}

/* To where `create` has ended: init posted its SYNC and let go of the socket. */
static void created(struct runner *r)
{
	run_start(r);
	close(r->given[0]);
	assert_true(run_receive(r));
	assert_int_equal(r->report.kind, REPORT_SYNC);
	assert_false(run_receive(r));
	fd_close(&r->sync);
}

/* `state` asks whether a container waits by connecting; that must not start it, however often. */
static void probes_do_not_start(void **state)
{
	struct runner *r = *state;
	struct report noise = { .kind = REPORT_SYNC };

	begin(r, CLONE_NEWNS | CLONE_NEWPID);
	plan_script(r, "echo started");
	created(r);
	for (int i = 0; i < 50; i++)
		close(caller(r));
	r->sync = caller(r);
	assert_int_equal(send(r->sync, &noise, sizeof noise, 0), sizeof noise);
	assert_false(run_receive(r));
	close(r->sync);
	r->sync = caller(r);
	assert_int_equal(send(r->sync, "short", 5, 0), 5);
	assert_false(run_receive(r));
	close(r->sync);
	r->sync = caller(r);
	run_post(r, PLAN_GATE, -1);
	run_until_exec(r);
	assert_string_equal(run_output(r), "started\n");
}

/* A tare of another build must not start a container in a way that this one does not know. */
static void another_build_is_hung_up_on(void **state)
{
	struct runner *r = *state;

	begin(r, CLONE_NEWNS);
	plan_script(r, "echo started");
	created(r);
	r->sync = caller(r);
	run_post(r, PLAN_GATE + 1, -1);
	assert_false(run_receive(r));
	fd_close(&r->sync);
	r->sync = caller(r);
	run_post(r, PLAN_GATE, -1);
	run_until_exec(r);
	assert_string_equal(run_output(r), "started\n");
}

/* `start` reports a program that cannot be executed. */
static void start_learns_of_a_failure(void **state)
{
	struct runner *r = *state;
	const char *const argv[] = { "/bin/gone", NULL };

	begin(r, CLONE_NEWNS);
	plan_exec(r, argv, argv + 1, false);
	created(r);
	r->sync = caller(r);
	run_post(r, PLAN_GATE, -1);
	assert_true(run_receive(r));
	assert_int_equal(r->report.kind, REPORT_EXEC);
	assert_true(run_receive(r));
	assert_int_equal(r->report.kind, REPORT_ERROR);
	assert_int_equal(r->report.error, ENOENT);
	assert_int_equal(run_status(r), 1);
}

/* Another user of the host who reaches the socket is no one to start a container. */
static void another_user_is_ignored(void **state)
{
	struct runner *r = *state;
	struct sockaddr_un a = address(r);
	int status;
	pid_t other;

	begin(r, CLONE_NEWNS);
	plan_script(r, "echo started");
	created(r);
	assert_int_equal(chmod(a.sun_path, 0777), 0);
	other = fork();
	if (other == 0) {
		struct report go = { .kind = REPORT_GO, .number = PLAN_GATE };
		int fd = socket(AF_UNIX, SOCK_SEQPACKET, 0);

		if (setresuid(1234, 1234, 1234) < 0 ||
		    connect(fd, (struct sockaddr *)&a, sizeof a) < 0)
			_exit(2);
		send(fd, &go, sizeof go, MSG_NOSIGNAL);
		_exit(recv(fd, &go, sizeof go, 0) > 0);
	}
	waitpid(other, &status, 0);
	assert_int_equal(status, 0);
	r->sync = caller(r);
	run_post(r, PLAN_GATE, -1);
	run_until_exec(r);
}

/* In a user namespace the host's root has no uid of the container's, and still is who may start. */
static void opens_from_outside_a_user_namespace(void **state)
{
	struct runner *r = *state;

	r->map = "0 5000 10\n";
	assert_int_equal(chown(r->root, 5000, 5000), 0);
	begin(r, CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID);
	plan_script(r, "id -u");
	created(r);
	r->sync = caller(r);
	run_post(r, PLAN_GATE, -1);
	run_until_exec(r);
	assert_string_equal(run_output(r), "0\n");
}

/* startContainer hooks get the document that came with GO, from its beginning, each of them. */
static void document_for_hooks(void **state)
{
	struct runner *r = *state;
	const char *const argv[] = { "cat", NULL };
	autofd document = memfd_sealed("state", "{\"id\":\"x\"}\n", 11);

	begin(r, CLONE_NEWNS | CLONE_NEWPID);
	for (int i = 0; i < 2; i++)
		INIT(r, HOOK, text(r, "startContainer"), text(r, "/bin/cat"), list(r, argv), 0, 0);
	plan_script(r, "echo started");
	created(r);
	r->sync = caller(r);
	run_post(r, PLAN_GATE, document);
	run_until_exec(r);
	assert_string_equal(run_output(r), "{\"id\":\"x\"}\n{\"id\":\"x\"}\nstarted\n");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, runner_setup, runner_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(probes_do_not_start),
		TEST(another_build_is_hung_up_on),
		TEST(start_learns_of_a_failure),
		TEST(another_user_is_ignored),
		TEST(opens_from_outside_a_user_namespace),
		TEST(document_for_hooks),
	};

	runner_world();
	return cmocka_run_group_tests(tests, NULL, NULL);
}

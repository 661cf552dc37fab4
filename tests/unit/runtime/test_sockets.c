/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/sys.h"
#include "base/text.h"
#include "plan/format.h"
#include "runtime/activation.h"
#include "runtime/console.h"
#include "runtime/context.h"
#include "runtime/gate.h"
#include "runtime/launch.h"
#include "runtime/outputs.h"
#include "runtime/state.h"
#include "runtime/unix.h"

static const struct context no_signals;

struct place {
	char path[200];
	int dir;
};

/* Deeper than a socket's address may be long, as engines' directories are. */
static int make_place(void **state)
{
	struct place *place = calloc(1, sizeof *place);
	char *end;

	strcpy(place->path, "/tmp/test-outputs-XXXXXX");
	if (!mkdtemp(place->path))
		return -1;
	end = place->path + strlen(place->path);
	*end = '/';
	memset(end + 1, 'd', 120);
	if (mkdir(place->path, 0700) < 0)
		return -1;
	place->dir = open(place->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	*state = place;
	return place->dir < 0 ? -1 : 0;
}

static int drop_place(void **state)
{
	struct place *place = *state;
	int r;

	*strrchr(place->path, '/') = '\0';
	r = dir_remove_tree(AT_FDCWD, place->path);
	close(place->dir);
	free(place);
	return r;
}

static const char *in(struct arena *arena, const struct place *place, const char *name)
{
	return arena_printf(arena, "%s/%s", place->path, name);
}

/* Engines watch for the file and read it at once: no newline, no moment of emptiness. */
static void pid_file_is_a_number(void **state)
{
	struct place *place = *state;
	autoarena arena = { 0 };
	autobuf text = { 0 };
	struct err e = { 0 };

	assert_int_equal(write_pid_file(in(&arena, place, "pid"), 1234567, &e), 0);
	assert_int_equal(write_pid_file(in(&arena, place, "pid"), 42, &e), 0);
	assert_int_equal(file_read(place->dir, "pid", 100, &text), 0);
	assert_string_equal(text.text, "42");
	assert_int_equal(write_pid_file(in(&arena, place, "no/pid"), 42, &e), -ENOENT);
	assert_non_null(strstr(e.text, "--pid-file"));
	assert_non_null(strstr(e.text, "no/pid"));
}

static int accept_on(int listener)
{
	int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

/* The engine's end of --console-socket and --pidfd-socket: one message, one descriptor, the right
 * one. */
static void descriptors_are_sent(void **state)
{
	struct place *place = *state;
	autoarena arena = { 0 };
	autofd listener = unix_bind(place->dir, "s", SOCK_STREAM), master = -1, pidfd = -1;
	autofd first = -1, second = -1, got = -1, got_pidfd = -1;
	char name[64] = { 0 };
	struct stat a, b;
	struct err e = { 0 };

	assert_true(listener >= 0);
	assert_int_equal(listen(listener, 4), 0);
	master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	assert_int_equal(console_send(&no_signals, in(&arena, place, "s"), master, &e), 0);
	first = accept_on(listener);
	assert_true(socket_receive_fd(first, name, sizeof name - 1, &got) > 0);
	assert_true(str_starts(name, "/dev/pt"));
	assert_true(isatty(got));
	pidfd = sys_pidfd_open(getpid(), 0);
	assert_int_equal(send_pidfd(&no_signals, "a pidfd", in(&arena, place, "s"), pidfd, &e), 0);
	second = accept_on(listener);
	assert_true(socket_receive_fd(second, name, sizeof name, &got_pidfd) > 0);
	fstat(pidfd, &a);
	fstat(got_pidfd, &b);
	assert_int_equal(a.st_ino, b.st_ino);
}

/* A socket that nobody listens on is named with its option. */
static void missing_sockets_are_named(void **state)
{
	struct place *place = *state;
	autoarena arena = { 0 };
	struct err e = { 0 };

	assert_int_equal(console_send(&no_signals, in(&arena, place, "no"), 0, &e), -ENOENT);
	assert_non_null(strstr(e.text, "--console-socket"));
	assert_int_equal(send_pidfd(&no_signals, "--pidfd-socket", in(&arena, place, "no"), 0, &e),
			 -ENOENT);
	assert_non_null(strstr(e.text, "--pidfd-socket"));
	assert_int_equal(file_replace(place->dir, "file", 0600, "", 0), 0);
	assert_int_equal(console_send(&no_signals, in(&arena, place, "file"), 0, &e), -ECONNREFUSED);
}

/* created or running hangs on this: a gate that is left behind by a dead init must not count. */
static void the_gate_waits_while_somebody_listens(void **state)
{
	struct place *place = *state;
	autofd gate = -1;
	struct err e = { 0 };

	assert_false(launch_gate_waits(place->dir));
	assert_int_equal(gate_listen(place->dir, &gate, &e), 0);
	assert_true(fcntl(gate, F_GETFD) & FD_CLOEXEC);
	for (int i = 0; i < 100; i++)
		assert_true(launch_gate_waits(place->dir));
	fd_close(&gate);
	assert_false(launch_gate_waits(place->dir));
	gate_remove(place->dir);
	assert_false(launch_gate_waits(place->dir));
}

struct said {
	struct report reports[3];
	size_t count;
};

/* tare-init as far as the gate knows it: takes the GO, says its words, hangs up. */
static void play_init(int gate, const struct said *said)
{
	int peer = accept4(gate, NULL, NULL, SOCK_CLOEXEC), document = -1;
	struct report go = { 0 };
	char byte;

	if (peer < 0 || socket_receive_fd(peer, &go, sizeof go, &document) != sizeof go ||
	    go.kind != REPORT_GO || read(document, &byte, 1) != 1 || byte != '{')
		_exit(1);
	for (size_t i = 0; i < said->count; i++)
		socket_send_fd(peer, &said->reports[i], sizeof go, -1);
	_exit(0);
}

static int start_with(struct place *place, const struct said *said, struct err *e)
{
	autoarena arena = { 0 };
	struct context context = { .arena = &arena, .root_fd = -1, .host_probed = true };
	struct container c = { .id = "x", .dir = place->dir };
	autofd gate = -1, document = memfd_sealed("state", "{}", 2);
	pid_t pid;

	assert_int_equal(gate_listen(place->dir, &gate, e), 0);
	pid = fork();
	if (pid == 0)
		play_init(gate, said);
	fd_close(&gate);
	return launch_open_gate(&context, &c, document, e);
}

/* `start` tells success from failure by these words alone. */
static void start_believes_only_an_execve(void **state)
{
	struct place *place = *state;
	const struct report exec = { .kind = REPORT_EXEC };
	const struct report error = { .kind = REPORT_ERROR, .error = ENOEXEC,
				      .call = CALL_execve, .detail = "/bin/x" };
	const struct report note = { .kind = REPORT_WARNING, .error = EDQUOT,
				     .call = CALL_keyctl };
	struct err e = { 0 };

	assert_int_equal(start_with(place, &(struct said){ { exec }, 1 }, &e), 0);
	assert_int_equal(faccessat(place->dir, "gate", F_OK, 0), -1);
	assert_int_equal(start_with(place, &(struct said){ { note, exec }, 2 }, &e), 0);
	assert_int_equal(start_with(place, &(struct said){ { exec, error }, 2 }, &e), -ENOEXEC);
	assert_non_null(strstr(e.text, "/bin/x"));
	assert_int_equal(start_with(place, &(struct said){ { exec }, 0 }, &e), -ECHILD);
	assert_non_null(strstr(e.text, "container x"));
}

/* A second start, or one of a container whose init was killed. */
static void no_gate_is_an_error(void **state)
{
	struct place *place = *state;
	autoarena arena = { 0 };
	struct context context = { .arena = &arena, .root_fd = -1, .host_probed = true };
	struct container c = { .id = "x", .dir = place->dir };
	struct err e = { 0 };
	autofd gate = -1;

	assert_int_equal(launch_open_gate(&context, &c, -1, &e), -ENOENT);
	assert_non_null(strstr(e.text, "container x: gate"));
	assert_int_equal(gate_listen(place->dir, &gate, &e), 0);
	fd_close(&gate);
	assert_int_equal(launch_open_gate(&context, &c, -1, &e), -ECHILD);
	assert_non_null(strstr(e.text, "container x has stopped"));
}

/* Descriptors that are not there would shift the others to the wrong numbers in the workload. */
static void preserved_descriptors_must_be_open(void **state)
{
	autoarena arena = { 0 };
	struct activation found = { .preserve_fds = 7 };
	struct err e = { 0 };

	unsetenv("LISTEN_FDS");
	assert_int_equal(activation_probe(&arena, 0, &found, &e), 0);
	assert_int_equal(found.preserve_fds, 0);
	assert_int_equal(found.env.count, 0);
	assert_int_equal(activation_probe(&arena, 100000, &found, &e), -EBADF);
	assert_non_null(strstr(e.text, "--preserve-fds"));
	assert_int_equal(activation_probe(&arena, UINT32_MAX, &found, &e), -EINVAL);
}

static int add_fd(int at)
{
	return fcntl(0, F_GETFD) >= 0 ? dup2(0, at) : -1;
}

/* Sockets that systemd opened for the service arrive in the container with their names; those meant
 * for another process do not. */
static void listening_sockets_come_first(void **state)
{
	autoarena arena = { 0 };
	struct activation found = { 0 };
	struct err e = { 0 };

	add_fd(3);
	add_fd(4);
	add_fd(5);
	setenv("LISTEN_FDS", "2", 1);
	setenv("LISTEN_PID", arena_printf(&arena, "%d", getpid()), 1);
	setenv("LISTEN_FDNAMES", "a:b", 1);
	assert_int_equal(activation_probe(&arena, 1, &found, &e), 0);
	assert_int_equal(found.preserve_fds, 3);
	assert_int_equal(found.env.count, 3);
	assert_string_equal(found.env.items[0], "LISTEN_FDS=2");
	assert_string_equal(found.env.items[1], "LISTEN_PID=1");
	assert_string_equal(found.env.items[2], "LISTEN_FDNAMES=a:b");
	setenv("LISTEN_PID", "1", 1);
	assert_int_equal(activation_probe(&arena, 1, &found, &e), 0);
	assert_int_equal(found.preserve_fds, 1);
	assert_int_equal(found.env.count, 0);
	setenv("LISTEN_PID", arena_printf(&arena, "%d", getpid()), 1);
	setenv("LISTEN_FDS", "x", 1);
	assert_int_equal(activation_probe(&arena, 0, &found, &e), 0);
	assert_int_equal(found.preserve_fds, 0);
}

#define AT_PLACE(test) cmocka_unit_test_setup_teardown(test, make_place, drop_place)

int main(void)
{
	const struct CMUnitTest tests[] = {
		AT_PLACE(pid_file_is_a_number),
		AT_PLACE(descriptors_are_sent),
		AT_PLACE(missing_sockets_are_named),
		AT_PLACE(the_gate_waits_while_somebody_listens),
		AT_PLACE(start_believes_only_an_execve),
		AT_PLACE(no_gate_is_an_error),
		cmocka_unit_test(preserved_descriptors_must_be_open),
		cmocka_unit_test(listening_sockets_come_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

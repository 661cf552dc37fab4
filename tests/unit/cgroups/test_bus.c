/* SPDX-License-Identifier: Apache-2.0 */
/* A manager that is slow, broken or not one: a socket where a user's would be, with a process behind it
 * that plays the part. */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/fd.h"
#include "cgroups/bus.h"

enum { TIMEOUT = 300, FAR_TOO_LATE = 20000 };

struct stage {
	char directory[32], socket[64];
	int server;
};

static int set_up(void **state)
{
	static struct stage stage;
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	stage = (struct stage){ .directory = "/tmp/tare-bus-XXXXXX" };
	if (!mkdtemp(stage.directory))
		return -1;
	snprintf(stage.socket, sizeof stage.socket, "%s/systemd", stage.directory);
	mkdir(stage.socket, 0755);
	strcat(stage.socket, "/private");
	strcpy(address.sun_path, stage.socket);
	stage.server = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bind(stage.server, (struct sockaddr *)&address, sizeof address) < 0 ||
	    listen(stage.server, 0) < 0)
		return -1;
	setenv("XDG_RUNTIME_DIR", stage.directory, 1);
	unsetenv("DBUS_SESSION_BUS_ADDRESS");
	*state = &stage;
	return 0;
}

static int tear_down(void **state)
{
	struct stage *stage = *state;

	close(stage->server);
	unlink(stage->socket);
	*strrchr(stage->socket, '/') = '\0';
	rmdir(stage->socket);
	return rmdir(stage->directory);
}

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* What is said to each who comes, once or again and again. */
struct part {
	const char *bytes;
	size_t size;
	bool forever, hangs_up;
};

static void play(int server, const struct part *part)
{
	int fd = accept(server, NULL, NULL);

	do
		if (send(fd, part->bytes, part->size, MSG_NOSIGNAL) < 0)
			break;
	while (part->forever);
	if (part->hangs_up)
		shutdown(fd, SHUT_RDWR);
	pause();
}

static pid_t begin_part(const struct stage *stage, const struct part *part)
{
	pid_t pid = fork();

	if (pid == 0) {
		play(stage->server, part);
		_exit(0);
	}
	return pid;
}

/* Whether a call is answered, and what the error says if not. */
static int ask(const struct stage *stage, const struct part *part, int timeout, struct err *e)
{
	pid_t pid = begin_part(stage, part);
	autobus bus = BUS_NONE;
	struct bus_message m;
	int r = bus_open(true, timeout, &bus, e);

	if (r == 0) {
		bus_call_manager(&bus, "Reload", "", NULL);
		r = bus_receive(&bus, &m, e);
	}
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	return r;
}

#define HEAD(order, version, body, fields) \
	order "\4\0" version body "\1\0\0\0" fields
#define GREETING "DATA\r\nOK 0123\r\n"
#define PART(text) { text, sizeof(text) - 1, false, false }
/* A signal that nobody waits for, with neither fields nor body. */
#define SIGNAL HEAD("l", "\1", "\0\0\0\0", "\0\0\0\0")

/* Each of these would hold an engine's call up for ever, or end it by a crash. */
static void test_broken_managers(void **state)
{
	static const struct {
		struct part part;
		int code;
		const char *words;
	} rows[] = {
		{ PART(""), ETIMEDOUT, "no answer in time" },
		{ PART("DATA\r\nOK 01"), ETIMEDOUT, "no answer in time" },
		{ PART(GREETING), ETIMEDOUT, "no answer in time" },
		{ PART(GREETING "l\2\0\1"), ETIMEDOUT, "no answer in time" },
		{ { "", 0, false, true }, ECONNRESET, "without a greeting" },
		{ { GREETING, sizeof GREETING - 1, false, true }, ECONNRESET, "was closed" },
		{ { GREETING "l\2\0\1\20", sizeof GREETING + 4, false, true }, ECONNRESET,
		  "was closed" },
		{ PART("REJECTED EXTERNAL\r\n"), EACCES, "REJECTED EXTERNAL" },
		{ PART("ERROR no\r\n"), EACCES, "ERROR no" },
		{ { "x", 1, true, false }, EPROTO, "no bus" },
		{ PART(GREETING HEAD("B", "\1", "\0\0\0\0", "\0\0\0\0")), EPROTO, "no message" },
		{ PART(GREETING HEAD("l", "\2", "\0\0\0\0", "\0\0\0\0")), EPROTO, "no message" },
		{ PART(GREETING HEAD("l", "\1", "\377\377\377\377", "\0\0\0\0")), EPROTO,
		  "no message" },
		{ PART(GREETING HEAD("l", "\1", "\0\0\0\0", "\377\377\377\177")), EPROTO,
		  "no message" },
		/* A field that goes beyond the end of the fields. */
		{ PART(GREETING HEAD("l", "\1", "\0\0\0\0", "\10\0\0\0") "\3\1s\0\377\0\0\0"),
		  EPROTO, "a message that is none" },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		int64_t begun = now_ms();
		struct err e = { 0 };
		/* On a busy machine an answer takes its time. */
		int timeout = rows[i].code == ETIMEDOUT ? TIMEOUT : FAR_TOO_LATE;
		int r = ask(*state, &rows[i].part, timeout, &e);

		if (r != -rows[i].code || !strstr(e.text, rows[i].words))
			fail_msg("row %zu: %d %s", i, r, e.text);
		assert_true(now_ms() - begun < FAR_TOO_LATE);
	}
}

/* A busy manager sends signals all the time: whoever waits for an answer must not wait on with each. */
static void test_signals_do_not_extend_the_wait(void **state)
{
	static const struct part greeting = { GREETING, sizeof GREETING - 1, false, false };
	static const struct part flood = { SIGNAL, sizeof SIGNAL - 1, true, false };
	const struct stage *stage = *state;
	int64_t begun = now_ms();
	struct bus_message m;
	autobus bus = BUS_NONE;
	struct err e;
	int r = 0;
	pid_t pid = fork();

	if (pid == 0) {
		int fd = accept(stage->server, NULL, NULL);

		send(fd, greeting.bytes, greeting.size, MSG_NOSIGNAL);
		while (send(fd, flood.bytes, flood.size, MSG_NOSIGNAL) > 0)
			continue;
		_exit(0);
	}
	assert_int_equal(bus_open(true, TIMEOUT, &bus, &e), 0);
	while (r == 0 && now_ms() - begun < FAR_TOO_LATE)
		r = bus_receive(&bus, &m, &e);
	assert_int_equal(r, -ETIMEDOUT);
	assert_true(bus.in.length < 1 << 16);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

/* A manager that hangs accepts nobody: behind a full queue connect(2) would wait for ever. */
static void test_nobody_is_accepted(void **state)
{
	const struct stage *stage = *state;
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int64_t begun = now_ms();
	int waiting[8], r = 0;
	autobus bus = BUS_NONE;
	struct err e;

	strcpy(address.sun_path, stage->socket);
	for (size_t i = 0; i < sizeof waiting / sizeof *waiting; i++) {
		waiting[i] = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
		r = connect(waiting[i], (struct sockaddr *)&address, sizeof address);
	}
	assert_int_equal(r, -1);
	assert_int_equal(bus_open(true, TIMEOUT, &bus, &e), -ETIMEDOUT);
	assert_non_null(strstr(e.text, stage->socket));
	assert_true(now_ms() - begun < FAR_TOO_LATE);
	for (size_t i = 0; i < sizeof waiting / sizeof *waiting; i++)
		close(waiting[i]);
}

/* Without a manager the message must name what is missing, not a number. */
static void test_no_manager(void **state)
{
	autobus bus = BUS_NONE;
	struct err e;

	unsetenv("XDG_RUNTIME_DIR");
	assert_int_equal(bus_open(true, TIMEOUT, &bus, &e), -ENOENT);
	assert_non_null(strstr(e.text, "XDG_RUNTIME_DIR"));
	setenv("XDG_RUNTIME_DIR", "/nowhere", 1);
	assert_int_equal(bus_open(true, TIMEOUT, &bus, &e), -ENOENT);
	assert_non_null(strstr(e.text, "/nowhere"));
	setenv("DBUS_SESSION_BUS_ADDRESS", "tcp:host=nowhere;unix:path=/no%77here/b,guid=1", 1);
	assert_int_equal(bus_open(true, TIMEOUT, &bus, &e), -ENOENT);
}

#define ON_STAGE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_STAGE(test_broken_managers),
		ON_STAGE(test_signals_do_not_extend_the_wait),
		ON_STAGE(test_nobody_is_accepted),
		ON_STAGE(test_no_manager),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

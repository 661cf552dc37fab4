/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fd.h"
#include "base/sys.h"
#include "runtime/console.h"
#include "runtime/ring.h"

/* A user at a terminal (this test), tare in the middle, and a workload on a terminal of its own. */
struct scene {
	int user;             /* master of the user's terminal */
	pid_t tare;
	struct termios before;
};
typedef int workload(void);

static int open_master(char *ret_name, size_t size)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);

	if (master < 0 || unlockpt(master) < 0 || ptsname_r(master, ret_name, size) != 0)
		abort();
	return master;
}

/* A new session whose terminal this is. */
static void sit_down_at(const char *name)
{
	int fd;

	setsid();
	fd = open(name, O_RDWR);
	if (fd < 0 || ioctl(fd, TIOCSCTTY, 0) < 0)
		_exit(99);
	for (int i = 0; i < 3; i++)
		dup2(fd, i);
	if (fd > 2)
		close(fd);
}

__attribute__((noreturn))
static void be_workload(const char *terminal, workload *work)
{
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (terminal)
		sit_down_at(terminal);
	_exit(work());
}

__attribute__((noreturn))
static void be_tare(workload *work, bool terminal)
{
	char name[64];
	struct foreground f = { .master = terminal ? open_master(name, sizeof name) : -1,
				.notify = -1 };
	int status = 98, slave = terminal ? open(name, O_RDWR | O_NOCTTY | O_CLOEXEC) : -1;
	struct err e = { 0 };

	if (foreground_prepare(&e) < 0)
		_exit(97);
	f.pid = fork();
	if (f.pid == 0)
		be_workload(terminal ? name : NULL, work);
	f.pidfd = sys_pidfd_open(f.pid, 0);
	/* The workload must have it open before this one is closed, or its first read is an end. */
	if (terminal) {
		struct pollfd p = { .fd = f.master, .events = POLLIN };

		poll(&p, 1, -1);
		close(slave);
	}
	if (foreground_wait(&f, &status, &e) < 0)
		dprintf(2, "%s\n", e.text);
	_exit(status);
}

static struct scene begin(workload *work, bool terminal)
{
	char name[64];
	struct scene s = { .user = open_master(name, sizeof name) };
	autofd slave = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);

	assert_true(slave >= 0);
	assert_int_equal(tcgetattr(slave, &s.before), 0);
	s.tare = fork();
	if (s.tare == 0) {
		sit_down_at(name);
		be_tare(work, terminal);
	}
	return s;
}

/* Reads from the user's terminal until word was seen; what else comes is returned in text. */
static size_t read_until(struct scene *s, const char *word, char *text, size_t size)
{
	size_t length = 0;

	while (!memmem(text, length, word, strlen(word))) {
		ssize_t n = read(s->user, text + length, size - length);

		assert_true(n > 0);
		length += (size_t)n;
	}
	return length;
}

static void wait_for(struct scene *s, const char *word)
{
	char text[4096];

	read_until(s, word, text, sizeof text);
}

static void type(struct scene *s, const char *text)
{
	assert_int_equal(write(s->user, text, strlen(text)), strlen(text));
}

static tcflag_t mode_of(struct scene *s)
{
	struct termios modes;

	assert_int_equal(tcgetattr(s->user, &modes), 0);
	return modes.c_lflag;
}

static int end(struct scene *s)
{
	int status;

	assert_int_equal(waitpid(s->tare, &status, 0), s->tare);
	close(s->user);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

/* Tells the tests that the workload is there; then reads lines until one says go. */
static void say(const char *word)
{
	if (write(STDOUT_FILENO, word, strlen(word)) < 0)
		_exit(96);
}

static void await_go(void)
{
	char line[64];
	ssize_t n;

	do
		n = read(STDIN_FILENO, line, sizeof line);
	while ((n < 0 && errno == EINTR) || (n > 0 && strncmp(line, "go", 2) != 0));
	if (n <= 0)
		_exit(95);
}

static int exit_7(void)
{
	say("ready\n");
	return 7;
}

static int die_by_signal(void)
{
	signal(SIGUSR2, SIG_DFL);
	return raise(SIGUSR2);
}

/* Scripts test the status: it must be the workload's own, 128+n for a signal. */
static void status_is_the_workloads(void **state)
{
	struct scene s = begin(exit_7, true);

	wait_for(&s, "ready");
	assert_int_equal(end(&s), 7);
	s = begin(exit_7, false);
	assert_int_equal(end(&s), 7);
	s = begin(die_by_signal, false);
	assert_int_equal(end(&s), 128 + SIGUSR2);
}

enum { MUCH = 300000 };

static int write_much(void)
{
	char bytes[1000];

	memset(bytes, 'x', sizeof bytes);
	say("begin");
	for (int left = MUCH; left > 0;) {
		ssize_t n = write(STDOUT_FILENO, bytes, left < 1000 ? (size_t)left : 1000);

		if (n < 0)
			return 1;
		left -= (int)n;
	}
	say("end");
	return 0;
}

/* The last lines of a program that ends at once are the ones that say why. */
static void no_byte_is_lost_at_the_end(void **state)
{
	static char text[MUCH + 4096];
	struct scene s = begin(write_much, true);
	size_t length = read_until(&s, "end", text, sizeof text);

	assert_int_equal(length, strlen("begin") + MUCH + strlen("end"));
	assert_int_equal(end(&s), 0);
}

static int wait_go(void)
{
	say("ready\n");
	await_go();
	say("gone\n");
	return 0;
}

/* Echo and line editing are the container's meanwhile, and the shell's again afterwards. */
static void terminal_is_raw_and_restored(void **state)
{
	struct scene s = begin(wait_go, true);
	int keeper;

	wait_for(&s, "ready");
	assert_false(mode_of(&s) & (ICANON | ECHO | ISIG));
	type(&s, "go\r");
	wait_for(&s, "gone");
	keeper = fcntl(s.user, F_DUPFD_CLOEXEC, 3);
	assert_int_equal(end(&s), 0);
	s.user = keeper;
	assert_int_equal(mode_of(&s), s.before.c_lflag);
	close(keeper);
}

/* Stopped by kill -TSTP the shell must find its terminal as it left it, and the container go on
 * where it was when the job comes back. */
static void a_stop_gives_the_terminal_back(void **state)
{
	struct scene s = begin(wait_go, true);
	int status;

	wait_for(&s, "ready");
	assert_int_equal(kill(s.tare, SIGTSTP), 0);
	assert_int_equal(waitpid(s.tare, &status, WUNTRACED), s.tare);
	assert_true(WIFSTOPPED(status));
	assert_int_equal(mode_of(&s), s.before.c_lflag);
	assert_int_equal(kill(s.tare, SIGCONT), 0);
	type(&s, "go\r");
	wait_for(&s, "gone");
	assert_int_equal(end(&s), 0);
}

static void print_size(int signal)
{
	struct winsize size;
	char text[64];

	ioctl(STDIN_FILENO, TIOCGWINSZ, &size);
	snprintf(text, sizeof text, "%dx%d\n", size.ws_row, size.ws_col);
	say(text);
}

static int show_sizes(void)
{
	signal(SIGWINCH, print_size);
	return wait_go();
}

/* An editor in the container draws for the window it is in. */
static void size_follows(void **state)
{
	struct scene s = begin(show_sizes, true);
	const struct winsize size = { .ws_row = 33, .ws_col = 77 };

	wait_for(&s, "ready");
	assert_int_equal(ioctl(s.user, TIOCSWINSZ, &size), 0);
	wait_for(&s, "33x77");
	type(&s, "go\r");
	assert_int_equal(end(&s), 0);
}

static void say_usr1(int signal)
{
	say("usr1\n");
}

static int hear_usr1(void)
{
	signal(SIGUSR1, say_usr1);
	return wait_go();
}

/* What a service manager sends to tare is meant for the workload. */
static void signals_are_forwarded(void **state)
{
	struct scene s = begin(hear_usr1, true);

	wait_for(&s, "ready");
	assert_int_equal(kill(s.tare, SIGUSR1), 0);
	wait_for(&s, "usr1");
	assert_int_equal(kill(s.tare, SIGTERM), 0);
	assert_int_equal(end(&s), 128 + SIGTERM);
}

/* Lets everybody's hold of the terminal go, as getty does between two logins, until USR1 comes. */
static int hang_up_and_return(void)
{
	char name[64];
	sigset_t set;
	int signal;

	if (ttyname_r(0, name, sizeof name) != 0)
		return 1;
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	say("leaving\n");
	for (int fd = 0; fd < 3; fd++)
		close(fd);
	sigwait(&set, &signal);
	if (open(name, O_RDWR | O_NOCTTY) != 0 || dup(0) != 1)
		return 2;
	say("back\n");
	await_go();
	return 0;
}

/* Nobody on the container's terminal is a pause, not an end: what comes later must still be
 * seen. */
static void reopened_terminal_is_served_again(void **state)
{
	struct scene s = begin(hang_up_and_return, true);

	wait_for(&s, "leaving");
	assert_int_equal(kill(s.tare, SIGUSR1), 0);
	wait_for(&s, "back");
	type(&s, "go\r");
	assert_int_equal(end(&s), 0);
}

/* Reads to the end of file, as cat does, and says how much it was. */
static int count_input(void)
{
	char bytes[4096], text[32];
	ssize_t n;
	int count = 0;

	say("ready");
	while ((n = read(STDIN_FILENO, bytes, sizeof bytes)) > 0)
		count += (int)n;
	snprintf(text, sizeof text, "<%d>", count);
	say(text);
	return 0;
}

static int piped(const char *input)
{
	char text[256] = { 0 };
	int in[2], out[2], status, length = 0;
	ssize_t n;
	pid_t tare;

	assert_int_equal(pipe2(in, O_CLOEXEC), 0);
	assert_int_equal(pipe2(out, O_CLOEXEC), 0);
	assert_int_equal(write(in[1], input, strlen(input)), strlen(input));
	tare = fork();
	if (tare == 0) {
		setsid();
		dup2(in[0], 0);
		dup2(out[1], 1);
		/* Nothing is executed here, so close-on-exec does not help. */
		for (int i = 0; i < 2; i++) {
			close(in[i]);
			close(out[i]);
		}
		be_tare(count_input, true);
	}
	close(in[0]);
	close(in[1]);
	close(out[1]);
	while ((n = read(out[0], text + length, sizeof text - 1 - (size_t)length)) > 0)
		length += (int)n;
	close(out[0]);
	assert_int_equal(waitpid(tare, &status, 0), tare);
	assert_int_equal(status, 0);
	assert_non_null(strchr(text, '<'));
	return atoi(strrchr(text, '<') + 1);
}

/* echo | tare run -t: the program must see the end, in the middle of a line too, or it waits for
 * ever. */
static void end_of_a_pipe_reaches_the_program(void **state)
{
	assert_int_equal(piped("abc\n"), 4);
	assert_int_equal(piped("abc"), 3);
	assert_int_equal(piped(""), 0);
	assert_int_equal(piped("a\nb\nc"), 5);
}

/* A slow reader gets every byte in order; one that is gone does not stop the workload. */
static void ring_keeps_order_and_forgets_the_dead(void **state)
{
	struct ring ring = { 0 };
	int in[2], out[2];
	char bytes[100];

	signal(SIGPIPE, SIG_IGN);
	assert_int_equal(pipe2(in, O_CLOEXEC | O_NONBLOCK), 0);
	assert_int_equal(pipe2(out, O_CLOEXEC | O_NONBLOCK), 0);
	assert_false(ring_read(&ring, in[0]));
	assert_false(ring.ended);
	assert_int_equal(write(in[1], "abc", 3), 3);
	assert_true(ring_read(&ring, in[0]));
	assert_true(ring_put(&ring, "def", 3));
	ring_write(&ring, out[1]);
	assert_false(ring_offers(&ring));
	assert_int_equal(read(out[0], bytes, sizeof bytes), 6);
	assert_memory_equal(bytes, "abcdef", 6);
	close(out[0]);
	ring_put(&ring, "x", 1);
	ring_write(&ring, out[1]);
	assert_true(ring.broken);
	assert_false(ring_offers(&ring));
	assert_true(ring_wants(&ring));
	close(in[1]);
	assert_true(ring_read(&ring, in[0]));
	assert_true(ring.ended);
	assert_false(ring_wants(&ring));
	close(in[0]);
	close(out[1]);
}

/* Full is full: reading on would lose what is there. */
static void ring_stops_when_full(void **state)
{
	static struct ring ring;
	int zero = open("/dev/zero", O_RDONLY | O_CLOEXEC);

	while (ring_wants(&ring))
		assert_true(ring_read(&ring, zero));
	assert_int_equal(ring.length, sizeof ring.bytes);
	assert_false(ring_put(&ring, "x", 1));
	close(zero);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(status_is_the_workloads),
		cmocka_unit_test(no_byte_is_lost_at_the_end),
		cmocka_unit_test(terminal_is_raw_and_restored),
		cmocka_unit_test(a_stop_gives_the_terminal_back),
		cmocka_unit_test(size_follows),
		cmocka_unit_test(signals_are_forwarded),
		cmocka_unit_test(reopened_terminal_is_served_again),
		cmocka_unit_test(end_of_a_pipe_reaches_the_program),
		cmocka_unit_test(ring_keeps_order_and_forgets_the_dead),
		cmocka_unit_test(ring_stops_when_full),
	};

	/* A hang is a failure. */
	alarm(60);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

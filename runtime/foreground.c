/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fd.h"
#include "base/sys.h"
#include "runtime/console.h"
#include "runtime/died.h"
#include "runtime/notify.h"
#include "runtime/ring.h"
#include "runtime/terminal.h"

/* Not taken: those nobody can take, and those that say that tare itself is broken. */
static const int own_signals[] = { SIGKILL, SIGSTOP, SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP,
				   SIGSYS };

static void handled_signals(sigset_t *ret_set)
{
	sigfillset(ret_set);
	for (size_t i = 0; i < sizeof own_signals / sizeof *own_signals; i++)
		sigdelset(ret_set, own_signals[i]);
}

int foreground_prepare(struct err *e)
{
	sigset_t set;

	handled_signals(&set);
	return sigprocmask(SIG_BLOCK, &set, NULL) < 0 ? err_set(e, errno, "sigprocmask") : 0;
}

enum { WATCH_END, WATCH_SIGNAL, WATCH_IN, WATCH_MASTER, WATCH_OUT, WATCH_NOTIFY, WATCH_CGROUP,
       WATCH_COUNT = WATCH_CGROUP + DIED_EVENTS };

struct attendance {
	const struct foreground *what;
	struct terminal terminal;
	struct pollfd fds[WATCH_COUNT];
	struct ring in, out;   /* stdin -> master, master -> stdout */
	int output;            /* standard output, not waiting */
	int reopening;         /* epoll: tells when somebody uses the container's terminal again */
	bool hung;             /* nobody has it open at the moment */
	bool mid_line;         /* the last that was read from stdin was not the end of a line */
	bool passed_end;       /* of stdin */
	bool ended, abandoned; /* the process is over; the user does not wait for its output */
	int status;
};

static void note_end(struct attendance *a, int status)
{
	a->ended = true;
	a->status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* As a subreaper tare inherits orphans; they must not stay zombies. */
static void reap(struct attendance *a)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		if (pid == a->what->pid)
			note_end(a, status);
}

static void resize(struct attendance *a)
{
	terminal_copy_size(a->what->master);
}

/* Stopped, tare must not leave the shell a raw terminal. What stops and continues a job arrives
 * here only by kill(1): on a raw terminal ^Z is a key like any other, and the container's. */
static void suspend(struct attendance *a)
{
	terminal_leave(&a->terminal);
	kill(getpid(), SIGSTOP);
}

static void resume(struct attendance *a)
{
	terminal_enter(&a->terminal);
	resize(a);
}

static void ignore(struct attendance *a)
{
}

/* Signals that are about tare, not messages for the workload. */
static const struct own {
	int signal;
	bool with_terminal; /* only when the container has one that we stand for */
	void (*handle)(struct attendance *);
} own[] = {
	{ SIGCHLD, false, reap },     { SIGPIPE, false, ignore }, { SIGWINCH, true, resize },
	{ SIGTSTP, true, suspend },   { SIGCONT, true, resume },  { SIGTTIN, true, ignore },
	{ SIGTTOU, true, ignore },
};

static const struct own *find_own(const struct attendance *a, int signal)
{
	for (size_t i = 0; i < sizeof own / sizeof *own; i++)
		if (own[i].signal == signal && (!own[i].with_terminal || a->what->master >= 0))
			return &own[i];
	return NULL;
}

static bool ends_processes(int signal)
{
	return signal == SIGINT || signal == SIGTERM || signal == SIGQUIT || signal == SIGHUP;
}

static void take_signal(struct attendance *a)
{
	struct signalfd_siginfo info;
	const struct own *row;
	int signal;

	if (read(a->fds[WATCH_SIGNAL].fd, &info, sizeof info) != sizeof info)
		return;
	signal = (int)info.ssi_signo;
	row = find_own(a, signal);
	if (row)
		row->handle(a);
	else if (!a->ended)
		sys_pidfd_send_signal(a->what->pidfd, signal);
	else
		a->abandoned |= ends_processes(signal);
}

/* A pipe at our standard input ends; a terminal only knows the end-of-file character, and in the
 * middle of a line needs it twice. A program that reads keys has no such character. */
static void pass_end(struct attendance *a)
{
	struct termios modes;
	char eof[2];

	if (!a->in.ended || a->passed_end || ring_offers(&a->in))
		return;
	a->passed_end = true;
	if (tcgetattr(a->what->master, &modes) < 0 || !(modes.c_lflag & ICANON))
		return;
	memset(eof, modes.c_cc[VEOF], sizeof eof);
	ring_put(&a->in, eof, a->mid_line ? 2 : 1);
}

static void move_input(struct attendance *a)
{
	size_t before = a->in.length;

	if (a->fds[WATCH_IN].revents && ring_read(&a->in, STDIN_FILENO) && a->in.length > before)
		a->mid_line = a->in.bytes[a->in.length - 1] != '\n';
	pass_end(a);
}

/* With nobody on the other side a master is always ready, and says EIO: a loop that asks would
 * spin. The container may open its terminal again, as getty does; epoll tells edges. */
static void hang_up(struct attendance *a)
{
	a->out.ended = false;
	a->hung = true;
}

static void try_again(struct attendance *a)
{
	struct epoll_event event;

	epoll_wait(a->reopening, &event, 1, 0);
	a->hung = false;
}

static void move_master(struct attendance *a)
{
	short events = a->fds[WATCH_MASTER].revents;

	if (a->hung) {
		if (events)
			try_again(a);
		return;
	}
	if (events & POLLOUT && ring_offers(&a->in))
		ring_write(&a->in, a->what->master);
	if (events & (POLLIN | POLLHUP | POLLERR) && ring_wants(&a->out) &&
	    ring_read(&a->out, a->what->master) && a->out.ended)
		hang_up(a);
}

static void watch(struct attendance *a, int which, bool want, int fd, short events)
{
	a->fds[which].fd = want ? fd : -1;
	a->fds[which].events = events;
	a->fds[which].revents = 0;
}

static void choose(struct attendance *a)
{
	const struct foreground *f = a->what;
	bool proxy = f->master >= 0;
	bool reads = proxy && !a->ended && ring_wants(&a->in) && terminal_is_ours(STDIN_FILENO);
	short master = (short)((ring_wants(&a->out) ? POLLIN : 0) |
			       (ring_offers(&a->in) ? POLLOUT : 0));

	watch(a, WATCH_END, !a->ended, f->pidfd, POLLIN);
	for (int i = 0; i < DIED_EVENTS; i++)
		watch(a, WATCH_CGROUP + i, f->watch && !a->ended,
		      f->watch ? f->watch->events[i] : -1, POLLPRI);
	watch(a, WATCH_IN, reads, STDIN_FILENO, POLLIN);
	if (a->hung)
		watch(a, WATCH_MASTER, true, a->reopening, POLLIN);
	else
		watch(a, WATCH_MASTER, proxy && master, f->master, master);
	watch(a, WATCH_OUT, ring_offers(&a->out), a->output, POLLOUT);
	watch(a, WATCH_NOTIFY, f->notify >= 0 && !a->ended, f->notify, POLLIN);
}

static void look_at_cgroup(struct attendance *a)
{
	bool told = false;

	for (size_t i = 0; i < DIED_EVENTS; i++)
		told |= a->fds[WATCH_CGROUP + i].revents != 0;
	if (told)
		died_look(a->what->watch);
}

static void serve(struct attendance *a)
{
	bool ready = false;
	int status;

	look_at_cgroup(a); /* first of all: it may be gone in a moment */
	if (a->fds[WATCH_SIGNAL].revents)
		take_signal(a);
	move_master(a);
	move_input(a);
	if (a->fds[WATCH_OUT].revents)
		ring_write(&a->out, a->output);
	if (a->fds[WATCH_NOTIFY].revents)
		notify_forward(a->what->notify, a->what->notify_to, a->what->pid, &ready);
	if (a->fds[WATCH_END].revents && !a->ended && waitpid(a->what->pid, &status, WNOHANG) > 0)
		note_end(a, status);
}

/* When the process is over, what it wrote is in the master already: reading until there is no more
 * gets all. */
static bool over(struct attendance *a)
{
	if (!a->ended || a->abandoned)
		return a->abandoned;
	if (a->what->master < 0)
		return true;
	while (ring_wants(&a->out) && ring_read(&a->out, a->what->master))
		;
	return !ring_offers(&a->out);
}

static int attend(struct attendance *a, struct err *e)
{
	while (!over(a)) {
		choose(a);
		if (poll(a->fds, WATCH_COUNT, -1) < 0 && errno != EINTR)
			return err_set(e, errno, "poll");
		serve(a);
	}
	return 0;
}

static int open_signals(struct err *e)
{
	sigset_t set;
	int fd;

	handled_signals(&set);
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return fd < 0 ? err_set(e, errno, "signalfd") : fd;
}

/* master is ours alone, so O_NONBLOCK disturbs nobody. */
static int prepare_master(struct attendance *a, int master, struct err *e)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLET };

	a->output = terminal_open_output();
	ring_suit(&a->out, a->output);
	a->reopening = epoll_create1(EPOLL_CLOEXEC);
	if (a->reopening < 0 || epoll_ctl(a->reopening, EPOLL_CTL_ADD, master, &event) < 0)
		return err_set(e, errno, "the container's terminal: epoll");
	if (fcntl(master, F_SETFL, O_NONBLOCK) < 0)
		return err_set(e, errno, "the container's terminal: fcntl");
	terminal_copy_size(master);
	terminal_enter(&a->terminal);
	return 0;
}

static void attendance_clear(struct attendance *a)
{
	terminal_leave(&a->terminal);
	fd_close(&a->output);
	fd_close(&a->reopening);
}

int foreground_wait(const struct foreground *what, int *ret_status, struct err *e)
{
	__attribute__((cleanup(attendance_clear))) struct attendance a = {
		.what = what, .output = -1, .reopening = -1
	};
	autofd signals = open_signals(e);
	int r = 0;

	if (signals < 0)
		return signals;
	a.fds[WATCH_SIGNAL] = (struct pollfd){ .fd = signals, .events = POLLIN };
	if (what->master >= 0)
		r = prepare_master(&a, what->master, e);
	if (r == 0)
		r = attend(&a, e);
	if (r == 0)
		*ret_status = a.status;
	return r;
}

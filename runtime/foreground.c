/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fd.h"
#include "base/sys.h"
#include "runtime/console.h"
#include "runtime/notify.h"
#include "runtime/ring.h"

/* Signals that are about tare itself, not messages for the workload. */
static const int own_signals[] = { SIGKILL, SIGSTOP, SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT,
				   SIGTRAP, SIGSYS };

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

struct terminal {
	struct termios saved;
	bool raw;
};

static void terminal_restore(struct terminal *terminal)
{
	if (terminal->raw)
		tcsetattr(STDIN_FILENO, TCSADRAIN, &terminal->saved);
	terminal->raw = false;
}

/* The container's terminal does all the editing and echoing; ours only carries. */
static void terminal_raw(struct terminal *terminal)
{
	struct termios raw;

	if (tcgetattr(STDIN_FILENO, &terminal->saved) < 0)
		return;
	raw = terminal->saved;
	cfmakeraw(&raw);
	terminal->raw = tcsetattr(STDIN_FILENO, TCSADRAIN, &raw) == 0;
}

enum { WATCH_END, WATCH_SIGNAL, WATCH_IN, WATCH_MASTER, WATCH_OUT, WATCH_NOTIFY, WATCH_COUNT };

struct attendance {
	const struct foreground *what;
	struct pollfd fds[WATCH_COUNT];
	struct ring in, out;   /* stdin -> master, master -> stdout */
	bool ended, abandoned; /* the process is over; the user wants out though output is pending */
	int status;
};

static void take_size(int master)
{
	struct winsize size;

	if (ioctl(STDIN_FILENO, TIOCGWINSZ, &size) == 0)
		ioctl(master, TIOCSWINSZ, &size);
}

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

static bool ends_processes(int signal)
{
	return signal == SIGINT || signal == SIGTERM || signal == SIGQUIT || signal == SIGHUP;
}

static void take_signal(struct attendance *a)
{
	struct signalfd_siginfo info;

	if (read(a->fds[WATCH_SIGNAL].fd, &info, sizeof info) != sizeof info)
		return;
	if (info.ssi_signo == SIGCHLD)
		reap(a);
	else if (info.ssi_signo == SIGWINCH && a->what->master >= 0)
		take_size(a->what->master);
	else if (info.ssi_signo == SIGPIPE)
		return; /* our own writes */
	else if (!a->ended)
		sys_pidfd_send_signal(a->what->pidfd, (int)info.ssi_signo);
	else
		a->abandoned = ends_processes((int)info.ssi_signo);
}

/* A pipe at our standard input ends; a terminal only knows the end-of-file character. */
static void pass_end(struct attendance *a)
{
	struct termios t;
	char eof = 4;

	if (tcgetattr(a->what->master, &t) == 0)
		eof = (char)t.c_cc[VEOF];
	ring_put(&a->in, &eof, 1);
}

static void move_input(struct attendance *a)
{
	if (a->fds[WATCH_IN].revents && ring_read(&a->in, STDIN_FILENO) && a->in.ended)
		pass_end(a);
}

static void move_master(struct attendance *a)
{
	short events = a->fds[WATCH_MASTER].revents;

	if (events & POLLOUT && ring_offers(&a->in))
		ring_write(&a->in, a->what->master);
	if (events & (POLLIN | POLLHUP | POLLERR) && ring_wants(&a->out))
		ring_read(&a->out, a->what->master);
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
	bool terminal = f->master >= 0;
	short master = (short)((ring_wants(&a->out) ? POLLIN : 0) |
			       (ring_offers(&a->in) ? POLLOUT : 0));

	watch(a, WATCH_END, !a->ended, f->pidfd, POLLIN);
	watch(a, WATCH_IN, terminal && !a->ended && ring_wants(&a->in), STDIN_FILENO, POLLIN);
	watch(a, WATCH_MASTER, terminal && !a->out.ended && master, f->master, master);
	watch(a, WATCH_OUT, ring_offers(&a->out), STDOUT_FILENO, POLLOUT);
	watch(a, WATCH_NOTIFY, f->notify >= 0 && !a->ended, f->notify, POLLIN);
}

static void serve(struct attendance *a)
{
	bool ready = false;
	int status;

	if (a->fds[WATCH_SIGNAL].revents)
		take_signal(a);
	move_input(a);
	move_master(a);
	if (a->fds[WATCH_OUT].revents)
		ring_write(&a->out, STDOUT_FILENO);
	if (a->fds[WATCH_NOTIFY].revents)
		notify_forward(a->what->notify, a->what->notify_to, a->what->pid, &ready);
	if (a->fds[WATCH_END].revents && !a->ended && waitpid(a->what->pid, &status, WNOHANG) > 0)
		note_end(a, status);
}

/* When the process is over, what it wrote is in the master already: reading until there is no more gets all. */
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

int foreground_wait(const struct foreground *what, int *ret_status, struct err *e)
{
	struct attendance a = { .what = what };
	__attribute__((cleanup(terminal_restore))) struct terminal terminal = { 0 };
	autofd signals = open_signals(e);
	int r;

	if (signals < 0)
		return signals;
	a.fds[WATCH_SIGNAL] = (struct pollfd){ .fd = signals, .events = POLLIN };
	if (what->master >= 0) {
		fcntl(what->master, F_SETFL, O_NONBLOCK);
		take_size(what->master);
		terminal_raw(&terminal);
	}
	r = attend(&a, e);
	if (r == 0)
		*ret_status = a.status;
	return r;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/hooks.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/deadline.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/sys.h"
#include "runtime/interrupt.h"

enum { PIPE_READS = 64 };

/* The end of what a hook wrote to standard error. */
struct tail {
	char text[512];
	size_t length;
};

static void tail_add(struct tail *tail, const char *bytes, size_t length)
{
	size_t room = sizeof tail->text - 1, drop;

	if (length > room) {
		bytes += length - room;
		length = room;
	}
	drop = tail->length + length > room ? tail->length + length - room : 0;
	memmove(tail->text, tail->text + drop, tail->length - drop);
	memcpy(tail->text + tail->length - drop, bytes, length);
	tail->length += length - drop;
	tail->text[tail->length] = '\0';
}

/* Its last line that says something. */
static const char *tail_line(struct tail *tail)
{
	char *start;

	while (tail->length && strchr("\r\n \t", tail->text[tail->length - 1]))
		tail->text[--tail->length] = '\0';
	start = strrchr(tail->text, '\n');
	return start ? start + 1 : tail->text;
}

/* Once: who never stops writing must not keep us from looking at the clock. */
static bool take_output(int pipe, struct tail *tail)
{
	char bytes[4096];
	ssize_t n = read(pipe, bytes, sizeof bytes);

	if (n > 0)
		tail_add(tail, bytes, (size_t)n);
	return n > 0;
}

/* What a hook that ended has left in the pipe; one it started may go on filling it. */
static void drain(int pipe, struct tail *tail)
{
	for (int i = 0; i < PIPE_READS && take_output(pipe, tail); i++)
		;
}

static void log_output(const struct hook_run *run, const struct tail *tail)
{
	char text[sizeof tail->text], *rest = text, *line;

	memcpy(text, tail->text, sizeof text);
	while (log_enabled(LOG_LEVEL_DEBUG) && (line = strsep(&rest, "\n")))
		if (*line)
			log_line(LOG_LEVEL_DEBUG, "%s (%s): %s", run->name, run->path, line);
}

static int open_log(const char *path)
{
	return open(path, HOOK_OUTPUT_FLAGS | O_CLOEXEC, HOOK_OUTPUT_MODE);
}

static bool put(int fd, int at)
{
	return fd >= 0 && dup2(fd, at) >= 0;
}

/* The state document from its start, whatever other hooks have read. */
static int reopen(int fd)
{
	char path[32];

	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	return open(path, O_RDONLY | O_CLOEXEC);
}

/* In the child: says what cannot be opened. */
static int output(const char *file, int otherwise, int stderr_pipe)
{
	int fd = file ? open_log(file) : otherwise;

	if (fd < 0)
		dprintf(stderr_pipe, "its output, %s: %s\n", file, strerror(errno));
	return fd;
}

static bool child_files(const struct hook_run *run, int stderr_pipe)
{
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
	int out = output(run->stdout_file, null, stderr_pipe);
	int err = output(run->stderr_file, stderr_pipe, stderr_pipe);

	if (out < 0 || err < 0)
		_exit(127);
	return put(reopen(run->state), 0) && put(out, 1) && put(err, 2) &&
	       sys_close_range(3, ~0u, CLOSE_RANGE_CLOEXEC) == 0;
}

static void default_signals(void)
{
	sigset_t none;

	sigemptyset(&none);
	for (int i = 1; i < NSIG; i++)
		sys_default_signal(i);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

__attribute__((noreturn))
static void child(const struct hook_run *run, int stderr_pipe)
{
	default_signals();
	setsid();
	if (child_files(run, stderr_pipe) && chdir(run->cwd) == 0)
		execve(run->path, run->argv, run->envp);
	dprintf(stderr_pipe, "%s: %s\n", run->path, strerror(errno));
	_exit(127);
}

/* Waits for the end of the process, keeping the pipe empty: 0, -ETIMEDOUT, -ECHILD when the
 * container's ended first, -EINTR, -errno. */
static int watch(const struct hook_run *run, int pidfd, int pipe, struct tail *tail)
{
	int64_t deadline = deadline_after(run->timeout ? run->timeout * 1000ll : -1);
	struct pollfd fds[] = { { .fd = pidfd, .events = POLLIN },
				{ .fd = pipe, .events = POLLIN },
				{ .fd = run->container, .events = POLLIN },
				{ .fd = run->interrupt, .events = POLLIN } };

	for (;;) {
		int n = poll(fds, sizeof fds / sizeof *fds, deadline_left(deadline));

		if (n < 0 && errno != EINTR)
			return -errno;
		if (n <= 0 && deadline_left(deadline) == 0)
			return -ETIMEDOUT;
		if (n <= 0)
			continue;
		if (fds[1].revents && !take_output(pipe, tail))
			fds[1].fd = -1;
		if (fds[0].revents)
			return 0;
		if (fds[2].revents)
			return -ECHILD;
		if (fds[3].revents && run->program < 0)
			return -EINTR;
		if (fds[3].revents) {
			interrupt_pass(run->interrupt, run->program);
			fds[2].fd = run->program;
		}
	}
}

static int judge(const siginfo_t *info, struct tail *tail, struct err *e)
{
	const char *line;

	if (info->si_code == CLD_EXITED && info->si_status == 0)
		return 0;
	if (info->si_code == CLD_EXITED)
		err_say(e, ECANCELED, "hook exited with status %d", info->si_status);
	else
		err_say(e, ECANCELED, "hook was killed by signal %d (%s)", info->si_status,
			strsignal(info->si_status));
	line = tail_line(tail);
	return *line ? err_hint(e, "%s", line) : -e->code;
}

static int attend(const struct hook_run *run, pid_t pid, int pipe, struct err *e)
{
	autofd pidfd = sys_pidfd_open(pid, 0);
	struct tail tail = { 0 };
	siginfo_t info = { 0 };
	int r = pidfd < 0 ? -errno : watch(run, pidfd, pipe, &tail);

	/* What it started in its session goes with it, when it has to be ended. */
	if (r < 0)
		kill(-pid, SIGKILL);
	if (r < 0)
		kill(pid, SIGKILL);
	waitid(P_PID, (id_t)pid, &info, WEXITED);
	drain(pipe, &tail);
	log_output(run, &tail);
	if (r == -ETIMEDOUT)
		return err_say(e, ETIMEDOUT, "hook did not end within its timeout of %d s",
			       run->timeout);
	if (r == -ECHILD)
		return err_say(e, ECHILD, "the container's process ended while the hook ran");
	if (r == -EINTR)
		return interrupt_take(run->interrupt, e);
	return r < 0 ? err_set(e, -r, "waiting for the hook") : judge(&info, &tail, e);
}

int hook_run(const struct hook_run *run, struct err *e)
{
	autofd from = -1, to = -1;
	int pair[2];
	pid_t pid;

	if (pipe2(pair, O_CLOEXEC) < 0)
		return err_set(e, errno, "pipe");
	from = pair[0];
	to = pair[1];
	if (fcntl(from, F_SETFL, O_NONBLOCK) < 0)
		return err_set(e, errno, "fcntl");
	pid = fork();
	if (pid < 0)
		return err_set(e, errno, "fork");
	if (pid == 0)
		child(run, to);
	fd_close(&to);
	return attend(run, pid, from, e);
}

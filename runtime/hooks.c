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
#include <time.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fd.h"
#include "base/sys.h"

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

/* A hook may be slow to end with the pipe full, or leave it open in a child: neither may hold us. */
static void drain(int pipe, struct tail *tail)
{
	char bytes[512];
	ssize_t n;

	while ((n = read(pipe, bytes, sizeof bytes)) > 0)
		tail_add(tail, bytes, (size_t)n);
}

static int open_log(const char *path)
{
	return open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY, 0644);
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

static bool child_files(const struct hook_run *run, int stderr_pipe)
{
	int out = run->stdout_file ? open_log(run->stdout_file)
				   : open("/dev/null", O_WRONLY | O_CLOEXEC);
	int err = run->stderr_file ? open_log(run->stderr_file) : stderr_pipe;

	return put(reopen(run->state), 0) && put(out, 1) && put(err, 2) &&
	       sys_close_range(3, ~0u, CLOSE_RANGE_CLOEXEC) == 0;
}

static void default_signals(void)
{
	sigset_t none;

	sigemptyset(&none);
	for (int i = 1; i < NSIG; i++)
		signal(i, SIG_DFL);
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

static int64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000ll + ts.tv_nsec / 1000000;
}

/* Waits for the end of the process, keeping the pipe empty: 0, -ETIMEDOUT, -errno. */
static int watch(int pidfd, int pipe, int timeout, struct tail *tail)
{
	int64_t deadline = now_ms() + timeout * 1000ll;
	struct pollfd fds[] = { { .fd = pidfd, .events = POLLIN },
				{ .fd = pipe, .events = POLLIN } };

	for (;;) {
		int64_t left = timeout ? deadline - now_ms() : -1;
		int n = poll(fds, 2, (int)(timeout && left < 0 ? 0 : left));

		if (n < 0 && errno != EINTR)
			return -errno;
		if (n == 0)
			return -ETIMEDOUT;
		if (n > 0 && fds[1].revents)
			drain(pipe, tail);
		if (n > 0 && fds[1].revents & POLLHUP)
			fds[1].fd = -1;
		if (n > 0 && fds[0].revents)
			return 0;
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
	int r = pidfd < 0 ? -errno : watch(pidfd, pipe, run->timeout, &tail);

	/* What it started in its session goes with it, when it has to be ended. */
	if (r < 0)
		kill(-pid, SIGKILL);
	if (r < 0)
		kill(pid, SIGKILL);
	waitid(P_PID, (id_t)pid, &info, WEXITED);
	drain(pipe, &tail);
	if (r == -ETIMEDOUT)
		return err_say(e, ETIMEDOUT, "hook did not end within its timeout of %d s",
			       run->timeout);
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

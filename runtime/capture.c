/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/capture.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/deadline.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/text.h"

/* tare ignores SIGPIPE; it shall not. */
static int spawn(const struct capture *what, int output, pid_t *ret_pid)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t defaults;
	int r;

	sigemptyset(&defaults);
	sigaddset(&defaults, SIGPIPE);
	posix_spawn_file_actions_init(&actions);
	posix_spawnattr_init(&attributes);
	posix_spawnattr_setsigdefault(&attributes, &defaults);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
	posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
	if (what->quiet)
		posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
	r = posix_spawnp(ret_pid, what->argv[0], &actions, &attributes, what->argv, environ);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&actions);
	return -r;
}

/* Until the end of what it prints. */
static int hear(int output, const struct capture *what, struct strbuf *text)
{
	int64_t deadline = deadline_after(what->timeout);
	struct pollfd p = { .fd = output, .events = POLLIN };
	char block[4096];

	for (;;) {
		int ready = poll(&p, 1, deadline_left(deadline));
		ssize_t n = ready > 0 ? read(output, block, sizeof block) : -1;

		if (ready == 0)
			return -ETIMEDOUT;
		if (n == 0)
			return 0;
		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0)
			strbuf_add_bytes(text, block, (size_t)n);
		if (text->length > what->most)
			return -EFBIG;
	}
}

static int reap(const char *name, pid_t pid, struct err *e)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return err_set(e, errno, "%s: waitpid", name);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	return err_say(e, EIO, "%s failed with %s %d", name, WIFEXITED(status) ? "exit status" : "signal",
		       WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
}

int capture(const struct capture *what, struct strbuf *ret_text, struct err *e)
{
	const char *name = what->argv[0];
	int ends[2], heard, r;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_set(e, errno, "%s: pipe2", name);
	autofd output = ends[0];
	autofd input = ends[1];

	r = spawn(what, input, &pid);
	if (r < 0)
		return err_set(e, -r, "cannot run %s", name);
	fd_close(&input);
	heard = hear(output, what, ret_text);
	if (heard < 0)
		kill(pid, SIGKILL);
	r = reap(name, pid, e);
	return heard < 0 ? err_set(e, -heard, "cannot read what %s prints", name) : r;
}

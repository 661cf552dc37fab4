/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/interrupt.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/sys.h"
#include "base/text.h"
#include "runtime/context.h"

static const int ending[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };

/* Asked of the kernel in one go: the alternative is one call for each of 64 signals. */
static uint64_t read_ignored(void)
{
	static const char key[] = "\nSigIgn:\t";
	autobuf text = { 0 };
	const char *at = NULL;

	if (file_read_short(AT_FDCWD, "/proc/self/status", 1 << 16, &text) == 0)
		at = strstr(text.text, key);
	return at ? strtoull(at + strlen(key), NULL, 16) : UINT64_MAX;
}

uint64_t interrupt_ignored(struct context *context)
{
	if (!context->ignored.known)
		context->ignored.set = read_ignored();
	context->ignored.known = true;
	return context->ignored.set;
}

/* When in doubt the user may end the command. */
static sigset_t wanted(struct context *context)
{
	uint64_t ignored = interrupt_ignored(context);
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < sizeof ending / sizeof *ending; i++)
		if (ignored == UINT64_MAX || !(ignored >> (ending[i] - 1) & 1))
			sigaddset(&set, ending[i]);
	return set;
}

int interrupt_begin(struct context *context, struct err *e)
{
	sigset_t set = wanted(context);
	int fd;

	if (sigprocmask(SIG_BLOCK, &set, &context->interrupt.before) < 0)
		return err_set(e, errno, "sigprocmask");
	fd = signalfd(-1, &set, SFD_CLOEXEC);
	if (fd < 0)
		return err_set(e, errno, "signalfd");
	context->interrupt.fd = fd;
	context->interrupt.program = -1;
	context->interrupt.on = true;
	return 0;
}

void interrupt_end(struct context *context)
{
	if (!context->interrupt.on)
		return;
	context->interrupt.on = false;
	fd_close(&context->interrupt.fd);
	sigprocmask(SIG_SETMASK, &context->interrupt.before, NULL);
}

int interrupt_fd(const struct context *context)
{
	return context->interrupt.on ? context->interrupt.fd : -1;
}

void interrupt_pass_to(struct context *context, int pidfd)
{
	context->interrupt.program = pidfd;
}

int interrupt_program(const struct context *context)
{
	return context->interrupt.on ? context->interrupt.program : -1;
}

void interrupt_pass(int fd, int pidfd)
{
	struct signalfd_siginfo info;

	if (read(fd, &info, sizeof info) == sizeof info)
		sys_pidfd_send_signal(pidfd, (int)info.ssi_signo);
}

int interrupt_take(int fd, struct err *e)
{
	struct signalfd_siginfo info = { 0 };

	if (read(fd, &info, sizeof info) != sizeof info)
		return err_set(e, errno, "signalfd");
	return err_say(e, EINTR, "ended by signal %u (%s)", info.ssi_signo,
		       strsignal((int)info.ssi_signo));
}

int interrupt_wait_for(const struct context *context, int fd, int milliseconds, struct err *e)
{
	struct pollfd fds[] = { { .fd = fd, .events = POLLIN },
				{ .fd = interrupt_fd(context), .events = POLLIN } };
	int n;

	do
		n = poll(fds, 2, milliseconds);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return err_set(e, errno, "poll");
	if (n == 0)
		return -ETIMEDOUT;
	/* What was said first is heard first: the program may be running already. */
	return fds[1].revents && !fds[0].revents ? interrupt_take(fds[1].fd, e) : 0;
}

int interrupt_wait(const struct context *context, int fd, struct err *e)
{
	return interrupt_fd(context) < 0 ? 0 : interrupt_wait_for(context, fd, -1, e);
}

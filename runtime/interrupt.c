/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/interrupt.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fd.h"
#include "base/sys.h"
#include "runtime/context.h"

static const int ending[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };

static sigset_t wanted(void)
{
	struct sigaction action;
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < sizeof ending / sizeof *ending; i++)
		if (sigaction(ending[i], NULL, &action) == 0 && action.sa_handler != SIG_IGN)
			sigaddset(&set, ending[i]);
	return set;
}

int interrupt_begin(struct context *context, struct err *e)
{
	sigset_t set = wanted();
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

/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "base/err.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/log.h"
#include "base/sys.h"
#include "cgroups/cgroup.h"
#include "plan/format.h"
#include "plan/plan.h"
#include "runtime/context.h"
#include "runtime/interrupt.h"
#include "runtime/lane.h"
#include "runtime/launch.h"
#include "runtime/trace.h"

/* As the first process of a pid namespace tare-init ends itself by a signal's number: init/start.c. */
static void say_end(const siginfo_t *info, struct err *e)
{
	bool by_itself = info->si_code == CLD_EXITED && info->si_status > 128;
	int signal = by_itself ? info->si_status - 128 : info->si_status;

	if (info->si_code == CLD_EXITED && !by_itself)
		err_say(e, ECHILD, "tare-init ended with status %d before the program started",
			info->si_status);
	else
		err_say(e, ECHILD, "tare-init was killed by signal %d (%s) before the program started",
			signal, strsignal(signal));
	if (signal == SIGSYS)
		err_hint(e, EXPLAIN_FILTER);
}

/* The other end is gone: says how init ended, and why where the cgroup knows. */
static int init_died(struct lane *lane, struct err *e)
{
	siginfo_t info = { 0 };
	const char *why = NULL;

	waitid(P_PIDFD, (id_t)lane->launch->pidfd, &info, WEXITED | WNOWAIT);
	say_end(&info, e);
	if (lane->cgroup >= 0)
		why = cgroup_why(lane->launch->context->arena, lane->cgroup, NULL);
	if (why)
		err_hint(e, "%s", why);
	return -e->code;
}

/* Without a procfs of its own tare-init does with another: nothing to be told at every start. */
static enum log_level warning_level(const struct plan_header *plan, const struct report *report)
{
	size_t count;
	const struct plan_step *steps = plan_steps(plan, LANE_INIT, &count);
	bool expected = report->number < count && steps[report->number].op == OP_PROCFS;

	return expected ? LOG_LEVEL_DEBUG : LOG_LEVEL_WARNING;
}

static void warn(struct lane *lane, const struct report *report)
{
	struct err e;

	launch_explain(lane->plan, report, &e);
	log_line(warning_level(lane->plan, report), "%s", e.text);
}

/* Takes one message; those that need no answer are dealt with here. */
static int receive(struct lane *lane, struct report *ret_report, struct err *e)
{
	autofd fd = -1;
	ssize_t n;
	int r;

	trace_prepare(lane->launch->context);
	/* Behind REPORT_EXEC a signal is for the program. */
	r = lane->executing ? 0 : interrupt_wait(lane->launch->context, lane->sync, e);

	if (r < 0)
		return r;
	/* An end with something of ours unread resets the connection; that is said once, ahead of
	 * what it sent before. */
	do
		n = socket_receive_fd(lane->sync, ret_report, sizeof *ret_report, &fd);
	while (n == -ECONNRESET);
	if (n == 0) {
		ret_report->kind = 0;
		return 0;
	}
	if (n < 0)
		return err_set(e, (int)-n, "cannot hear from tare-init: recvmsg");
	if (n != sizeof *ret_report)
		return err_say(e, EPROTO, "tare-init sent a message of %zd bytes", n);
	ret_report->detail[sizeof ret_report->detail - 1] = '\0';
	if (fd >= 0) {
		fd_close(&lane->taken);
		lane->taken = fd_take(&fd);
	}
	return 0;
}

/* Receives until a message of this kind (0: end of file) arrives. */
static int wait_for(struct lane *lane, enum report_kind kind, struct report *ret_report,
		    struct err *e)
{
	for (;;) {
		int r = receive(lane, ret_report, e);

		if (r < 0)
			return r;
		if (ret_report->kind == kind)
			return 0;
		switch (ret_report->kind) {
		case REPORT_ERROR:
			return launch_explain(lane->plan, ret_report, e);
		case REPORT_WARNING:
			warn(lane, ret_report);
			break;
		case REPORT_FD:
			break;
		case REPORT_EXEC:
			lane->executing = true;
			break;
		case 0:
			return init_died(lane, e);
		default:
			return err_say(e, EPROTO, "tare-init sent an unexpected message %u",
				       ret_report->kind);
		}
	}
}

int lane_wait(struct lane *lane, uint32_t number, struct err *e)
{
	struct report report;
	int r = wait_for(lane, REPORT_SYNC, &report, e);

	if (r < 0)
		return r;
	if (report.number != number)
		return err_say(e, EPROTO, "tare-init is at sync %u instead of %u", report.number,
			       number);
	return 0;
}

int lane_wait_fd(struct lane *lane, struct err *e)
{
	struct report report;

	return lane->taken >= 0 ? 0 : wait_for(lane, REPORT_FD, &report, e);
}

int lane_post(struct lane *lane, uint32_t number, int fd, struct err *e)
{
	struct report report = { .kind = REPORT_GO, .number = number };
	ssize_t n = socket_send_fd(lane->sync, &report, sizeof report, fd);

	if (n == -EPIPE || n == -ECONNRESET) {
		/* What init said before it went is worth more than EPIPE. */
		int r = wait_for(lane, 0, &report, e);

		return r < 0 ? r : init_died(lane, e);
	}
	if (n < 0)
		return err_set(e, (int)-n, "cannot talk to tare-init: sendmsg");
	return 0;
}

int lane_wait_exec(struct lane *lane, struct err *e)
{
	struct report report;
	int r = wait_for(lane, 0, &report, e);

	if (r < 0)
		return r;
	return lane->executing ? 0 : init_died(lane, e);
}

/* The "Pid:" line of a pidfd's fdinfo. */
static pid_t pidfd_pid(int pidfd)
{
	char path[64];
	autobuf text = { 0 };
	uint64_t pid;
	char *line;

	snprintf(path, sizeof path, "/proc/self/fdinfo/%d", pidfd);
	if (file_read_short(AT_FDCWD, path, 4096, &text) < 0)
		return -1;
	line = strstr(text.text, "\nPid:\t");
	if (!line)
		return -1;
	line += strlen("\nPid:\t");
	line[strcspn(line, "\n")] = '\0';
	return parse_u64(line, INT_MAX, &pid) < 0 ? -1 : (pid_t)pid;
}

int lane_wait_forked(struct lane *lane, struct err *e)
{
	struct launch *launch = lane->launch;
	struct report report;
	int r = wait_for(lane, REPORT_PID, &report, e);
	pid_t pid;

	if (r < 0)
		return r;
	pid = pidfd_pid(lane->taken);
	if (pid <= 0)
		return err_say(e, ESRCH, "the process behind a fork is gone");
	waitid(P_PIDFD, (id_t)launch->pidfd, &(siginfo_t){ 0 }, WEXITED);
	fd_close(&launch->pidfd);
	launch->pidfd = fd_take(&lane->taken);
	launch->pid = pid;
	return 0;
}

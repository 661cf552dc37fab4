/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hooks that run inside: createContainer and startContainer. A hook gets exactly its environment,
 * the state document on standard input, and no descriptor of ours but standard output and error.
 */
#include <asm/poll.h>
#include <asm/siginfo.h>
#include <asm/signal.h>
#include <linux/close_range.h>
#include <linux/mman.h>
#include <linux/sched.h>
#include <linux/time_types.h>
#include <linux/wait.h>

#include "init/init.h"

static const char *const *vector_make(const struct init *in, uint64_t list, const char *otherwise)
{
	uint32_t count = list_count(in, list);
	long at = SYS(mmap, 0, (count + 2) * sizeof(char *), PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	const char **items = (const char **)at;

	if (at < 0 && at > -4096)
		return NULL;
	items[0] = otherwise;
	for (uint32_t i = 0; i < count; i++)
		items[i] = list_item(in, list, i);
	return items;
}

static void hook_gets(int fd, int number)
{
	if (fd >= 0)
		SYS(dup3, fd, number, 0);
}

/* The child's copy of the conversation says what went wrong; its status is then never asked for. */
__attribute__((noreturn))
static void hook_exec(struct init *in, const uint64_t *arg)
{
	const char *path = step_text(in, arg[1]);
	const char *const *argv = vector_make(in, arg[2], path);
	const char *const *envp = vector_make(in, arg[3], NULL);
	long r;

	SYS(setpgid, 0, 0);
	SYS(umask, in->umask);
	if (in->state >= 0)
		SYS(lseek, in->state, 0, 0);
	hook_gets(in->state, STDIN);
	hook_gets(in->hook_output, STDOUT);
	hook_gets(in->hook_error, STDERR);
	/* The descriptors that are kept for the workload are not the hook's. */
	SYS(close_range, 3, ~0u, CLOSE_RANGE_CLOEXEC);
	r = argv && envp ? SYS(execve, path, argv, envp) : -ENOMEM;
	exec_explain(in, path, r);
	report_fault(in, REPORT_ERROR);
	leave(127);
}

static int hook_failed(struct init *in, const char *how, uint64_t number, const uint64_t *arg)
{
	struct digits digits;

	return FAIL(in, none, -ECANCELED, "hook ", step_text(in, arg[1]), how,
		    decimal(&digits, number));
}

static int hook_status(struct init *in, const siginfo_t *info, const uint64_t *arg)
{
	enum { EXITED = 1 /* CLD_EXITED */ };

	if (info->si_code != EXITED)
		return hook_failed(in, " was killed by signal ", (uint64_t)info->si_status, arg);
	if (info->si_status)
		return hook_failed(in, " exited with status ", (uint64_t)info->si_status, arg);
	return 0;
}

/* 1: ended, 0: the time is over. */
static long hook_wait(int pidfd, uint64_t seconds)
{
	struct __kernel_timespec time = { .tv_sec = (long long)seconds };
	struct pollfd poll = { .fd = pidfd, .events = POLLIN };
	long r;

	do
		r = SYS(ppoll, &poll, 1, seconds ? &time : NULL, 0, 0);
	while (r == -EINTR);
	return r;
}

static void hook_kill(long pid, int pidfd)
{
	SYS(kill, -pid, SIGKILL);
	SYS(pidfd_send_signal, pidfd, SIGKILL, 0, 0);
}

static int hook_finish(struct init *in, long pid, int pidfd, const uint64_t *arg)
{
	uint64_t seconds = (int64_t)arg[4] > 0 ? arg[4] : 0;
	long ended = hook_wait(pidfd, seconds), r;
	siginfo_t info;

	if (ended <= 0)
		hook_kill(pid, pidfd);
	do
		r = SYS(waitid, P_PIDFD, pidfd, &info, WEXITED, 0);
	while (r == -EINTR);
	if (r < 0 || ended < 0)
		return fail(in, CALL_waitid, r < 0 ? r : ended, step_text(in, arg[1]), NULL);
	if (ended == 0)
		return hook_failed(in, " was killed: it took more seconds than its timeout of ",
				   seconds, arg);
	return hook_status(in, &info, arg);
}

/* The slots are the host lane's: they stay open until execve. */
int run_HOOK_OUTPUT(struct init *in, const uint64_t *arg)
{
	in->hook_output = slot(in, arg[0]);
	in->hook_error = slot(in, arg[1]);
	return 0;
}

int run_HOOK(struct init *in, const uint64_t *arg)
{
	int pidfd_raw = -1;
	struct clone_args args = {
		.flags = CLONE_PIDFD,
		.pidfd = (uintptr_t)&pidfd_raw,
		.exit_signal = SIGCHLD,
	};
	long pid = SYS(clone3, &args, sizeof args);
	autofd pidfd = -1;

	if (pid < 0)
		return fail(in, CALL_clone3, pid, step_text(in, arg[1]), NULL);
	if (pid == 0)
		hook_exec(in, arg);
	pidfd = pidfd_raw;
	return hook_finish(in, pid, pidfd, arg);
}

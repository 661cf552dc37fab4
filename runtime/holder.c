/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/holder.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fd.h"
#include "base/sys.h"

enum { STACK = 256 * 1024 };

struct task {
	int (*work)(void *);
	void *argument;
	int result;
};

/* What the new process has from its maker. */
struct beginning {
	int fd;
	pid_t maker;
};

/* Signals are the maker's business: all stay blocked here. */
static int hold(void *argument)
{
	const struct beginning beginning = *(struct beginning *)argument;
	struct task *task;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != beginning.maker)
		return 1;
	/* From here on the maker's stack may change. */
	if (send(beginning.fd, "", 1, MSG_NOSIGNAL) < 0)
		return 1;
	while (recv(beginning.fd, &task, sizeof task, 0) == sizeof task) {
		task->result = task->work(task->argument);
		if (send(beginning.fd, "", 1, MSG_NOSIGNAL) < 0)
			return 1;
	}
	return 0;
}

static int start(struct holder *holder, struct err *e)
{
	struct beginning beginning = { holder->answer, getpid() };
	sigset_t all, before;
	char ready;

	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &before);
	holder->pid = clone(hold, (char *)holder->stack + STACK,
			    CLONE_VM | CLONE_FILES | CLONE_PIDFD | SIGCHLD, &beginning,
			    &holder->pidfd);
	sigprocmask(SIG_SETMASK, &before, NULL);
	if (holder->pid < 0) {
		holder->pid = 0;
		return err_set(e, errno, "clone of the scope's first process");
	}
	if (recv(holder->ask, &ready, 1, 0) != 1)
		return err_say(e, ECHILD, "the scope's first process ended at once");
	return 0;
}

int holder_begin(struct holder *ret_holder, struct err *e)
{
	struct holder holder = HOLDER_NONE;
	int pair[2], r;

	holder.stack = mmap(NULL, STACK, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
	if (holder.stack == MAP_FAILED)
		return err_set(e, errno, "mmap");
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0) {
		munmap(holder.stack, STACK);
		return err_set(e, errno, "socketpair");
	}
	holder.ask = pair[0];
	holder.answer = pair[1];
	r = start(&holder, e);
	if (r < 0)
		holder_end(&holder);
	else
		*ret_holder = holder;
	return r;
}

int holder_do(struct holder *holder, int (*work)(void *argument), void *argument)
{
	struct task task = { work, argument, -ECHILD }, *pointer = &task;
	char done;

	if (send(holder->ask, &pointer, sizeof pointer, MSG_NOSIGNAL) < 0 ||
	    recv(holder->ask, &done, 1, 0) != 1)
		return -ECHILD;
	return task.result;
}

void holder_end(struct holder *holder)
{
	if (holder->pid) {
		sys_pidfd_send_signal(holder->pidfd, SIGKILL);
		waitid(P_PIDFD, (id_t)holder->pidfd, &(siginfo_t){ 0 }, WEXITED);
	}
	holder->pid = 0;
	fd_close(&holder->pidfd);
	fd_close(&holder->ask);
	fd_close(&holder->answer);
	if (holder->stack)
		munmap(holder->stack, STACK);
	holder->stack = NULL;
}

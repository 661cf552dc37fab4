/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/helper.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fd.h"
#include "base/sys.h"

int helper_begin(struct helper *ret_helper, uint64_t flags, helper_work *work, void *argument,
		 struct err *e)
{
	struct helper helper = HELPER_NONE;
	struct clone_args args = {
		.flags = flags | CLONE_PIDFD,
		.pidfd = (uintptr_t)&helper.pidfd,
		.exit_signal = SIGCHLD,
	};
	autofd own = -1, other = -1;
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return err_set(e, errno, "socketpair");
	own = pair[0];
	other = pair[1];
	helper.pid = sys_clone3(&args);
	if (helper.pid == 0) {
		fd_close(&own);
		work(argument, other);
		_exit(0);
	}
	if (helper.pid < 0)
		return err_set(e, errno, "clone3");
	helper.link = fd_take(&own);
	*ret_helper = helper;
	return 0;
}

void helper_end(struct helper *helper)
{
	fd_close(&helper->link);
	while (helper->pidfd >= 0 &&
	       waitid(P_PIDFD, (id_t)helper->pidfd, &(siginfo_t){ 0 }, WEXITED) < 0 &&
	       errno == EINTR)
		continue;
	fd_close(&helper->pidfd);
}

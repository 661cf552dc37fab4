/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/userns.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fd.h"
#include "base/sys.h"
#include "runtime/idmap.h"

/* Until the writing end is closed, by tare or by its death. */
__attribute__((noreturn))
static void hold(int reading, int writing)
{
	char byte;

	fd_close(&writing);
	while (read(reading, &byte, 1) < 0 && errno == EINTR)
		;
	_exit(0);
}

static int open_userns(pid_t pid, int *ret_userns, struct err *e)
{
	char path[64];
	int fd;

	snprintf(path, sizeof path, "/proc/%d/ns/user", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_set(e, errno, "open %s", path);
	*ret_userns = fd;
	return 0;
}

int userns_make(const struct host *host, const char *uids, const char *gids, int *ret_userns,
		struct err *e)
{
	int pair[2], pidfd = -1, r;
	struct clone_args args = {
		.flags = CLONE_NEWUSER | CLONE_PIDFD,
		.pidfd = (uintptr_t)&pidfd,
		.exit_signal = SIGCHLD,
	};
	autofd reading = -1, writing = -1, child = -1;
	pid_t pid;

	if (pipe2(pair, O_CLOEXEC) < 0)
		return err_set(e, errno, "pipe2");
	reading = pair[0];
	writing = pair[1];
	pid = sys_clone3(&args);
	if (pid == 0)
		hold(reading, writing);
	if (pid < 0)
		return err_set(e, errno, "clone3 of a user namespace");
	child = pidfd;
	r = idmap_write(host, pid, "uid_map", uids, e);
	if (r == 0)
		r = idmap_write(host, pid, "gid_map", gids, e);
	if (r == 0)
		r = open_userns(pid, ret_userns, e);
	fd_close(&writing);
	waitid(P_PIDFD, (id_t)child, &(siginfo_t){ 0 }, WEXITED);
	return r;
}

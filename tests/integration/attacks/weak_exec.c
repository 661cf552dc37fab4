/* SPDX-License-Identifier: Apache-2.0 */
/* A careless runtime: enters the pid and mount namespaces of process PID while it is the program FILE
 * of the host. weak_exec PID FILE ARGUMENT... */
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	char path[64], *none[] = { NULL };
	int file = argc > 3 ? open(argv[2], O_RDONLY | O_CLOEXEC) : -1, status = 1, fds[2];

	if (file < 0)
		return 1;
	for (int i = 0; i < 2; i++) {
		snprintf(path, sizeof path, "/proc/%s/ns/%s", argv[1], i ? "mnt" : "pid");
		fds[i] = open(path, O_RDONLY | O_CLOEXEC);
	}
	if (setns(fds[0], CLONE_NEWPID) < 0 || setns(fds[1], CLONE_NEWNS) < 0)
		return 1;
	if (fork() == 0) {
		fexecve(file, argv + 3, none);
		_exit(1);
	}
	wait(&status);
	return status != 0;
}

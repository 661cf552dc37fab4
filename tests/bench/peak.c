/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs a command and prints the largest resident size, in KiB, that it or a process it waited for had:
 * peak COMMAND [ARGUMENT]... Its own size, which a child has until it executes something else, is small.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	struct rusage used;
	int status;
	pid_t pid = argc > 1 ? vfork() : -1;

	if (pid == 0) {
		execv(argv[1], argv + 1);
		_exit(127);
	}
	if (pid < 0 || wait4(pid, &status, 0, &used) < 0)
		return 126;
	printf("%ld\n", used.ru_maxrss);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 125;
}

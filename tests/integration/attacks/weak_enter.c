/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A careless runtime's exec: enters the namespaces of process PID with a descriptor of the host's
 * root open, gives up its capabilities, tells "inside" and waits for its standard input to end.
 * weak_enter PID NAMESPACE...
 */
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void drop_capabilities(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct none[2] = { 0 };

	syscall(SYS_capset, &header, none);
}

static int be_inside(void)
{
	char byte;

	if (setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0)
		return 1;
	drop_capabilities();
	prctl(PR_SET_DUMPABLE, 1);
	puts("inside");
	fflush(stdout);
	return read(0, &byte, 1) < 0;
}

int main(int argc, char **argv)
{
	int fds[16], count = 0, status = 0;
	char path[64];
	pid_t child;

	if (open("/", O_PATH | O_DIRECTORY) < 0)
		return 1;
	for (int i = 2; i < argc; i++) {
		snprintf(path, sizeof path, "/proc/%s/ns/%s", argv[1], argv[i]);
		fds[count++] = open(path, O_RDONLY | O_CLOEXEC);
	}
	for (int i = 0; i < count; i++)
		if (setns(fds[i], 0) < 0)
			return 1;
	child = fork();
	if (child == 0)
		return be_inside();
	waitpid(child, &status, 0);
	return status != 0;
}

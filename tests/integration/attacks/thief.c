/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lies in wait for a process that enters the container and tries to take hold of it while it still
 * is the runtime: by ptrace, pidfd_getfd, process_vm_readv and the links of /proc/PID. Says "ready",
 * then one line "stolen HOW WHAT" for each success. "thief PROGRAM": who is called so is no prey. After
 * SIGUSR1 it says "round" as soon as it has gone through all that were there.
 */
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *harmless;
static volatile sig_atomic_t asked;

static void ask(int number)
{
	(void)number;
	asked = 1;
}

/* What it says from now on it has taken from somebody who is there now. */
static void tell_round(void)
{
	if (!asked)
		return;
	asked = 0;
	puts("round");
	fflush(stdout);
}

static void stolen(const char *how, const char *what)
{
	printf("stolen %s %s\n", how, what);
	fflush(stdout);
}

static void name_of(pid_t pid, char name[64])
{
	char path[64];
	FILE *file;

	snprintf(path, sizeof path, "/proc/%d/comm", pid);
	file = fopen(path, "re");
	if (!file || !fgets(name, 64, file))
		strcpy(name, harmless);
	if (file)
		fclose(file);
	name[strcspn(name, "\n")] = '\0';
}

/* While it is stopped it stays what it is, so its name is that of the moment. 1: no prey any more. */
static int try_ptrace(pid_t pid)
{
	char name[64];
	int is_harmless;

	if (ptrace(PTRACE_SEIZE, pid, NULL, NULL) < 0)
		return 0;
	ptrace(PTRACE_INTERRUPT, pid, NULL, NULL);
	waitpid(pid, NULL, __WALL);
	name_of(pid, name);
	is_harmless = strcmp(name, harmless) == 0;
	if (!is_harmless)
		stolen("ptrace", name);
	ptrace(PTRACE_DETACH, pid, NULL, NULL);
	return is_harmless;
}

/* The program has 0, 1 and 2. */
static void try_getfd(pid_t pid)
{
	int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);

	for (int fd = 3; pidfd >= 0 && fd < 12; fd++) {
		int copy = (int)syscall(SYS_pidfd_getfd, pidfd, fd, 0);
		char path[64], target[256] = "";

		if (copy < 0)
			continue;
		snprintf(path, sizeof path, "/proc/self/fd/%d", copy);
		if (readlink(path, target, sizeof target - 1) > 0)
			stolen("pidfd_getfd", target);
		close(copy);
	}
	if (pidfd >= 0)
		close(pidfd);
}

static void try_links(pid_t pid)
{
	char path[64], target[256] = "";

	snprintf(path, sizeof path, "/proc/%d/exe", pid);
	if (readlink(path, target, sizeof target - 1) > 0 && strstr(target, "tare"))
		stolen("exe", target);
	/* Another container's root is another one too, but no root of a container here has this file. */
	snprintf(path, sizeof path, "/proc/%d/root/etc/os-release", pid);
	if (access(path, F_OK) == 0)
		stolen("root", path);
	for (int fd = 3; fd < 12; fd++) {
		snprintf(path, sizeof path, "/proc/%d/fd/%d", pid, fd);
		memset(target, 0, sizeof target);
		if (readlink(path, target, sizeof target - 1) > 0)
			stolen("fd", target);
	}
}

/* Reads where the maps say that there is something of the runtime's. */
static void try_memory(pid_t pid)
{
	char path[64], line[512], byte;
	FILE *maps;

	snprintf(path, sizeof path, "/proc/%d/maps", pid);
	maps = fopen(path, "re");
	while (maps && fgets(line, sizeof line, maps)) {
		struct iovec to = { &byte, 1 }, from = { (void *)strtoul(line, NULL, 16), 1 };

		line[strcspn(line, "\n")] = '\0';
		if (strstr(line, "tare") && process_vm_readv(pid, &to, 1, &from, 1, 0) == 1)
			stolen("process_vm_readv", line);
	}
	if (maps)
		fclose(maps);
}

/* 1: no prey any more. */
static int try_all(pid_t pid)
{
	if (try_ptrace(pid))
		return 1;
	try_getfd(pid);
	try_links(pid);
	try_memory(pid);
	return 0;
}

int main(int argc, char **argv)
{
	pid_t spared = 0;

	harmless = argc > 1 ? argv[1] : "";
	sigaction(SIGUSR1, &(struct sigaction){ .sa_handler = ask, .sa_flags = SA_RESTART }, NULL);
	puts("ready");
	fflush(stdout);
	for (;;) {
		struct dirent *entry;
		DIR *proc;

		tell_round();
		proc = opendir("/proc");
		while (proc && (entry = readdir(proc))) {
			pid_t pid = atoi(entry->d_name);

			if (pid > 1 && pid != getpid() && pid != spared && try_all(pid))
				spared = pid;
		}
		if (proc)
			closedir(proc);
	}
}

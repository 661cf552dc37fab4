/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The physical limit: makes the namespaces, mounts, devices, masks and the pivot that the
 * config of `tare spec` asks for, by hand-written system calls, then runs a program and
 * waits for it. No JSON, no state, no checks, no error messages: a runtime cannot be
 * faster than this by more than what this forgot to save.
 *
 *   floor CGROUP-DIRECTORY ROOTFS PROGRAM
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct {
	const char *source, *target, *type;
	unsigned long flags;
	const char *data;
} mounts[] = {
	{ "proc", "proc", "proc", 0, NULL },
	{ "tmpfs", "dev", "tmpfs", MS_NOSUID | MS_STRICTATIME, "mode=755,size=65536k" },
	{ "devpts", "dev/pts", "devpts", MS_NOSUID | MS_NOEXEC,
	  "newinstance,ptmxmode=0666,mode=0620,gid=5" },
	{ "shm", "dev/shm", "tmpfs", MS_NOSUID | MS_NOEXEC | MS_NODEV, "mode=1777,size=65536k" },
	{ "mqueue", "dev/mqueue", "mqueue", MS_NOSUID | MS_NOEXEC | MS_NODEV, NULL },
	{ "sysfs", "sys", "sysfs", MS_NOSUID | MS_NOEXEC | MS_NODEV | MS_RDONLY, NULL },
	{ "cgroup", "sys/fs/cgroup", "cgroup2", MS_NOSUID | MS_NOEXEC | MS_NODEV | MS_RDONLY, NULL },
};

static const struct {
	const char *path;
	unsigned major, minor;
} devices[] = {
	{ "dev/null", 1, 3 },	{ "dev/zero", 1, 5 },	 { "dev/full", 1, 7 },
	{ "dev/random", 1, 8 }, { "dev/urandom", 1, 9 }, { "dev/tty", 5, 0 },
};

static const char *const links[][2] = {
	{ "/proc/self/fd", "dev/fd" },	     { "/proc/self/fd/0", "dev/stdin" },
	{ "/proc/self/fd/1", "dev/stdout" }, { "/proc/self/fd/2", "dev/stderr" },
	{ "pts/ptmx", "dev/ptmx" },
};

static const char *const masked_files[] = { "/proc/kcore", "/proc/keys", "/proc/latency_stats",
					    "/proc/timer_list", "/proc/sched_debug" };
static const char *const masked_dirs[] = { "/proc/acpi", "/sys/firmware", "/proc/scsi" };
static const char *const readonly[] = { "/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys",
					"/proc/sysrq-trigger" };

#define COUNT(a) (sizeof(a) / sizeof *(a))

static void build(const char *rootfs)
{
	mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL);
	mount(rootfs, rootfs, NULL, MS_BIND | MS_REC, NULL);
	if (chdir(rootfs) < 0)
		_exit(101);
	for (size_t i = 0; i < COUNT(mounts); i++) {
		mkdir(mounts[i].target, 0755);
		mount(mounts[i].source, mounts[i].target, mounts[i].type, mounts[i].flags,
		      mounts[i].data);
	}
	umask(0);
	for (size_t i = 0; i < COUNT(devices); i++)
		mknod(devices[i].path, S_IFCHR | 0666, makedev(devices[i].major, devices[i].minor));
	for (size_t i = 0; i < COUNT(links); i++)
		if (symlink(links[i][0], links[i][1]) < 0)
			_exit(102);
	if (syscall(SYS_pivot_root, ".", ".") < 0)
		_exit(103);
	umount2(".", MNT_DETACH);
	mount(NULL, "/", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL);
	for (size_t i = 0; i < COUNT(masked_files); i++)
		mount("/dev/null", masked_files[i], NULL, MS_BIND, NULL);
	for (size_t i = 0; i < COUNT(masked_dirs); i++)
		mount("tmpfs", masked_dirs[i], "tmpfs", MS_RDONLY, NULL);
	for (size_t i = 0; i < COUNT(readonly); i++) {
		mount(readonly[i], readonly[i], NULL, MS_BIND | MS_REC, NULL);
		mount(NULL, readonly[i], NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL);
	}
}

static void confine(void)
{
	struct __user_cap_header_struct head = { _LINUX_CAPABILITY_VERSION_3, 0 };
	const uint32_t kept = 1u << CAP_AUDIT_WRITE | 1u << CAP_KILL | 1u << CAP_NET_BIND_SERVICE;
	struct __user_cap_data_struct data[2] = { { kept, kept, 0 } };
	struct rlimit files = { 1024, 1024 };

	sethostname("floor", 5);
	setsid();
	setrlimit(RLIMIT_NOFILE, &files);
	umask(022);
	for (int cap = 0; cap <= CAP_LAST_CAP; cap++)
		if (cap >= 32 || !(kept & 1u << cap))
			prctl(PR_CAPBSET_DROP, cap);
	syscall(SYS_capset, &head, data);
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

int main(int argc, char **argv)
{
	struct clone_args args = {
		.flags = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS |
			 CLONE_NEWCGROUP | CLONE_INTO_CGROUP,
		.exit_signal = SIGCHLD,
	};
	char *program[] = { argc == 4 ? argv[3] : NULL, NULL };
	int status, cgroup;
	pid_t pid;

	if (argc != 4)
		return 100;
	mkdir(argv[1], 0755);
	cgroup = open(argv[1], O_PATH | O_DIRECTORY | O_CLOEXEC);
	args.cgroup = (uint64_t)cgroup;
	pid = (pid_t)syscall(SYS_clone3, &args, sizeof args);
	if (pid == 0) {
		build(argv[2]);
		confine();
		execv(program[0], program);
		_exit(104);
	}
	if (pid < 0 || waitpid(pid, &status, 0) < 0)
		return 105;
	rmdir(argv[1]);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 106;
}

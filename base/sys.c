/* SPDX-License-Identifier: Apache-2.0 */
#include "base/sys.h"

#include <errno.h>
#include <sched.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* The generic numbers, the same on every architecture since 5.0. */
enum {
	NR_pidfd_send_signal = 424,
	NR_open_tree = 428,
	NR_move_mount = 429,
	NR_fsopen = 430,
	NR_fsconfig = 431,
	NR_fsmount = 432,
	NR_pidfd_open = 434,
	NR_clone3 = 435,
	NR_close_range = 436,
	NR_openat2 = 437,
	NR_mount_setattr = 442,
};

int sys_openat2(int dir, const char *path, uint64_t flags, uint64_t mode,
		uint64_t resolve)
{
	struct open_how how = { .flags = flags, .mode = mode, .resolve = resolve };
	int fd;

	do
		fd = (int)syscall(NR_openat2, dir, path, &how, sizeof how);
	while (fd < 0 && (errno == EAGAIN || errno == EINTR));
	return fd;
}

int sys_open_tree(int dir, const char *path, unsigned flags)
{
	return (int)syscall(NR_open_tree, dir, path, flags);
}

int sys_move_mount(int from_dir, const char *from, int to_dir, const char *to,
		   unsigned flags)
{
	return (int)syscall(NR_move_mount, from_dir, from, to_dir, to, flags);
}

int sys_fsopen(const char *type, unsigned flags)
{
	return (int)syscall(NR_fsopen, type, flags);
}

int sys_fsconfig(int fs, unsigned command, const char *key, const void *value,
		 int aux)
{
	return (int)syscall(NR_fsconfig, fs, command, key, value, aux);
}

int sys_fsmount(int fs, unsigned flags, unsigned attributes)
{
	return (int)syscall(NR_fsmount, fs, flags, attributes);
}

int sys_mount_setattr(int dir, const char *path, unsigned flags,
		      const struct mount_attr *attr)
{
	return (int)syscall(NR_mount_setattr, dir, path, flags, attr, sizeof *attr);
}

int sys_pidfd_open(pid_t pid, unsigned flags)
{
	return (int)syscall(NR_pidfd_open, pid, flags);
}

int sys_pidfd_send_signal(int pidfd, int signal)
{
	return (int)syscall(NR_pidfd_send_signal, pidfd, signal, NULL, 0);
}

int sys_close_range(unsigned first, unsigned last, unsigned flags)
{
	return (int)syscall(NR_close_range, first, last, flags);
}

int sys_bpf(int command, void *attr, unsigned size)
{
	return (int)syscall(SYS_bpf, command, attr, size);
}

int sys_execveat(int dir, const char *path, char *const argv[],
		 char *const envp[], int flags)
{
	return (int)syscall(SYS_execveat, dir, path, argv, envp, flags);
}

/* All zero is SIG_DFL in every architecture's layout of the kernel's structure. */
void sys_default_signal(int signal)
{
	const unsigned long standard[4] = { 0 };

	syscall(SYS_rt_sigaction, signal, standard, NULL, sizeof(uint64_t));
}

int sys_memfd_create(const char *name, unsigned flags)
{
	return (int)syscall(SYS_memfd_create, name, flags);
}

pid_t sys_clone3(const struct clone_args *args)
{
	return (pid_t)syscall(NR_clone3, args, sizeof *args);
}

#if defined(__x86_64__)
static long clone3_borrow(const struct clone_args *args, void (*child)(void *), void *argument)
{
	long r;

	/* Nothing of this frame may be written by the child: it leaves for its own stack at once. */
	__asm__ volatile("syscall\n\t"
			 "test %%rax, %%rax\n\t"
			 "jnz 1f\n\t"
			 "mov %[argument], %%rdi\n\t"
			 "call *%[child]\n\t"
			 "ud2\n"
			 "1:"
			 : "=a"(r)
			 : "0"((long)NR_clone3), "D"(args), "S"(sizeof *args), [child] "r"(child),
			   [argument] "r"(argument)
			 : "rcx", "r11", "cc", "memory");
	return r;
}
#elif defined(__aarch64__)
static long clone3_borrow(const struct clone_args *args, void (*child)(void *), void *argument)
{
	register long r __asm__("x0") = (long)args;
	register long size __asm__("x1") = sizeof *args;
	register long number __asm__("x8") = NR_clone3;

	__asm__ volatile("svc 0\n\t"
			 "cbnz x0, 1f\n\t"
			 "mov x0, %[argument]\n\t"
			 "blr %[child]\n\t"
			 "brk 1\n"
			 "1:"
			 : "+r"(r)
			 : "r"(size), "r"(number), [child] "r"(child), [argument] "r"(argument)
			 : "cc", "memory");
	return r;
}
#else
static long clone3_borrow(const struct clone_args *args, void (*child)(void *), void *argument)
{
	struct clone_args copy = *args;
	long r;

	copy.flags &= ~(uint64_t)CLONE_VM;
	copy.stack = copy.stack_size = 0;
	r = sys_clone3(&copy);
	if (r == 0)
		child(argument);
	return r < 0 ? -errno : r;
}
#endif

pid_t sys_clone3_borrow(const struct clone_args *args, void (*child)(void *), void *argument)
{
	struct clone_args with = *args;
	long r;

	with.flags |= CLONE_VM | CLONE_VFORK;
	r = clone3_borrow(&with, child, argument);
	if (r >= 0)
		return (pid_t)r;
	errno = (int)-r;
	return -1;
}

#if defined __x86_64__
uint64_t sys_ticks(void)
{
	unsigned low, high;

	__asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
	return (uint64_t)high << 32 | low;
}
#elif defined __aarch64__
uint64_t sys_ticks(void)
{
	uint64_t ticks;

	__asm__ volatile("isb; mrs %0, cntvct_el0" : "=r"(ticks));
	return ticks;
}
#elif defined __riscv
uint64_t sys_ticks(void)
{
	uint64_t ticks;

	__asm__ volatile("rdtime %0" : "=r"(ticks));
	return ticks;
}
#else
uint64_t sys_ticks(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}
#endif

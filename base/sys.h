/* SPDX-License-Identifier: Apache-2.0 */
/*
 * System calls and constants that the libcs tare is built with do not (all)
 * have. The only place for `#if`. Each call returns >= 0, or -1 with errno.
 */
#pragma once
#include <fcntl.h>
#include <linux/mount.h>
#include <linux/openat2.h>
#include <linux/sched.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* openat2(2). Retries EAGAIN, which a rename in the tree at the wrong moment gives. */
int sys_openat2(int dir, const char *path, uint64_t flags, uint64_t mode, uint64_t resolve);
int sys_open_tree(int dir, const char *path, unsigned flags);
int sys_move_mount(int from_dir, const char *from, int to_dir, const char *to, unsigned flags);
int sys_fsopen(const char *type, unsigned flags);
int sys_fsconfig(int fs, unsigned command, const char *key, const void *value, int aux);
int sys_fsmount(int fs, unsigned flags, unsigned attributes);
int sys_mount_setattr(int dir, const char *path, unsigned flags, const struct mount_attr *attr);
int sys_pidfd_open(pid_t pid, unsigned flags);
int sys_pidfd_send_signal(int pidfd, int signal);
int sys_close_range(unsigned first, unsigned last, unsigned flags);
int sys_bpf(int command, void *attr, unsigned size);
int sys_execveat(int dir, const char *path, char *const argv[], char *const envp[], int flags);
/* The default action of a signal, of those too that a C library keeps for itself (32 and 33). */
void sys_default_signal(int signal);
int sys_memfd_create(const char *name, unsigned flags);
/* clone3(2) without CLONE_VM: returns twice, like fork(), with none of libc's bookkeeping. In the
 * child only async-signal-safe calls are allowed. */
pid_t sys_clone3(const struct clone_args *args);
/* clone3(2) with CLONE_VM and CLONE_VFORK: the child calls child(argument), which must not return, on
 * args->stack with our memory, while we wait for its execve or end. Nothing is copied for it. On an
 * architecture without code here it is a copy like sys_clone3()'s. */
pid_t sys_clone3_borrow(const struct clone_args *args, void (*child)(void *), void *argument);
/* The processor's counter of time, as tare-init reads it (init/arch): where there is none, nanoseconds. */
uint64_t sys_ticks(void);

#ifndef OPEN_TREE_CLONE
#define OPEN_TREE_CLONE 1
#endif
#ifndef OPEN_TREE_CLOEXEC
#define OPEN_TREE_CLOEXEC O_CLOEXEC
#endif
#ifndef AT_RECURSIVE
#define AT_RECURSIVE 0x8000
#endif
#ifndef AT_EMPTY_PATH
#define AT_EMPTY_PATH 0x1000
#endif
#ifndef MFD_CLOEXEC
#define MFD_CLOEXEC 1u
#endif
#ifndef MFD_ALLOW_SEALING
#define MFD_ALLOW_SEALING 2u
#endif
#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 8u
#endif
#ifndef MFD_EXEC
#define MFD_EXEC 0x10u
#endif
#ifndef F_ADD_SEALS
#define F_ADD_SEALS 1033
#endif
#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080
#endif
#ifndef CLOSE_RANGE_CLOEXEC
#define CLOSE_RANGE_CLOEXEC 4u
#endif
#ifndef P_PIDFD
#define P_PIDFD 3
#endif

/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sched.h>
#include <signal.h>
#include <stdalign.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/log.h"
#include "base/sys.h"
#include "cgroups/scope.h"
#include "init/image.h"
#include "plan/format.h"
#include "runtime/interrupt.h"
#include "runtime/lane.h"
#include "runtime/launch.h"
#include "runtime/state.h"
#include "runtime/trace.h"

enum { CHILD_STACK = 32 * 1024 };

/* Nobody may write to what runs as tare-init, and nobody needs to read it. */
static int image_seal(int image, struct err *e)
{
	if (fchmod(image, 0111) < 0)
		return err_set(e, errno, "tare-init's image: fchmod");
	if (fcntl(image, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) < 0)
		return err_set(e, errno, "tare-init's image: F_ADD_SEALS");
	return 0;
}

static int image_write(int image, struct err *e)
{
	int r = fd_write_all(image, tare_init_image,
			     (size_t)(tare_init_image_end - tare_init_image));

	return r < 0 ? err_set(e, -r, "tare-init's image: write") : 0;
}

/* Where vm.memfd_noexec is 2: a file in a tmpfs that is attached nowhere and read-only when we run it. */
static int image_from_mount(struct err *e)
{
	struct mount_attr readonly = { .attr_set = MOUNT_ATTR_RDONLY };
	autofd fs = sys_fsopen("tmpfs", FSOPEN_CLOEXEC), mount = -1, file = -1;
	int image;

	if (fs < 0 || sys_fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		return err_set(e, errno, "tare-init's image: tmpfs");
	mount = sys_fsmount(fs, FSMOUNT_CLOEXEC, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV);
	if (mount < 0)
		return err_set(e, errno, "tare-init's image: fsmount");
	file = openat(mount, "tare-init", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0111);
	if (file < 0)
		return err_set(e, errno, "tare-init's image: openat");
	if (image_write(file, e) < 0)
		return -e->code;
	fd_close(&file);
	if (sys_mount_setattr(mount, "", AT_EMPTY_PATH, &readonly) < 0)
		return err_set(e, errno, "tare-init's image: mount_setattr");
	image = openat(mount, "tare-init", O_PATH | O_CLOEXEC);
	return image < 0 ? err_set(e, errno, "tare-init's image: openat") : image;
}

int init_image_open(struct err *e)
{
	unsigned flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
	autofd image = sys_memfd_create("tare-init", flags | MFD_EXEC);

	if (image < 0 && errno == EINVAL) /* before 6.3 every memfd may be executed */
		image = sys_memfd_create("tare-init", flags);
	if (image < 0 && errno == EACCES)
		return image_from_mount(e);
	if (image < 0)
		return err_set(e, errno, "tare-init's image: memfd_create");
	if (image_write(image, e) < 0 || image_seal(image, e) < 0)
		return -e->code;
	return fd_take(&image);
}

static bool keep(int fd)
{
	return fd < 0 || fcntl(fd, F_SETFD, 0) == 0;
}

static bool keep_given(const struct lane *lane, int sync, int plan)
{
	bool kept = keep(sync) && keep(plan) &&
		    (!lane->plan->trace_fd || keep(lane->plan->trace_fd));

	for (uint32_t i = 0; i < lane->plan->slot_count; i++)
		kept = kept && keep(lane->slots[i]);
	return kept;
}

static bool take_stdio(const int stdio[3])
{
	for (int i = 0; i < 3; i++)
		if (stdio[i] >= 0 && dup2(stdio[i], i) < 0)
			return false;
	return true;
}

/* execve leaves the capabilities of the new user namespace to its root only. Where no id 0 is
 * mapped, the ambient set carries them; tare-init ends that with its CAPABILITIES step. */
static bool keep_capabilities(void)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];

	if (syscall(SYS_setresgid, 0, 0, 0) == 0 && syscall(SYS_setresuid, 0, 0, 0) == 0)
		return true;
	if (syscall(SYS_capget, &head, data) < 0)
		return false;
	for (int i = 0; i < 2; i++)
		data[i].inheritable = data[i].permitted;
	if (syscall(SYS_capset, &head, data) < 0)
		return false;
	for (unsigned long cap = 0; prctl(PR_CAPBSET_READ, cap) >= 0; cap++)
		prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, cap, 0, 0);
	return true;
}

/* RELEASE: the id maps are written. */
static bool wait_released(int sync)
{
	struct report report;

	return recv(sync, &report, sizeof report, 0) == sizeof report && keep_capabilities();
}

/* What the child needs to become tare-init. */
struct child {
	struct lane *lane;
	int image, sync, plan;
	bool wait; /* for RELEASE */
};

/* In the child: only system calls, no libc state. Its memory may be ours. */
__attribute__((noreturn))
static void become_init(void *argument)
{
	const struct child *child = argument;
	const struct lane *lane = child->lane;
	struct report failed = { .kind = REPORT_ERROR, .number = UINT32_MAX, .call = CALL_execve };
	char plan_text[16];
	char *argv[] = { "tare-init", plan_text, NULL }, *envp[] = { NULL };

	snprintf(plan_text, sizeof plan_text, "%d", child->plan);
	if ((!child->wait || wait_released(child->sync)) && take_stdio(lane->launch->stdio) &&
	    sys_close_range(3 + lane->plan->preserve_fds, ~0u, CLOSE_RANGE_CLOEXEC) == 0 &&
	    keep_given(lane, child->sync, child->plan))
		sys_execveat(child->image, "", argv, envp, AT_EMPTY_PATH);
	failed.error = errno;
	snprintf(failed.detail, sizeof failed.detail, "of tare-init");
	send(child->sync, &failed, sizeof failed, MSG_NOSIGNAL);
	_exit(1);
}

/* The child has our memory until it is tare-init, so nobody who may not look at one may look at the
 * other: neither ptrace nor /proc/PID reaches us meanwhile. */
static pid_t borrow(struct clone_args *args, struct child *child)
{
	alignas(16) unsigned char stack[CHILD_STACK];
	int dumpable = prctl(PR_GET_DUMPABLE), code;
	pid_t pid;

	args->stack = (uintptr_t)stack;
	args->stack_size = sizeof stack;
	prctl(PR_SET_DUMPABLE, 0);
	pid = sys_clone3_borrow(args, become_init, child);
	code = errno;
	if (dumpable == 1)
		prctl(PR_SET_DUMPABLE, 1);
	errno = code;
	return pid;
}

/* One that waits for us cannot have our memory, for we would wait for it; nor can one in another
 * time namespace, whose clocks are read through a page of it. */
static bool needs_a_copy(const struct child *child, uint64_t flags)
{
	return child->wait || flags & CLONE_NEWTIME || child->lane->own_time_ns >= 0;
}

static pid_t copy(struct clone_args *args, struct child *child)
{
	pid_t pid;

	args->flags |= child->wait ? 0 : CLONE_VFORK;
	pid = sys_clone3(args);

	if (pid == 0 && !child->wait)
		prctl(PR_SET_DUMPABLE, 0);
	if (pid == 0)
		become_init(child);
	return pid;
}

/* The namespaces that tare has prepared for its children are to be the holder's children's. */
static int adopt_time(pid_t from)
{
	char path[64];
	autofd ns = -1;

	snprintf(path, sizeof path, "/proc/%d/ns/time_for_children", from);
	ns = open(path, O_RDONLY | O_CLOEXEC);
	return ns < 0 || setns(ns, CLONE_NEWTIME) < 0 ? -errno : 0;
}

struct birth {
	struct clone_args *args;
	struct child *child;
};

static int bear_there(void *argument)
{
	struct birth *b = argument;
	int r = b->child->lane->own_time_ns >= 0 ? adopt_time(getppid()) : 0;
	sigset_t none, all;
	pid_t pid;

	if (r < 0)
		return r;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, &all);
	pid = copy(b->args, b->child);
	r = pid < 0 ? -errno : pid;
	sigprocmask(SIG_SETMASK, &all, NULL);
	return r;
}

/* tare may not put a process into the scope, as it is outside of what is the user's; the holder is in
 * there already. Its child is tare's all the same. */
static int bear_at_holder(struct clone_args *args, struct child *child)
{
	struct birth birth = { args, child };

	args->flags = (args->flags & ~(uint64_t)CLONE_INTO_CGROUP) | CLONE_PARENT;
	args->exit_signal = 0; /* CLONE_PARENT: as the holder's, SIGCHLD */
	args->cgroup = 0;
	args->stack = args->stack_size = 0;
	return holder_do(&child->lane->holder, bear_there, &birth);
}

/* exec has no holder yet. Only from outside of what is the user's does it take one, and only systemd
 * can move it across. */
static bool holder_provide(struct lane *lane)
{
	const struct launch *launch = lane->launch;
	const struct container *c = launch->entered;
	struct scope scope;
	struct err e;
	size_t own;

	if (lane->holder.pid || !c || !c->cgroup || !launch->cgroup_path ||
	    !container_scope(c, &scope))
		return lane->holder.pid;
	own = strlen(c->cgroup);
	if (holder_begin(&lane->holder, &e) < 0 ||
	    scope_attach(&scope, launch->cgroup_path + own, lane->holder.pid, &e) < 0) {
		log_line(LOG_LEVEL_WARNING, "%s", e.text);
		holder_end(&lane->holder);
	}
	return lane->holder.pid;
}

/* What a refusal means, by the namespaces that were to be made and whether there is a cgroup to be born in. */
static const struct refusal {
	int code;
	uint64_t flags; /* 0: any */
	bool into;
	const char *hint;
} refusals[] = {
	{ EPERM, CLONE_NEWUSER, false,
	  "no user namespace may be made here: this is a chroot, or user.max_user_namespaces or a "
	  "security module forbids it" },
	{ EPERM, 0, false,
	  "namespaces take CAP_SYS_ADMIN: an unprivileged user needs one of the type \"user\" "
	  "in linux.namespaces" },
	{ ENOSPC, 0, false, "user.max_*_namespaces is reached" },
	{ EACCES, 0, true,
	  "this process and the container's cgroup have no cgroup above them that is this user's: "
	  "start tare inside of what is delegated to the user (systemd-run --user --scope)" },
	{ EAGAIN, 0, true, "pids.max of the cgroup or of one above is reached" },
	{ EBUSY, 0, true,
	  "this cgroup hands controllers on, so processes live only further down: see --cgroup in "
	  "tare-exec(1)" },
	{ EOPNOTSUPP, 0, true, "this cgroup is threaded, or below one that is" },
	{ ENODEV, 0, true, "the cgroup was removed" },
};

static int birth_failed(const struct lane *lane, int code, uint64_t flags, struct err *e)
{
	bool into = lane->cgroup >= 0 || lane->launch->cgroup >= 0;

	err_set(e, code, "clone3");
	for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++) {
		const struct refusal *row = &refusals[i];

		if (row->code == code && (!row->flags || flags & row->flags) && into >= row->into)
			return err_hint(e, "%s", row->hint);
	}
	return -code;
}

static int bear(struct clone_args *args, struct child *child, uint64_t flags)
{
	pid_t pid = needs_a_copy(child, flags) ? copy(args, child) : borrow(args, child);
	int r = pid < 0 ? -errno : pid;

	if ((r == -EACCES || r == -EPERM) && holder_provide(child->lane))
		r = bear_at_holder(args, child);
	return r;
}

static int make_process(struct child *child, uint64_t flags, struct err *e)
{
	struct launch *launch = child->lane->launch;
	int cgroup = child->lane->cgroup >= 0 ? child->lane->cgroup : launch->cgroup, pidfd = -1;
	struct clone_args args = {
		.flags = flags | CLONE_PIDFD | (cgroup >= 0 ? CLONE_INTO_CGROUP : 0),
		.pidfd = (uintptr_t)&pidfd,
		.exit_signal = SIGCHLD,
		.cgroup = cgroup >= 0 ? (uint64_t)cgroup : 0,
	};
	int pid = bear(&args, child, flags);

	if (pid < 0)
		return birth_failed(child->lane, -pid, flags, e);
	launch->pid = pid;
	launch->pidfd = pidfd;
	return 0;
}

/* Only our child was to enter it. */
static int leave_time(struct lane *lane, struct err *e)
{
	if (lane->own_time_ns >= 0 && setns(lane->own_time_ns, CLONE_NEWTIME) < 0)
		return err_set(e, errno, "setns back to the own time namespace");
	return 0;
}

/* The kernel permits the old score: it was there before. */
static void take_back_oom_score(const struct lane *lane)
{
	if (*lane->own_oom_score)
		file_write(AT_FDCWD, "/proc/self/oom_score_adj", lane->own_oom_score);
}

int lane_clone(struct lane *lane, uint64_t flags, struct err *e)
{
	struct child child;
	int pair[2], r;
	autofd image = init_image_open(e), sync = -1, plan = -1;
	autofd trace = trace_share(lane->launch->context, lane->plan);

	if (image < 0)
		return image;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return err_set(e, errno, "socketpair");
	lane->sync = pair[0];
	sync = pair[1];
	lane->plan->sync_fd = sync;
	lane->plan->trace_fd = trace < 0 ? 0 : trace;
	lane->plan->ignored_signals = interrupt_ignored(lane->launch->context);
	plan = memfd_sealed("tare-plan", lane->plan, lane->plan->size);
	if (plan < 0)
		return err_set(e, -plan, "the plan: memfd");
	child = (struct child){ lane, image, sync, plan, flags & CLONE_NEWUSER };
	r = make_process(&child, flags, e);
	if (lane->launch->entered)
		holder_end(&lane->holder);
	take_back_oom_score(lane);
	return r < 0 ? r : leave_time(lane, e);
}

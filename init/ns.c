/* SPDX-License-Identifier: Apache-2.0 */
/* Namespaces and the identity inside them. */
#include <linux/keyctl.h>
#include <linux/prctl.h>
#include <linux/sched.h>

#include "init/init.h"

void hide(void)
{
	SYS(prctl, PR_SET_DUMPABLE, 0);
}

/* "network, mount": what a setns or unshare was about. */
static void namespace_names(uint64_t flags, struct line *ret_names)
{
	static const struct {
		uint32_t flag;
		char name[8];
	} rows[] = {
		{ CLONE_NEWUSER, "user" }, { CLONE_NEWPID, "pid" }, { CLONE_NEWNET, "network" },
		{ CLONE_NEWNS, "mount" },  { CLONE_NEWIPC, "ipc" }, { CLONE_NEWUTS, "uts" },
		{ CLONE_NEWCGROUP, "cgroup" }, { CLONE_NEWTIME, "time" },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		if (!(flags & rows[i].flag))
			continue;
		line_add(ret_names, ret_names->length ? ", " : "");
		line_add(ret_names, rows[i].name);
	}
}

static int namespaces_failed(struct init *in, enum plan_call call, long error, uint64_t flags)
{
	char text[80] = "";
	struct line names = { text, 0, sizeof text };

	namespace_names(flags, &names);
	return fail(in, call, error, text, NULL);
}

int run_SETNS(struct init *in, const uint64_t *arg)
{
	long r = SYS(setns, slot(in, arg[0]), arg[1]);

	if (r < 0)
		return namespaces_failed(in, CALL_setns, r, arg[1]);
	/* What was "/" is another container's or the host's now. */
	fd_close(&in->root);
	hide();
	return 0;
}

int run_UNSHARE(struct init *in, const uint64_t *arg)
{
	long r = SYS(unshare, arg[0]);

	return r < 0 ? namespaces_failed(in, CALL_unshare, r, arg[0]) : 0;
}

/* The first process tells the host who goes on and ends; only then does the other go on, so that no
 * message of its own comes before that one. */
static int fork_child(struct init *in, int pipe[2])
{
	char byte;

	fd_close(&pipe[1]);
	SYS(read, pipe[0], &byte, 1);
	fd_close(&pipe[0]);
	hide();
	return 0;
}

int run_FORK(struct init *in, const uint64_t *arg)
{
	int pidfd = -1, pipe[2];
	struct clone_args args = {
		.flags = arg[0] | CLONE_PARENT | CLONE_PIDFD,
		.pidfd = (uintptr_t)&pidfd,
	};
	long r = SYS(pipe2, pipe, O_CLOEXEC);

	if (r < 0)
		return FAIL(in, clone3, r, "pipe");
	r = SYS(clone3, &args, sizeof args);
	if (r < 0)
		return namespaces_failed(in, CALL_clone3, r, arg[0]);
	if (r == 0)
		return fork_child(in, pipe);
	leave(report_fd(in, REPORT_PID, pidfd) < 0);
}

static int setgroups_none(struct init *in)
{
	long r = SYS(setgroups, 0, 0);

	/* An unprivileged user namespace denies it for good. */
	return r < 0 && r != -EPERM ? fail(in, CALL_setgroups, r, NULL) : 0;
}

int run_NS_ROOT(struct init *in, const uint64_t *arg)
{
	int r = arg[2] ? setgroups_none(in) : 0;

	if (r == 0)
		r = CHECK(in, setresgid, arg[1], arg[1], arg[1]);
	if (r == 0)
		r = CHECK(in, setresuid, arg[0], arg[0], arg[0]);
	hide();
	return r;
}

/* The file belongs to root of the host while who it is about is hidden. The user namespace is new and
 * its own: nobody in there could make use of that moment. */
static int write_offsets(struct init *in, int proc, const char *text)
{
	int r;

	SYS(prctl, PR_SET_DUMPABLE, 1);
	r = procfs_write(in, proc, "self/timens_offsets", text);
	hide();
	return r;
}

/* A setns to the time namespace for children enters it without a child. */
int run_CLOCKS(struct init *in, const uint64_t *arg)
{
	autofd proc = CHECK(in, open, "/proc", O_PATH | O_DIRECTORY | O_CLOEXEC), clocks = -1;
	int r = proc < 0 ? -1 : CHECK(in, unshare, CLONE_NEWTIME);

	if (r == 0)
		r = write_offsets(in, proc, step_text(in, arg[0]));
	if (r < 0)
		return -1;
	clocks = CHECK(in, open, "/proc/self/ns/time_for_children", O_RDONLY | O_CLOEXEC);
	return clocks < 0 ? -1 : CHECK(in, setns, clocks, CLONE_NEWTIME);
}

int run_HOSTNAME(struct init *in, const uint64_t *arg)
{
	const char *name = step_text(in, arg[0]);

	return CHECK(in, sethostname, name, strlen(name));
}

int run_DOMAINNAME(struct init *in, const uint64_t *arg)
{
	const char *name = step_text(in, arg[0]);

	return CHECK(in, setdomainname, name, strlen(name));
}

/* linux/if.h would need libc's socket headers. */
struct interface_request {
	char name[16];
	int16_t flags;
	char rest[22];
};

int run_LOOPBACK_UP(struct init *in, const uint64_t *arg)
{
	enum { SIOCSIFFLAGS = 0x8914, IFF_UP = 1, AF_UNIX = 1, SOCK_DGRAM = 2 };
	struct interface_request request = { .name = "lo", .flags = IFF_UP };
	/* Device requests work on a socket of any family; this one is always there. */
	int socket = CHECK(in, socket, AF_UNIX, SOCK_DGRAM | O_CLOEXEC, 0);
	long r;

	if (socket < 0)
		return -1;
	r = SYS(ioctl, socket, SIOCSIFFLAGS, &request);
	return r < 0 ? FAIL(in, ioctl, r, "lo") : 0;
}

/* SELinux labels the key that the next request makes. */
static int keyring_label(struct init *in, const char *label)
{
	autofd procfs = label && *label ? procfs_make(in) : -1;

	if (!label || !*label)
		return 0;
	return procfs < 0 ? -1 : procfs_write(in, procfs, "thread-self/attr/keycreate", label);
}

int run_KEYRING(struct init *in, const uint64_t *arg)
{
	/* All for who possesses it; view, read, link and search for its user, whom it follows over
	 * setuid. */
	enum { PERMISSIONS = 0x3f1b0000 };
	int label = keyring_label(in, step_text(in, arg[1]));
	long ring = label < 0 ? 0 : SYS(keyctl, KEYCTL_JOIN_SESSION_KEYRING, step_text(in, arg[0]));

	if (label < 0)
		return -1;
	if (ring < 0) {
		fail(in, CALL_keyctl, ring, NULL);
		return ring == -EDQUOT || ring == -ENOSYS ? warn(in) : -1;
	}
	SYS(keyctl, KEYCTL_SETPERM, ring, PERMISSIONS);
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
/* Attributes of the process that execve keeps: one system call each. */
#include <linux/filter.h>
#include <linux/prctl.h>
#include <linux/resource.h>
#include <linux/seccomp.h>

#include "init/init.h"

int run_SESSION(struct init *in, const uint64_t *arg)
{
	return CHECK(in, setsid, 0);
}

int run_RLIMIT(struct init *in, const uint64_t *arg)
{
	struct rlimit64 limit = { arg[1], arg[2] };

	return CHECK(in, prlimit64, 0, arg[0], &limit, 0);
}

int run_UMASK(struct init *in, const uint64_t *arg)
{
	in->umask = (uint32_t)arg[0];
	return 0;
}

int run_PERSONALITY(struct init *in, const uint64_t *arg)
{
	return CHECK(in, personality, arg[0]);
}

int run_SCHEDULER(struct init *in, const uint64_t *arg)
{
	size_t length;
	const void *attr = blob(in, arg[0], &length);

	return CHECK(in, sched_setattr, 0, attr, 0);
}

int run_IO_PRIORITY(struct init *in, const uint64_t *arg)
{
	enum { IOPRIO_WHO_PROCESS = 1 };

	return CHECK(in, ioprio_set, IOPRIO_WHO_PROCESS, 0, arg[0]);
}

int run_AFFINITY(struct init *in, const uint64_t *arg)
{
	size_t length;
	const void *mask = blob(in, arg[0], &length);

	return CHECK(in, sched_setaffinity, 0, length, mask);
}

/* bits is how many of nodes count; the kernel wants one more than that. */
int run_MEMORY_POLICY(struct init *in, const uint64_t *arg)
{
	size_t length;
	const void *nodes = blob(in, arg[1], &length);

	return CHECK(in, set_mempolicy, arg[0], length ? nodes : 0, length ? arg[2] + 1 : 0);
}

int run_NO_NEW_PRIVS(struct init *in, const uint64_t *arg)
{
	return CHECK(in, prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

/* Directly ahead of EXEC nothing may need a system call behind the filter but execve itself. Elsewhere the workload's user
 * is still to come, and the steps until then make calls that a profile has to allow; but an old one that does not know
 * openat2(2) must not cost the program its HOME. */
static int prepare_for_filter(struct init *in)
{
	const struct plan_step *last = in->step + (in->plan->init_count - 1 - in->index);
	int r;

	if (last->op != OP_EXEC)
		return 0;
	if (last == in->step + 1)
		return exec_prepare(in, last);
	user_enter(in->uid, in->gid);
	r = exec_foresee(in, last);
	user_leave(in->uid, in->gid);
	return r;
}

int run_SECCOMP(struct init *in, const uint64_t *arg)
{
	size_t length;
	const void *filter = blob(in, arg[0], &length);
	struct sock_fprog program = {
		.len = (uint16_t)(length / sizeof(struct sock_filter)),
		.filter = (struct sock_filter *)filter,
	};
	autofd listener = -1;
	int r;

	if (length / sizeof(struct sock_filter) > BPF_MAXINSNS)
		return FAIL(in, seccomp, -E2BIG, "the filter is longer than the kernel takes");
	r = prepare_for_filter(in);
	if (r >= 0)
		r = CHECK(in, seccomp, SECCOMP_SET_MODE_FILTER, arg[1], &program);
	if (r < 0 || !(arg[1] & SECCOMP_FILTER_FLAG_NEW_LISTENER))
		return r;
	listener = r;
	return report_fd(in, REPORT_FD, listener);
}

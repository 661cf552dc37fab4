/* SPDX-License-Identifier: Apache-2.0 */
/* From the kernel's hands to the first step. */
#include <asm/signal.h>
#include <linux/mman.h>
#include <linux/prctl.h>

#include "init/init.h"

void init_start(const long *stack);
ARCH_START(init_start);

static void end_by_signal(int signal)
{
	leave(128 + signal);
}

/*
 * The kernel spares the first process of a pid namespace what it has no handler for: a created
 * container would outlive kill(1). So what ends a process has one here, until execve() takes it away.
 * Left as they are: faults, whose signal says more than a status; SIGPIPE, since a container goes on
 * when the caller of `start` is gone; and those that stop a process or do nothing.
 */
static int has_handler(int signal)
{
	static const uint8_t without[] = {
		SIGILL,  SIGTRAP, SIGBUS,  SIGFPE,  SIGSEGV, SIGSYS,  SIGPIPE, SIGCHLD,
		SIGCONT, SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU, SIGURG, SIGWINCH, SIGKILL,
	};
	int with = 1;

	for (size_t i = 0; i < sizeof without; i++)
		with &= without[i] != signal;
	return with;
}

static int waits_at_gate(const struct plan_header *plan)
{
	const struct plan_step *steps = (const void *)((const char *)plan + plan->steps);
	int waits = 0;

	for (uint32_t i = 0; i < plan->init_count; i++)
		waits |= steps[plan->host_count + i].op == OP_GATE;
	return waits;
}

/* What the caller ignored or blocked (Go programs, nohup) must not reach the workload; what it
 * handled, execve has reset. The handler never returns, so it needs no code to do that. */
static void signals_take(const struct plan_header *plan)
{
	struct sigaction standard = { 0 }, ending = { 0 };
	const uint64_t none = 0;
	int ends = waits_at_gate(plan);

	ending.sa_handler = end_by_signal;
	ending.sa_flags = ARCH_HANDLER_FLAGS;
	SYS(rt_sigprocmask, SIG_SETMASK, &none, 0, sizeof none);
	for (int signal = 1; signal <= 64; signal++)
		if (ends && has_handler(signal))
			SYS(rt_sigaction, signal, &ending, 0, sizeof none);
		else if (plan->ignored_signals >> (signal - 1) & 1)
			SYS(rt_sigaction, signal, &standard, 0, sizeof none);
}

static const struct plan_header *plan_map(int fd)
{
	long size = SYS(lseek, fd, 0, 2 /* SEEK_END */), at;
	const struct plan_header *plan;

	if (size < (long)sizeof *plan)
		return NULL;
	at = SYS(mmap, 0, size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (at < 0 && at > -4096)
		return NULL;
	SYS(close, fd);
	plan = (const struct plan_header *)at;
	return plan->size == size ? plan : NULL;
}

static int plan_fits(const struct plan_header *plan)
{
	uint64_t steps = (uint64_t)plan->host_count + plan->init_count;

	return plan->magic == PLAN_MAGIC && plan->version == PLAN_VERSION &&
	       plan->slot_count <= PLAN_SLOTS_MAX && plan->steps % 8 == 0 && plan->slots % 4 == 0 &&
	       plan->steps + steps * sizeof(struct plan_step) <= plan->size &&
	       plan->slots + plan->slot_count * sizeof(int32_t) <= plan->size;
}

/* Not one block of zeros: of the buffers only what is used shall cost memory. */
static void init_begin(struct init *in, const struct plan_header *plan)
{
	in->plan = plan;
	in->step = NULL;
	in->spans = NULL;
	in->index = UINT32_MAX;
	in->sync = plan->sync_fd;
	in->state = in->root = in->parent = -1;
	in->hook_output = in->hook_error = -1;
	in->parent_path[0] = '\0';
	memset(in->attached, 0, sizeof in->attached);
	memset(in->directories, 0, sizeof in->directories);
	in->untidy = 0;
	in->link_slot = PLAN_NO_SLOT;
	in->umask = (uint32_t)SYS(umask, 0);
	in->uid = in->gid = 0;
	in->is_prepared = 0;
	in->may_propagate = 1;
	in->argv = in->envp = NULL;
	in->path = in->program = in->program_directory = NULL;
	in->program_directory_length = 0;
	memset(&in->fault, 0, sizeof in->fault);
}

/* stack: argc, argv[], NULL, ... */
__attribute__((used))
void init_start(const long *stack)
{
	const struct plan_header *plan;
	struct init in;
	int64_t fd;

	/* Before anything of the container can look: neither ptrace nor /proc/PID may reach us. */
	SYS(prctl, PR_SET_DUMPABLE, 0);
	fd = stack[0] == 2 ? decimal_parse((const char *)stack[2]) : -1;
	plan = fd < 0 ? NULL : plan_map((int)fd);
	if (!plan || !plan_fits(plan))
		leave(2);
	init_begin(&in, plan);
	if (plan->trace_fd > 0)
		trace_take(&in, plan->trace_fd);
	signals_take(plan);
	if (descriptors_take(&in) == 0)
		lane_run(&in);
	report_fault(&in, REPORT_ERROR);
	leave(1);
}

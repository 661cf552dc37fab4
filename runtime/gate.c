/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/gate.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include "cgroups/cgroup.h"
#include "plan/plan.h"
#include "runtime/context.h"
#include "runtime/launch.h"
#include "runtime/state.h"
#include "runtime/trace.h"
#include "runtime/unix.h"

enum { GATE_BACKLOG = 16, PLAN_MAX = 64 << 20 };

int gate_listen(int dir, int *ret_socket, struct err *e)
{
	autofd fd = unix_bind(dir, "gate", SOCK_SEQPACKET);

	if (fd < 0)
		return err_set(e, -fd, "gate of the state directory: bind");
	if (listen(fd, GATE_BACKLOG) < 0)
		return err_set(e, errno, "gate of the state directory: listen");
	*ret_socket = fd_take(&fd);
	return 0;
}

void gate_remove(int dir)
{
	unlinkat(dir, "gate", 0);
}

/* EAGAIN: somebody listens, and has as many callers as the backlog holds. */
bool launch_gate_waits(int dir)
{
	autofd fd = unix_connect(dir, "gate", SOCK_SEQPACKET | SOCK_NONBLOCK);

	return fd >= 0 || fd == -EAGAIN;
}

/* The plan of the create that made the container, which knows what each step is for. Without it
 * an error still has the call, the object and errno. */
static const struct plan_header *saved_plan(struct arena *arena, int dir)
{
	autobuf text = { 0 };
	struct err ignored;
	void *block;

	if (file_read(dir, "plan", PLAN_MAX, &text) < 0)
		return NULL;
	block = arena_alloc(arena, text.length);
	memcpy(block, text.text, text.length);
	return plan_check(block, text.length, &ignored) == 0 ? block : NULL;
}

/* What another build of tare wrote there says at least that. */
static struct plan_header saved_header(int dir)
{
	struct plan_header header = { 0 };
	autobuf text = { 0 };

	if (file_read(dir, "plan", PLAN_MAX, &text) == 0 && text.length >= sizeof header)
		memcpy(&header, text.text, sizeof header);
	return header;
}

static int explain(struct context *context, const struct container *c, const struct report *report,
		   struct err *e)
{
	const struct plan_header *plan = saved_plan(context->arena, c->dir);
	int r = launch_explain(plan, report, e);

	if (plan)
		return r;
	return err_hint(e, "which step that was is not known: another build of tare made the "
			   "container: plan version %08x, this one has %08x",
			saved_header(c->dir).version, PLAN_VERSION);
}

static bool speaks_otherwise(const struct container *c, struct err *e)
{
	struct plan_header header = saved_header(c->dir);

	if (header.magic != PLAN_MAGIC || header.gate == PLAN_GATE)
		return false;
	err_say(e, EPROTO, "container %s was created by another build of tare: gate version %08x, "
			   "this one has %08x", c->id, header.gate, PLAN_GATE);
	err_hint(e, "start it with that build, or delete it and create it again");
	return true;
}

/* The gate was closed before execve. */
static int init_died(struct context *context, const struct container *c, struct err *e)
{
	autofd cgroup = -1;
	struct err ignored;
	const char *why = NULL;

	if (speaks_otherwise(c, e))
		return -e->code;
	err_say(e, ECHILD, "container %s has stopped: its first process ended before it executed "
			   "the program", c->id);
	host_probe_cgroup(context);
	if (c->cgroup &&
	    cgroup_open(&context->host, c->cgroup, &cgroup, &ignored) == 0)
		why = cgroup_why(context->arena, cgroup, NULL);
	return why ? err_hint(e, "%s", why) : -e->code;
}

static void warn(const struct plan_header *plan, const struct report *report)
{
	struct err warning = { 0 };

	launch_explain(plan, report, &warning);
	log_line(LOG_LEVEL_WARNING, "%s", warning.text);
}

/* End of file behind REPORT_EXEC is success: execve closed the socket. */
static int await_exec(struct context *context, const struct container *c, int gate, struct err *e)
{
	struct report report;
	bool executing = false;

	trace_prepare(context);
	for (;;) {
		autofd unexpected = -1;
		ssize_t n = socket_receive_fd(gate, &report, sizeof report, &unexpected);

		if (n <= 0 && n != -ECONNRESET && n != 0)
			return err_set(e, (int)-n, "container %s: gate: recvmsg", c->id);
		if (n != (ssize_t)sizeof report)
			return executing && n == 0 ? 0 : init_died(context, c, e);
		if (report.kind == REPORT_ERROR)
			return explain(context, c, &report, e);
		if (report.kind == REPORT_WARNING)
			warn(saved_plan(context->arena, c->dir), &report);
		executing |= report.kind == REPORT_EXEC;
	}
}

/* A tare-init that knows of no trace closes it. */
static int share_trace(struct context *context, const struct container *c)
{
	const struct plan_header *plan =
		context->trace ? saved_plan(context->arena, c->dir) : NULL;

	return plan ? trace_share(context, plan) : -1;
}

int launch_open_gate(struct context *context, const struct container *c, int state_document,
		     struct err *e)
{
	struct report go = { .kind = REPORT_GO, .number = PLAN_GATE };
	autofd gate = unix_connect(c->dir, "gate", SOCK_SEQPACKET);
	autofd trace = share_trace(context, c);
	ssize_t n;
	int r;

	if (gate == -ECONNREFUSED)
		return init_died(context, c, e);
	if (gate < 0)
		return err_set(e, -gate, "container %s: gate: connect", c->id);
	n = socket_send_fds(gate, &go, sizeof go, (const int[]){ state_document, trace });
	if (n < 0 && n != -EPIPE && n != -ECONNRESET)
		return err_set(e, (int)-n, "container %s: gate: sendmsg", c->id);
	r = n < 0 ? init_died(context, c, e) : await_exec(context, c, gate, e);
	if (r == 0)
		gate_remove(c->dir);
	return r;
}

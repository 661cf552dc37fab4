/* SPDX-License-Identifier: Apache-2.0 */
/* The conversation over the sync socket. Plain messages go by write(2), which every seccomp profile
 * allows. */
#include <stdarg.h>

#include "init/init.h"

int fail(struct init *in, enum plan_call call, long error, ...)
{
	struct line detail = { in->fault.detail, 0, sizeof in->fault.detail };
	va_list texts;
	const char *text;

	in->fault.call = call;
	in->fault.error = (int32_t)-error;
	detail.text[0] = '\0';
	va_start(texts, error);
	while ((text = va_arg(texts, const char *)))
		line_add(&detail, text);
	va_end(texts);
	return -1;
}

int check(struct init *in, enum plan_call call, long r)
{
	return r < 0 ? fail(in, call, r, NULL) : (int)r;
}

static long send(const struct init *in, const struct report *message)
{
	return SYS(write, in->sync, message, sizeof *message);
}

void report_fault(struct init *in, enum report_kind kind)
{
	struct line detail = { in->fault.detail, 0, sizeof in->fault.detail };

	if (!detail.text[0] && in->step)
		line_add(&detail, step_object(in));
	in->fault.kind = kind;
	in->fault.number = in->index;
	send(in, &in->fault);
}

int warn(struct init *in)
{
	report_fault(in, REPORT_WARNING);
	return 0;
}

int report(struct init *in, enum report_kind kind, uint32_t number)
{
	struct report message;

	memset(&message, 0, sizeof message);
	message.kind = kind;
	message.number = number;
	return check(in, CALL_write, send(in, &message)) < 0 ? -1 : 0;
}

int report_fd(struct init *in, enum report_kind kind, int fd)
{
	struct report text = { .kind = kind };
	struct io_vector vector = { &text, sizeof text };
	struct control control = {
		.length = offsetof(struct control, fds) + sizeof fd,
		.level = SOCKET_LEVEL,
		.type = SOCKET_RIGHTS,
		.fds = { fd },
	};
	struct message message = {
		.vectors = &vector,
		.vector_count = 1,
		.control = &control,
		.control_length = sizeof control,
	};

	return CHECK(in, sendmsg, in->sync, &message, REPORT_FD_FLAGS) < 0 ? -1 : 0;
}

/* The control buffer has room for as many as there may be: the kernel closes any beyond. */
static int brings_fds(const struct message *message, const struct control *control)
{
	return message->control_length >= sizeof(size_t) && control->level == SOCKET_LEVEL &&
	       control->type == SOCKET_RIGHTS;
}

long receive(int socket, struct report *ret_report, int ret_fds[RECEIVED])
{
	struct control control = { .fds = { -1, -1 } };
	struct io_vector vector = { ret_report, sizeof *ret_report };
	struct message message = {
		.vectors = &vector,
		.vector_count = 1,
		.control = &control,
		.control_length = sizeof control,
	};
	long n;

	do
		n = SYS(recvmsg, socket, &message, SOCKET_CLOEXEC);
	while (n == -EINTR);
	for (int i = 0; i < RECEIVED; i++)
		ret_fds[i] = n >= 0 && brings_fds(&message, &control) ? control.fds[i] : -1;
	return n;
}

int await_go(struct init *in, uint32_t number)
{
	struct report message;
	autofd trace = -1, fd = -1;
	int fds[RECEIVED];
	long n = receive(in->sync, &message, fds);

	fd = fds[RECEIVED_STATE];
	trace = fds[RECEIVED_TRACE];
	if (n < 0)
		return fail(in, CALL_recvmsg, n, NULL);
	if (n != sizeof message || message.kind != REPORT_GO || message.number != number)
		return FAIL(in, recvmsg, -EPROTO, "the host lane is somewhere else");
	if (fd < 0)
		return 0;
	fd_close(&in->state);
	in->state = fd;
	fd = -1;
	return 0;
}

void leave(int status)
{
	SYS(exit_group, status);
	/* A profile that forbids even this lets nobody go. */
	__builtin_trap();
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/command.h"
#include "runtime/commands/commands.h"
#include "runtime/operations.h"

static struct create_request request_of(const struct invocation *in)
{
	const struct options *o = in->options;

	return (struct create_request){
		.id = in->argv[0],
		.bundle = o->bundle,
		.config = o->config,
		.console_socket = o->console_socket,
		.pid_file = o->pid_file,
		.pidfd_socket = o->pidfd_socket,
		.no_pivot = o->no_pivot,
		.no_new_keyring = o->no_new_keyring,
		.no_subreaper = o->no_subreaper,
		.detach = o->detach,
		.keep = o->keep,
		.preserve_fds = (uint32_t)o->preserve_fds,
	};
}

int command_create(struct invocation *in, struct err *e)
{
	struct create_request request = request_of(in);

	return container_create(in->context, &request, e);
}

int command_run(struct invocation *in, struct err *e)
{
	struct create_request request = request_of(in);
	int status = 0;
	int r = container_run(in->context, &request, &status, e);

	return r < 0 ? r : status;
}

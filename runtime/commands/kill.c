/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/command.h"
#include "runtime/commands/commands.h"
#include "runtime/operations.h"

static int kill_one(struct invocation *in, const char *id, struct err *e)
{
	return container_kill(in->context, id, in->argc > 1 ? in->argv[1] : "TERM",
			      in->options->all, e);
}

int command_kill(struct invocation *in, struct err *e)
{
	return for_selected(&(struct selection){ in, kill_one }, e);
}

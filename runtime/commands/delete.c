/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/command.h"
#include "runtime/commands/commands.h"
#include "runtime/operations.h"

static int delete_one(struct invocation *in, const char *id, struct err *e)
{
	return container_delete(in->context, id, in->options->force, e);
}

int command_delete(struct invocation *in, struct err *e)
{
	return for_selected(&(struct selection){ in, delete_one }, e);
}

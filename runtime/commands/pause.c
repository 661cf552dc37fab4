/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/command.h"
#include "runtime/commands/commands.h"
#include "runtime/operations.h"

int command_pause(struct invocation *in, struct err *e)
{
	return container_pause(in->context, in->argv[0], true, e);
}

int command_resume(struct invocation *in, struct err *e)
{
	return container_pause(in->context, in->argv[0], false, e);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/command.h"
#include "runtime/commands/commands.h"
#include "runtime/operations.h"

int command_start(struct invocation *in, struct err *e)
{
	return container_start(in->context, in->argv[0], e);
}

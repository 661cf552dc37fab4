/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "base/err.h"
#include "runtime/command.h"
#include "runtime/commands/commands.h"
#include "runtime/completion.h"

int command_completion(struct invocation *in, struct err *e)
{
	autobuf out = { 0 };

	if (strcmp(in->argv[0], "bash") != 0)
		return err_say(e, EINVAL, "no completion for \"%s\": bash is known", in->argv[0]);
	completion_bash(&out);
	return print_text(&out, e);
}

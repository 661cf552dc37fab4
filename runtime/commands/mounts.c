/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/fd.h"
#include "runtime/command.h"
#include "runtime/commands/commands.h"
#include "runtime/config.h"
#include "runtime/context.h"
#include "runtime/operations.h"
#include "spec/load.h"

static int load(struct invocation *in, const char *file, const struct spec **ret_spec,
		struct err *e)
{
	bool standard_input = str_equal(file, "-");
	autofd opened = standard_input ? -1 : open(file, O_RDONLY | O_CLOEXEC);
	struct problems problems = { 0 };

	if (opened < 0 && !standard_input)
		return err_set(e, errno, "open %s", file);
	if (spec_load_mounts(in->context->arena, standard_input ? STDIN_FILENO : opened, &problems,
			     ret_spec, e) < 0)
		return err_prefix(e, "%s", file);
	config_warn(arena_printf(in->context->arena, "%s: ", file), &problems);
	return 0;
}

int command_mounts(struct invocation *in, struct err *e)
{
	struct mounts_request ask = { .id = in->argv[1], .remove = str_equal(in->argv[0], "remove") };

	if (!ask.remove && !str_equal(in->argv[0], "add"))
		return err_say(e, EINVAL, "\"%s\": must be add or remove", in->argv[0]);
	if (load(in, in->argv[2], &ask.spec, e) < 0)
		return -e->code;
	return container_mounts(in->context, &ask, e);
}

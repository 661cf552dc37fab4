/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/file.h"
#include "runtime/command.h"
#include "runtime/commands/commands.h"
#include "runtime/context.h"
#include "spec/template.h"

static const char *path_of(const struct invocation *in)
{
	const struct options *o = in->options;

	if (o->file)
		return o->file;
	return o->bundle ? arena_printf(in->context->arena, "%s/config.json", o->bundle)
			 : "config.json";
}

/* A config somebody wrote is never overwritten. */
static int write_new(const char *path, const struct strbuf *text, struct err *e)
{
	autofd fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	int r;

	if (fd < 0 && errno == EEXIST)
		return err_say(e, EEXIST, "file %s exists. Remove it first", path);
	if (fd < 0)
		return err_set(e, errno, "cannot create %s", path);
	r = fd_write_all(fd, text->text, text->length);
	if (r == 0)
		return 0;
	unlink(path);
	return err_set(e, -r, "write %s", path);
}

int command_spec(struct invocation *in, struct err *e)
{
	autobuf text = { 0 };

	spec_template(in->options->rootless_spec, geteuid(), getegid(), &text);
	if (str_equal(in->options->file, "-"))
		return print_text(&text, e);
	return write_new(path_of(in), &text, e);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/template.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fd.h"
#include "base/file.h"
#include "runtime/command.h"
#include "runtime/commands/commands.h"

static int open_new(int dir, const char *name, struct err *e)
{
	int fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);

	if (fd < 0 && errno == EEXIST)
		return err_say(e, EEXIST, "%s exists and is not overwritten: remove it first", name);
	return fd < 0 ? err_set(e, errno, "cannot make %s: open", name) : fd;
}

static int write_new(const char *bundle, const char *name, const struct strbuf *text, struct err *e)
{
	autofd dir = open(bundle, O_PATH | O_DIRECTORY | O_CLOEXEC);
	autofd file = -1;
	int r;

	if (dir < 0)
		return err_set(e, errno, "bundle %s: open", bundle);
	file = open_new(dir, name, e);
	if (file < 0)
		return file;
	r = fd_write_all(file, text->text, text->length);
	if (r == 0)
		return 0;
	/* Half a document would stand in the way of the next try. */
	unlinkat(dir, name, 0);
	return err_set(e, -r, "%s: write", name);
}

int command_spec(struct invocation *in, struct err *e)
{
	const struct options *o = in->options;
	autobuf text = { 0 };

	spec_template(o->rootless_spec, geteuid(), getegid(), &text);
	if (str_equal(o->file, "-"))
		return print_text(&text, e);
	return write_new(o->bundle ? o->bundle : ".", o->file ? o->file : "config.json", &text, e);
}

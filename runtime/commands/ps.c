/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>

#include "base/arena.h"
#include "base/err.h"
#include "runtime/capture.h"
#include "runtime/command.h"
#include "runtime/commands/commands.h"
#include "runtime/commands/table.h"
#include "runtime/context.h"
#include "runtime/pids.h"
#include "runtime/state.h"

enum { PS_OUTPUT_MAX = 64 << 20 };

static int load_pids(struct context *context, const char *id, struct pids *ret_pids, struct err *e)
{
	struct container container;
	int r = host_probe(context, e);

	if (r == 0)
		r = container_load(context, id, false, &container, e);
	if (r < 0)
		return r;
	r = container_processes(context, &container, ret_pids, e);
	container_close(&container);
	return r;
}

static int print_pids(const struct pids *pids, struct err *e)
{
	autobuf out = { 0 };

	strbuf_add(&out, "[");
	for (size_t i = 0; i < pids->count; i++)
		strbuf_addf(&out, "%s%d", i ? "," : "", (int)pids->items[i]);
	strbuf_add(&out, "]\n");
	return print_text(&out, e);
}

static char **ps_arguments(const struct invocation *in)
{
	char **argv = arena_array(in->context->arena, (size_t)in->argc + 2, sizeof *argv);

	argv[0] = "ps";
	argv[1] = "-ef";
	for (int i = 1; i < in->argc; i++)
		argv[i] = in->argv[i];
	return argv;
}

static int read_ps(char **argv, struct strbuf *ret_text, struct err *e)
{
	const struct capture what = { .argv = argv, .most = PS_OUTPUT_MAX, .timeout = -1 };
	int r = capture(&what, ret_text, e);

	return r == -ENOENT || r == -EACCES ? err_hint(e, "--format=json works without it") : r;
}

int command_ps(struct invocation *in, struct err *e)
{
	autobuf text = { 0 }, out = { 0 };
	struct pids pids;
	int r = load_pids(in->context, in->argv[0], &pids, e);

	if (r < 0)
		return r;
	if (str_equal(in->options->format, "json"))
		return print_pids(&pids, e);
	r = read_ps(ps_arguments(in), &text, e);
	if (r == 0)
		r = table_filter(text.text ? text.text : "", &pids, &out, e);
	return r < 0 ? r : print_text(&out, e);
}

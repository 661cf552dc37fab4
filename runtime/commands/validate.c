/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "base/err.h"
#include "runtime/command.h"
#include "runtime/commands/bundle.h"
#include "runtime/commands/commands.h"

static void add_problem(struct strbuf *out, bool warning, const char *pointer, const char *text)
{
	strbuf_addf(out, "%s: %s: %s\n", *pointer ? pointer : "config.json",
		    warning ? "warning" : "error", text);
}

static void add_problems(struct strbuf *out, const struct problems *problems)
{
	for (size_t i = 0; i < problems->count; i++)
		add_problem(out, problems->items[i].warning, problems->items[i].pointer,
			    problems->items[i].text);
}

/* A compile error begins with the pointer of the field at fault, when a field is at fault. */
static void add_compile_error(struct strbuf *out, const struct err *e)
{
	const char *colon = strstr(e->text, ": ");

	if (*e->text != '/' || !colon)
		add_problem(out, false, "", e->text);
	else
		strbuf_addf(out, "%.*s: error: %s\n", (int)(colon - e->text), e->text, colon + 2);
}

static int try_plan(struct invocation *in, const struct config *config, struct strbuf *out)
{
	struct plan_header *plan;
	struct err e;
	int r = bundle_plan(in, config, &plan, &e);

	if (r < 0)
		add_compile_error(out, &e);
	return r;
}

int command_validate(struct invocation *in, struct err *e)
{
	__attribute__((cleanup(config_clear))) struct config config = { .fd = -1 };
	autobuf out = { 0 };
	bool valid;
	int r = bundle_host(in, e);

	if (r < 0)
		return r;
	r = config_read(in->context, in->options->bundle, in->options->config, &config, e);
	if (r < 0 && config.problems.errors == 0)
		return r; /* there is no config.json to speak of */
	add_problems(&out, &config.problems);
	valid = r >= 0 && try_plan(in, &config, &out) >= 0;
	r = print_text(&out, e);
	return r < 0 ? r : !valid;
}

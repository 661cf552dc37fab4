/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "base/arena.h"
#include "base/err.h"
#include "plan/findings.h"
#include "runtime/command.h"
#include "runtime/commands/bundle.h"
#include "runtime/commands/commands.h"
#include "runtime/context.h"
#include "spec/sound.h"

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
	if (problems->untold)
		strbuf_addf(out, "config.json: warning: %zu more problems are not listed\n",
			    problems->untold);
}

/* A compile error begins with the pointer of the field at fault, when a field is at fault, and may
 * say in brackets what that holds. */
static void split_compile_error(struct arena *arena, const char *text, struct problem *ret_problem)
{
	const char *colon = strstr(text, ": "), *bracket = strstr(text, " (");

	if (*text != '/' || !colon)
		*ret_problem = (struct problem){ false, "", text };
	else if (bracket && bracket < colon && colon[-1] == ')')
		*ret_problem = (struct problem){
			false, arena_strndup(arena, text, (size_t)(bracket - text)),
			arena_printf(arena, "%.*s: %s", (int)(colon - bracket) - 3, bracket + 2,
				     colon + 2)
		};
	else
		*ret_problem = (struct problem){
			false, arena_strndup(arena, text, (size_t)(colon - text)), colon + 2
		};
}

/* Unless it follows from what is wrong with the document. */
static void add_compile_error(struct arena *arena, struct strbuf *out,
			      const struct problems *problems, const char *text)
{
	struct problem problem;

	split_compile_error(arena, text, &problem);
	if (!problems_doubt(problems, problem.pointer))
		add_problem(out, false, problem.pointer, problem.text);
}

static int try_plan(struct invocation *in, const struct config *config, struct strbuf *out)
{
	struct findings findings = { .arena = in->context->arena };
	struct plan_header *plan;
	struct err e;
	int r = bundle_plan(in, config, &findings, &plan, &e);

	(void)findings_note(&findings, r, &e);
	for (size_t i = 0; i < findings.count; i++)
		add_compile_error(findings.arena, out, &config->problems, findings.items[i]);
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
	valid = !config.problems.errors;
	if (config.spec)
		valid = try_plan(in, &config, &out) >= 0 && valid;
	r = print_text(&out, e);
	return r < 0 ? r : !valid;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "plan/plan.h"

#include "runtime/build.h"
#include "runtime/command.h"
#include "runtime/commands/bundle.h"
#include "runtime/commands/commands.h"

int command_plan(struct invocation *in, struct err *e)
{
	__attribute__((cleanup(config_clear))) struct config config = { .fd = -1 };
	autobuf out = { 0 };
	struct plan_header *plan;
	int r = bundle_host(in, e);

	if (r == 0)
		r = config_read(in->context, in->options->bundle, in->options->config, &config, e);
	if (r == 0)
		r = bundle_plan(in, &config, NULL, &plan, e);
	if (r < 0)
		return r;
	if (str_equal(in->options->format, "json"))
		plan_print_json(plan, &out);
	else
		plan_print(plan, &out);
	return print_text(&out, e);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/lifecycle.h"

#include <errno.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/log.h"
#include "plan/plan.h"
#include "runtime/context.h"
#include "runtime/hooks.h"
#include "runtime/interrupt.h"
#include "runtime/lane.h"
#include "runtime/launch.h"
#include "runtime/state.h"

static const char *const kind_names[HOOK_KINDS] = {
	[HOOK_PRESTART] = "prestart",
	[HOOK_CREATE_RUNTIME] = "createRuntime",
	[HOOK_POSTSTART] = "poststart",
	[HOOK_POSTSTOP] = "poststop",
};

int lifecycle_document(const struct container *container, int status, struct err *e)
{
	autobuf text = { 0 };
	int fd;

	container_document(container, (enum status)status, false, &text);
	fd = memfd_sealed("tare-state", text.text, text.length);
	return fd < 0 ? err_set(e, -fd, "the state document: memfd") : fd;
}

static char **vector(struct arena *arena, const struct strings *list)
{
	char **items = arena_array(arena, list->count + 1, sizeof *items);

	for (size_t i = 0; i < list->count; i++)
		items[i] = (char *)list->items[i];
	return items;
}

static int run_one(struct context *context, const struct spec *spec, enum hook_kind kind, size_t i,
		   const struct container *container, int state, struct err *e)
{
	const struct spec_hook *hook = &spec->hooks[kind].items[i];
	const struct strings path = { &hook->path, 1 };
	struct hook_run run = {
		.name = kind_names[kind],
		.path = hook->path,
		.argv = vector(context->arena, hook->args.count ? &hook->args : &path),
		.envp = vector(context->arena, &hook->env),
		.timeout = hook->has_timeout ? (int)hook->timeout : 0,
		.cwd = container->bundle,
		.state = state,
		.container = -1,
		.interrupt = interrupt_fd(context),
		.program = interrupt_program(context),
		.stdout_file = spec_annotation(spec, HOOK_STDOUT),
		.stderr_file = spec_annotation(spec, HOOK_STDERR),
	};
	int r = hook_run(&run, e);

	return r < 0 ? err_prefix(e, "/hooks/%s/%zu (%s)", kind_names[kind], i, hook->path) : 0;
}

/* config.md#poststop: a failure is logged, and the rest goes on. */
static int run_or_warn(struct context *context, const struct spec *spec, enum hook_kind kind,
		       size_t i, const struct container *container, int state, struct err *e)
{
	int r = run_one(context, spec, kind, i, container, state, e);

	if (r == 0 || kind != HOOK_POSTSTOP)
		return r;
	log_line(LOG_LEVEL_WARNING, "%s", e->text);
	return 0;
}

int lifecycle_hooks(struct context *context, const struct spec *spec, enum hook_kind kind,
		    const struct container *container, int status, struct err *e)
{
	autofd state = -1;
	int r = 0;

	if (!spec->hooks[kind].count)
		return 0;
	state = lifecycle_document(container, status, e);
	if (state < 0)
		return state;
	for (size_t i = 0; r == 0 && i < spec->hooks[kind].count; i++)
		r = run_or_warn(context, spec, kind, i, container, state, e);
	return r;
}

static bool has_init_hooks(const struct plan_header *plan)
{
	size_t count;
	const struct plan_step *steps = plan_steps(plan, LANE_INIT, &count);

	for (size_t i = 0; i < count; i++)
		if (steps[i].op == OP_HOOK)
			return true;
	return false;
}

int lane_state_document(struct lane *lane, int status, struct err *e)
{
	fd_close(&lane->state);
	if (!lane->launch->container)
		return 0;
	lane->state = lifecycle_document(lane->launch->container, status, e);
	return lane->state < 0 ? lane->state : 0;
}

int lane_init_document(struct lane *lane, int status, struct err *e)
{
	fd_close(&lane->state);
	return has_init_hooks(lane->plan) ? lane_state_document(lane, status, e) : 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "base/err.h"
#include "runtime/command.h"
#include "runtime/commands/commands.h"
#include "runtime/duration.h"
#include "runtime/sample.h"
#include "runtime/watch.h"

enum { DEFAULT_INTERVAL = 5000 };

static int print_sample(void *id, const struct sample *sample, struct err *e)
{
	autobuf out = { 0 };

	sample_event(id, sample, &out);
	return print_text(&out, e);
}

static int print_oom(void *id, struct err *e)
{
	autobuf out = { 0 };

	sample_oom_event(id, &out);
	return print_text(&out, e);
}

int interval_of(const struct options *options, int standard, int *ret_ms, struct err *e)
{
	int r;

	*ret_ms = standard;
	if (!options->interval)
		return 0;
	r = duration_parse(options->interval, ret_ms);
	return r < 0 ? err_say(e, -r, "--interval: \"%s\" is not a length of time such as 5s, "
				      "500ms or 1m30s", options->interval)
		     : 0;
}

int command_events(struct invocation *in, struct err *e)
{
	struct watcher watcher = {
		.data = in->argv[0],
		.once = in->options->stats,
		.sample = print_sample,
		.oom = print_oom,
	};
	int r = interval_of(in->options, DEFAULT_INTERVAL, &watcher.interval, e);

	return r < 0 ? r : container_watch(in->context, in->argv[0], &watcher, e);
}

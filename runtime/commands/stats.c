/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/fd.h"
#include "cgroups/cgroup.h"
#include "runtime/command.h"
#include "runtime/commands/commands.h"
#include "runtime/commands/stats_table.h"
#include "runtime/context.h"
#include "runtime/sample.h"
#include "runtime/state.h"

enum { DEFAULT_INTERVAL = 1000 };

/* What the last round knew of a container, to tell what it used since. */
struct known {
	const char *id;
	uint64_t usage;  /* CPU, microseconds */
	uint64_t moment; /* CLOCK_MONOTONIC, microseconds */
};
struct watching {
	struct invocation *in;
	struct context context; /* a round's: its arena is cleared behind each */
	struct known *known;    /* of the round before */
	size_t known_count;
};
/* What a round found. */
struct round {
	struct measured *items;
	struct stats_line *lines;
	size_t count;
};
typedef int print_function(const struct round *, struct err *e);

static uint64_t now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

static int measure(struct context *context, const char *id, struct sample *ret_sample,
		   struct err *e)
{
	autocontainer c = CONTAINER_NONE;
	autofd cgroup = -1;
	int r = container_look(context, id, false, &c, e);

	if (r == 0)
		r = sample_check(&c, e);
	if (r == 0)
		r = cgroup_open(&context->host, c.cgroup, &cgroup, e);
	return r < 0 ? r : sample_take(context->arena, &c, cgroup, ret_sample, e);
}

/* In hundredths of a percent of one CPU; unknown the first time. */
static uint64_t cpu_share(const struct watching *w, const char *id, uint64_t usage,
			  uint64_t moment)
{
	for (size_t i = 0; i < w->known_count; i++) {
		const struct known *k = &w->known[i];

		if (strcmp(k->id, id) == 0 && moment > k->moment && usage >= k->usage)
			return (usage - k->usage) * 10000 / (moment - k->moment);
	}
	return STATS_UNKNOWN;
}

static void add(struct watching *w, const char *id, const struct sample *sample,
		struct round *round)
{
	uint64_t moment = now_us();

	round->items[round->count] = (struct measured){ id, *sample };
	round->lines[round->count] = (struct stats_line){
		.id = id,
		.moment = moment,
		.cpu = cpu_share(w, id, sample->cgroup.cpu.usage, moment),
		.stats = &round->items[round->count].sample.cgroup,
	};
	round->count++;
}

/* Those named, or all. One that ended meanwhile is left out. */
static int measure_all(struct watching *w, const struct strings *ids, bool named,
		       struct round *ret_round, struct err *e)
{
	struct arena *arena = w->context.arena;
	struct round round = { arena_array(arena, ids->count + 1, sizeof *round.items),
			       arena_array(arena, ids->count + 1, sizeof *round.lines), 0 };

	for (size_t i = 0; i < ids->count; i++) {
		struct sample sample;
		int r = measure(&w->context, ids->items[i], &sample, e);

		if (r < 0 && named)
			return r;
		if (r >= 0)
			add(w, ids->items[i], &sample, &round);
	}
	*ret_round = round;
	return 0;
}

/* Kept in the command's own memory, which the next round reads. */
static void remember(struct watching *w, const struct round *round, struct arena *next)
{
	w->known = arena_array(next, round->count + 1, sizeof *w->known);
	w->known_count = round->count;
	for (size_t i = 0; i < round->count; i++)
		w->known[i] = (struct known){
			arena_strdup(next, round->lines[i].id),
			round->lines[i].stats->cpu.usage,
			round->lines[i].moment,
		};
}

static int print_json(const struct round *round, struct err *e)
{
	autobuf out = { 0 };

	for (size_t i = 0; i < round->count; i++)
		sample_event(round->items[i].id, &round->items[i].sample, &out);
	return print_text(&out, e);
}

static int print_metrics(const struct round *round, struct err *e)
{
	autobuf out = { 0 };

	sample_metrics(round->items, round->count, &out);
	return print_text(&out, e);
}

static int print_table(const struct round *round, struct err *e)
{
	autobuf out = { 0 };

	stats_table(round->lines, round->count, &out);
	return print_text(&out, e);
}

/* The window may have another size by now. */
static int print_screen(const struct round *round, struct err *e)
{
	struct winsize window = { 0 };
	autobuf out = { 0 };

	ioctl(STDOUT_FILENO, TIOCGWINSZ, &window);
	stats_screen(round->lines, round->count, window.ws_row, window.ws_col, &out);
	return print_text(&out, e);
}

static const struct form {
	const char *name;
	bool single; /* one sample is all there is to it */
	print_function *print;
} forms[] = {
	{ "table", false, print_table },
	{ "json", false, print_json },
	{ "openmetrics", true, print_metrics },
	{ NULL },
};

static const struct form *form_of(const struct options *options)
{
	const char *name = options->format;
	const struct form *form = forms;

	if (!name)
		name = isatty(STDOUT_FILENO) ? "table" : "json";
	while (strcmp(form->name, name) != 0)
		form++;
	return form;
}

/* One round: 1, 0 when nothing is left to follow, or a negative errno. */
static int one_round(struct watching *w, bool first, print_function *print, struct arena *next,
		     struct err *e)
{
	autoarena arena = { 0 };
	bool named = w->in->argc > 0;
	struct strings ids = { (const char *const *)w->in->argv, (size_t)w->in->argc };
	struct round round;
	int r = 0;

	w->context = *w->in->context;
	w->context.arena = &arena;
	if (!named)
		r = container_ids(&w->context, &ids, e);
	if (r == 0)
		r = measure_all(w, &ids, named && first, &round, e);
	if (r == 0)
		r = print(&round, e);
	if (r < 0)
		return r;
	remember(w, &round, next);
	return !named || round.count > 0;
}

static int rounds(struct watching *w, int interval, print_function *print, struct err *e)
{
	struct arena arenas[2] = { 0 };
	int r = 1;

	for (unsigned i = 0; r > 0; i++) {
		if (i > 0)
			poll(NULL, 0, interval);
		arena_clear(&arenas[i % 2]);
		r = one_round(w, i == 0, print, &arenas[i % 2], e);
	}
	arena_clear(&arenas[0]);
	arena_clear(&arenas[1]);
	return r;
}

static int print_nothing(const struct round *round, struct err *e)
{
	return 0;
}

/* One sample tells no share of the CPU: two, close together, do. */
static int once(struct watching *w, const struct form *form, struct err *e)
{
	enum { MOMENT = 100 };
	autoarena first = { 0 }, second = { 0 };
	int r = 1;

	if (form->print == print_table) {
		r = one_round(w, true, print_nothing, &first, e);
		poll(NULL, 0, MOMENT);
	}
	if (r >= 0)
		r = one_round(w, true, form->print, &second, e);
	return r < 0 ? r : 0;
}

/* On a screen that can be written over. */
static int live(struct watching *w, int interval, struct err *e)
{
	autobuf clear = { 0 };
	int r;

	strbuf_add(&clear, "\033[2J");
	r = print_text(&clear, e);
	return r < 0 ? r : rounds(w, interval, print_screen, e);
}

/* What rounds share is found out ahead of them, in the command's own memory. */
static int prepare(struct invocation *in, int *ret_interval, struct err *e)
{
	int root, r = interval_of(in->options, DEFAULT_INTERVAL, ret_interval, e);

	if (r == 0)
		r = host_probe(in->context, e);
	if (r < 0)
		return r;
	r = state_root(in->context, false, &root, e);
	return r == -ENOENT ? 0 : r;
}

int command_stats(struct invocation *in, struct err *e)
{
	const struct form *form = form_of(in->options);
	struct watching w = { .in = in };
	int interval, r = prepare(in, &interval, e);

	if (r < 0)
		return r;
	if (form->single || in->options->no_stream)
		return once(&w, form, e);
	if (form->print == print_table && isatty(STDOUT_FILENO))
		return live(&w, interval, e);
	return rounds(&w, interval, form->print, e);
}

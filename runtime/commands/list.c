/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/log.h"
#include "runtime/command.h"
#include "runtime/commands/commands.h"
#include "runtime/commands/shown.h"
#include "runtime/context.h"

enum { COLUMNS = 6, COLUMN_MIN = 12, COLUMN_GAP = 3 };

struct listing {
	struct shown *items;
	size_t count;
};

/* One that is deleted meanwhile is not there; one that cannot be read is told of and left out. */
static void load_all(struct context *context, const struct strings *ids, struct listing *list)
{
	list->items = arena_array(context->arena, ids->count + 1, sizeof *list->items);
	list->count = 0;
	for (size_t i = 0; i < ids->count; i++) {
		struct shown *next = &list->items[list->count];
		struct err e;
		int r = shown_load(context, ids->items[i], list->count > 0 ? next - 1 : NULL, next, &e);

		if (r >= 0)
			list->count++;
		else if (r != -ENOENT)
			log_line(LOG_LEVEL_WARNING, "container %s: %s", ids->items[i], e.text);
		/* Thousands of containers must not need thousands of descriptors. */
		if (r >= 0)
			shown_clear(next);
	}
}

static void fill_row(struct arena *arena, const struct shown *shown, const char *cells[COLUMNS])
{
	const struct container *c = &shown->container;
	pid_t pid = shown->status == STATUS_STOPPED ? 0 : c->pid;

	cells[0] = c->id;
	cells[1] = arena_printf(arena, "%d", (int)pid);
	cells[2] = status_names[shown->status];
	cells[3] = c->bundle;
	cells[4] = c->created;
	cells[5] = c->owner;
}

static void widen(int widths[COLUMNS], const char *const cells[COLUMNS])
{
	for (int i = 0; i < COLUMNS; i++) {
		int need = (int)strlen(cells[i]) + COLUMN_GAP;

		widths[i] = need > widths[i] ? need : widths[i];
	}
}

static void print_row(struct strbuf *out, const int widths[COLUMNS],
		      const char *const cells[COLUMNS])
{
	for (int i = 0; i < COLUMNS - 1; i++)
		strbuf_addf(out, "%-*s", widths[i], cells[i]);
	strbuf_addf(out, "%s\n", cells[COLUMNS - 1]);
}

/* Columns as wide as their widest cell, at least COLUMN_MIN: what scripts that cut runc's table
 * expect. */
static void print_table(struct arena *arena, const struct listing *list, struct strbuf *out)
{
	static const char *const titles[COLUMNS] = { "ID",     "PID",     "STATUS",
						     "BUNDLE", "CREATED", "OWNER" };
	const char *(*rows)[COLUMNS] = arena_array(arena, list->count + 1, sizeof *rows);
	int widths[COLUMNS];

	for (int i = 0; i < COLUMNS; i++)
		widths[i] = COLUMN_MIN;
	widen(widths, titles);
	for (size_t i = 0; i < list->count; i++) {
		fill_row(arena, &list->items[i], rows[i]);
		widen(widths, rows[i]);
	}
	print_row(out, widths, titles);
	for (size_t i = 0; i < list->count; i++)
		print_row(out, widths, rows[i]);
}

/* "null" for none is what engines have always been given here. */
static void print_json(const struct listing *list, struct strbuf *out)
{
	if (list->count == 0) {
		strbuf_add(out, "null\n");
		return;
	}
	for (size_t i = 0; i < list->count; i++) {
		strbuf_add(out, i == 0 ? "[" : ",\n");
		container_document(&list->items[i].container, list->items[i].status, true, out);
	}
	strbuf_add(out, "]\n");
}

static void print_ids(const struct strings *ids, struct strbuf *out)
{
	for (size_t i = 0; i < ids->count; i++)
		strbuf_addf(out, "%s\n", ids->items[i]);
}

int command_list(struct invocation *in, struct err *e)
{
	autobuf out = { 0 };
	struct listing list;
	struct strings ids;
	int r = container_ids(in->context, &ids, e);

	if (r < 0)
		return r;
	if (in->options->quiet) {
		print_ids(&ids, &out);
		return print_text(&out, e);
	}
	load_all(in->context, &ids, &list);
	if (str_equal(in->options->format, "json"))
		print_json(&list, &out);
	else
		print_table(in->context->arena, &list, &out);
	return print_text(&out, e);
}

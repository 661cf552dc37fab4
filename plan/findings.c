/* SPDX-License-Identifier: Apache-2.0 */
#include "plan/findings.h"

#include <stdbool.h>
#include <string.h>

#include "base/arena.h"
#include "base/err.h"

static bool is_known(const struct findings *f, const char *text)
{
	for (size_t i = 0; i < f->count; i++)
		if (strcmp(f->items[i], text) == 0)
			return true;
	return false;
}

static void make_room(struct findings *f)
{
	size_t room = f->room ? 2 * f->room : 16;
	const char **items;

	if (f->count < f->room)
		return;
	items = arena_array(f->arena, room, sizeof *items);
	if (f->count)
		memcpy(items, f->items, f->count * sizeof *items);
	f->items = items;
	f->room = room;
}

int findings_note(struct findings *f, int r, const struct err *e)
{
	if (r >= 0 || !f)
		return r;
	if (!is_known(f, e->text)) {
		make_room(f);
		f->items[f->count++] = arena_strdup(f->arena, e->text);
	}
	return 0;
}

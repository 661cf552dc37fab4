/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/environment.h"

#include <string.h>

#include "base/arena.h"

/* A pod may have a few thousand variables, so names are looked up in a table: each place holds 1 + the
 * index of an item, or 0. */
struct variables {
	const char **items;
	size_t count, places; /* a power of two, at least twice as many as there are items */
	size_t *table;
};

static size_t hash(const char *name, size_t length)
{
	uint32_t value = 2166136261u; /* FNV-1a */

	for (size_t i = 0; i < length; i++)
		value = (value ^ (unsigned char)name[i]) * 16777619u;
	return value;
}

/* The place of the name that text begins with, up to its '=' and with it, or a free one. */
static size_t *find(struct variables *v, const char *text, size_t length)
{
	for (size_t at = hash(text, length);; at++) {
		size_t *place = &v->table[at & (v->places - 1)];

		if (!*place || strncmp(v->items[*place - 1], text, length) == 0)
			return place;
	}
}

static void add(struct variables *v, const char *text)
{
	const char *equals = strchr(text, '=');
	size_t *place = equals ? find(v, text, (size_t)(equals - text) + 1) : NULL;

	if (place && *place) {
		v->items[*place - 1] = text;
		return;
	}
	v->items[v->count++] = text;
	if (place)
		*place = v->count;
}

struct strings environment_of(struct arena *arena, const struct strings *a, const struct strings *b)
{
	size_t most = a->count + b->count;
	struct variables v = { .places = 2 };

	while (v.places < 2 * most)
		v.places *= 2;
	v.items = arena_array(arena, most + 1, sizeof *v.items);
	v.table = arena_array(arena, v.places, sizeof *v.table);
	for (size_t i = 0; i < a->count; i++)
		add(&v, a->items[i]);
	for (size_t i = 0; i < b->count; i++)
		add(&v, b->items[i]);
	return (struct strings){ v.items, v.count };
}

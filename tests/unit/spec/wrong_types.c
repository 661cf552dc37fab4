/* SPDX-License-Identifier: Apache-2.0 */
#include "wrong_types.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "base/fd.h"
#include "mutate.h"

/* How far a walk has come: the whole document, who judges, and how often that was. */
struct walk {
	json_t *document;
	struct arena arena;
	judge_function *judge;
	void *argument;
	size_t count;
};

static const char *const others[] = { "true", "7", "1.5", "\"x\"", "[]", "{}" };

/* A number with a fraction is none that any field takes. */
static bool is_same_type(const json_t *a, const json_t *b)
{
	return (json_is_boolean(a) && json_is_boolean(b)) ||
	       (json_typeof(a) == json_typeof(b) && !json_is_real(b));
}

static void parse_now(struct walk *w, const char *pointer, const char *value)
{
	autofree char *text = json_dumps(w->document, 0);
	struct parsed p;

	assert_non_null(text);
	parse_string(text, &p);
	w->judge(w->argument, pointer, value, &p);
	arena_clear(&p.arena);
	w->count++;
}

static void put(json_t *parent, const char *key, size_t index, json_t *value)
{
	int r = key ? json_object_set(parent, key, value) : json_array_set(parent, index, value);

	assert_int_equal(r, 0);
}

static void try_others(struct walk *w, const char *pointer, json_t *parent, const char *key,
		       size_t index, json_t *value)
{
	json_incref(value);
	for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
		json_t *other = json_loads(others[i], JSON_DECODE_ANY, NULL);

		assert_non_null(other);
		if (!is_same_type(value, other)) {
			put(parent, key, index, other);
			parse_now(w, pointer, others[i]);
		}
		json_decref(other);
	}
	put(parent, key, index, value);
	json_decref(value);
}

static const char *escaped(struct arena *arena, const char *key)
{
	char *text = arena_alloc(arena, 2 * strlen(key) + 1), *out = text;

	for (; *key; key++) {
		if (*key == '~' || *key == '/')
			*out++ = '~';
		*out++ = *key == '~' ? '0' : *key == '/' ? '1' : *key;
	}
	return text;
}

static void visit(struct walk *w, const char *pointer, json_t *value);

static void visit_child(struct walk *w, const char *pointer, json_t *parent, const char *key,
			size_t index, json_t *value)
{
	const char *token = key ? escaped(&w->arena, key) : arena_printf(&w->arena, "%zu", index);
	const char *here = arena_printf(&w->arena, "%s/%s", pointer, token);

	visit(w, here, value);
	try_others(w, here, parent, key, index, value);
}

/* An object does not change its keys' order when the value of one is replaced. */
static void visit(struct walk *w, const char *pointer, json_t *value)
{
	const char *key;
	json_t *child;
	size_t i;

	json_object_foreach(value, key, child)
		visit_child(w, pointer, value, key, 0, child);
	json_array_foreach(value, i, child)
		visit_child(w, pointer, value, NULL, i, child);
}

size_t each_wrong_type(const char *text, judge_function *judge, void *argument)
{
	struct walk w = { .judge = judge, .argument = argument };

	w.document = json_loads(text, 0, NULL);
	assert_non_null(w.document);
	visit(&w, "", w.document);
	json_decref(w.document);
	arena_clear(&w.arena);
	return w.count;
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every value of a config that has every field is, in turn, made one of each type that it must not be.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "mutate.h"

enum { AT_LEAST = 1500 };

/* How far a walk has come: the whole document, the value that is looked at, and what was tried. */
struct walk {
	json_t *document;
	struct arena arena;
	size_t count;
};

static const char *const others[] = { "true", "7", "1.5", "\"x\"", "[]", "{}" };

/* A number with a fraction is none that any field takes. */
static bool is_same_type(const json_t *a, const json_t *b)
{
	return (json_is_boolean(a) && json_is_boolean(b)) ||
	       (json_typeof(a) == json_typeof(b) && !json_is_real(b));
}

/* One error, and where the mistake is: neither silence nor a wild goose chase. */
static void judge(const char *pointer, const char *value, const struct parsed *p)
{
	if (p->spec || p->problems.errors != 1)
		fail_msg("%s = %s: %zu errors", pointer, value, p->problems.errors);
	for (size_t i = 0; i < p->problems.count; i++)
		if (!p->problems.items[i].warning &&
		    strcmp(p->problems.items[i].pointer, pointer) != 0)
			fail_msg("%s = %s: the error is said to be at %s", pointer, value,
				 p->problems.items[i].pointer);
	assert_true(strlen(p->message) > strlen(pointer));
}

static void parse_now(struct walk *w, const char *pointer, const char *value)
{
	autofree char *text = json_dumps(w->document, 0);
	struct parsed p;

	assert_non_null(text);
	parse_string(text, &p);
	judge(pointer, value, &p);
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

static void each_is_named(void **state)
{
	struct walk w = { 0 };

	w.document = json_loads(read_test_file(&w.arena, "golden/spec/good/full.json"), 0, NULL);
	assert_non_null(w.document);
	visit(&w, "", w.document);
	assert_true(w.count >= AT_LEAST);
	json_decref(w.document);
	arena_clear(&w.arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(each_is_named) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}

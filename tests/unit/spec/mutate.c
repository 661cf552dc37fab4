/* SPDX-License-Identifier: Apache-2.0 */
#include "mutate.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "base/err.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/text.h"

/* Stands for the new text while jansson writes the document: it cannot hold numbers beyond 63 bits
 * or what is not JSON. */
static const char placeholder[] = "\"<here>\"";

static const char good[] = "golden/spec/good/full.json";

char *read_test_file(struct arena *arena, const char *path)
{
	const char *tests = getenv("TESTS");
	autobuf text = { 0 };

	assert_non_null(tests);
	if (file_read(-100, arena_printf(arena, "%s/%s", tests, path), 1 << 20, &text) < 0)
		fail_msg("cannot read %s", path);
	return arena_strndup(arena, text.text, text.length);
}

void parse_string(const char *text, struct parsed *ret_parsed)
{
	struct err e = { 0 };

	*ret_parsed = (struct parsed){ 0 };
	spec_parse(&ret_parsed->arena, text, strlen(text), &ret_parsed->problems,
		   &ret_parsed->spec, &e);
	snprintf(ret_parsed->message, sizeof ret_parsed->message, "%s", e.text);
}

void parse_file(const char *path, struct parsed *ret_parsed)
{
	autoarena arena = { 0 };

	parse_string(read_test_file(&arena, path), ret_parsed);
}

const struct problem *problem_at(const struct problems *problems, const char *pointer)
{
	for (size_t i = 0; i < problems->count; i++)
		if (strcmp(problems->items[i].pointer, pointer) == 0)
			return &problems->items[i];
	return NULL;
}

/* The token up to the next '/', unescaped. */
static const char *take_token(struct arena *arena, const char **pointer)
{
	size_t length = strcspn(*pointer, "/");
	char *token = arena_strndup(arena, *pointer, length), *out = token;

	*pointer += length;
	for (const char *c = token; *c; c++)
		if (*c == '~')
			*out++ = *++c == '1' ? '/' : '~';
		else
			*out++ = *c;
	*out = '\0';
	return token;
}

static json_t *child(json_t *json, const char *token)
{
	if (json_is_array(json))
		return json_array_get(json, (size_t)atoi(token));
	return json_object_get(json, token);
}

static void put(json_t *parent, const char *token, bool remove)
{
	if (json_is_array(parent) && remove)
		json_array_remove(parent, (size_t)atoi(token));
	else if (json_is_array(parent) && (size_t)atoi(token) == json_array_size(parent))
		json_array_append_new(parent, json_string("<here>"));
	else if (json_is_array(parent))
		json_array_set_new(parent, (size_t)atoi(token), json_string("<here>"));
	else if (remove)
		assert_int_equal(json_object_del(parent, token), 0);
	else
		json_object_set_new(parent, token, json_string("<here>"));
}

static void edit(struct arena *arena, json_t *json, const char *pointer, bool remove)
{
	for (;;) {
		const char *token;

		assert_int_equal(*pointer, '/');
		pointer++;
		token = take_token(arena, &pointer);
		if (!*pointer) {
			put(json, token, remove);
			return;
		}
		json = child(json, token);
		assert_non_null(json);
	}
}

static const char *replace(struct arena *arena, const char *text, const char *with)
{
	const char *at = strstr(text, placeholder);

	if (!at)
		return text;
	return arena_printf(arena, "%.*s%s%s", (int)(at - text), text, with,
			    at + strlen(placeholder));
}

static const char *mutated(struct arena *arena, const struct mutation *m)
{
	json_t *json = json_loads(read_test_file(arena, good), 0, NULL);
	autofree char *text = NULL;

	assert_non_null(json);
	edit(arena, json, m->at, !m->json);
	text = json_dumps(json, 0);
	json_decref(json);
	assert_non_null(text);
	return replace(arena, arena_strdup(arena, text), m->json ? m->json : "");
}

static void fail_with(const struct mutation *m, const struct parsed *p, const char *what)
{
	print_error("%s = %s: %s\n", m->at, m->json ? m->json : "(removed)", what);
	for (size_t i = 0; i < p->problems.count; i++)
		print_error("  %s %s: %s\n", p->problems.items[i].warning ? "warning" : "error",
			    p->problems.items[i].pointer, p->problems.items[i].text);
	fail();
}

static void judge(const struct mutation *m, const struct parsed *p)
{
	const struct problem *problem;

	if (!m->text) {
		if (p->problems.count)
			fail_with(m, p, "expected no problem");
		return;
	}
	problem = problem_at(&p->problems, m->pointer ? m->pointer : m->at);
	if (!problem || !strstr(problem->text, m->text))
		fail_with(m, p, m->text);
	if (problem->warning != m->warning || p->problems.errors != !m->warning)
		fail_with(m, p, "expected just one error, or just a warning");
	if (!p->spec != !m->warning)
		fail_with(m, p, "a config is usable if, and only if, it has no error");
}

void mutate_all(const struct mutation *m)
{
	for (; m->at; m++) {
		autoarena arena = { 0 };
		struct parsed p;

		parse_string(mutated(&arena, m), &p);
		judge(m, &p);
		arena_clear(&p.arena);
	}
}

/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "spec/fields.h"
#include "spec/names.h"
#include "spec/reader.h"
#include "spec/spec.h"

static const struct field *field_of(const struct field *fields, const char *key)
{
	for (; fields->key; fields++)
		if (strcmp(fields->key, key) == 0)
			return fields;
	return NULL;
}

static const char *field_like(const struct field *fields, const char *key)
{
	for (; fields->key; fields++)
		if (word_like(fields->key, key))
			return fields->key;
	return NULL;
}

static void say_unknown(struct reader *r, const struct step *at, const struct field *fields)
{
	const char *like = field_like(fields, at->key);

	if (like)
		say_warning(r, at, "is not a field of the specification, it is ignored (did you "
			    "mean \"%s\"?)", like);
	else
		say_warning(r, at, "is not a field of the specification, it is ignored");
}

static void unknown_keys(struct reader *r, const struct step *at, const struct field *fields,
			 const json_t *json)
{
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)json, key, value) {
		struct step here = { .up = at, .key = key };

		if (!field_of(fields, key))
			say_unknown(r, &here, fields);
	}
}

static void say_missing(struct reader *r, const struct step *at, enum need need)
{
	if (need == REQUIRED)
		say_error(r, at, "is required");
	else if (need == EXPECTED)
		say_warning(r, at, "is required by the specification, it is taken as 0");
}

static void parse_field(struct reader *r, const struct step *at, const struct field *f,
			const json_t *value, char *base)
{
	struct step here = { .up = at, .key = f->key };

	if (!value || json_is_null(value))
		say_missing(r, &here, f->need);
	else if (f->parse(r, &here, f, value, base) && f->has)
		*(bool *)(base + f->has - 1) = true;
}

void fields_parse(struct reader *r, const struct step *at, const struct object *object,
		  const json_t *json, void *base)
{
	if (!json_is_object(json)) {
		wrong_type(r, at, "an object", json);
		return;
	}
	if (object->present)
		*(bool *)((char *)base + object->present - 1) = true;
	for (const struct field *f = object->fields; f->key; f++)
		parse_field(r, at, f, json_object_get(json, f->key), base);
	unknown_keys(r, at, object->fields, json);
}

bool parse_object(struct reader *r, const struct step *at, const struct field *f,
		  const json_t *json, char *base)
{
	fields_parse(r, at, f->object, json, base + f->offset);
	return json_is_object(json);
}

/* Room for count structs, as they are before anything is parsed. */
static char *elements(struct reader *r, const struct object *object, size_t count)
{
	char *items = arena_array(r->arena, count, object->size);

	for (size_t i = 0; object->defaults && i < count; i++)
		memcpy(items + i * object->size, object->defaults, object->size);
	return items;
}

bool parse_list(struct reader *r, const struct step *at, const struct field *f,
		const json_t *json, char *base)
{
	size_t count = json_array_size(json), i;
	char *items = elements(r, f->object, count);
	json_t *value;

	if (!json_is_array(json))
		return wrong_type(r, at, "an array", json);
	json_array_foreach(json, i, value) {
		struct step here = { .up = at, .index = i };

		fields_parse(r, &here, f->object, value, items + i * f->object->size);
	}
	store_list(f, base, items, count);
	return true;
}

bool parse_map(struct reader *r, const struct step *at, const struct field *f,
	       const json_t *json, char *base)
{
	size_t count = json_object_size(json);
	char *items = elements(r, f->object, count), *item = items;
	const char *key, *copy;
	json_t *value;

	if (!json_is_object(json))
		return wrong_type(r, at, "an object", json);
	json_object_foreach((json_t *)json, key, value) {
		struct step here = { .up = at, .key = key };

		fields_parse(r, &here, f->object, value, item);
		copy = arena_strdup(r->arena, key);
		memcpy(item + f->object->key, &copy, sizeof copy);
		item += f->object->size;
	}
	store_list(f, base, items, count);
	return true;
}

static bool pair_element(struct reader *r, const struct step *at, const json_t *json,
			 struct pair *pair)
{
	const char *text = json_is_null(json) ? "" : need_text(r, at, json);

	if (!*at->key)
		say_error(r, at, "has an empty key");
	if (!text)
		return false;
	pair->key = arena_strdup(r->arena, at->key);
	pair->value = arena_strdup(r->arena, text);
	return *at->key;
}

bool parse_pairs(struct reader *r, const struct step *at, const struct field *f,
		 const json_t *json, char *base)
{
	size_t count = json_object_size(json), i = 0;
	struct pair *pairs = arena_array(r->arena, count, sizeof *pairs);
	const char *key;
	json_t *value;

	if (!json_is_object(json))
		return wrong_type(r, at, "an object", json);
	json_object_foreach((json_t *)json, key, value) {
		struct step here = { .up = at, .key = key };

		i += pair_element(r, &here, value, &pairs[i]);
	}
	store_list(f, base, pairs, i);
	return i == count;
}

bool parse_foreign(struct reader *r, const struct step *at, const struct field *f,
		   const json_t *json, char *base)
{
	say_warning(r, at, "is ignored: %s", f->note);
	return true;
}

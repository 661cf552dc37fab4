/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/fields.h"

#include <string.h>

#include "spec/document.h"
#include "spec/names.h"
#include "spec/reader.h"

bool wrong_type(struct reader *r, const struct step *at, const char *wanted, const json_t *json)
{
	say_error(r, at, "must be %s, not %s", wanted, document_type(r, json));
	return false;
}

void store(char *target, size_t size, uint64_t value)
{
	const uint16_t half = (uint16_t)value;
	const uint32_t word = (uint32_t)value;

	if (size == sizeof(char))
		*target = (char)value;
	else if (size == sizeof half)
		memcpy(target, &half, size);
	else if (size == sizeof word)
		memcpy(target, &word, size);
	else
		memcpy(target, &value, sizeof value);
}

void store_list(const struct field *f, char *base, const void *items, size_t count)
{
	memcpy(base + f->offset, &items, sizeof items);
	memcpy(base + f->count, &count, sizeof count);
}

static void store_text(const struct field *f, char *base, const char *text)
{
	memcpy(base + f->offset, &text, sizeof text);
}

const char *need_text(struct reader *r, const struct step *at, const json_t *json)
{
	struct integer ignored;

	if (json_is_string(json) && !document_integer(r, json, &ignored))
		return json_string_value(json);
	wrong_type(r, at, "a string", json);
	return NULL;
}

/* "A, B or C" */
static const char *choices(struct arena *arena, const struct name_value *names)
{
	const char *text = names->name ? names->name : "nothing";

	for (size_t i = 1; names->name && names[i].name; i++)
		text = arena_printf(arena, "%s%s%s", text, names[i + 1].name ? ", " : " or ",
				    names[i].name);
	return text;
}

static const char *hint(struct arena *arena, const char *like)
{
	return like ? arena_printf(arena, " (did you mean \"%s\"?)", like) : "";
}

const struct name_value *need_name(struct reader *r, const struct step *at,
				   const struct name_value *names, const char *text)
{
	const struct name_value *row = name_find(names, text);

	if (!row)
		say_error(r, at, "must be %s, not %s%s", choices(r->arena, names),
			  quoted(r->arena, text), hint(r->arena, name_like(names, text)));
	return row;
}

static bool absent(const struct field *f, const char *text)
{
	return !*text && f->need == OPTIONAL;
}

bool parse_text(struct reader *r, const struct step *at, const struct field *f,
		const json_t *json, char *base)
{
	const char *text = need_text(r, at, json);

	if (!text)
		return false;
	if (!absent(f, text))
		store_text(f, base, arena_strdup(r->arena, text));
	return true;
}

bool parse_name(struct reader *r, const struct step *at, const struct field *f,
		const json_t *json, char *base)
{
	const char *text = need_text(r, at, json);

	if (!text)
		return false;
	return absent(f, text) ||
	       (need_name(r, at, f->names, text) && parse_text(r, at, f, json, base));
}

bool parse_enum(struct reader *r, const struct step *at, const struct field *f,
		const json_t *json, char *base)
{
	const char *text = need_text(r, at, json);
	const struct name_value *row;

	if (!text)
		return false;
	if (absent(f, text))
		return true;
	row = need_name(r, at, f->names, text);
	if (row)
		store(base + f->offset, f->size, row->value);
	return row;
}

bool parse_bool(struct reader *r, const struct step *at, const struct field *f,
		const json_t *json, char *base)
{
	if (!json_is_boolean(json))
		return wrong_type(r, at, "true or false", json);
	*(bool *)(base + f->offset) = json_is_true(json);
	return true;
}

static bool within(const struct integer *i, int64_t least, uint64_t most)
{
	if (i->huge)
		return false;
	if (i->negative)
		return least < 0 && i->magnitude <= 0 - (uint64_t)least;
	return i->magnitude <= most && (least <= 0 || i->magnitude >= (uint64_t)least);
}

static bool need_integer(struct reader *r, const struct step *at, const struct field *f,
			 const json_t *json, uint64_t *ret_value)
{
	struct integer i;

	if (!document_integer(r, json, &i))
		return wrong_type(r, at, "an integer", json);
	if (!within(&i, f->least, f->most)) {
		say_error(r, at, "must be from %lld to %llu, not %s%s%llu", (long long)f->least,
			  (unsigned long long)f->most, i.huge ? "beyond " : "",
			  i.negative ? "-" : "",
			  (unsigned long long)(i.huge ? UINT64_MAX : i.magnitude));
		return false;
	}
	*ret_value = i.negative ? 0 - i.magnitude : i.magnitude;
	return true;
}

bool parse_integer(struct reader *r, const struct step *at, const struct field *f,
		   const json_t *json, char *base)
{
	uint64_t value;

	if (!need_integer(r, at, f, json, &value))
		return false;
	store(base + f->offset, f->size, value);
	return true;
}

/* One element of an array of strings, stored by index. */
typedef bool element_function(struct reader *, const struct step *at, const struct field *,
			      const json_t *json, char *element);

static bool each_element(struct reader *r, const struct step *at, const struct field *f,
			 const json_t *json, element_function *element, char *items, size_t size)
{
	bool valid = true;
	json_t *value;
	size_t i;

	json_array_foreach(json, i, value) {
		struct step here = { .up = at, .index = i };

		valid = element(r, &here, f, value, items + i * size) && valid;
	}
	return valid;
}

static bool parse_array(struct reader *r, const struct step *at, const struct field *f,
			const json_t *json, char *base, element_function *element, size_t size)
{
	size_t count = json_array_size(json);
	char *items;

	if (!json_is_array(json))
		return wrong_type(r, at, "an array", json);
	if (!count)
		return true;
	items = arena_array(r->arena, count, size);
	if (!each_element(r, at, f, json, element, items, size))
		return false;
	store_list(f, base, items, count);
	return true;
}

static bool text_element(struct reader *r, const struct step *at, const struct field *f,
			 const json_t *json, char *element)
{
	const char *text = need_text(r, at, json);

	if (!text || (f->names && !need_name(r, at, f->names, text)))
		return false;
	text = arena_strdup(r->arena, text);
	memcpy(element, &text, sizeof text);
	return true;
}

bool parse_texts(struct reader *r, const struct step *at, const struct field *f,
		 const json_t *json, char *base)
{
	return parse_array(r, at, f, json, base, text_element, sizeof(const char *));
}

static bool gid_element(struct reader *r, const struct step *at, const struct field *f,
			const json_t *json, char *element)
{
	uint64_t value;

	if (!need_integer(r, at, f, json, &value))
		return false;
	store(element, sizeof(uint32_t), value);
	return true;
}

bool parse_gids(struct reader *r, const struct step *at, const struct field *f,
		const json_t *json, char *base)
{
	return parse_array(r, at, f, json, base, gid_element, sizeof(uint32_t));
}

static bool bit_element(struct reader *r, const struct step *at, const struct field *f,
			const json_t *json, char *bits)
{
	const char *text = need_text(r, at, json);
	const struct name_value *row = text ? need_name(r, at, f->names, text) : NULL;

	if (row)
		*(uint64_t *)bits |= row->value;
	return row;
}

bool parse_bits(struct reader *r, const struct step *at, const struct field *f,
		const json_t *json, char *base)
{
	uint64_t bits = 0;

	if (!json_is_array(json))
		return wrong_type(r, at, "an array", json);
	if (!each_element(r, at, f, json, bit_element, (char *)&bits, 0))
		return false;
	store(base + f->offset, f->size, bits);
	return true;
}

/* A capability that this runtime does not know cannot be granted: the specification wants a
 * warning, not a failure. */
static bool capability_element(struct reader *r, const struct step *at, const struct field *f,
			       const json_t *json, char *bits)
{
	const char *text = need_text(r, at, json);
	const struct name_value *row = text ? name_find(f->names, text) : NULL;

	if (row)
		*(uint64_t *)bits |= UINT64_C(1) << row->value;
	else if (text)
		say_warning(r, at, "%s is not a capability that tare knows, it is not granted%s",
			    quoted(r->arena, text),
			    hint(r->arena, name_like(f->names, text)));
	return text;
}

bool parse_capabilities(struct reader *r, const struct step *at, const struct field *f,
			const json_t *json, char *base)
{
	uint64_t bits = 0;

	if (!json_is_array(json))
		return wrong_type(r, at, "an array", json);
	if (!each_element(r, at, f, json, capability_element, (char *)&bits, 0))
		return false;
	store(base + f->offset, f->size, bits);
	return true;
}

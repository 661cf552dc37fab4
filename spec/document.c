/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/document.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/text.h"
#include "spec/quick.h"
#include "spec/reader.h"

/* The shortest decimal that may not fit an int64_t, and the room a stand-in needs. */
enum { LARGE_DIGITS = 19 };
static const char nul_escape[] = "\\u0000";

/* The end of the string that begins behind its quote at c; *ret_nul is its first \u0000, if any. */
static const char *skip_string(const char *c, const char *end, const char **ret_nul)
{
	while (c < end && *c != '"') {
		if (*c != '\\') {
			c++;
			continue;
		}
		if (!*ret_nul && (size_t)(end - c) >= strlen(nul_escape) &&
		    memcmp(c, nul_escape, strlen(nul_escape)) == 0)
			*ret_nul = c;
		c += 2;
	}
	return c < end ? c + 1 : end;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Puts the stand-in where the digits [from, to) were, with blanks behind it, so that lines and
 * columns stay what they are. */
static void stand_in(char *copy, size_t from, size_t to)
{
	char text[32];
	int length = snprintf(text, sizeof text, "\"%s%zu\"", nul_escape, from);

	memset(copy + from, ' ', to - from);
	memcpy(copy + from, text, (size_t)length);
}

/* A number that begins at c; returns its end. */
static const char *number(const char *text, const char *c, const char *end, char *copy)
{
	const char *start = c, *digits = c + (*c == '-');

	for (c = digits; c < end && is_digit(*c); c++)
		;
	if (c - digits >= LARGE_DIGITS && *digits != '0' &&
	    (c == end || !strchr(".eE+-", *c)))
		stand_in(copy, (size_t)(start - text), (size_t)(c - text));
	while (c < end && (is_digit(*c) || (*c && strchr(".eE+-", *c))))
		c++;
	return c;
}

/* Replaces large integers in copy; returns where a string holds \u0000, or NULL. */
static const char *prepare(const char *text, size_t length, char *copy)
{
	const char *c = text, *end = text + length, *nul = NULL;

	while (c < end)
		if (*c == '"')
			c = skip_string(c + 1, end, &nul);
		else if (*c == '-' || is_digit(*c))
			c = number(text, c, end, copy);
		else
			c++;
	return nul;
}

/* What an editor of another system writes ahead of the text shows nowhere. */
static const char *whole_fault(const char *text, size_t length)
{
	if (strspn(text, " \t\r\n") == length)
		return "is empty";
	return str_starts(text, "\xef\xbb\xbf") ? "begins with a byte order mark, which JSON does not have"
						: NULL;
}

/* Whether the rest can be read all the same. */
static bool say_syntax(struct reader *r, const char *text, json_error_t *error)
{
	size_t offset = error->position > 0 ? (size_t)error->position : 0;
	const char *pointer = document_locate(r->arena, text, offset);
	bool twice = json_error_code(error) == json_error_duplicate_key;

	mask_controls(error->text); /* it may quote the document */
	if (twice)
		say_error_at(r, pointer, "is there twice (line %d, column %d)", error->line,
			     error->column);
	else
		say_error_at(r, pointer, "not valid JSON at line %d, column %d: %s", error->line,
			     error->column, error->text);
	return twice;
}

static void say_nul(struct reader *r, const char *text, const char *nul)
{
	size_t offset = (size_t)(nul - text), line = 1, column = 1;

	for (const char *c = text; c < nul; c++) {
		line += *c == '\n';
		column = *c == '\n' ? 1 : column + 1;
	}
	say_error_at(r, document_locate(r->arena, text, offset),
		     "a NUL character in a string (line %zu, column %zu)", line, column);
}

/* Whatever is not plain, and all that is wrong. */
static int parse_slowly(struct reader *r, size_t length, json_t **ret_json)
{
	char *copy = arena_strndup(r->arena, r->text, length);
	const char *nul = prepare(r->text, length, copy), *fault = whole_fault(r->text, length);
	json_error_t error;
	json_t *json;

	if (fault || nul) {
		if (fault)
			say_error_at(r, "", "%s", fault);
		else
			say_nul(r, r->text, nul);
		return -EINVAL;
	}
	json = json_loadb(copy, length, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &error);
	if (!json && say_syntax(r, r->text, &error)) {
		json = json_loadb(copy, length, JSON_ALLOW_NUL, &error);
		if (!json)
			say_syntax(r, r->text, &error);
	}
	if (!json)
		return -EINVAL;
	*ret_json = json;
	return 0;
}

int document_parse(struct reader *r, const char *text, size_t length, json_t **ret_json)
{
	json_t *json;

	/* Otherwise jansson would open /dev/urandom; an address is random enough
	 * for the hash of a file that root is asked to run. */
	json_object_seed((size_t)(uintptr_t)r >> 4 | 1);
	r->text = arena_strndup(r->arena, text, length);
	json = quick_parse(r->arena, r->text, length);
	if (!json)
		return parse_slowly(r, length, ret_json);
	*ret_json = json;
	return 0;
}

static bool is_stand_in(const json_t *json)
{
	return json_is_string(json) && json_string_length(json) > 0 && !*json_string_value(json);
}

static void large_integer(const char *digits, struct integer *ret_integer)
{
	bool negative = *digits == '-';
	uint64_t value = 0;
	bool huge = false;

	for (digits += negative; is_digit(*digits); digits++)
		huge = huge || __builtin_mul_overflow(value, 10u, &value) ||
		       __builtin_add_overflow(value, (uint64_t)(*digits - '0'), &value);
	*ret_integer = (struct integer){ negative, huge, value };
}

bool document_integer(const struct reader *r, const json_t *json, struct integer *ret_integer)
{
	json_int_t value;

	if (is_stand_in(json)) {
		large_integer(r->text + strtoull(json_string_value(json) + 1, NULL, 10),
			      ret_integer);
		return true;
	}
	if (!json_is_integer(json))
		return false;
	value = json_integer_value(json);
	*ret_integer = (struct integer){
		.negative = value < 0,
		.magnitude = value < 0 ? 0 - (uint64_t)value : (uint64_t)value,
	};
	return true;
}

const char *document_type(const struct reader *r, const json_t *json)
{
	static const char *const types[] = {
		[JSON_OBJECT] = "an object", [JSON_ARRAY] = "an array",
		[JSON_STRING] = "a string",  [JSON_INTEGER] = "an integer",
		[JSON_REAL] = "a number with a fraction or an exponent",
		[JSON_TRUE] = "true",        [JSON_FALSE] = "false",
		[JSON_NULL] = "null",
	};

	return is_stand_in(json) ? "an integer" : types[json_typeof(json)];
}

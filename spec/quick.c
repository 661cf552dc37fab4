/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/quick.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"

enum { DEPTH_MOST = 64, DIGITS_MOST = 18 };

struct quick {
	struct arena *arena;
	const char *text, *at, *end;
	int depth;
};

static json_t *value(struct quick *q);

static void skip_blanks(struct quick *q)
{
	while (q->at < q->end && (*q->at == ' ' || *q->at == '\n' || *q->at == '\t' ||
				  *q->at == '\r'))
		q->at++;
}

/* The next character that is no blank, if it is this one. */
static bool take(struct quick *q, char c)
{
	skip_blanks(q);
	if (q->at == q->end || *q->at != c)
		return false;
	q->at++;
	return true;
}

/* Of a string, outside of escapes: printable ASCII. */
static bool is_plain(char c)
{
	return (unsigned char)c >= 0x20 && (unsigned char)c < 0x7f;
}

static int hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* \uXXXX of a character of ASCII; 0 for any other. */
static char unicode(struct quick *q)
{
	int code = 0;

	if (q->end - q->at < 4)
		return 0;
	for (int i = 0; i < 4; i++) {
		int digit = hex(*q->at++);

		if (digit < 0)
			return 0;
		code = code << 4 | digit;
	}
	return code < 0x80 ? (char)code : 0;
}

/* Behind a backslash. */
static char escaped(struct quick *q)
{
	static const char names[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";
	char c = q->at < q->end ? *q->at++ : '\0';
	const char *found = c ? strchr(names, c) : NULL;

	if (c == 'u')
		return unicode(q);
	return found ? meant[found - names] : '\0';
}

/* Up to the closing quote, where a backslash was found. */
static bool unescape(struct quick *q, const char *start, const char **ret_text, size_t *ret_length)
{
	const char *close = q->at;
	char *copy;
	size_t length = (size_t)(q->at - start);
	bool plain = true;

	while (close < q->end && *close != '"')
		close += *close == '\\' ? 2 : 1;
	if (close >= q->end)
		return false;
	copy = arena_alloc(q->arena, (size_t)(close - start) + 1);
	memcpy(copy, start, length);
	while (plain && q->at < close) {
		char c = *q->at++, meant = c == '\\' ? escaped(q) : c;

		plain = is_plain(c) && meant;
		copy[length++] = meant;
	}
	if (!plain)
		return false;
	*ret_text = copy;
	*ret_length = length;
	q->at++;
	return true;
}

/* Behind the opening quote. The text is not terminated. */
static bool string(struct quick *q, const char **ret_text, size_t *ret_length)
{
	const char *start = q->at;

	while (q->at < q->end && is_plain(*q->at) && *q->at != '"' && *q->at != '\\')
		q->at++;
	if (q->at == q->end)
		return false;
	if (*q->at == '\\')
		return unescape(q, start, ret_text, ret_length);
	if (*q->at != '"')
		return false;
	*ret_text = start;
	*ret_length = (size_t)(q->at++ - start);
	return true;
}

static json_t *string_value(struct quick *q)
{
	const char *text;
	size_t length;

	return string(q, &text, &length) ? json_stringn_nocheck(text, length) : NULL;
}

static json_t *stand_in(size_t offset)
{
	char text[32];

	return json_stringn_nocheck(text,
				    (size_t)snprintf(text, sizeof text, "%c%zu", '\0', offset));
}

static json_t *number(struct quick *q)
{
	const char *start = q->at;
	bool negative = *start == '-';
	const char *digits = q->at += negative;
	json_int_t sum = 0;

	for (; q->at < q->end && *q->at >= '0' && *q->at <= '9'; q->at++)
		if (q->at - digits < DIGITS_MOST)
			sum = sum * 10 + (*q->at - '0');
	if (q->at == digits || (*digits == '0' && q->at - digits > 1))
		return NULL;
	if (q->at < q->end && (*q->at == '.' || (*q->at | 0x20) == 'e'))
		return NULL;
	if (q->at - digits > DIGITS_MOST)
		return stand_in((size_t)(start - q->text));
	return json_integer(negative ? -sum : sum);
}

/* Takes the value's reference. */
static bool add_member(json_t *object, const char *key, json_t *member)
{
	size_t before = json_object_size(object);

	return member && json_object_set_new_nocheck(object, key, member) == 0 &&
	       json_object_size(object) > before;
}

static bool member(struct quick *q, json_t *object)
{
	const char *text;
	size_t length;

	if (!take(q, '"') || !string(q, &text, &length))
		return false;
	text = arena_strndup(q->arena, text, length);
	return take(q, ':') && add_member(object, text, value(q));
}

static bool members(struct quick *q, json_t *object)
{
	if (take(q, '}'))
		return true;
	do
		if (!member(q, object))
			return false;
	while (take(q, ','));
	return take(q, '}');
}

static bool elements(struct quick *q, json_t *array)
{
	if (take(q, ']'))
		return true;
	do {
		json_t *element = value(q);

		if (!element || json_array_append_new(array, element) < 0)
			return false;
	} while (take(q, ','));
	return take(q, ']');
}

static json_t *container(struct quick *q, json_t *json, bool (*fill)(struct quick *, json_t *))
{
	bool whole = q->depth++ < DEPTH_MOST && json && fill(q, json);

	q->depth--;
	if (whole)
		return json;
	json_decref(json);
	return NULL;
}

static json_t *word(struct quick *q, const char *text, json_t *json)
{
	size_t length = strlen(text);

	if ((size_t)(q->end - q->at) < length || memcmp(q->at, text, length) != 0)
		return NULL;
	q->at += length;
	return json;
}

static json_t *value(struct quick *q)
{
	skip_blanks(q);
	if (q->at == q->end)
		return NULL;
	switch (*q->at) {
	case '{':
		q->at++;
		return container(q, json_object(), members);
	case '[':
		q->at++;
		return container(q, json_array(), elements);
	case '"':
		q->at++;
		return string_value(q);
	case 't':
		return word(q, "true", json_true());
	case 'f':
		return word(q, "false", json_false());
	case 'n':
		return word(q, "null", json_null());
	default:
		return number(q);
	}
}

json_t *quick_parse(struct arena *arena, const char *text, size_t length)
{
	struct quick q = { arena, text, text, text + length, 0 };
	json_t *json;

	skip_blanks(&q);
	/* jansson takes no bare value for a document either. */
	if (q.at == q.end || (*q.at != '{' && *q.at != '['))
		return NULL;
	json = value(&q);
	skip_blanks(&q);
	if (q.at == q.end)
		return json;
	json_decref(json);
	return NULL;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "cgroups/variant.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/text.h"
#include "cgroups/marshal.h"

enum { DEPTH_MOST = 8 };

/* The basic types: a keyword, the letter, the bytes on the wire, the range of integers. */
static const struct basic {
	const char *keyword;
	char type;
	uint8_t size;
	int64_t min;
	uint64_t max;
} basics[] = {
	{ "boolean", 'b', 4, 0, 1 },
	{ "byte", 'y', 1, 0, UINT8_MAX },
	{ "int16", 'n', 2, INT16_MIN, INT16_MAX },
	{ "uint16", 'q', 2, 0, UINT16_MAX },
	{ "int32", 'i', 4, INT32_MIN, INT32_MAX },
	{ "uint32", 'u', 4, 0, UINT32_MAX },
	{ "int64", 'x', 8, INT64_MIN, INT64_MAX },
	{ "uint64", 't', 8, 0, UINT64_MAX },
	{ "double", 'd', 8, 0, 0 },
	{ "string", 's', 4, 0, 0 },
	{ "objectpath", 'o', 4, 0, 0 },
	{ "signature", 'g', 1, 0, 0 },
};

static const struct basic *basic_of(char type)
{
	for (size_t i = 0; i < sizeof basics / sizeof *basics; i++)
		if (basics[i].type == type)
			return &basics[i];
	return NULL;
}

/* A text while it is read. expected: what a value's type must begin with, "" anything. */
struct text {
	struct arena *arena;
	const char *at;
	unsigned depth;
	const char *fault; /* the first */
};

static int fault(struct text *t, const char *what)
{
	if (!t->fault)
		t->fault = what;
	return -EINVAL;
}

static void skip_blank(struct text *t)
{
	t->at += strspn(t->at, " \t\n");
}

static bool accept(struct text *t, char c)
{
	skip_blank(t);
	if (*t->at != c)
		return false;
	t->at++;
	return true;
}

/* The length of the complete type at the start of a signature, 0 for none. */
static size_t type_length(const char *type, unsigned depth)
{
	size_t at = 1, inner;

	if (basic_of(*type))
		return 1;
	if (depth > DEPTH_MOST || (*type != 'a' && *type != '('))
		return 0;
	do {
		inner = type_length(type + at, depth + 1);
		at += inner;
	} while (*type == '(' && inner && type[at] != ')');
	if (!inner)
		return 0;
	return *type == '(' ? at + 1 : at;
}

static bool fits(const char *expected, const char *type)
{
	return !*expected || strncmp(expected, type, strlen(type)) == 0;
}

static int parse_value(struct text *, const char *expected, struct variant *ret_value);

static const char *basic_type(struct text *t, char type)
{
	return arena_strndup(t->arena, &type, 1);
}

/* \uXXXX as UTF-8. */
static int add_unicode(struct text *t, struct strbuf *out)
{
	char digits[5] = "", utf8[3];
	unsigned long c;
	char *end;

	strncpy(digits, t->at, 4);
	c = strtoul(digits, &end, 16);
	if (strlen(digits) != 4 || *end || !isxdigit((unsigned char)*digits) || !c ||
	    (c >= 0xd800 && c < 0xe000))
		return fault(t, "a \\u that names no character");
	t->at += 4;
	utf8[0] = (char)(c < 0x80 ? c : c < 0x800 ? 0xc0 | c >> 6 : 0xe0 | c >> 12);
	utf8[1] = (char)(c < 0x800 ? 0x80 | (c & 0x3f) : 0x80 | (c >> 6 & 0x3f));
	utf8[2] = (char)(0x80 | (c & 0x3f));
	strbuf_add_bytes(out, utf8, c < 0x80 ? 1 : c < 0x800 ? 2 : 3);
	return 0;
}

static int add_escaped(struct text *t, struct strbuf *out)
{
	static const char letters[] = "abfnrtv", meanings[] = "\a\b\f\n\r\t\v";
	char c = *t->at;
	const char *letter = c ? strchr(letters, c) : NULL;

	if (!c)
		return fault(t, "a string without an end");
	t->at++;
	if (c == 'u')
		return add_unicode(t, out);
	strbuf_add_bytes(out, letter ? &meanings[letter - letters] : &c, 1);
	return 0;
}

static int parse_string(struct text *t, const char *expected, struct variant *ret_value)
{
	char quote = *t->at++, type = *expected ? *expected : 's';
	autobuf out = { 0 };
	int r = 0;

	if (!strchr("sog", type))
		return fault(t, "a string where none belongs");
	strbuf_add(&out, "");
	while (r == 0 && *t->at && *t->at != quote) {
		if (*t->at == '\\') {
			t->at++;
			r = add_escaped(t, &out);
		} else {
			strbuf_add_bytes(&out, t->at++, 1);
		}
	}
	if (r == 0 && *t->at != quote)
		return fault(t, "a string without an end");
	t->at += r == 0;
	ret_value->type = basic_type(t, type);
	ret_value->text = arena_strdup(t->arena, out.text);
	return r;
}

static int parse_double(struct text *t, const char *word, struct variant *ret_value)
{
	char *end;
	double value = strtod(word, &end);

	if (end == word || *end)
		return fault(t, "not a number");
	ret_value->type = "d";
	memcpy(&ret_value->number, &value, sizeof value);
	return 0;
}

static int parse_integer(struct text *t, const char *word, const struct basic *basic,
			 struct variant *ret_value)
{
	bool negative = *word == '-';
	const char *digits = word + (negative || *word == '+');
	uint64_t value;
	char *end;

	if (!isdigit((unsigned char)*digits))
		return fault(t, "not a number");
	errno = 0;
	value = strtoull(digits, &end, 0);
	if (*end)
		return fault(t, "not a number");
	if (errno || value > (negative ? (uint64_t)0 - (uint64_t)basic->min : basic->max))
		return fault(t, "a number out of its type's range");
	ret_value->type = basic_type(t, basic->type);
	ret_value->number = negative ? (uint64_t)0 - value : value;
	return 0;
}

static int parse_number(struct text *t, const char *expected, struct variant *ret_value)
{
	size_t length = strspn(t->at, "+-.0123456789abcdefABCDEFxX");
	const char *word = arena_strndup(t->arena, t->at, length);
	bool hex = strpbrk(word, "xX");
	char type = *expected ? *expected : !hex && strpbrk(word, ".eE") ? 'd' : 'i';
	const struct basic *basic = basic_of(type);

	t->at += length;
	if (type == 'd')
		return parse_double(t, word, ret_value);
	if (!basic || !basic->max || type == 'b')
		return fault(t, "a number where none belongs");
	return parse_integer(t, word, basic, ret_value);
}

static void append(struct text *t, struct variant *list, const struct variant *item)
{
	/* Powers of two: the count tells when the room is used up. */
	if ((list->count & (list->count - 1)) == 0) {
		size_t room = list->count ? 2 * list->count : 1;
		struct variant *items = arena_array(t->arena, room, sizeof *items);

		if (list->count)
			memcpy(items, list->items, list->count * sizeof *items);
		list->items = items;
	}
	list->items[list->count++] = *item;
}

/* All elements are of the first one's type; an empty array's must be said: "@as []". */
static int parse_array(struct text *t, const char *expected, struct variant *ret_value)
{
	const char *element = expected;
	int r = 0;

	if (*expected && *element++ != 'a')
		return fault(t, "an array where none belongs");
	t->at++;
	while (r == 0 && !accept(t, ']')) {
		struct variant item = { 0 };

		if (ret_value->count && !accept(t, ','))
			return fault(t, "elements without a comma between them");
		r = parse_value(t, element, &item);
		if (r == 0)
			append(t, ret_value, &item);
		element = r == 0 && !*element ? item.type : element;
	}
	if (r == 0 && !*element)
		return fault(t, "an empty array without a type, such as \"@as []\"");
	ret_value->type = arena_printf(t->arena, "a%.*s", (int)type_length(element, 0), element);
	return r;
}

static int parse_tuple(struct text *t, const char *expected, struct variant *ret_value)
{
	autobuf type = { 0 };
	int r = 0;

	if (*expected && *expected++ != '(')
		return fault(t, "a tuple where none belongs");
	t->at++;
	strbuf_add(&type, "(");
	while (r == 0 && !accept(t, ')')) {
		struct variant item = { 0 };

		if (ret_value->count && !accept(t, ','))
			return fault(t, "elements without a comma between them");
		if (ret_value->count && accept(t, ')')) /* of one element: ('a',) */
			break;
		r = parse_value(t, expected, &item);
		if (r < 0)
			return r;
		append(t, ret_value, &item);
		strbuf_add(&type, item.type);
		expected += *expected ? strlen(item.type) : 0;
	}
	if (!ret_value->count)
		return fault(t, "an empty tuple");
	strbuf_add(&type, ")");
	ret_value->type = arena_strdup(t->arena, type.text);
	return r;
}

/* "@as []" */
static int parse_annotated(struct text *t, const char *expected, struct variant *ret_value)
{
	size_t length = type_length(++t->at, 0);
	const char *type = arena_strndup(t->arena, t->at, length);

	t->at += length;
	if (!length || !fits(expected, type) || (*t->at != ' ' && *t->at != '\t'))
		return fault(t, "a type that is none, or another than its place has");
	return parse_value(t, type, ret_value);
}

/* true, false, "uint64 5" */
static int parse_word(struct text *t, const char *expected, struct variant *ret_value)
{
	size_t length = strspn(t->at, "abcdefghijklmnopqrstuvwxyz0123456789");
	const char *word = arena_strndup(t->arena, t->at, length);
	bool yes = strcmp(word, "true") == 0;

	t->at += length;
	if (yes || strcmp(word, "false") == 0) {
		ret_value->type = "b";
		ret_value->number = yes;
		return fits(expected, "b") ? 0 : fault(t, "a boolean where none belongs");
	}
	for (size_t i = 0; i < sizeof basics / sizeof *basics; i++) {
		const char *type = basic_type(t, basics[i].type);

		if (strcmp(word, basics[i].keyword) != 0)
			continue;
		return fits(expected, type) ? parse_value(t, type, ret_value)
					    : fault(t, "a keyword of another type than its place has");
	}
	return fault(t, "neither a number, a quoted string, true, false, nor an array");
}

static int parse_value(struct text *t, const char *expected, struct variant *ret_value)
{
	int r;

	if (t->depth++ > 2 * DEPTH_MOST)
		return fault(t, "too deep");
	skip_blank(t);
	if (*t->at == '@')
		r = parse_annotated(t, expected, ret_value);
	else if (*t->at == '\'' || *t->at == '"')
		r = parse_string(t, expected, ret_value);
	else if (*t->at == '[')
		r = parse_array(t, expected, ret_value);
	else if (*t->at == '(')
		r = parse_tuple(t, expected, ret_value);
	else if (*t->at && strchr("+-.0123456789", *t->at))
		r = parse_number(t, expected, ret_value);
	else
		r = parse_word(t, expected, ret_value);
	t->depth--;
	return r;
}

int variant_parse(struct arena *arena, const char *text, struct variant *ret_value, struct err *e)
{
	struct text t = { .arena = arena, .at = text };
	struct variant value = { 0 };
	int r = parse_value(&t, "", &value);

	skip_blank(&t);
	if (r == 0 && *t.at)
		r = fault(&t, "more behind the value");
	if (r < 0)
		return err_say(e, EINVAL, "\"%s\" is no value: %s, at \"%.20s\"", text, t.fault,
			       t.at);
	*ret_value = value;
	return 0;
}

static size_t alignment_of(const char *type)
{
	const struct basic *basic = basic_of(*type);

	if (basic)
		return basic->size;
	return *type == '(' ? 8 : 4;
}

static void write_items(const struct variant *v, struct strbuf *body)
{
	for (size_t i = 0; i < v->count; i++)
		variant_write(&v->items[i], body);
}

void variant_write(const struct variant *v, struct strbuf *body)
{
	size_t begun;

	if (*v->type == '(') {
		bus_align(body, 8);
		write_items(v, body);
	} else if (*v->type == 'a') {
		begun = bus_array_begin(body, alignment_of(v->type + 1));
		write_items(v, body);
		bus_array_end(body, begun, alignment_of(v->type + 1));
	} else if (*v->type == 'g') {
		bus_put_signature(body, v->text);
	} else if (v->text) {
		bus_put_string(body, v->text);
	} else {
		bus_put(body, v->number, alignment_of(v->type)); /* as large */
	}
}

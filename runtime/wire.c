/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/wire.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/arena.h"
#include "base/text.h"

/* Wire types: how far a field reaches that nobody knows. */
enum { TYPE_VARINT, TYPE_64, TYPE_BYTES, TYPE_32 = 5 };
enum { TYPE_BITS = 3, VARINT_MAX = 10, DEPTH_MAX = 8 };

static const void *member(const struct wire_field *field, const void *message)
{
	return (const char *)message + field->offset;
}

static int64_t number_of(const struct wire_field *field, const void *value)
{
	return field->kind == WIRE_BOOL ? *(const bool *)value : *(const int64_t *)value;
}

/* Whether there is more than a zero. */
static bool is_set(const struct wire_field *field, const void *message)
{
	const void *value = member(field, message);

	if (field->rule == WIRE_REPEATED)
		return ((const struct wire_list *)value)->count > 0;
	if (field->kind == WIRE_TEXT)
		return *(const char *const *)value != NULL;
	if (field->kind != WIRE_MESSAGE)
		return number_of(field, value) != 0;
	for (const struct wire_field *inner = field->message; inner->name; inner++)
		if (is_set(inner, value))
			return true;
	return false;
}

/* The value at index of a repeated field. A list of texts holds pointers, which a value is too. */
static const void *item(const struct wire_field *field, const struct wire_list *list, size_t index)
{
	size_t size = field->kind == WIRE_TEXT ? sizeof(char *) : field->size;

	return (const char *)list->items + index * size;
}

/* Calls visit for each value that is there, in the order of the rows. */
typedef void visit_function(const struct wire_field *, const void *value, void *data);

static void each(const struct wire_field *fields, const void *message, visit_function *visit,
		 void *data)
{
	for (const struct wire_field *field = fields; field->name; field++) {
		const void *value = member(field, message);

		if (field->rule != WIRE_ALWAYS && !is_set(field, message))
			continue;
		if (field->rule != WIRE_REPEATED) {
			visit(field, value, data);
			continue;
		}
		for (size_t i = 0; i < ((const struct wire_list *)value)->count; i++)
			visit(field, item(field, value, i), data);
	}
}

static void put_varint(struct strbuf *bytes, uint64_t value)
{
	do {
		uint8_t byte = (uint8_t)((value & 0x7f) | (value > 0x7f ? 0x80 : 0));

		strbuf_add_bytes(bytes, &byte, 1);
		value >>= 7;
	} while (value);
}

static void put_bytes(struct strbuf *bytes, const void *value, size_t length)
{
	put_varint(bytes, length);
	strbuf_add_bytes(bytes, value, length);
}

static void encode_one(const struct wire_field *field, const void *value, void *data)
{
	struct strbuf *bytes = data;
	bool number = field->kind == WIRE_BOOL || field->kind == WIRE_NUMBER;

	put_varint(bytes, (uint64_t)field->number << TYPE_BITS | (number ? TYPE_VARINT : TYPE_BYTES));
	if (number) {
		put_varint(bytes, (uint64_t)number_of(field, value));
	} else if (field->kind == WIRE_TEXT) {
		const char *text = *(const char *const *)value;

		put_bytes(bytes, text, strlen(text));
	} else {
		autobuf inner = { 0 };

		strbuf_add(&inner, "");
		wire_encode(field->message, value, &inner);
		put_bytes(bytes, inner.text, inner.length);
	}
}

void wire_encode(const struct wire_field *fields, const void *message, struct strbuf *ret_bytes)
{
	each(fields, message, encode_one, ret_bytes);
}

struct printing {
	const char *prefix;
	struct strbuf *text;
};

static void print_one(const struct wire_field *field, const void *value, void *data)
{
	const struct printing *p = data;

	if (field->kind == WIRE_MESSAGE) {
		autobuf prefix = { 0 };

		strbuf_addf(&prefix, "%s%s.", p->prefix, field->name);
		each(field->message, value, print_one,
		     &(struct printing){ prefix.text, p->text });
	} else if (field->kind == WIRE_TEXT) {
		strbuf_addf(p->text, "%s%s: \"%s\"\n", p->prefix, field->name,
			    *(const char *const *)value);
	} else {
		strbuf_addf(p->text, "%s%s: %" PRId64 "\n", p->prefix, field->name,
			    number_of(field, value));
	}
}

void wire_print(const struct wire_field *fields, const void *message, struct strbuf *ret_text)
{
	each(fields, message, print_one, &(struct printing){ "", ret_text });
}

/* What is left of the bytes of one message. */
struct reading {
	struct arena *arena;
	const uint8_t *at, *end;
	unsigned depth;
};

static bool take_varint(struct reading *r, uint64_t *ret_value)
{
	uint64_t value = 0;

	for (unsigned i = 0; i < VARINT_MAX && r->at < r->end; i++) {
		uint8_t byte = *r->at++;

		value |= (uint64_t)(byte & 0x7f) << (7 * i);
		if (!(byte & 0x80)) {
			*ret_value = value;
			return true;
		}
	}
	return false;
}

static bool take_bytes(struct reading *r, uint64_t length, const uint8_t **ret_bytes)
{
	if (length > (uint64_t)(r->end - r->at))
		return false;
	*ret_bytes = r->at;
	r->at += length;
	return true;
}

static const struct wire_field *find(const struct wire_field *fields, uint64_t number)
{
	for (const struct wire_field *field = fields; field->name; field++)
		if (field->number == number && field->rule != WIRE_REPEATED)
			return field;
	return NULL;
}

static bool decode_all(struct reading *, const struct wire_field *, void *message);

static void set_number(const struct wire_field *field, uint64_t value, void *message)
{
	char *at = (char *)message + field->offset;

	if (field->kind == WIRE_BOOL)
		*(bool *)at = value != 0;
	else if (field->kind == WIRE_NUMBER)
		*(int64_t *)at = (int64_t)value;
}

/* A text with a NUL in it is none. */
static bool set_bytes(const struct reading *r, const struct wire_field *field, const uint8_t *bytes,
		      size_t length, void *message)
{
	char *at = (char *)message + field->offset;
	struct reading inner = { r->arena, bytes, bytes + length, r->depth + 1 };

	if (field->kind == WIRE_MESSAGE)
		return inner.depth < DEPTH_MAX && decode_all(&inner, field->message, at);
	if (field->kind != WIRE_TEXT || memchr(bytes, '\0', length))
		return false;
	*(const char **)at = arena_strndup(r->arena, (const char *)bytes, length);
	return true;
}

static bool decode_one(struct reading *r, const struct wire_field *fields, void *message)
{
	const struct wire_field *field;
	const uint8_t *bytes;
	uint64_t key, value;
	unsigned type;

	if (!take_varint(r, &key))
		return false;
	field = find(fields, key >> TYPE_BITS);
	type = key & ((1 << TYPE_BITS) - 1);
	if (type == TYPE_64 || type == TYPE_32)
		return take_bytes(r, type == TYPE_64 ? 8 : 4, &bytes);
	if ((type != TYPE_VARINT && type != TYPE_BYTES) || !take_varint(r, &value))
		return false;
	if (type == TYPE_VARINT) {
		if (field)
			set_number(field, value, message);
		return true;
	}
	if (!take_bytes(r, value, &bytes))
		return false;
	return !field || set_bytes(r, field, bytes, value, message);
}

static bool decode_all(struct reading *r, const struct wire_field *fields, void *message)
{
	while (r->at < r->end)
		if (!decode_one(r, fields, message))
			return false;
	return true;
}

int wire_decode(struct arena *arena, const struct wire_field *fields, const void *bytes,
		size_t length, void *ret_message)
{
	struct reading r = { arena, bytes, (const uint8_t *)bytes + length, 0 };

	return decode_all(&r, fields, ret_message) ? 0 : -EBADMSG;
}

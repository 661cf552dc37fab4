/* SPDX-License-Identifier: Apache-2.0 */
#include "base/text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

int parse_u64(const char *text, uint64_t max, uint64_t *ret_value)
{
	uint64_t value = 0;

	if (!*text)
		return -EINVAL;
	for (const char *c = text; *c; c++)
		if (*c < '0' || *c > '9')
			return -EINVAL;
	for (const char *c = text; *c; c++)
		if (__builtin_mul_overflow(value, 10u, &value) ||
		    __builtin_add_overflow(value, (uint64_t)(*c - '0'), &value))
			return -ERANGE;
	if (value > max)
		return -ERANGE;
	*ret_value = value;
	return 0;
}

int parse_i64(const char *text, int64_t min, int64_t max, int64_t *ret_value)
{
	bool negative = *text == '-';
	uint64_t magnitude;
	uint64_t limit = (uint64_t)INT64_MAX + negative;
	int64_t value;
	int r = parse_u64(text + negative, limit, &magnitude);

	if (r < 0)
		return r;
	value = negative ? (int64_t)(0 - magnitude) : (int64_t)magnitude;
	if (value < min || value > max)
		return -ERANGE;
	*ret_value = value;
	return 0;
}

const struct name_value *name_find(const struct name_value *table,
				   const char *name)
{
	for (; table->name; table++)
		if (strcmp(table->name, name) == 0)
			return table;
	return NULL;
}

const char *name_of(const struct name_value *table, uint64_t value)
{
	for (; table->name; table++)
		if (table->value == value)
			return table->name;
	return NULL;
}

bool str_starts(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

bool str_equal(const char *a, const char *b)
{
	if (!a || !b)
		return a == b;
	return strcmp(a, b) == 0;
}

static void reserve(struct strbuf *buf, size_t more)
{
	size_t need, size = buf->size ? buf->size : 256;
	char *text;

	if (__builtin_add_overflow(buf->length, more, &need) ||
	    __builtin_add_overflow(need, 1u, &need))
		memory_out();
	if (need <= buf->size)
		return;
	while (size < need)
		size *= 2;
	text = realloc(buf->text, size);
	if (!text)
		memory_out();
	buf->text = text;
	buf->size = size;
}

void strbuf_add_bytes(struct strbuf *buf, const void *bytes, size_t length)
{
	reserve(buf, length);
	memcpy(buf->text + buf->length, bytes, length);
	buf->length += length;
	buf->text[buf->length] = '\0';
}

void strbuf_add(struct strbuf *buf, const char *text)
{
	strbuf_add_bytes(buf, text, strlen(text));
}

void strbuf_add_u64(struct strbuf *buf, uint64_t value)
{
	char digits[20];
	size_t first = sizeof digits;

	do
		digits[--first] = (char)('0' + value % 10);
	while (value /= 10);
	strbuf_add_bytes(buf, digits + first, sizeof digits - first);
}

void strbuf_add_i64(struct strbuf *buf, int64_t value)
{
	if (value < 0)
		strbuf_add(buf, "-");
	strbuf_add_u64(buf, value < 0 ? 0 - (uint64_t)value : (uint64_t)value);
}

/* How long it would have been; nothing is told of what did not fit. */
__attribute__((format(printf, 2, 0))) static size_t add_formatted(struct strbuf *buf,
								   const char *fmt, va_list args)
{
	size_t room = buf->size - buf->length;
	int length = vsnprintf(buf->text ? buf->text + buf->length : NULL, room, fmt, args);

	if (length < 0)
		memory_out();
	return (size_t)length;
}

void strbuf_addf(struct strbuf *buf, const char *fmt, ...)
{
	va_list args, again;
	size_t length;

	va_start(args, fmt);
	va_copy(again, args);
	length = add_formatted(buf, fmt, args);
	if (length >= buf->size - buf->length) {
		reserve(buf, length);
		add_formatted(buf, fmt, again);
	}
	va_end(again);
	va_end(args);
	buf->length += length;
}

void strbuf_clear(struct strbuf *buf)
{
	free(buf->text);
	*buf = (struct strbuf){ 0 };
}

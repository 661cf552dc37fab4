/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"

#include <stddef.h>

#include "base/text.h"

/* RFC 3629, section 4: the byte ranges that begin a sequence, and those of its second byte. */
static const struct utf8_row {
	unsigned char first, last, second_first, second_last;
	size_t length;
} utf8_rows[] = {
	{ 0x01, 0x7f, 0x00, 0x00, 1 }, { 0xc2, 0xdf, 0x80, 0xbf, 2 }, { 0xe0, 0xe0, 0xa0, 0xbf, 3 },
	{ 0xe1, 0xec, 0x80, 0xbf, 3 }, { 0xed, 0xed, 0x80, 0x9f, 3 }, { 0xee, 0xef, 0x80, 0xbf, 3 },
	{ 0xf0, 0xf0, 0x90, 0xbf, 4 }, { 0xf1, 0xf3, 0x80, 0xbf, 4 }, { 0xf4, 0xf4, 0x80, 0x8f, 4 },
};

static size_t sequence_length(const struct utf8_row *row, const unsigned char *text)
{
	if (row->length > 1 && (text[1] < row->second_first || text[1] > row->second_last))
		return 0;
	for (size_t i = 2; i < row->length; i++)
		if (text[i] < 0x80 || text[i] > 0xbf)
			return 0;
	return row->length;
}

/* The length of the UTF-8 sequence at text, 0 when there is none. */
static size_t utf8_length(const unsigned char *text)
{
	for (size_t i = 0; i < sizeof utf8_rows / sizeof *utf8_rows; i++)
		if (*text >= utf8_rows[i].first && *text <= utf8_rows[i].last)
			return sequence_length(&utf8_rows[i], text);
	return 0;
}

static const struct name_value escapes[] = {
	{ "\\\"", '"' }, { "\\\\", '\\' }, { "\\n", '\n' },
	{ "\\t", '\t' }, { "\\r", '\r' },  { NULL, 0 },
};

static size_t add_character(struct strbuf *buf, const unsigned char *text)
{
	const char *escape = name_of(escapes, *text);
	size_t length = utf8_length(text);

	if (escape)
		strbuf_add(buf, escape);
	else if (*text < ' ')
		strbuf_addf(buf, "\\u%04x", *text);
	else if (length)
		strbuf_add_bytes(buf, text, length);
	else
		strbuf_add(buf, "\\ufffd");
	return length ? length : 1;
}

/* How many of the characters stand for themselves: nearly all there are. */
static size_t plain_length(const unsigned char *text)
{
	size_t length = 0;

	while (text[length] >= ' ' && text[length] < 0x7f && text[length] != '"' &&
	       text[length] != '\\')
		length++;
	return length;
}

void json_add_string(struct strbuf *buf, const char *text)
{
	const unsigned char *at = (const unsigned char *)text;

	strbuf_add(buf, "\"");
	while (*at) {
		size_t plain = plain_length(at);

		strbuf_add_bytes(buf, at, plain);
		at += plain;
		if (*at)
			at += add_character(buf, at);
	}
	strbuf_add(buf, "\"");
}

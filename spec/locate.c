/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/arena.h"
#include "base/text.h"
#include "spec/document.h"
#include "spec/reader.h"

/* Deeper than any config; what is deeper is located up to here. */
enum { DEPTH_MAX = 64 };

/* An object or array that is open at the place in question. */
struct frame {
	bool object;
	bool wants_key;
	const char *key; /* the last one seen, behind its quote */
	size_t key_length;
	size_t index;
};

struct locator {
	struct frame frames[DEPTH_MAX];
	size_t depth; /* may be beyond DEPTH_MAX */
};

static struct frame *top(struct locator *l)
{
	return l->depth && l->depth <= DEPTH_MAX ? &l->frames[l->depth - 1] : NULL;
}

static void open_frame(struct locator *l, bool object)
{
	l->depth++;
	if (top(l))
		*top(l) = (struct frame){ .object = object, .wants_key = object };
}

static void close_frame(struct locator *l)
{
	if (l->depth)
		l->depth--;
}

static void next_member(struct frame *frame)
{
	if (!frame)
		return;
	frame->index++;
	frame->wants_key = frame->object;
	frame->key = NULL;
}

/* The quote that ends the string, or the end of the text. */
static const char *string_end(const char *c, const char *end)
{
	while (c < end && *c != '"')
		c += *c == '\\' ? 2 : 1;
	return c < end ? c : end;
}

static const char *take_string(struct frame *frame, const char *c, const char *end)
{
	const char *close = string_end(c, end);

	if (frame && frame->wants_key) {
		frame->key = c;
		frame->key_length = (size_t)(close - c);
		frame->wants_key = false;
	}
	return close;
}

static const char *walk(struct locator *l, const char *c, const char *end)
{
	switch (*c) {
	case '{':
	case '[':
		open_frame(l, *c == '{');
		break;
	case '}':
	case ']':
		close_frame(l);
		break;
	case ',':
		next_member(top(l));
		break;
	case '"':
		return take_string(top(l), c + 1, end);
	}
	return c;
}

static void add_token(struct arena *arena, const struct frame *frame, struct strbuf *pointer)
{
	if (!frame->object)
		strbuf_addf(pointer, "/%zu", frame->index);
	else if (frame->key)
		strbuf_addf(pointer, "/%s",
			    pointer_token(arena, arena_strndup(arena, frame->key,
							       frame->key_length)));
}

const char *document_locate(struct arena *arena, const char *text, size_t offset)
{
	const char *end = text + offset;
	struct locator l = { .depth = 0 };
	autobuf pointer = { 0 };

	for (const char *c = text; c < end; c++)
		c = walk(&l, c, end);
	for (size_t i = 0; i < l.depth && i < DEPTH_MAX; i++)
		add_token(arena, &l.frames[i], &pointer);
	return arena_strdup(arena, pointer.text ? pointer.text : "");
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/reader.h"

#include <string.h>

#include "base/text.h"

/* A program that writes one thing wrong writes it a thousand times: nobody reads on, and whether a place is in doubt is
 * looked up among all. */
enum { QUOTED_MAX = 80, WARNINGS_MOST = 500, PROBLEMS_MOST = 1000 };

static void add_problem(struct reader *r, bool warning, const char *pointer, const char *fmt,
			va_list args)
{
	struct problems *p = r->problems;

	p->errors += !warning;
	if (p->count >= (warning ? WARNINGS_MOST : PROBLEMS_MOST)) {
		p->untold++;
		return;
	}
	if (p->count == r->room) {
		struct problem *old = p->items;

		r->room = r->room ? r->room * 2 : 16;
		p->items = arena_array(r->arena, r->room, sizeof *p->items);
		if (p->count)
			memcpy(p->items, old, p->count * sizeof *old);
	}
	p->items[p->count++] = (struct problem){
		.warning = warning,
		.pointer = pointer,
		.text = arena_vprintf(r->arena, fmt, args),
	};
}

void mask_controls(char *text)
{
	for (char *c = text; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			*c = '?';
}

const char *pointer_token(struct arena *arena, const char *key)
{
	char *token = arena_alloc(arena, 2 * strlen(key) + 1), *out = token;

	for (; *key; key++) {
		bool escape = *key == '~' || *key == '/';

		*out++ = escape ? '~' : *key;
		if (escape)
			*out++ = *key == '~' ? '0' : '1';
	}
	mask_controls(token);
	return token;
}

static const char *pointer_to(struct arena *arena, const struct step *at)
{
	if (!at)
		return "";
	if (!at->key)
		return arena_printf(arena, "%s/%zu", pointer_to(arena, at->up), at->index);
	return arena_printf(arena, "%s/%s", pointer_to(arena, at->up),
			    pointer_token(arena, at->key));
}

void say_error(struct reader *r, const struct step *at, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	add_problem(r, false, pointer_to(r->arena, at), fmt, args);
	va_end(args);
}

void say_warning(struct reader *r, const struct step *at, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	add_problem(r, true, pointer_to(r->arena, at), fmt, args);
	va_end(args);
}

void say_error_at(struct reader *r, const char *pointer, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	add_problem(r, false, pointer, fmt, args);
	va_end(args);
}

void say_warning_at(struct reader *r, const char *pointer, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	add_problem(r, true, pointer, fmt, args);
	va_end(args);
}

bool same_branch(const char *a, const char *b)
{
	while (*a && *a == *b)
		a++, b++;
	return (!*a || *a == '/') && (!*b || *b == '/') && (!*a || !*b);
}

bool in_doubt(const struct reader *r, const char *pointer)
{
	for (size_t i = 0; i < r->problems->count; i++)
		if (!r->problems->items[i].warning &&
		    same_branch(r->problems->items[i].pointer, pointer))
			return true;
	return false;
}

/* How much of text is shown: no half UTF-8 sequence at the end. */
static size_t shown_length(const char *text)
{
	size_t length = strnlen(text, QUOTED_MAX + 1);

	if (length <= QUOTED_MAX)
		return length;
	length = QUOTED_MAX;
	while (length && ((unsigned char)text[length] & 0xc0) == 0x80)
		length--;
	return length;
}

const char *quoted(struct arena *arena, const char *text)
{
	size_t length = shown_length(text);
	char *copy = arena_printf(arena, "\"%.*s%s\"", (int)length, text,
				  text[length] ? "..." : "");

	mask_controls(copy);
	return copy;
}

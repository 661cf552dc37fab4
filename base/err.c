/* SPDX-License-Identifier: Apache-2.0 */
#include "base/err.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* A message must stay on one line whatever a file name or a label holds. */
static void one_line(char *text)
{
	for (char *c = text; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			*c = '?';
}

static int fill(struct err *e, int code, const char *fmt, va_list args)
{
	e->code = code > 0 ? code : EIO;
	vsnprintf(e->text, sizeof e->text, fmt, args);
	one_line(e->text);
	return -e->code;
}

static void append(struct err *e, const char *before, const char *text,
		   const char *after)
{
	size_t used = strlen(e->text);

	snprintf(e->text + used, sizeof e->text - used, "%s%s%s", before, text,
		 after);
}

int err_set(struct err *e, int code, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	fill(e, code, fmt, args);
	va_end(args);
	append(e, ": ", strerror(e->code), "");
	return -e->code;
}

int err_say(struct err *e, int code, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	fill(e, code, fmt, args);
	va_end(args);
	return -e->code;
}

int err_prefix(struct err *e, const char *fmt, ...)
{
	struct err old = *e;
	va_list args;

	va_start(args, fmt);
	fill(e, old.code, fmt, args);
	va_end(args);
	append(e, ": ", old.text, "");
	return -e->code;
}

int err_hint(struct err *e, const char *fmt, ...)
{
	struct err hint;
	va_list args;

	va_start(args, fmt);
	fill(&hint, e->code, fmt, args);
	va_end(args);
	append(e, " (", hint.text, ")");
	return -e->code;
}

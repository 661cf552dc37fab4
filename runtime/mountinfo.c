/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/mountinfo.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"

enum { FIELD_ID = 0, FIELD_DEVICE = 2, FIELD_POINT = 4 };

static bool is_octal(char c)
{
	return c >= '0' && c <= '7';
}

/* Blanks and the like are written as \040. */
static char *unescape(struct arena *arena, const char *text, size_t length)
{
	char *out = arena_strndup(arena, text, length), *to = out;

	for (const char *from = out; *from; to++) {
		bool escaped = from[0] == '\\' && is_octal(from[1]) && is_octal(from[2]) &&
			       is_octal(from[3]);

		*to = escaped ? (char)((from[1] - '0') << 6 | (from[2] - '0') << 3 | (from[3] - '0'))
			      : *from;
		from += escaped ? 4 : 1;
	}
	*to = '\0';
	return out;
}

static bool parse(struct arena *arena, const char *line, size_t length, struct mount_line *ret_line)
{
	const char *end = line + length;

	for (int field = 0; field <= FIELD_POINT; field++) {
		size_t word = 0;

		while (line + word < end && line[word] != ' ')
			word++;
		if (!word)
			return false;
		if (field == FIELD_ID)
			ret_line->id = strtoul(line, NULL, 10);
		if (field == FIELD_DEVICE)
			ret_line->device = arena_strndup(arena, line, word);
		if (field == FIELD_POINT)
			ret_line->point = unescape(arena, line, word);
		line += word + (line + word < end);
	}
	return true;
}

bool mount_line_next(struct arena *arena, const char **text, struct mount_line *ret_line)
{
	bool found = false;

	while (!found && **text) {
		size_t length = strcspn(*text, "\n");

		found = parse(arena, *text, length, ret_line);
		*text += length + ((*text)[length] == '\n');
	}
	return found;
}

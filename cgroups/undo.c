/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "base/arena.h"
#include "cgroups/internal.h"

/* Files with a line a key. A key without a line is at its default, which has to be written out. */
static const struct keyed_row {
	const char *file, *standard;
} keyed_rows[] = {
	{ "io.max", "rbps=max wbps=max riops=max wiops=max" },
	{ "io.weight", "default" },
	{ "io.bfq.weight", "default" },
	{ "io.latency", "target=0" },
	{ "rdma.max", NULL },
	{ "misc.max", NULL },
};

static const struct keyed_row *keyed_row(const char *file)
{
	for (size_t i = 0; i < sizeof keyed_rows / sizeof *keyed_rows; i++)
		if (strcmp(keyed_rows[i].file, file) == 0)
			return &keyed_rows[i];
	return NULL;
}

bool cgroup_file_is_keyed(const char *file)
{
	return keyed_row(file);
}

/* A value without a key is the weight of all that have none of their own. */
static const char *key_of(struct arena *arena, const char *value)
{
	size_t length = strcspn(value, " ");

	return value[length] ? arena_strndup(arena, value, length) : "default";
}

static const char *line_of(struct arena *arena, const char *text, const char *key)
{
	size_t length = strlen(key);

	while (*text) {
		size_t width = strcspn(text, "\n");

		if (strncmp(text, key, length) == 0 && text[length] == ' ')
			return arena_strndup(arena, text, width);
		text += width + (text[width] == '\n');
	}
	return NULL;
}

const char *cgroup_undo_text(struct arena *arena, const char *file, const char *value,
			     const char *text)
{
	const struct keyed_row *row = keyed_row(file);
	const char *key, *line;

	/* An idle cgroup reads 0, which cannot be written: making it idle again does. */
	if (strcmp(file, "cpu.weight") == 0 && strcmp(text, "0") == 0)
		return value;
	/* An empty write is no write at all, an empty line is: cpuset.cpus. */
	if (!row)
		return *text ? text : "\n";
	key = key_of(arena, value);
	line = line_of(arena, text, key);
	if (line || !row->standard)
		return line;
	return arena_printf(arena, "%s %s", key, row->standard);
}

/* The number a file begins with; "max" is more than any. */
static bool leading_number(const char *text, uint64_t *ret_number)
{
	char digits[24];
	size_t length = strcspn(text, " \n");

	if (length == 0 || length >= sizeof digits)
		return false;
	memcpy(digits, text, length);
	digits[length] = '\0';
	*ret_number = UINT64_MAX;
	return strcmp(digits, "max") == 0 || parse_u64(digits, UINT64_MAX, ret_number) == 0;
}

bool cgroup_value_lowers(const char *file, const char *value, const char *text)
{
	uint64_t before, behind;

	/* No limit: while it is 1 no weight can be written. */
	if (strcmp(file, "cpu.idle") == 0)
		return false;
	return !cgroup_file_is_keyed(file) && leading_number(text, &before) &&
	       leading_number(value, &behind) && behind < before;
}

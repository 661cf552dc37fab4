/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/commands/table.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <string.h>

#include "base/err.h"
#include "base/text.h"

#define BLANKS " \t"

/* Field number n of a line, counted from 0: its length, 0 when there are fewer. */
static size_t field(const char *line, size_t length, size_t n, const char **ret_start)
{
	const char *at = line, *end = line + length;

	for (;; n--) {
		size_t width;

		at += strspn(at, BLANKS);
		width = at < end ? strcspn(at, BLANKS "\n") : 0;
		if (n == 0 || width == 0) {
			*ret_start = at;
			return width;
		}
		at += width;
	}
}

static int find_column(const char *line, size_t length, size_t *ret_column)
{
	const char *start;
	size_t width;

	for (size_t i = 0; (width = field(line, length, i, &start)) > 0; i++) {
		if (width != 3 || strncmp(start, "PID", 3) != 0)
			continue;
		*ret_column = i;
		return 0;
	}
	return -ENOENT;
}

static bool has_pid(const struct pids *pids, const char *digits, size_t length)
{
	char text[24];
	uint64_t pid;

	if (length == 0 || length >= sizeof text)
		return false;
	memcpy(text, digits, length);
	text[length] = '\0';
	if (parse_u64(text, INT_MAX, &pid) < 0)
		return false;
	for (size_t i = 0; i < pids->count; i++)
		if (pids->items[i] == (pid_t)pid)
			return true;
	return false;
}

static const char *next_line(const char *line, size_t *ret_length)
{
	*ret_length = strcspn(line, "\n");
	return line + *ret_length + (line[*ret_length] == '\n');
}

int table_filter(const char *text, const struct pids *pids, struct strbuf *ret_lines, struct err *e)
{
	const char *line = text, *next, *digits;
	size_t length, column;

	next = next_line(line, &length);
	if (find_column(line, length, &column) < 0)
		return err_say(e, EINVAL,
			       "ps prints no column PID: choose options with which it does");
	strbuf_add_bytes(ret_lines, line, (size_t)(next - line));
	for (line = next; *line; line = next) {
		size_t width;

		next = next_line(line, &length);
		width = field(line, length, column, &digits);
		if (has_pid(pids, digits, width))
			strbuf_add_bytes(ret_lines, line, (size_t)(next - line));
	}
	return 0;
}

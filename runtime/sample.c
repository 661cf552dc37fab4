/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/sample.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/file.h"
#include "base/text.h"
#include "runtime/rdt.h"
#include "runtime/state.h"

enum { NET_DEV_MAX = 4 << 20 };

/* The number that *at stands before; *at is moved behind it. */
static bool next_number(const char **at, uint64_t *ret_number)
{
	const char *start = *at + strspn(*at, " ");
	size_t length = strspn(start, "0123456789");
	char digits[24];

	if (length >= sizeof digits)
		return false;
	snprintf(digits, sizeof digits, "%.*s", (int)length, start);
	*at = start + length;
	return parse_u64(digits, UINT64_MAX, ret_number) == 0;
}

/* Four numbers, four that nobody asks for, and the same for the other direction. */
static bool parse_line(struct arena *arena, const char *line, size_t length,
		       struct interface *ret_interface)
{
	const char *colon = memchr(line, ':', length);
	enum { NUMBERS = 12, SENT = 8 };
	const char *at = colon ? colon + 1 : line;
	size_t blanks = strspn(line, " ");
	uint64_t n[NUMBERS];

	if (!colon)
		return false;
	for (size_t i = 0; i < NUMBERS; i++)
		if (!next_number(&at, &n[i]))
			return false;
	*ret_interface = (struct interface){
		arena_strndup(arena, line + blanks, (size_t)(colon - line) - blanks),
		n[0], n[1], n[2], n[3], n[SENT], n[SENT + 1], n[SENT + 2], n[SENT + 3],
	};
	return strcmp(ret_interface->name, "lo") != 0;
}

static size_t count_lines(const char *text)
{
	size_t lines = 0;

	for (const char *at = text; (at = strchr(at, '\n')); at++)
		lines++;
	return lines;
}

void sample_parse_interfaces(struct arena *arena, const char *text, struct sample *ret_sample)
{
	struct interface *items = arena_array(arena, count_lines(text) + 1, sizeof *items);
	size_t count = 0;

	while (*text) {
		size_t length = strcspn(text, "\n");

		count += parse_line(arena, text, length, &items[count]);
		text += length + (text[length] == '\n');
	}
	ret_sample->interfaces = items;
	ret_sample->interface_count = count;
}

/* The host's own interfaces say nothing of a container that shares them. */
static void read_interfaces(struct arena *arena, const struct container *c, struct sample *sample)
{
	char path[48];
	autobuf text = { 0 };

	if (!(c->namespaces & CLONE_NEWNET))
		return;
	snprintf(path, sizeof path, "/proc/%d/net/dev", c->pid);
	if (file_read(AT_FDCWD, path, NET_DEV_MAX, &text) == 0 && text.length)
		sample_parse_interfaces(arena, text.text, sample);
}

int sample_take(struct arena *arena, const struct container *c, int cgroup,
		struct sample *ret_sample, struct err *e)
{
	struct sample sample = { 0 };
	int r = cgroup_stats_read(arena, cgroup, &sample.cgroup, e);

	if (r < 0)
		return r;
	read_interfaces(arena, c, &sample);
	sample.rdt = rdt_figures(arena, c);
	*ret_sample = sample;
	return 0;
}

int sample_check(const struct container *c, struct err *e)
{
	int r = container_must_live(c, e);

	if (r == 0 && !c->cgroup)
		return container_lacks_cgroup(c, "that could be measured", e);
	return r;
}

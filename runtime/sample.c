/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/sample.h"

#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/file.h"
#include "runtime/state.h"

enum { NET_DEV_MAX = 4 << 20 };

/* Four numbers, four that nobody asks for, and the same for the other direction. */
static bool parse_line(struct arena *arena, const char *line, size_t length,
		       struct interface *ret_interface)
{
	const char *colon = memchr(line, ':', length);
	unsigned long long rx[4], tx[4];
	size_t blanks = strspn(line, " ");

	if (!colon)
		return false;
	if (sscanf(colon + 1, "%llu %llu %llu %llu %*s %*s %*s %*s %llu %llu %llu %llu", &rx[0],
		   &rx[1], &rx[2], &rx[3], &tx[0], &tx[1], &tx[2], &tx[3]) != 8)
		return false;
	*ret_interface = (struct interface){
		arena_strndup(arena, line + blanks, (size_t)(colon - line) - blanks),
		rx[0], rx[1], rx[2], rx[3], tx[0], tx[1], tx[2], tx[3],
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
	*ret_sample = sample;
	return 0;
}

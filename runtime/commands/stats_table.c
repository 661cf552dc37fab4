/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/commands/stats_table.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "cgroups/stats.h"

enum { CELL = 24, ID_MIN = 12, GAP = 2 };

void stats_bytes(uint64_t bytes, char text[16])
{
	static const char units[] = "BKMGTPE";
	uint64_t whole = bytes;
	unsigned int rest = 0;
	size_t unit = 0;

	if (bytes == NO_LIMIT) {
		snprintf(text, 16, "-");
		return;
	}
	for (; whole >= 1024; unit++) {
		rest = whole % 1024;
		whole /= 1024;
	}
	if (unit && whole < 100)
		snprintf(text, 16, "%" PRIu64 ".%u%c", whole, rest * 10 / 1024, units[unit]);
	else
		snprintf(text, 16, "%" PRIu64 "%c", whole, units[unit]);
}

static void bytes_cell(bool has, uint64_t bytes, char cell[CELL])
{
	stats_bytes(has ? bytes : NO_LIMIT, cell);
}

static void count_cell(bool has, uint64_t count, char cell[CELL])
{
	if (has && count != NO_LIMIT)
		snprintf(cell, CELL, "%" PRIu64, count);
	else
		snprintf(cell, CELL, "-");
}

typedef void cell_function(const struct stats_line *, char cell[CELL]);

static void cpu_cell(const struct stats_line *line, char cell[CELL])
{
	if (line->cpu == STATS_UNKNOWN)
		snprintf(cell, CELL, "-");
	else
		snprintf(cell, CELL, "%" PRIu64 ".%" PRIu64, line->cpu / 100, line->cpu / 10 % 10);
}

/* Of the periods of the quota, in how many it was used up. */
static void throttled_cell(const struct stats_line *line, char cell[CELL])
{
	const struct cgroup_stats *s = line->stats;

	if (s->cpu.periods)
		snprintf(cell, CELL, "%" PRIu64 "%%",
			 s->cpu.throttled_periods * 100 / s->cpu.periods);
	else
		snprintf(cell, CELL, "-");
}

static void memory_cell(const struct stats_line *line, char cell[CELL])
{
	bytes_cell(line->stats->has_memory, line->stats->memory.usage, cell);
}

static void memory_limit_cell(const struct stats_line *line, char cell[CELL])
{
	bytes_cell(line->stats->has_memory, line->stats->memory.limit, cell);
}

static void peak_cell(const struct stats_line *line, char cell[CELL])
{
	bytes_cell(line->stats->has_memory_peak, line->stats->memory.peak, cell);
}

static void swap_cell(const struct stats_line *line, char cell[CELL])
{
	bytes_cell(line->stats->has_memory, line->stats->memory.swap, cell);
}

static void pids_cell(const struct stats_line *line, char cell[CELL])
{
	count_cell(line->stats->has_pids, line->stats->pids.current, cell);
}

static void pids_limit_cell(const struct stats_line *line, char cell[CELL])
{
	count_cell(line->stats->has_pids, line->stats->pids.limit, cell);
}

static uint64_t device_sum(const struct cgroup_stats *s, size_t offset)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < s->io.device_count; i++)
		sum += *(const uint64_t *)((const char *)&s->io.devices[i] + offset);
	return sum;
}

static void read_cell(const struct stats_line *line, char cell[CELL])
{
	bytes_cell(line->stats->has_io,
		   device_sum(line->stats, offsetof(struct stats_device, read_bytes)), cell);
}

static void written_cell(const struct stats_line *line, char cell[CELL])
{
	bytes_cell(line->stats->has_io,
		   device_sum(line->stats, offsetof(struct stats_device, write_bytes)), cell);
}

static void stall_text(const struct stats_pressure *pressure, char text[8])
{
	if (pressure->present)
		snprintf(text, 8, "%u", (unsigned)(pressure->some.avg10 / 100 % 1000));
	else
		snprintf(text, 8, "-");
}

/* Percent of the last ten seconds in which some process waited: for CPU, memory, disks. */
static void pressure_cell(const struct stats_line *line, char cell[CELL])
{
	char cpu[8], memory[8], io[8];

	stall_text(&line->stats->cpu_pressure, cpu);
	stall_text(&line->stats->memory_pressure, memory);
	stall_text(&line->stats->io_pressure, io);
	snprintf(cell, CELL, "%s/%s/%s", cpu, memory, io);
}

static const struct column {
	const char *title;
	int width;
	cell_function *cell;
} columns[] = {
	{ "CPU%", 6, cpu_cell },
	{ "THROTTLED", 9, throttled_cell },
	{ "MEMORY", 6, memory_cell },
	{ "LIMIT", 6, memory_limit_cell },
	{ "PEAK", 6, peak_cell },
	{ "SWAP", 6, swap_cell },
	{ "PIDS", 6, pids_cell },
	{ "LIMIT", 6, pids_limit_cell },
	{ "READ", 6, read_cell },
	{ "WRITTEN", 7, written_cell },
	{ "PRESSURE", 11, pressure_cell },
};
enum { COLUMNS = sizeof columns / sizeof *columns };

static int id_width(const struct stats_line *lines, size_t count)
{
	size_t width = ID_MIN;

	for (size_t i = 0; i < count; i++)
		width = strlen(lines[i].id) > width ? strlen(lines[i].id) : width;
	return (int)width;
}

void stats_table(const struct stats_line *lines, size_t count, struct strbuf *ret_text)
{
	int width = id_width(lines, count);

	strbuf_addf(ret_text, "%-*s", width, "ID");
	for (size_t k = 0; k < COLUMNS; k++)
		strbuf_addf(ret_text, "%*s", columns[k].width + GAP, columns[k].title);
	strbuf_add(ret_text, "\n");
	for (size_t i = 0; i < count; i++) {
		strbuf_addf(ret_text, "%-*s", width, lines[i].id);
		for (size_t k = 0; k < COLUMNS; k++) {
			char cell[CELL];

			columns[k].cell(&lines[i], cell);
			strbuf_addf(ret_text, "%*s", columns[k].width + GAP, cell);
		}
		strbuf_add(ret_text, "\n");
	}
}

/* All but the titles, a last line that says what is missing, and the one where the cursor is left. */
static size_t lines_shown(size_t count, size_t rows)
{
	if (!rows || count + 2 <= rows)
		return count;
	return rows > 3 ? rows - 3 : 0;
}

/* A line is cleared ahead of its text: behind one as wide as the screen its last letter would go. */
static void add_cut(const char *text, size_t width, struct strbuf *ret_text)
{
	while (*text) {
		size_t length = strcspn(text, "\n");

		strbuf_add(ret_text, "\033[K");
		strbuf_add_bytes(ret_text, text, width && length > width ? width : length);
		strbuf_add(ret_text, "\n");
		text += length + 1;
	}
}

void stats_screen(const struct stats_line *lines, size_t count, size_t rows, size_t width,
		  struct strbuf *ret_text)
{
	size_t shown = lines_shown(count, rows);
	autobuf table = { 0 };

	stats_table(lines, shown, &table);
	if (shown < count)
		strbuf_addf(&table, "%zu more\n", count - shown);
	strbuf_add(ret_text, "\033[H");
	add_cut(table.text, width, ret_text);
	strbuf_add(ret_text, "\033[J");
}

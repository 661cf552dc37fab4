/* SPDX-License-Identifier: Apache-2.0 */
#include "cgroups/stats.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/file.h"
#include "cgroups/internal.h"

enum { SMALL = 1 << 20 };

/* One number: of a file that holds no more (key NULL), or behind a key. */
static const struct number_row {
	const char *file, *key;
	size_t offset;
	uint64_t standard; /* when it is not there */
} number_rows[] = {
#define ROW(file, key, field, standard) \
	{ file, key, offsetof(struct cgroup_stats, field), standard }
	ROW("cpu.stat", "usage_usec", cpu.usage, 0),
	ROW("cpu.stat", "user_usec", cpu.user, 0),
	ROW("cpu.stat", "system_usec", cpu.system, 0),
	ROW("cpu.stat", "nr_periods", cpu.periods, 0),
	ROW("cpu.stat", "nr_throttled", cpu.throttled_periods, 0),
	ROW("cpu.stat", "throttled_usec", cpu.throttled, 0),
	ROW("memory.current", NULL, memory.usage, 0),
	ROW("memory.max", NULL, memory.limit, NO_LIMIT),
	ROW("memory.peak", NULL, memory.peak, 0),
	ROW("memory.swap.current", NULL, memory.swap, 0),
	ROW("memory.swap.max", NULL, memory.swap_limit, NO_LIMIT),
	ROW("memory.swap.peak", NULL, memory.swap_peak, 0),
	ROW("memory.swap.events", "max", memory.swap_limit_hits, 0),
	ROW("memory.events", "max", memory.limit_hits, 0),
	ROW("memory.events", "oom", memory.ooms, 0),
	ROW("memory.events", "oom_kill", memory.oom_kills, 0),
	ROW("pids.current", NULL, pids.current, 0),
	ROW("pids.max", NULL, pids.limit, NO_LIMIT),
	ROW("pids.peak", NULL, pids.peak, 0),
	ROW("pids.events", "max", pids.limit_hits, 0),
#undef ROW
};
enum { NUMBER_ROWS = sizeof number_rows / sizeof *number_rows };

static const struct pressure_row {
	const char *file;
	size_t offset;
} pressure_rows[] = {
	{ "cpu.pressure", offsetof(struct cgroup_stats, cpu_pressure) },
	{ "memory.pressure", offsetof(struct cgroup_stats, memory_pressure) },
	{ "io.pressure", offsetof(struct cgroup_stats, io_pressure) },
};

/* A file's words; none when it cannot be read. */
static struct strings words_of(struct arena *arena, int cgroup, const char *file)
{
	autobuf text = { 0 };

	if (file_read(cgroup, file, SMALL, &text) < 0 || !text.length)
		return (struct strings){ 0 };
	return cgroup_split(arena, text.text);
}

static const char *text_of(struct arena *arena, int cgroup, const char *file)
{
	autobuf text = { 0 };

	if (file_read(cgroup, file, SMALL, &text) < 0 || !text.length)
		return "";
	if (text.text[text.length - 1] == '\n')
		text.text[text.length - 1] = '\0';
	return arena_strdup(arena, text.text);
}

static uint64_t number_of(const char *text, uint64_t standard)
{
	uint64_t number;

	if (strcmp(text, "max") == 0)
		return NO_LIMIT;
	return parse_u64(text, UINT64_MAX, &number) < 0 ? standard : number;
}

static uint64_t pick(const struct strings *words, const struct number_row *row)
{
	if (!row->key)
		return words->count ? number_of(words->items[0], row->standard) : row->standard;
	for (size_t i = 0; i + 1 < words->count; i += 2)
		if (strcmp(words->items[i], row->key) == 0)
			return number_of(words->items[i + 1], row->standard);
	return row->standard;
}

/* Rows of one file stand together: each file is read once. */
static void read_numbers(struct arena *arena, int cgroup, struct cgroup_stats *stats)
{
	struct strings words = { 0 };

	for (size_t i = 0; i < NUMBER_ROWS; i++) {
		const struct number_row *row = &number_rows[i];

		if (i == 0 || strcmp(row->file, number_rows[i - 1].file) != 0)
			words = words_of(arena, cgroup, row->file);
		*(uint64_t *)((char *)stats + row->offset) = pick(&words, row);
	}
}

/* "1.23" as 123. */
static uint64_t hundredths(const char *text)
{
	const char *point = strchr(text, '.');
	char digits[32];

	if (!point || strlen(text) >= sizeof digits)
		return 0;
	snprintf(digits, sizeof digits, "%.*s%s", (int)(point - text), text, point + 1);
	return number_of(digits, 0);
}

static void parse_stall(const struct strings *words, size_t first, struct stats_stall *stall)
{
	static const struct {
		const char *key;
		size_t offset;
		bool average;
	} rows[] = {
		{ "avg10=", offsetof(struct stats_stall, avg10), true },
		{ "avg60=", offsetof(struct stats_stall, avg60), true },
		{ "avg300=", offsetof(struct stats_stall, avg300), true },
		{ "total=", offsetof(struct stats_stall, total), false },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows && first + i < words->count; i++) {
		const char *word = words->items[first + i];
		const char *value = word + strlen(rows[i].key);
		uint64_t *target = (uint64_t *)((char *)stall + rows[i].offset);

		if (str_starts(word, rows[i].key))
			*target = rows[i].average ? hundredths(value) : number_of(value, 0);
	}
}

void stats_parse_pressure(struct arena *arena, const char *text,
			  struct stats_pressure *ret_pressure)
{
	struct strings words = cgroup_split(arena, text);
	struct stats_pressure pressure = { .present = words.count > 0 };

	for (size_t i = 0; i < words.count; i++) {
		if (strcmp(words.items[i], "some") == 0)
			parse_stall(&words, i + 1, &pressure.some);
		if (strcmp(words.items[i], "full") == 0)
			parse_stall(&words, i + 1, &pressure.full);
	}
	*ret_pressure = pressure;
}

/* "rbytes=5" of a device's line. */
static void parse_device_word(const char *word, struct stats_device *device)
{
	static const struct {
		const char *key;
		size_t offset;
	} rows[] = {
		{ "rbytes=", offsetof(struct stats_device, read_bytes) },
		{ "wbytes=", offsetof(struct stats_device, write_bytes) },
		{ "dbytes=", offsetof(struct stats_device, discard_bytes) },
		{ "rios=", offsetof(struct stats_device, reads) },
		{ "wios=", offsetof(struct stats_device, writes) },
		{ "dios=", offsetof(struct stats_device, discards) },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (str_starts(word, rows[i].key))
			*(uint64_t *)((char *)device + rows[i].offset) =
				number_of(word + strlen(rows[i].key), 0);
}

static bool parse_numbers(const char *word, struct stats_device *ret_device)
{
	size_t length = strcspn(word, ":");
	struct stats_device device = { 0 };
	char major[16];

	if (!word[length] || length >= sizeof major)
		return false;
	snprintf(major, sizeof major, "%.*s", (int)length, word);
	if (parse_u64(major, UINT32_MAX, &device.major) < 0 ||
	    parse_u64(word + length + 1, UINT32_MAX, &device.minor) < 0)
		return false;
	*ret_device = device;
	return true;
}

/* A device that did nothing yet has its numbers alone; several of these may share a line. */
void stats_parse_devices(struct arena *arena, const char *text, struct cgroup_stats *ret_stats)
{
	struct strings words = cgroup_split(arena, text);
	struct stats_device *devices = arena_array(arena, words.count + 1, sizeof *devices);
	size_t count = 0;

	for (size_t i = 0; i < words.count; i++) {
		if (parse_numbers(words.items[i], &devices[count]))
			count++;
		else if (count)
			parse_device_word(words.items[i], &devices[count - 1]);
	}
	ret_stats->io.devices = devices;
	ret_stats->io.device_count = count;
}

void stats_parse_memory(struct arena *arena, const char *text, struct cgroup_stats *ret_stats)
{
	struct strings words = cgroup_split(arena, text);
	struct stats_raw *raw = arena_array(arena, words.count / 2 + 1, sizeof *raw);
	size_t count = 0;

	for (size_t i = 0; i + 1 < words.count; i += 2) {
		raw[count] = (struct stats_raw){ words.items[i], number_of(words.items[i + 1], 0) };
		if (strcmp(raw[count].name, "file") == 0)
			ret_stats->memory.cache = raw[count].value;
		count++;
	}
	ret_stats->memory.raw = raw;
	ret_stats->memory.raw_count = count;
}

/* What `file` says for a page size; PAGE_FILES hold it in "hugetlb.SIZE.NAME". */
static uint64_t hugetlb_number(struct arena *arena, int cgroup, const char *size,
			       const struct number_row *row)
{
	const char *file = arena_printf(arena, "hugetlb.%s.%s", size, row->file);
	struct strings words = words_of(arena, cgroup, file);

	return pick(&words, row);
}

static struct stats_hugetlb read_hugetlb(struct arena *arena, int cgroup, const char *size)
{
	static const struct number_row usage = { "current", NULL, 0, 0 };
	static const struct number_row limit = { "max", NULL, 0, NO_LIMIT };
	static const struct number_row failures = { "events", "max", 0, 0 };

	return (struct stats_hugetlb){
		.size = size,
		.usage = hugetlb_number(arena, cgroup, size, &usage),
		.limit = hugetlb_number(arena, cgroup, size, &limit),
		.failures = hugetlb_number(arena, cgroup, size, &failures),
	};
}

/* The sizes that a kernel of any architecture may have. */
static void read_hugepages(struct arena *arena, int cgroup, struct cgroup_stats *stats)
{
	static const char *const sizes[] = { "16KB", "64KB", "512KB", "1MB",  "2MB",  "8MB",
					     "16MB", "32MB", "256MB", "512MB", "1GB", "2GB",
					     "16GB" };
	enum { SIZES = sizeof sizes / sizeof *sizes };
	struct stats_hugetlb *items = arena_array(arena, SIZES, sizeof *items);

	for (size_t i = 0; i < SIZES; i++) {
		char file[64];

		snprintf(file, sizeof file, "hugetlb.%s.current", sizes[i]);
		if (faccessat(cgroup, file, F_OK, 0) == 0)
			items[stats->hugetlb_count++] = read_hugetlb(arena, cgroup, sizes[i]);
	}
	stats->hugetlb = items;
}

static bool has(const struct strings *controllers, const char *name)
{
	return cgroup_has_name(controllers, name, strlen(name));
}

int cgroup_stats_read(struct arena *arena, int cgroup, struct cgroup_stats *ret_stats,
		      struct err *e)
{
	struct cgroup_stats stats = { 0 };
	struct strings controllers;
	autobuf text = { 0 };
	int r = file_read(cgroup, "cgroup.controllers", SMALL, &text);

	if (r < 0)
		return err_set(e, r == -ENOENT ? ENODEV : -r, "read cgroup.controllers");
	controllers = cgroup_split(arena, text.text ? text.text : "");
	stats.has_cpu = has(&controllers, "cpu");
	stats.has_cpu_time = faccessat(cgroup, "cpu.stat", F_OK, 0) == 0;
	stats.has_memory = has(&controllers, "memory");
	stats.has_pids = has(&controllers, "pids");
	stats.has_io = has(&controllers, "io");
	read_numbers(arena, cgroup, &stats);
	stats.has_memory_peak = stats.memory.peak > 0;
	stats_parse_memory(arena, text_of(arena, cgroup, "memory.stat"), &stats);
	stats_parse_devices(arena, text_of(arena, cgroup, "io.stat"), &stats);
	read_hugepages(arena, cgroup, &stats);
	stats.cpus = text_of(arena, cgroup, "cpuset.cpus.effective");
	stats.mems = text_of(arena, cgroup, "cpuset.mems.effective");
	for (size_t i = 0; i < sizeof pressure_rows / sizeof *pressure_rows; i++)
		stats_parse_pressure(arena, text_of(arena, cgroup, pressure_rows[i].file),
				     (struct stats_pressure *)((char *)&stats +
							       pressure_rows[i].offset));
	*ret_stats = stats;
	return 0;
}

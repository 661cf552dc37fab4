/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <stdbool.h>

#include "base/text.h"
#include "runtime/sample.h"

enum scale { SCALE_ONE, SCALE_MICRO };

/* A family with one sample a container. */
static const struct family {
	const char *name, *type, *unit, *help;
	size_t offset;    /* into struct cgroup_stats */
	size_t condition; /* of the bool that says whether there is such a figure */
	enum scale scale;
} families[] = {
#define ROW(name, type, unit, help, field, condition, scale) \
	{ "container_" name, type, unit, help, offsetof(struct cgroup_stats, field), \
	  offsetof(struct cgroup_stats, condition), scale }
#define SECONDS(name, help, field, condition) \
	ROW(name "_seconds", "counter", "seconds", help, field, condition, SCALE_MICRO)
#define COUNT(name, help, field, condition) \
	ROW(name, "counter", NULL, help, field, condition, SCALE_ONE)
#define GAUGE(name, help, field, condition) \
	ROW(name, "gauge", NULL, help, field, condition, SCALE_ONE)
#define BYTES(name, help, field) \
	MAYBE_BYTES(name, help, field, has_memory)
#define MAYBE_BYTES(name, help, field, condition) \
	ROW(name "_bytes", "gauge", "bytes", help, field, condition, SCALE_ONE)
	SECONDS("cpu_usage", "CPU time used.", cpu.usage, has_cpu_time),
	SECONDS("cpu_user", "CPU time used in programs.", cpu.user, has_cpu_time),
	SECONDS("cpu_system", "CPU time used in the kernel.", cpu.system,
		has_cpu_time),
	SECONDS("cpu_throttled", "Time for which the CPU quota held the container back.",
		cpu.throttled, has_cpu),
	COUNT("cpu_periods", "Periods of the CPU quota.", cpu.periods, has_cpu),
	COUNT("cpu_throttled_periods", "Periods in which the CPU quota was used up.",
	      cpu.throttled_periods, has_cpu),
	BYTES("memory_usage", "Memory used.", memory.usage),
	BYTES("memory_limit", "Memory limit.", memory.limit),
	MAYBE_BYTES("memory_peak", "Most memory used so far.", memory.peak, has_memory_peak),
	BYTES("memory_cache", "Memory that caches files.", memory.cache),
	BYTES("memory_swap", "Swap used.", memory.swap),
	BYTES("memory_swap_limit", "Limit of swap.", memory.swap_limit),
	COUNT("memory_limit_hits", "How often the memory limit was met.", memory.limit_hits,
	      has_memory),
	COUNT("memory_oom_kills", "Processes killed because the memory limit was met.",
	      memory.oom_kills, has_memory),
	GAUGE("processes", "Processes and threads.", pids.current, has_pids),
	GAUGE("processes_limit", "Limit of processes and threads.", pids.limit, has_pids),
	COUNT("processes_limit_hits", "Forks that the limit of processes refused.",
	      pids.limit_hits, has_pids),
#undef MAYBE_BYTES
#undef BYTES
#undef GAUGE
#undef COUNT
#undef SECONDS
#undef ROW
};

/* Families with a sample for each device or interface. */
struct part {
	const char *name, *unit, *help;
	size_t offset;
};
static const struct part device_parts[] = {
#define ROW(name, unit, help, field) \
	{ "container_io_" name, unit, help, offsetof(struct stats_device, field) }
	ROW("read_bytes", "bytes", "Bytes read from a block device.", read_bytes),
	ROW("written_bytes", "bytes", "Bytes written to a block device.", write_bytes),
	ROW("reads", NULL, "Reads from a block device.", reads),
	ROW("writes", NULL, "Writes to a block device.", writes),
#undef ROW
};
static const struct part interface_parts[] = {
#define ROW(name, unit, help, field) \
	{ "container_network_" name, unit, help, offsetof(struct interface, field) }
	ROW("received_bytes", "bytes", "Bytes received.", rx_bytes),
	ROW("received_packets", NULL, "Packets received.", rx_packets),
	ROW("received_errors", NULL, "Packets received that were damaged.", rx_errors),
	ROW("received_dropped", NULL, "Packets received that were dropped.", rx_dropped),
	ROW("sent_bytes", "bytes", "Bytes sent.", tx_bytes),
	ROW("sent_packets", NULL, "Packets sent.", tx_packets),
	ROW("sent_errors", NULL, "Packets that could not be sent.", tx_errors),
	ROW("sent_dropped", NULL, "Packets dropped instead of sent.", tx_dropped),
#undef ROW
};
#define PARTS(table) (sizeof(table) / sizeof *(table))

static void head(struct strbuf *out, const char *name, const char *type, const char *unit,
		 const char *help)
{
	strbuf_addf(out, "# TYPE %s %s\n", name, type);
	if (unit)
		strbuf_addf(out, "# UNIT %s %s\n", name, unit);
	strbuf_addf(out, "# HELP %s %s\n", name, help);
}

static void value(struct strbuf *out, uint64_t number, enum scale scale)
{
	if (scale == SCALE_MICRO)
		strbuf_addf(out, " %" PRIu64 ".%06u\n", number / 1000000,
			    (unsigned)(number % 1000000));
	else
		strbuf_addf(out, " %" PRIu64 "\n", number);
}

/* Ids need no escapes: container_id_check() lets none through that would. */
static void family(struct strbuf *out, const struct family *f, const struct measured *m,
		   size_t count)
{
	const char *suffix = str_equal(f->type, "counter") ? "_total" : "";

	head(out, f->name, f->type, f->unit, f->help);
	for (size_t i = 0; i < count; i++) {
		const char *stats = (const char *)&m[i].sample.cgroup;
		uint64_t number = *(const uint64_t *)(stats + f->offset);

		if (!*(const bool *)(stats + f->condition) || number == NO_LIMIT)
			continue;
		strbuf_addf(out, "%s%s{id=\"%s\"}", f->name, suffix, m[i].id);
		value(out, number, f->scale);
	}
}

static void devices(struct strbuf *out, const struct part *part, const struct measured *m)
{
	for (size_t i = 0; i < m->sample.cgroup.io.device_count; i++) {
		const struct stats_device *d = &m->sample.cgroup.io.devices[i];

		strbuf_addf(out, "%s_total{id=\"%s\",device=\"%" PRIu64 ":%" PRIu64 "\"}",
			    part->name, m->id, d->major, d->minor);
		value(out, *(const uint64_t *)((const char *)d + part->offset), SCALE_ONE);
	}
}

/* A name of an interface may be nearly anything. */
static void add_escaped(struct strbuf *out, const char *text)
{
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			strbuf_add(out, "\\");
		strbuf_add_bytes(out, text, 1);
	}
}

static void interfaces(struct strbuf *out, const struct part *part, const struct measured *m)
{
	for (size_t i = 0; i < m->sample.interface_count; i++) {
		const struct interface *interface = &m->sample.interfaces[i];

		strbuf_addf(out, "%s_total{id=\"%s\",interface=\"", part->name, m->id);
		add_escaped(out, interface->name);
		strbuf_add(out, "\"}");
		value(out, *(const uint64_t *)((const char *)interface + part->offset), SCALE_ONE);
	}
}

typedef void part_function(struct strbuf *, const struct part *, const struct measured *);

static void parts(struct strbuf *out, const struct part *table, size_t rows,
		  part_function *print, const struct measured *m, size_t count)
{
	for (size_t i = 0; i < rows; i++) {
		head(out, table[i].name, "counter", table[i].unit, table[i].help);
		for (size_t k = 0; k < count; k++)
			print(out, &table[i], &m[k]);
	}
}

static void stall(struct strbuf *out, const struct measured *m, const char *resource,
		  const struct stats_pressure *pressure)
{
	const char *name = "container_pressure_seconds";

	if (!pressure->present)
		return;
	strbuf_addf(out, "%s_total{id=\"%s\",resource=\"%s\",stalled=\"some\"}", name, m->id,
		    resource);
	value(out, pressure->some.total, SCALE_MICRO);
	strbuf_addf(out, "%s_total{id=\"%s\",resource=\"%s\",stalled=\"full\"}", name, m->id,
		    resource);
	value(out, pressure->full.total, SCALE_MICRO);
}

static void pressures(struct strbuf *out, const struct measured *m, size_t count)
{
	head(out, "container_pressure_seconds", "counter", "seconds",
	     "Time for which some or all processes waited for a resource.");
	for (size_t i = 0; i < count; i++) {
		stall(out, &m[i], "cpu", &m[i].sample.cgroup.cpu_pressure);
		stall(out, &m[i], "memory", &m[i].sample.cgroup.memory_pressure);
		stall(out, &m[i], "io", &m[i].sample.cgroup.io_pressure);
	}
}

void sample_metrics(const struct measured *m, size_t count, struct strbuf *ret_text)
{
	for (size_t i = 0; i < sizeof families / sizeof *families; i++)
		family(ret_text, &families[i], m, count);
	parts(ret_text, device_parts, PARTS(device_parts), devices, m, count);
	parts(ret_text, interface_parts, PARTS(interface_parts), interfaces, m, count);
	pressures(ret_text, m, count);
	strbuf_add(ret_text, "# EOF\n");
}

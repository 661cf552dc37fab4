/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <string.h>

#include "base/bitlist.h"
#include "base/json.h"
#include "base/text.h"
#include "runtime/rdt.h"
#include "runtime/sample.h"

/* Members and elements begin behind a comma unless they are the first. */
static void begin(struct strbuf *out, const char *key)
{
	char before = out->length ? out->text[out->length - 1] : '{';

	if (!strchr("{[:", before))
		strbuf_add(out, ",");
	if (key)
		strbuf_addf(out, "\"%s\":", key);
}

static void number(struct strbuf *out, const char *key, uint64_t value)
{
	begin(out, key);
	strbuf_addf(out, "%" PRIu64, value);
}

static void text(struct strbuf *out, const char *key, const char *value)
{
	begin(out, key);
	json_add_string(out, value);
}

static void open_object(struct strbuf *out, const char *key)
{
	begin(out, key);
	strbuf_add(out, "{");
}

static void close_object(struct strbuf *out)
{
	strbuf_add(out, "}");
}

static void average(struct strbuf *out, const char *key, uint64_t hundredths)
{
	begin(out, key);
	strbuf_addf(out, "%" PRIu64 ".%02u", hundredths / 100, (unsigned)(hundredths % 100));
}

static void stall(struct strbuf *out, const char *key, const struct stats_stall *s)
{
	open_object(out, key);
	average(out, "avg10", s->avg10);
	average(out, "avg60", s->avg60);
	average(out, "avg300", s->avg300);
	number(out, "total", s->total);
	close_object(out);
}

static void pressure(struct strbuf *out, const struct stats_pressure *p)
{
	if (!p->present)
		return;
	open_object(out, "psi");
	stall(out, "some", &p->some);
	stall(out, "full", &p->full);
	close_object(out);
}

/* runc's figures are nanoseconds, the kernel's microseconds. */
static void cpu(struct strbuf *out, const struct cgroup_stats *s)
{
	open_object(out, "cpu");
	open_object(out, "usage");
	number(out, "total", s->cpu.usage * 1000);
	number(out, "kernel", s->cpu.system * 1000);
	number(out, "user", s->cpu.user * 1000);
	close_object(out);
	open_object(out, "throttling");
	number(out, "periods", s->cpu.periods);
	number(out, "throttledPeriods", s->cpu.throttled_periods);
	number(out, "throttledTime", s->cpu.throttled * 1000);
	close_object(out);
	pressure(out, &s->cpu_pressure);
	close_object(out);
}

/* "0-2" as [0,1,2]. */
static void list(struct strbuf *out, const char *key, const char *ranges)
{
	autobuf mask = { 0 };

	if (!*ranges || bitlist_parse(ranges, &mask) < 0)
		return;
	begin(out, key);
	strbuf_add(out, "[");
	for (size_t bit = 0; bit < mask.length * 8; bit++)
		if ((unsigned char)mask.text[bit / 8] >> bit % 8 & 1)
			number(out, NULL, bit);
	strbuf_add(out, "]");
}

/* The members behind the lists are v1's; parsers expect them. */
static void cpuset(struct strbuf *out, const struct cgroup_stats *s)
{
	static const char *const old[] = {
		"cpu_exclusive", "mem_hardwall", "mem_exclusive", "memory_migrate",
		"memory_spread_page", "memory_spread_slab", "memory_pressure",
		"sched_load_balance", "sched_relax_domain_level",
	};

	open_object(out, "cpuset");
	list(out, "cpus", s->cpus);
	list(out, "mems", s->mems);
	for (size_t i = 0; i < sizeof old / sizeof *old; i++)
		number(out, old[i], 0);
	close_object(out);
}

struct entry {
	const char *key;
	uint64_t limit, usage, max, failures;
};

static void entry(struct strbuf *out, const struct entry *e)
{
	open_object(out, e->key);
	number(out, "limit", e->limit);
	number(out, "usage", e->usage);
	number(out, "max", e->max);
	number(out, "failcnt", e->failures);
	close_object(out);
}

static uint64_t raw_value(const struct cgroup_stats *s, const char *name)
{
	for (size_t i = 0; i < s->memory.raw_count; i++)
		if (strcmp(s->memory.raw[i].name, name) == 0)
			return s->memory.raw[i].value;
	return 0;
}

static uint64_t limit_sum(uint64_t a, uint64_t b)
{
	return a == NO_LIMIT || b == NO_LIMIT ? NO_LIMIT : a + b;
}

/* "swap" is memory and swap together, as v1 counted and parsers take it. */
static void memory_entries(struct strbuf *out, const struct cgroup_stats *s)
{
	const struct entry entries[] = {
		{ "usage", s->memory.limit, s->memory.usage, s->memory.peak,
		  s->memory.limit_hits },
		{ "swap", limit_sum(s->memory.limit, s->memory.swap_limit),
		  s->memory.usage + s->memory.swap, s->memory.peak + s->memory.swap_peak,
		  s->memory.swap_limit_hits },
		{ "kernel", NO_LIMIT, raw_value(s, "kernel"), 0, 0 },
		{ "kernelTCP", NO_LIMIT, raw_value(s, "sock"), 0, 0 },
	};

	for (size_t i = 0; i < sizeof entries / sizeof *entries; i++)
		entry(out, &entries[i]);
}

static void memory(struct strbuf *out, const struct cgroup_stats *s)
{
	open_object(out, "memory");
	number(out, "cache", s->memory.cache);
	memory_entries(out, s);
	open_object(out, "raw");
	for (size_t i = 0; i < s->memory.raw_count; i++)
		number(out, s->memory.raw[i].name, s->memory.raw[i].value);
	close_object(out);
	pressure(out, &s->memory_pressure);
	close_object(out);
}

/* No limit is 0 here, in the words of runc's parsers. */
static void pids(struct strbuf *out, const struct cgroup_stats *s)
{
	open_object(out, "pids");
	number(out, "current", s->pids.current);
	number(out, "limit", s->pids.limit == NO_LIMIT ? 0 : s->pids.limit);
	close_object(out);
}

struct io_row {
	const char *op;
	size_t offset;
};

static void io_table(struct strbuf *out, const char *key, const struct io_row *rows,
		     const struct cgroup_stats *s)
{
	begin(out, key);
	strbuf_add(out, "[");
	for (size_t i = 0; i < 3 * s->io.device_count; i++) {
		const struct stats_device *device = &s->io.devices[i / 3];
		const struct io_row *row = &rows[i % 3];

		open_object(out, NULL);
		number(out, "major", device->major);
		number(out, "minor", device->minor);
		text(out, "op", row->op);
		number(out, "value",
		       *(const uint64_t *)((const char *)device + row->offset));
		close_object(out);
	}
	strbuf_add(out, "]");
}

static void blkio(struct strbuf *out, const struct cgroup_stats *s)
{
	static const struct io_row bytes[] = {
		{ "Read", offsetof(struct stats_device, read_bytes) },
		{ "Write", offsetof(struct stats_device, write_bytes) },
		{ "Discard", offsetof(struct stats_device, discard_bytes) },
	};
	static const struct io_row calls[] = {
		{ "Read", offsetof(struct stats_device, reads) },
		{ "Write", offsetof(struct stats_device, writes) },
		{ "Discard", offsetof(struct stats_device, discards) },
	};

	open_object(out, "blkio");
	io_table(out, "ioServiceBytesRecursive", bytes, s);
	io_table(out, "ioServicedRecursive", calls, s);
	pressure(out, &s->io_pressure);
	close_object(out);
}

static void hugetlb(struct strbuf *out, const struct cgroup_stats *s)
{
	open_object(out, "hugetlb");
	for (size_t i = 0; i < s->hugetlb_count; i++) {
		const struct stats_hugetlb *h = &s->hugetlb[i];

		open_object(out, h->size);
		number(out, "usage", h->usage);
		number(out, "failcnt", h->failures);
		close_object(out);
	}
	close_object(out);
}

static void schema(struct strbuf *out, const char *key, const char *line)
{
	if (line)
		text(out, key, line);
}

static void cache(struct strbuf *out, const struct rdt_figures *f)
{
	if (!f->mask)
		return;
	open_object(out, "l3_cache_info");
	text(out, "cbm_mask", f->mask);
	number(out, "min_cbm_bits", f->least_bits);
	number(out, "num_closids", f->cache_classes);
	close_object(out);
	schema(out, "l3_cache_schema_root", f->cache_of_root);
	schema(out, "l3_cache_schema", f->cache);
}

static void bandwidth(struct strbuf *out, const struct rdt_figures *f)
{
	if (!f->bandwidth_known)
		return;
	open_object(out, "mem_bw_info");
	number(out, "bandwidth_gran", f->granularity);
	number(out, "delay_linear", f->linear_delay);
	number(out, "min_bandwidth", f->least_bandwidth);
	number(out, "num_closids", f->bandwidth_classes);
	close_object(out);
	schema(out, "mem_bw_schema_root", f->bandwidth_of_root);
	schema(out, "mem_bw_schema", f->bandwidth);
}

static void traffic(struct strbuf *out, const struct rdt_figures *f)
{
	if (!f->counts_traffic)
		return;
	begin(out, "mbm_stats");
	strbuf_add(out, "[");
	for (size_t i = 0; i < f->node_count; i++) {
		open_object(out, NULL);
		number(out, "mbm_total_bytes", f->nodes[i].total);
		number(out, "mbm_local_bytes", f->nodes[i].local);
		close_object(out);
	}
	strbuf_add(out, "]");
}

static void occupancy(struct strbuf *out, const struct rdt_figures *f)
{
	if (!f->counts_occupancy)
		return;
	begin(out, "cmt_stats");
	strbuf_add(out, "[");
	for (size_t i = 0; i < f->node_count; i++) {
		open_object(out, NULL);
		number(out, "llc_occupancy", f->nodes[i].occupancy);
		close_object(out);
	}
	strbuf_add(out, "]");
}

static void intel_rdt(struct strbuf *out, const struct rdt_figures *f)
{
	open_object(out, "intel_rdt");
	if (f) {
		cache(out, f);
		bandwidth(out, f);
		traffic(out, f);
		occupancy(out, f);
	}
	close_object(out);
}

static void network(struct strbuf *out, const struct sample *sample)
{
	static const struct io_row rows[] = {
#define ROW(key, field) { key, offsetof(struct interface, field) }
		ROW("RxBytes", rx_bytes), ROW("RxPackets", rx_packets),
		ROW("RxErrors", rx_errors), ROW("RxDropped", rx_dropped),
		ROW("TxBytes", tx_bytes), ROW("TxPackets", tx_packets),
		ROW("TxErrors", tx_errors), ROW("TxDropped", tx_dropped),
#undef ROW
	};

	begin(out, "network_interfaces");
	strbuf_add(out, sample->interface_count ? "[" : "null");
	for (size_t i = 0; i < sample->interface_count; i++) {
		const struct interface *interface = &sample->interfaces[i];

		open_object(out, NULL);
		text(out, "Name", interface->name);
		for (size_t k = 0; k < sizeof rows / sizeof *rows; k++)
			number(out, rows[k].op,
			       *(const uint64_t *)((const char *)interface + rows[k].offset));
		close_object(out);
	}
	strbuf_add(out, sample->interface_count ? "]" : "");
}

static void event(struct strbuf *out, const char *type, const char *id)
{
	open_object(out, NULL);
	text(out, "type", type);
	text(out, "id", id);
}

void sample_event(const char *id, const struct sample *sample, struct strbuf *ret_json)
{
	autobuf line = { 0 };

	event(&line, "stats", id);
	open_object(&line, "data");
	cpu(&line, &sample->cgroup);
	cpuset(&line, &sample->cgroup);
	memory(&line, &sample->cgroup);
	pids(&line, &sample->cgroup);
	blkio(&line, &sample->cgroup);
	hugetlb(&line, &sample->cgroup);
	intel_rdt(&line, sample->rdt);
	network(&line, sample);
	close_object(&line);
	close_object(&line);
	strbuf_addf(ret_json, "%s\n", line.text);
}

void sample_oom_event(const char *id, struct strbuf *ret_json)
{
	autobuf line = { 0 };

	event(&line, "oom", id);
	close_object(&line);
	strbuf_addf(ret_json, "%s\n", line.text);
}

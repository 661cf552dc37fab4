/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The figures of a cgroup, as the kernel's files have them (cgroup-v2.rst). What the cgroup does not
 * have, because the controller is off or the kernel older, is 0, and NO_LIMIT for limits.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct err;

#define NO_LIMIT UINT64_MAX

/* "some" or "full" of a *.pressure file; averages in hundredths of a percent. */
struct stats_stall {
	uint64_t avg10, avg60, avg300;
	uint64_t total; /* microseconds */
};
struct stats_pressure {
	bool present;
	struct stats_stall some, full;
};

struct stats_device {
	uint64_t major, minor;
	uint64_t read_bytes, write_bytes, discard_bytes;
	uint64_t reads, writes, discards;
};
struct stats_hugetlb {
	const char *size; /* "2MB" */
	uint64_t usage, limit, failures;
};
/* A line of memory.stat. */
struct stats_raw {
	const char *name;
	uint64_t value;
};

struct cgroup_stats {
	bool has_cpu, has_memory, has_pids, has_io; /* the controllers */
	bool has_memory_peak; /* kernels before 5.19 do not keep it */
	bool has_cpu_time; /* usage, user and system, which need no controller */
	struct {
		uint64_t usage, user, system; /* microseconds */
		uint64_t periods, throttled_periods, throttled;
	} cpu;
	struct {
		uint64_t usage, limit, peak, cache;
		uint64_t swap, swap_limit, swap_peak;
		uint64_t limit_hits, swap_limit_hits; /* how often a limit was met */
		uint64_t ooms, oom_kills;
		const struct stats_raw *raw;
		size_t raw_count;
	} memory;
	struct {
		uint64_t current, limit, peak, limit_hits;
	} pids;
	struct {
		const struct stats_device *devices;
		size_t device_count;
	} io;
	const struct stats_hugetlb *hugetlb;
	size_t hugetlb_count;
	const char *cpus, *mems; /* lists such as "0-3", "" if unknown */
	struct stats_pressure cpu_pressure, memory_pressure, io_pressure;
};

/* Reads all there is; -ENODEV when the cgroup is gone. */
int cgroup_stats_read(struct arena *, int cgroup, struct cgroup_stats *ret_stats, struct err *e);

/* The parts that read texts. Pure. */
void stats_parse_pressure(struct arena *, const char *text, struct stats_pressure *ret_pressure);
void stats_parse_devices(struct arena *, const char *text, struct cgroup_stats *ret_stats);
void stats_parse_memory(struct arena *, const char *text, struct cgroup_stats *ret_stats);

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What containers use as a table for people. Pure.
 */
#pragma once
#include <stddef.h>
#include <stdint.h>

struct cgroup_stats;
struct strbuf;

#define STATS_UNKNOWN UINT64_MAX

struct stats_line {
	const char *id;
	uint64_t moment; /* of the sample */
	uint64_t cpu;    /* hundredths of a percent of one CPU, or STATS_UNKNOWN */
	const struct cgroup_stats *stats;
};
/* Lines end in `end`. */
void stats_table(const struct stats_line *, size_t count, const char *end, struct strbuf *ret_text);
/* "12.3M": at most three digits that count, in powers of 1024; "-" for no limit. */
void stats_bytes(uint64_t bytes, char text[16]);

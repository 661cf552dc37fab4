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
void stats_table(const struct stats_line *, size_t count, struct strbuf *ret_text);
/* The same for a screen, from its top on and over what is there: only what has room, and how many
 * lines had none. Rows and width are 0 where they are unknown. */
void stats_screen(const struct stats_line *, size_t count, size_t rows, size_t width,
		  struct strbuf *ret_text);
/* "12.3M": at most three digits that count, in powers of 1024; "-" for no limit. */
void stats_bytes(uint64_t bytes, char text[16]);

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Strict text: numbers without sign, blank or prefix oddities, name tables,
 * growable strings. Pure: makes no system call.
 */
#pragma once
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A list of strings that something else owns. */
struct strings {
	const char *const *items;
	size_t count;
};

/* Decimal digits only, no sign, no blank, nothing behind: 0 or -EINVAL, -ERANGE above max. */
int parse_u64(const char *text, uint64_t max, uint64_t *ret_value);
/* The same with an optional leading '-': 0, -EINVAL or -ERANGE. */
int parse_i64(const char *text, int64_t min, int64_t max, int64_t *ret_value);

/* A row of a table that gives numbers their names; ends with name NULL. */
struct name_value {
	const char *name;
	uint64_t value;
};
/* The row with this name, or NULL. */
const struct name_value *name_find(const struct name_value *table, const char *name);
/* The first name with this value, or NULL. */
const char *name_of(const struct name_value *table, uint64_t value);

bool str_starts(const char *text, const char *prefix);
bool str_equal(const char *a, const char *b); /* NULL equals NULL only */

/* A string that grows. A zeroed one is valid; text is never NULL after the first append. */
struct strbuf {
	char *text;
	size_t length, size;
};
void strbuf_add(struct strbuf *, const char *text);
void strbuf_add_bytes(struct strbuf *, const void *bytes, size_t length);
/* In decimals; for what is written so often that printf would be felt. */
void strbuf_add_u64(struct strbuf *, uint64_t value);
void strbuf_add_i64(struct strbuf *, int64_t value);
__attribute__((format(printf, 2, 3)))
void strbuf_addf(struct strbuf *, const char *fmt, ...);
void strbuf_clear(struct strbuf *);
#define autobuf __attribute__((cleanup(strbuf_clear))) struct strbuf

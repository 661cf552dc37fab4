/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Values as text, "uint64 5" or "['a', 'b']" (GLib's GVariant text format), for unit properties: what
 * annotations hold, what a plan shows and what goes over the bus are the same text. Of the format
 * everything that unit properties are made of: numbers, booleans, strings, arrays, tuples, type
 * keywords ("uint64 5") and annotations ("@ay []"). Pure.
 */
#pragma once
#include <stddef.h>
#include <stdint.h>

struct arena;
struct err;
struct strbuf;

/* A value as a tree. */
struct variant {
	const char *type;  /* a complete D-Bus type: "t", "as", "a(st)" */
	uint64_t number;   /* of basic types: two's complement, the bits of a double, or 0 and 1 */
	const char *text;  /* of s, o and g */
	struct variant *items;
	size_t count;
};

int variant_parse(struct arena *, const char *text, struct variant *ret_value, struct err *e);
/* Appends the value in D-Bus's wire format; alignment counts from the buffer's start. */
void variant_write(const struct variant *, struct strbuf *body);

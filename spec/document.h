/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON text -> jansson's tree. Integers up to 2^64 - 1 survive (an rlimit of "infinity" is
 * 18446744073709551615 in every engine's config), jansson's own stop at 2^63 - 1.
 *
 * Invariant: no string of a tree holds U+0000, but for the stand-in of a large
 * integer: U+0000 and the offset, in decimal, of its digits in the text.
 */
#pragma once
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct reader;

/* 0 and a new reference, or -EINVAL and a problem with line and column. A member that is there twice
 * is a problem too, but the last of the two is read. Sets the reader's text. */
int document_parse(struct reader *, const char *text, size_t length, json_t **ret_json);

/* An integer of any size: sign and digits. */
struct integer {
	bool negative;
	bool huge;      /* beyond what magnitude can hold */
	uint64_t magnitude;
};
/* Whether the value is one, and then which. */
bool document_integer(const struct reader *, const json_t *, struct integer *ret_integer);

/* "string", "integer", ...: what a value is, for messages. */
const char *document_type(const struct reader *, const json_t *);

/* The pointer to what stands at an offset of a text, which may be malformed from there on. */
struct arena;
const char *document_locate(struct arena *, const char *text, size_t offset);

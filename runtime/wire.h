/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Protocol buffers' wire format, as much of it as CRIU's messages use: numbers, texts and messages in
 * each other, by tables that say which field of a message is which member of a struct. Pure.
 *
 * Invariant: what is decoded came from another process and is trusted with nothing: no length, no
 * nesting and no text in it reaches outside the bytes that were given.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct strbuf;

enum wire_kind {
	WIRE_BOOL,    /* bool; false is absent */
	WIRE_NUMBER,  /* int64_t, for any kind of integer and enum; 0 is absent */
	WIRE_TEXT,    /* const char *; NULL is absent */
	WIRE_MESSAGE, /* a struct; absent when none of its fields is there */
};
enum wire_rule {
	WIRE_OPTIONAL,
	WIRE_ALWAYS,   /* a zero is sent too */
	WIRE_REPEATED, /* struct wire_list of texts or structs; encoded only */
};

struct wire_field {
	const char *name; /* NULL ends a table */
	uint32_t number;
	enum wire_kind kind;
	enum wire_rule rule;
	size_t offset;
	const struct wire_field *message; /* MESSAGE: its fields */
	size_t size;                      /* REPEATED messages: of one struct */
};

struct wire_list {
	const void *items; /* const char *const *, or structs one behind the other */
	size_t count;
};

/* Appends the message. */
void wire_encode(const struct wire_field *, const void *message, struct strbuf *ret_bytes);
/* Fills the members that the bytes bring, texts in the arena; what no row knows is passed over, the
 * last of a field given twice counts. 0, or -EBADMSG, when part of *ret_message may be filled. */
int wire_decode(struct arena *, const struct wire_field *, const void *bytes, size_t length,
		void *ret_message);
/* The message as text, a line for each field: "opts.pid: 17". For the log and for people. */
void wire_print(const struct wire_field *, const void *message, struct strbuf *ret_text);

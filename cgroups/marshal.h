/* SPDX-License-Identifier: Apache-2.0 */
/*
 * D-Bus's wire format, in the machine's own byte order: appending to a buffer that begins at a
 * multiple of 8 of its message, and reading one that may hold anything. Pure.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"

enum { BUS_MESSAGE_MAX = 1 << 20 }; /* more than systemd ever answers */

void bus_align(struct strbuf *, size_t alignment);
/* A number of 1, 2, 4 or 8 bytes. */
void bus_put(struct strbuf *, uint64_t value, size_t size);
void bus_put_string(struct strbuf *, const char *text);
void bus_put_signature(struct strbuf *, const char *type);
/* An array whose elements have this alignment: begin, append the elements, end with what begin
 * returned. */
size_t bus_array_begin(struct strbuf *, size_t alignment);
void bus_array_end(struct strbuf *, size_t begun, size_t alignment);

/* A call of a method of an object, with a body in the wire format. */
struct bus_call {
	const char *destination, *path, *interface, *member;
	const char *signature;    /* "" for no body */
	const struct strbuf *body;
};
void bus_put_call(struct strbuf *, uint32_t serial, const struct bus_call *);

/* Reads; what would go beyond the end gives 0 or "" and sets failed. */
struct bus_reader {
	const char *bytes;
	size_t length, at;
	bool failed;
};
uint64_t bus_get(struct bus_reader *, size_t size);
const char *bus_get_string(struct bus_reader *);

enum bus_type { BUS_CALL = 1, BUS_RETURN = 2, BUS_ERROR = 3, BUS_SIGNAL = 4 };
/* What came. The texts are in the bytes it was read from. */
struct bus_message {
	enum bus_type type;
	uint32_t reply_serial;
	const char *member, *error; /* "" if none */
	const char *signature;
	struct bus_reader body;
};
/* The size of the message that begins here: 0 while too little of it is there to tell, -EPROTO for
 * what is none. */
long bus_message_size(const char *bytes, size_t length);
/* Takes apart one whole message: 0 or -EPROTO. */
int bus_message_parse(const char *bytes, size_t length, struct bus_message *ret_message);

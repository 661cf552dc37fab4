/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A buffer between two descriptors. Invariant: what was read is written, in order, or the
 * reader of the other end is gone for good; nothing is read while the buffer is full, so that a
 * slow reader slows the writer down.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

struct ring {
	char bytes[16384];
	size_t start, length;
	bool ended;  /* the source has nothing more */
	bool broken; /* the sink takes nothing more: what comes is dropped */
};

bool ring_wants(const struct ring *);  /* room for more from the source */
bool ring_offers(const struct ring *); /* something for the sink */
/* Reads once. true when something, or the end, was read. */
bool ring_read(struct ring *, int source);
void ring_write(struct ring *, int sink);
/* Appends bytes if there is room for all. */
bool ring_put(struct ring *, const void *bytes, size_t length);

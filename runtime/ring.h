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
	bool sends;  /* the sink is a socket: ring_suit() */
	size_t most; /* of bytes for one write, 0: any number */
};

bool ring_wants(const struct ring *);  /* room for more from the source */
bool ring_offers(const struct ring *); /* something for the sink */
/* Reads once. true when something, or the end, was read. */
bool ring_read(struct ring *, int source);
/* How to write to a sink that poll(2) called ready without waiting for it, though it may block: its
 * modes are shared with others, who would not expect O_NONBLOCK. */
void ring_suit(struct ring *, int sink);
void ring_write(struct ring *, int sink);
/* Appends bytes if there is room for all. */
bool ring_put(struct ring *, const void *bytes, size_t length);

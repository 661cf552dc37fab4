/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The heap of the static release: a block that goes up, and lists of what came back by size.
 *
 * tare lives for a millisecond or two and asks for a few hundred objects; a general allocator spent
 * a tenth of that on maps and unmaps of single pages. Here a first block is given by the caller
 * (pages of it that are never touched cost nothing), and only what does not fit is mapped.
 *
 * Invariant: a zeroed heap is valid and maps its first block itself. For one thread.
 */
#pragma once
#include <stddef.h>

/* Four sizes to each doubling, from 16 bytes to what is mapped alone. */
enum { HEAP_CLASSES = 48, HEAP_ALONE = 128 * 1024 };

struct heap_block;
struct heap {
	unsigned char *at, *end;
	struct heap_block *idle[HEAP_CLASSES];
};

/* Aligned for any type; NULL (ENOMEM) when there is no more. */
void *heap_alloc(struct heap *, size_t size);
/* The same, zeroed; the product is checked. */
void *heap_zeroed(struct heap *, size_t count, size_t size);
void *heap_resize(struct heap *, void *memory, size_t size);
/* NULL is fine. errno stays. */
void heap_free(struct heap *, void *memory);

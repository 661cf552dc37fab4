/* SPDX-License-Identifier: Apache-2.0 */
/* The C library's allocator for the static release. Not part of the library: it is a variable of
 * the process, of which there is one. */
#include <errno.h>
#include <stdlib.h>

#include "base/heap.h"

enum { FIRST = 256 * 1024 };

static _Alignas(16) unsigned char first[FIRST];
static struct heap heap = { .at = first, .end = first + FIRST };

void *malloc(size_t size)
{
	return heap_alloc(&heap, size);
}

void *calloc(size_t count, size_t size)
{
	return heap_zeroed(&heap, count, size);
}

void *realloc(void *memory, size_t size)
{
	return heap_resize(&heap, memory, size);
}

void free(void *memory)
{
	heap_free(&heap, memory);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "base/heap.h"

#include <errno.h>
#include <stdalign.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

enum { GRAIN = 16, BLOCK = 256 * 1024, SIZE_CLASS_ALONE = HEAP_CLASSES };

struct heap_block {
	uint32_t class; /* SIZE_CLASS_ALONE: a map of its own */
	bool used_before;
	size_t room;    /* behind this header */
	union {
		alignas(max_align_t) unsigned char bytes[1];
		struct heap_block *next; /* when idle */
	};
};
enum { HEADER = offsetof(struct heap_block, bytes) };

static struct heap_block *block_of(void *memory)
{
	return (struct heap_block *)((unsigned char *)memory - HEADER);
}

/* Sizes 16, 32, 48, 64; then four steps up to each power of two. */
static uint32_t class_of(size_t size, size_t *ret_room)
{
	size_t grains = size ? (size + GRAIN - 1) / GRAIN : 1, step;
	uint32_t shift;

	if (grains <= 4) {
		*ret_room = grains * GRAIN;
		return (uint32_t)grains - 1;
	}
	shift = 63 - (uint32_t)__builtin_clzll(grains - 1);
	step = (size_t)1 << (shift - 2);
	grains = (grains + step - 1) / step * step;
	*ret_room = grains * GRAIN;
	return 4 * (shift - 1) + (uint32_t)((grains - 1) / step) - 4;
}

static void *map(size_t size)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return memory == MAP_FAILED ? NULL : memory;
}

static struct heap_block *alone(size_t size)
{
	struct heap_block *block = NULL;
	size_t whole;

	if (!__builtin_add_overflow(size, HEADER + 4095, &whole) && whole <= PTRDIFF_MAX)
		block = map(whole & ~(size_t)4095);
	if (!block) {
		errno = ENOMEM;
		return NULL;
	}
	block->class = SIZE_CLASS_ALONE;
	block->room = (whole & ~(size_t)4095) - HEADER;
	return block;
}

/* What is left of the block before is forgotten: it is less than one large object. */
static bool more(struct heap *heap)
{
	unsigned char *block = map(BLOCK);

	if (!block) {
		errno = ENOMEM;
		return false;
	}
	heap->at = block;
	heap->end = block + BLOCK;
	return true;
}

static struct heap_block *take(struct heap *heap, size_t size)
{
	size_t room;
	uint32_t class = class_of(size, &room);
	struct heap_block *block = heap->idle[class];

	if (block) {
		heap->idle[class] = block->next;
		return block;
	}
	if ((size_t)(heap->end - heap->at) < HEADER + room && !more(heap))
		return NULL;
	block = (struct heap_block *)heap->at;
	heap->at += HEADER + room;
	block->class = class;
	block->room = room;
	return block;
}

static struct heap_block *get(struct heap *heap, size_t size)
{
	return size >= HEAP_ALONE ? alone(size) : take(heap, size);
}

void *heap_alloc(struct heap *heap, size_t size)
{
	struct heap_block *block = get(heap, size);

	return block ? block->bytes : NULL;
}

void *heap_zeroed(struct heap *heap, size_t count, size_t size)
{
	struct heap_block *block = NULL;
	size_t total;

	if (__builtin_mul_overflow(count, size, &total))
		errno = ENOMEM;
	else
		block = get(heap, total);
	if (!block)
		return NULL;
	/* What comes from the kernel is zero already, and so is what nobody had before. */
	if (block->used_before)
		memset(block->bytes, 0, total);
	return block->bytes;
}

/* The last one handed out grows where it is. */
static bool grow(struct heap *heap, struct heap_block *block, size_t size)
{
	size_t room;
	uint32_t class;

	if (size >= HEAP_ALONE || block->bytes + block->room != heap->at)
		return false;
	class = class_of(size, &room);
	if ((size_t)(heap->end - block->bytes) < room)
		return false;
	block->class = class;
	block->room = room;
	heap->at = block->bytes + room;
	return true;
}

void *heap_resize(struct heap *heap, void *memory, size_t size)
{
	struct heap_block *block;
	void *copy;

	if (!memory)
		return heap_alloc(heap, size);
	block = block_of(memory);
	if (size <= block->room || grow(heap, block, size))
		return memory;
	copy = heap_alloc(heap, size);
	if (!copy)
		return NULL;
	memcpy(copy, memory, block->room);
	heap_free(heap, memory);
	return copy;
}

void heap_free(struct heap *heap, void *memory)
{
	struct heap_block *block;
	int code = errno;

	if (!memory)
		return;
	block = block_of(memory);
	if (block->class == SIZE_CLASS_ALONE) {
		munmap(block, HEADER + block->room);
	} else {
		block->used_before = true;
		block->next = heap->idle[block->class];
		heap->idle[block->class] = block;
	}
	errno = code;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

enum { CHUNK_SIZE = 16 * 1024 };

struct arena_chunk {
	struct arena_chunk *next;
	size_t size, used;
	alignas(max_align_t) unsigned char bytes[];
};

static struct arena_chunk *chunk_new(struct arena *arena, size_t size)
{
	size_t room = size > CHUNK_SIZE ? size : CHUNK_SIZE;
	struct arena_chunk *chunk;

	if (room > SIZE_MAX - sizeof *chunk)
		memory_out();
	chunk = calloc(1, sizeof *chunk + room);
	if (!chunk)
		memory_out();
	chunk->size = room;
	/* A chunk made for one large object must not hide the room that is
	 * left in the current one. */
	if (arena->chunks && size > CHUNK_SIZE) {
		chunk->next = arena->chunks->next;
		arena->chunks->next = chunk;
	} else {
		chunk->next = arena->chunks;
		arena->chunks = chunk;
	}
	return chunk;
}

void *arena_alloc(struct arena *arena, size_t size)
{
	struct arena_chunk *chunk = arena->chunks;
	size_t align = alignof(max_align_t);
	void *memory;

	if (size > SIZE_MAX - align)
		memory_out();
	size = (size + align - 1) & ~(align - 1);
	if (!chunk || chunk->size - chunk->used < size)
		chunk = chunk_new(arena, size);
	memory = chunk->bytes + chunk->used;
	chunk->used += size;
	return memory;
}

void *arena_array(struct arena *arena, size_t count, size_t size)
{
	size_t total;

	if (__builtin_mul_overflow(count, size, &total))
		memory_out();
	return arena_alloc(arena, total);
}

char *arena_strndup(struct arena *arena, const char *text, size_t length)
{
	char *copy = arena_alloc(arena, length + 1);

	memcpy(copy, text, length);
	return copy;
}

char *arena_strdup(struct arena *arena, const char *text)
{
	return arena_strndup(arena, text, strlen(text));
}

/* What is left of the current chunk is free for the taking: most texts need no second go. */
char *arena_vprintf(struct arena *arena, const char *fmt, va_list args)
{
	struct arena_chunk *chunk = arena->chunks;
	size_t room = chunk ? chunk->size - chunk->used : 0;
	char *text = chunk ? (char *)chunk->bytes + chunk->used : NULL;
	va_list again;
	int length;

	va_copy(again, args);
	length = vsnprintf(text, room, fmt, again);
	va_end(again);
	if (length < 0)
		memory_out();
	if ((size_t)length + 1 + alignof(max_align_t) <= room)
		return arena_alloc(arena, (size_t)length + 1);
	if (room)
		memset(text, 0, room);
	text = arena_alloc(arena, (size_t)length + 1);
	vsnprintf(text, (size_t)length + 1, fmt, args);
	return text;
}

char *arena_printf(struct arena *arena, const char *fmt, ...)
{
	va_list args;
	char *text;

	va_start(args, fmt);
	text = arena_vprintf(arena, fmt, args);
	va_end(args);
	return text;
}

void arena_clear(struct arena *arena)
{
	while (arena->chunks) {
		struct arena_chunk *chunk = arena->chunks;

		arena->chunks = chunk->next;
		free(chunk);
	}
}

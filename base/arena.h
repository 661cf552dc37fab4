/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One arena per command: everything a command parses or builds lives until
 * arena_clear(), so nothing has a free function of its own.
 *
 * Invariant: a zeroed arena is valid, arena_clear() may be called twice.
 * No function here returns NULL: a process that cannot get a few kilobytes
 * ends by abort(), which the crash-only rule already covers.
 */
#pragma once
#include <stdarg.h>
#include <stddef.h>

struct arena_chunk;
struct arena {
	struct arena_chunk *chunks;
};

/* Zeroed memory of size bytes, aligned for any type. */
void *arena_alloc(struct arena *, size_t size);
/* The same for count elements; the product is checked. */
void *arena_array(struct arena *, size_t count, size_t size);
char *arena_strdup(struct arena *, const char *text);
char *arena_strndup(struct arena *, const char *text, size_t length);
__attribute__((format(printf, 2, 3)))
char *arena_printf(struct arena *, const char *fmt, ...);
char *arena_vprintf(struct arena *, const char *fmt, va_list args);
void arena_clear(struct arena *);

#define autoarena __attribute__((cleanup(arena_clear))) struct arena

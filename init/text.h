/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes and strings: the few functions of a libc that tare-init, or the compiler, needs. */
#pragma once
#include <stddef.h>
#include <stdint.h>

void *memcpy(void *restrict to, const void *restrict from, size_t length);
void *memmove(void *to, const void *from, size_t length);
void *memset(void *to, int byte, size_t length);
int memcmp(const void *a, const void *b, size_t length);
size_t strlen(const char *text);

int text_equal(const char *a, const char *b);
/* What follows prefix in text, or NULL. */
const char *text_after(const char *text, const char *prefix);
const char *text_find(const char *text, char c); /* NULL: not there */

/* Appends to a buffer of size bytes, always ended by NUL; what does not fit is cut off. */
struct line {
	char *text;
	size_t length, size;
};
void line_add(struct line *, const char *text);

struct digits {
	char text[24];
};
/* The number in decimal; the text is inside *digits. */
const char *decimal(struct digits *digits, uint64_t number);
/* Decimal digits only: the number, or -1. */
int64_t decimal_parse(const char *text);

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one error value. It is filled once, at the place that knows what went
 * wrong, and handed up unchanged but for context put in front. It never
 * allocates, so it can be filled when memory is short.
 *
 * Invariant: a function that returns a negative number has filled its error;
 * a function that returns 0 or more has left it alone.
 */
#pragma once
#include <stdarg.h>
#include <stddef.h>

struct err {
	int code;       /* a positive errno, 0 while nothing went wrong */
	char text[1000]; /* one line, without the program's name, no newline */
};

/* "TEXT: strerror(code)". Returns -code (-EIO where code is 0). */
__attribute__((format(printf, 3, 4)))
int err_set(struct err *e, int code, const char *fmt, ...);

/* TEXT alone, for messages that are complete without strerror. Returns -code. */
__attribute__((format(printf, 3, 4)))
int err_say(struct err *e, int code, const char *fmt, ...);

/* Puts "TEXT: " in front of what is there. Returns -e->code. */
__attribute__((format(printf, 2, 3)))
int err_prefix(struct err *e, const char *fmt, ...);

/* Puts " (TEXT)" behind what is there: a hint. Returns -e->code. */
__attribute__((format(printf, 2, 3)))
int err_hint(struct err *e, const char *fmt, ...);

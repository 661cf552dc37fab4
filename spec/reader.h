/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What reading a document and checking it share: the arena, the problems found
 * so far, and how a place in the document becomes a JSON pointer (RFC 6901).
 *
 * Invariant: a pointer is only built when there is something to say at that place.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "spec/load.h"

/* A place: a chain of steps on the stack, from the value up to the document (NULL). */
struct step {
	const struct step *up;
	const char *key; /* member of an object, NULL: an element of an array */
	size_t index;    /* of the element */
};

struct reader {
	struct arena *arena;
	struct problems *problems;
	size_t room;      /* how many problems items[] can hold */
	const char *text; /* the document: integers beyond int64_t are read from it */
};

__attribute__((format(printf, 3, 4)))
void say_error(struct reader *, const struct step *at, const char *fmt, ...);
__attribute__((format(printf, 3, 4)))
void say_warning(struct reader *, const struct step *at, const char *fmt, ...);

/* The same for a pointer that is written out. */
__attribute__((format(printf, 3, 4)))
void say_error_at(struct reader *, const char *pointer, const char *fmt, ...);
__attribute__((format(printf, 3, 4)))
void say_warning_at(struct reader *, const char *pointer, const char *fmt, ...);

/* Whether one of two pointers leads to the other. */
bool same_branch(const char *a, const char *b);

/* Whether an error was found at pointer, above it or below it: what is there cannot be judged
 * further. */
bool in_doubt(const struct reader *, const char *pointer);

/* Control characters made '?': a message is one line, and no terminal's to obey. */
void mask_controls(char *text);

/* key as one token of a pointer: "~" and "/" escaped, control characters masked. */
const char *pointer_token(struct arena *, const char *key);

/* text in quotes, fit for a message: control characters masked, cut when long. */
const char *quoted(struct arena *, const char *text);

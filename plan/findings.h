/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is wrong with a config where all of it is to be known, as by `tare validate`. Whatever looks at several things
 * hands what it thinks of each to findings_note(), and goes on unless that says no. Where the first error is to be
 * the last, as everywhere else, there are no findings: NULL.
 *
 * Invariant: each text is there once, in the order of finding. A plan with findings is good for nothing.
 */
#pragma once
#include <stddef.h>

struct arena;
struct err;

struct findings {
	struct arena *arena;
	const char **items;
	size_t count, room;
};

/* r and the error that came with it. 0 to go on: all is well, or noted; without findings r itself. */
int findings_note(struct findings *, int r, const struct err *e);

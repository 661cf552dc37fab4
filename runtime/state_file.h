/* SPDX-License-Identifier: Apache-2.0 */
/*
 * state.json as text, for state.c. Pure: opens nothing.
 *
 * Invariant: what state_print() writes state_parse() reads back unchanged; unknown
 * members are skipped, so an older tare can read what a newer one wrote.
 */
#pragma once
#include <stddef.h>

struct arena;
struct container;
struct err;
struct strbuf;

/* -EILSEQ when a text is not UTF-8, which JSON cannot hold: names the member. */
int state_print(const struct container *, struct strbuf *ret_json, struct err *e);
/* Fills all but the handles. -EBADMSG with the member or the line at fault. */
int state_parse(struct arena *, const char *json, size_t length, struct container *ret_container,
		struct err *e);

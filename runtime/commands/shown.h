/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A container as `state` and `list` show it: with its status and its owner's name.
 */
#pragma once
#include "runtime/state.h"

struct shown {
	struct container container;
	enum status status;
};
/* last: one that was loaded before, or NULL. */
int shown_load(struct context *, const char *id, const struct shown *last, struct shown *ret_shown,
	       struct err *e);
void shown_clear(struct shown *);

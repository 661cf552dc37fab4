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
int shown_load(struct context *, const char *id, struct shown *ret_shown, struct err *e);
void shown_clear(struct shown *);

/* SPDX-License-Identifier: Apache-2.0 */
/* Small files that hold one JSON array of strings. */
#pragma once
#include "base/text.h"

struct arena;
struct err;

/* Replaces dir/name; a NULL is written as "". */
int json_list_save(int dir, const char *name, const struct strings *, struct err *e);
/* Reads dir/name; an absent one is an empty list, what is no string in it NULL. */
int json_list_load(struct arena *, int dir, const char *name, struct strings *ret_list,
		   struct err *e);

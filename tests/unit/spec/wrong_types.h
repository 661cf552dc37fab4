/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every value of a config is, in turn, made one of each type that it is not.
 */
#pragma once
#include <stddef.h>

struct parsed;

/* value: the text at pointer in what was parsed. */
typedef void judge_function(void *argument, const char *pointer, const char *value,
			    const struct parsed *);
/* How many there were. */
size_t each_wrong_type(const char *text, judge_function *, void *argument);

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * argv -> struct options, by rows. Knows no command and prints nothing.
 */
#pragma once
#include <stdbool.h>

struct arena;
struct err;
struct option_row;
struct options;

/* Parses argv[1..] by rows, to which --help belongs always. stops: at the first positional
 * argument; else argv is reordered so that those come last. *ret_first is the index of the first
 * positional argument. 0, or -EINVAL with e naming the option. */
int command_line_parse(struct arena *, const struct option_row *rows, bool stops, int argc,
		       char **argv, struct options *ret_options, int *ret_first, struct err *e);
/* "true", "1", "false", ... as Go's flag package takes them: 0 or -EINVAL. */
int bool_parse(const char *text, bool *ret_value);

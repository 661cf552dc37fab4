/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Options of `update` -> a resources object, so that options and --resources meet the same reader and
 * the same rules. Pure.
 */
#pragma once

struct err;
struct options;
struct strbuf;

/* Whether one that names a limit was given: the first of them with its dashes, or NULL. */
const char *update_option_given(const struct options *);
/* The option that stands for the field that a message begins with ("/cpu/quota: ..."), and what follows the field;
 * NULL: none does. */
const char *update_option_named(const char *message, const char **ret_rest);
/* -EINVAL with the option at fault. */
int update_options_json(const struct options *, struct strbuf *ret_json, struct err *e);
/* A number of bytes with an optional unit, "64m", "1.5GiB"; -1 is unlimited. 0, -EINVAL or
 * -ERANGE. */
int bytes_parse(const char *text, long long *ret_bytes);

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Picks lines of a ps(1) table. Pure.
 */
#pragma once
#include "runtime/pids.h"

struct err;
struct strbuf;

/* Appends the header line, whose column PID is looked for, and the lines of these processes.
 * -EINVAL when there is no such column. */
int table_filter(const char *text, const struct pids *, struct strbuf *ret_lines, struct err *e);

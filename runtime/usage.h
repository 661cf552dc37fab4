/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Help texts, made of the rows of runtime/command.h. Pure.
 */
#pragma once

struct command;
struct strbuf;

/* `tare --help` for NULL, else `tare COMMAND --help`. */
void usage_text(const struct command *, struct strbuf *);

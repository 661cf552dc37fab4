/* SPDX-License-Identifier: Apache-2.0 */
/* Names for flags and numbers, where opcode and argument make the meaning certain. */
#pragma once
#include <stdint.h>

struct strbuf;

/* "NEWNS|NEWPID", "none" for 0 flags, hex for what has no name. */
void plan_print_value(struct strbuf *, unsigned op, unsigned arg, uint64_t value);

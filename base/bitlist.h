/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lists of CPUs and memory nodes as cpuset(7) writes them ("0-3,7") and as bit
 * masks for system calls. Pure.
 */
#pragma once
#include <stddef.h>

struct strbuf;

enum { BITLIST_MAX = 1 << 16 }; /* bits: far above any kernel's NR_CPUS */

/* Appends the mask, a multiple of 8 bytes, to *ret_mask. 0, -EINVAL (syntax, empty, reversed range), or -ERANGE
 * beyond BITLIST_MAX. */
int bitlist_parse(const char *text, struct strbuf *ret_mask);

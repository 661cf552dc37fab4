/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The system calls that a recording has seen.
 */
#pragma once
#include <stddef.h>
#include <stdint.h>

enum { CALLS_MOST = 2048 };

struct call {
	uint32_t arch; /* AUDIT_ARCH_... */
	int32_t number;
};
/* Each call once, in the order of its first time. */
struct calls {
	size_t count;
	struct call items[CALLS_MOST];
};

void calls_note(struct calls *, uint32_t arch, int32_t number);

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A process of tare's own beside the container: for what only another process can do, be it with other rights or in
 * another namespace, or while tare waits.
 *
 * Invariant: it learns of helper_end(), or of tare's death, by the end of file on its link, and is reaped by
 * helper_end().
 */
#pragma once
#include <stdint.h>
#include <sys/types.h>

struct err;

struct helper {
	pid_t pid;
	int pidfd;
	int link; /* a stream socket to the helper */
};
#define HELPER_NONE { .pidfd = -1, .link = -1 } /* helper_end() accepts it */

/* What the helper does, with its end of the link. It ends when this returns. */
typedef void helper_work(void *argument, int link);

/* flags: CLONE_NEW*. */
int helper_begin(struct helper *ret_helper, uint64_t flags, helper_work *work, void *argument,
		 struct err *e);
/* Closes the link and waits for the helper's end. */
void helper_end(struct helper *);
#define autohelper __attribute__((cleanup(helper_end))) struct helper

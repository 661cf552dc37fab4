/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a program of the host prints, for commands that ask one: ps(1), journalctl(1).
 *
 * Invariant: the program is reaped when this returns, whatever went wrong.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

struct err;
struct strbuf;

struct capture {
	char *const *argv; /* argv[0] is looked for in PATH; it runs with tare's environment */
	size_t most;       /* bytes that are taken */
	int timeout;       /* milliseconds until it is killed; -1: it may take as long as it likes */
	bool quiet;        /* what it says on standard error is for nobody */
};

/* Its standard output. -ETIMEDOUT; -EFBIG for more than may be taken; -EIO when it failed; other -errno when it cannot
 * be run. */
int capture(const struct capture *, struct strbuf *ret_text, struct err *e);

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is told to a socket on which somebody outside listens: who gets a terminal, a pidfd, a seccomp listener.
 *
 * Invariant: one who listens but takes nothing holds tare neither for ever nor against the signals of
 * runtime/interrupt.h.
 */
#pragma once
#include <stddef.h>

struct context;
struct err;

struct peer_message {
	const char *what; /* of the path, for errors: "--console-socket" */
	const char *path; /* "@name" is an abstract address */
	const void *bytes;
	size_t length;
	int fd; /* goes with the first byte */
};

/* Connects, says all of it, hangs up. */
int peer_tell(const struct context *, const struct peer_message *, struct err *e);

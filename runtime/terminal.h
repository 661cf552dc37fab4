/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The user's terminal while a container's is in front of it.
 *
 * Invariant: what terminal_enter() changed, terminal_leave() puts back; it may be called
 * twice. A terminal that another job of the shell has now is neither read nor changed.
 */
#pragma once
#include <stdbool.h>
#include <termios.h>

struct terminal {
	struct termios saved;
	bool raw;
};

/* Whether fd may be read: it is no terminal, or ours at the moment. */
bool terminal_is_ours(int fd);
/* Raw mode on standard input, when that is a terminal and ours: the container's does all the
 * editing and echoing. Again after a stop: the shell has changed the modes meanwhile. */
void terminal_enter(struct terminal *);
void terminal_leave(struct terminal *);
/* Gives the container's the size of the user's (the first of 0, 1, 2 that is one). */
void terminal_copy_size(int master);
/* A descriptor of standard output to which a write never waits, where the kernel has a way that
 * leaves the shell's own alone. */
int terminal_open_output(void);

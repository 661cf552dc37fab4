/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The signals by which a user ends a command that is still making a container: SIGINT, SIGTERM,
 * SIGHUP, SIGQUIT. They must not leave half a container, so they are blocked and looked for
 * wherever the command waits for others: hooks, tare-init.
 *
 * Invariant: one that the caller ignores (nohup, jobs of a script) stays ignored.
 */
#pragma once
#include <stdint.h>

struct context;
struct err;

/* The signals that tare ignores, most of them because its caller does: bit n - 1 is signal n. All when it cannot be told. */
uint64_t interrupt_ignored(struct context *);
/* From here on interrupt_fd() tells of them; once a command. */
int interrupt_begin(struct context *, struct err *e);
/* They act as they did before; one that came meanwhile does so now. */
void interrupt_end(struct context *);
/* A descriptor to poll: readable when there is one, -1 without interrupt_begin(). */
int interrupt_fd(const struct context *);
/* -EINTR, with the signal in e: interrupt_fd() was readable. */
int interrupt_take(int fd, struct err *e);
/* In the foreground, once the program runs, they are for it: the hooks that follow pass them on. */
void interrupt_pass_to(struct context *, int pidfd);
/* That pidfd, or -1. */
int interrupt_program(const struct context *);
/* Passes one on. */
void interrupt_pass(int fd, int pidfd);
/* Waits until fd can be read: 0, or -EINTR when nothing is there but a signal. */
int interrupt_wait(const struct context *, int fd, struct err *e);
/* The same for no longer than milliseconds: -ETIMEDOUT, e unchanged, when they are over. */
int interrupt_wait_for(const struct context *, int fd, int milliseconds, struct err *e);

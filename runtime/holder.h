/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A process that is lent to a scope while it has no other: systemd moves it there, the container's
 * init is born beside it, then it ends. Where tare itself may not put a process into the scope (it
 * runs outside of what is the user's), init is the holder's to make: a child is born where its
 * maker is.
 *
 * It shares memory and descriptors with tare, so it costs no copy of either, and dies with tare.
 */
#pragma once
#include <stdint.h>
#include <sys/types.h>

struct clone_args;
struct err;

struct holder {
	pid_t pid;   /* 0: none */
	int pidfd;
	int ask, answer; /* the two ends of what both say to each other */
	void *stack;
};
#define HOLDER_NONE { .pidfd = -1, .ask = -1, .answer = -1 }

int holder_begin(struct holder *ret_holder, struct err *e);
/* Has the holder perform work(argument) while the caller waits: what it returns. In work errno and
 * memory are shared with the caller. */
int holder_do(struct holder *, int (*work)(void *argument), void *argument);
/* Ends it. Without one, and twice, is fine. */
void holder_end(struct holder *);

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The agent of a recording: a process that lets every call of a container pass and writes down which it was. A
 * process of its own, for the launch cannot answer the calls of the init that it waits for.
 */
#pragma once
#include "runtime/calls.h"
#include "runtime/helper.h"

struct err;

struct witness {
	/* Shared with the agent, complete when witness_wait() has returned. Not from the program: what tare-init
	 * called behind the filter, until its execve. */
	struct calls *by_init, *by_program;
	struct helper agent;
};

/* Makes the agent; server is a listening socket, where it takes listeners until witness_wait(). */
int witness_begin(int server, struct witness *ret_witness, struct err *e);
/* Waits until all processes of the container are gone, if there ever were any, and the agent with them. */
void witness_wait(struct witness *);
void witness_clear(struct witness *);

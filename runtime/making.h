/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A container while it is made: what create, run and restore share.
 *
 * Invariant: from making_reserve() on, making_undo() leaves nothing of it behind, wherever the
 * making stopped. making_clear() is due in either case.
 */
#pragma once
#include <stdbool.h>

#include "plan/request.h"
#include "runtime/config.h"
#include "runtime/launch.h"
#include "runtime/state.h"

struct context;
struct create_request;
struct err;
struct plan_header;

struct making {
	struct context *context;
	const struct create_request *ask;
	struct config config;
	struct request request;
	struct container container;
	struct launch launch;
	struct plan_header *plan;
	bool reserved, launched;
	int notify; /* bound socket, -1 none */
};

struct making making_begin(struct context *, const struct create_request *, enum request_kind);
/* Reads the bundle and the host. Nothing to undo yet. */
int making_prepare(struct making *, struct err *e);
/* Takes the id; what the state directory will say of the container is known from now on. */
int making_reserve(struct making *, struct err *e);
/* Tells the caller of the process: --pid-file, --pidfd-socket. */
int making_tell(struct making *, struct err *e);
/* Waits in the foreground for the end of the process; without keep the container is deleted then. */
int making_attend(struct making *, int *ret_status, struct err *e);
void making_undo(struct making *);
void making_clear(struct making *);

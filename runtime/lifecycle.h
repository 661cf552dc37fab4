/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The hooks that run when no lane does: poststart and poststop (runtime.md#lifecycle), those of a
 * restored container, and the state document all hooks read.
 */
#pragma once
#include "spec/spec.h"

struct container;
struct context;
struct err;

/* Runs the hooks of one kind on the host in order, up to the first that fails. */
int lifecycle_hooks(struct context *, const struct spec *, enum hook_kind,
		    const struct container *, int status, struct err *e);
/* The state document in a sealed memfd: its descriptor or -errno. */
int lifecycle_document(const struct container *, int status, struct err *e);

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a container's seccomp filter comes from: its state directory, the cache below the state root, or the
 * compiler. What cannot be read or kept costs time, never a container.
 */
#pragma once

struct container;
struct context;
struct err;
struct request;
struct spec;

/* A name below the state root that no container can have. */
#define FILTER_CACHE "@seccomp"

/* create and run: fills request->filter, if it is empty and the spec wants one, and keeps it in the container's directory. */
int filter_provide(struct context *, const struct spec *, const struct container *,
		   struct request *, struct err *e);
/* exec: the container's own, or else as above. */
int filter_recall(struct context *, const struct spec *, const struct container *,
		  struct request *, struct err *e);

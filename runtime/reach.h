/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which places of the host the root of a user namespace can get to by their paths.
 */
#pragma once

struct context;
struct err;
struct request;
struct spec;

/* Fills request->unreachable where tare has more rights than the container's root; else it stays
 * empty. The host must have been probed. */
int reach_probe(struct context *, const struct spec *, struct request *, struct err *e);

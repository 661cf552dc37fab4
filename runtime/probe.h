/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The host as it is (host_probe() of runtime/context.h), or as it is assumed to be for a
 * reproducible plan.
 */
#pragma once
#include <stdbool.h>

struct context;
struct err;

/* Whether this process is in a user namespace that is not the initial one. */
bool probe_in_userns(struct context *);

/* Fills the context's host from words such as "rootless,unified" instead of probing: root, unified
 * and without a terminal where no word says otherwise. -EINVAL for an unknown word. Pure. */
int host_assume(struct context *, const char *words, struct err *e);

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is left of a config that has errors, for who asks what else is wrong with it.
 *
 * Invariant: a part that has an error holds nothing, or a stand-in of which nothing bad can be said; all that
 * spec.h promises of a config without errors holds for the others. A config is not to be used for anything but
 * to find faults, and a fault of a part that problems_doubt() is none.
 */
#pragma once
#include <stdbool.h>

struct problems;
struct spec;
struct spec_process;

/* A process that can be made anywhere. */
extern const struct spec_process stand_in_process;

void sound_config(struct spec *, const struct problems *);
/* Whether the part of a config that pointer leads to, or leads into, has an error. Parts are the members of objects, each
 * of mounts[] and each rule of seccomp, and what is judged as a whole, such as namespaces[]. */
bool problems_doubt(const struct problems *, const char *pointer);

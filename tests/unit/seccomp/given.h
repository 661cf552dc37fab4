/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Profiles and filters that tests begin with. What goes wrong here fails the test.
 */
#pragma once
#include "seccomp/seccomp.h"

struct arena;
struct spec_seccomp;

/* A linux.seccomp object as JSON. */
const struct spec_seccomp *given_profile(struct arena *, const char *json);
/* profiles/NAME.json, a whole config. */
const struct spec_seccomp *given_file(struct arena *, const char *name);
struct seccomp_filter given_filter(struct arena *, const struct spec_seccomp *);

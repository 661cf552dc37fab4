/* SPDX-License-Identifier: Apache-2.0 */
/* The variables of a process. */
#pragma once
#include "base/text.h"

struct arena;

/* Those of a, then those of b. Of a name that is there more than once the last value counts, in the place
 * of the first: getenv(3) finds the first, and shells keep the last. What is not NAME=VALUE stays. */
struct strings environment_of(struct arena *, const struct strings *a, const struct strings *b);

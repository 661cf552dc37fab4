/* SPDX-License-Identifier: Apache-2.0 */
/* Paths inside the container, as text. Where they lead is for tare-init to find out. Pure. */
#pragma once
#include <stdbool.h>

struct arena;

/* Relative ones are below "/" (config.md#mounts). */
const char *path_absolute(struct arena *, const char *path);
/* Whether an absolute path is the same text as clean but for "//", "/./" and a "/" at its end. */
bool path_is(const char *path, const char *clean);

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lengths of time as engines write them on command lines: "5s", "500ms", "1m30s", "1.5h". Pure.
 */
#pragma once
#include <stdint.h>

/* In milliseconds, rounded up, at least 1: 0, -EINVAL, or -ERANGE beyond some weeks. */
int duration_parse(const char *text, int *ret_ms);

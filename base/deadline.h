/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How long something may take, for poll(2): a moment of CLOCK_MONOTONIC in milliseconds, so that many
 * interruptions do not make one wait longer.
 */
#pragma once
#include <stdint.h>

#define DEADLINE_NEVER INT64_MAX

int64_t deadline_now(void);
/* In so many milliseconds; negative: never. */
int64_t deadline_after(int64_t milliseconds);
/* What poll(2) takes: milliseconds, 0 when it has passed, -1 when it never does. */
int deadline_left(int64_t deadline);

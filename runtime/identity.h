/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What tells one process from a later one with the same number.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

/* Field 22 of the text of /proc/PID/stat: 0, or -EBADMSG. Pure. */
int stat_start_time(const char *stat, uint64_t *ret_ticks);
/* Whether field 2, which a process chooses itself, is what tare-init calls itself at the gate. Pure. */
bool stat_is_at_gate(const char *stat);
/* Whether the process has ended, reaped or not. */
bool pidfd_ended(int pidfd);

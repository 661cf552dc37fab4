/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What tells one process from a later one with the same number.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

enum { STAT_PARENT = 4, STAT_THREADS = 20, STAT_START_TIME = 22 };
/* A number of the text of /proc/PID/stat, by its place in proc(5), behind the name: 0, or -EBADMSG. Pure. */
int stat_number(const char *stat, int field, uint64_t *ret_number);
/* Field 22: 0, or -EBADMSG. Pure. */
int stat_start_time(const char *stat, uint64_t *ret_ticks);
/* Whether field 2, which a process chooses itself, is what tare-init calls itself at the gate. Pure. */
bool stat_is_at_gate(const char *stat);
/* Whether the process has ended with all its threads, and only was not reaped. Pure. */
bool stat_has_ended(const char *stat);
/* Whether the process has ended, reaped or not. */
bool pidfd_ended(int pidfd);

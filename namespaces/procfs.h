/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The procfs that tare-init writes labels and sysctls through: an instance of its own. The kernel
 * refuses one in a user namespace where parts of every procfs in sight are covered, as they are in
 * a container. There the one that tare itself sees is taken ahead of CLONE, to be used instead;
 * what is covered in it cannot be reached by tare-init either.
 */
#pragma once
#include <stdint.h>

struct compile;

/* Host lane, ahead of CLONE: OPEN, where it may be needed. */
void procfs_open_step(struct compile *);
/* Its slot; PROCFS at the first call. */
uint64_t procfs_slot(struct compile *, const char *why);

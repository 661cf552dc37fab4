/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every name that config.json may hold, and its number. Tables end with a row
 * whose name is NULL (base/text.h).
 *
 * Invariant: within a table no name and no number occurs twice. Numbers come from the kernel's
 * headers, or are those of an enum in spec/spec.h.
 */
#pragma once
#include "base/text.h"

extern const struct name_value capability_names[];     /* bit numbers, 0..40 */
extern const struct name_value rlimit_names[];         /* RLIMIT_... */
extern const struct name_value namespace_names[];      /* enum ns_kind */
extern const struct name_value hook_names[];           /* enum hook_kind */
extern const struct name_value seccomp_actions[];      /* enum seccomp_action */
extern const struct name_value seccomp_operators[];    /* enum seccomp_operator */
extern const struct name_value seccomp_architectures[]; /* 0..22: libseccomp has the numbers */
extern const struct name_value seccomp_flags[];        /* SECCOMP_FILTER_FLAG_... */
extern const struct name_value scheduler_policies[];   /* SCHED_... */
extern const struct name_value scheduler_flags[];      /* SCHED_FLAG_... */
extern const struct name_value io_classes[];           /* IOPRIO_CLASS_... */
extern const struct name_value memory_policy_modes[];  /* MPOL_... */
extern const struct name_value memory_policy_flags[];  /* MPOL_F_... */
extern const struct name_value personality_domains[];  /* PER_... */
extern const struct name_value rootfs_propagations[];  /* MS_... of mount(2) */
extern const struct name_value device_types[];         /* the letter */
extern const struct name_value device_rule_types[];    /* the letter */

/* The name in the table that is one edit away from text (a letter added, lost, changed or two
 * swapped), or equal but for its case; NULL if there is none. */
const char *name_like(const struct name_value *table, const char *text);
/* The same test for two words. */
bool word_like(const char *a, const char *b);

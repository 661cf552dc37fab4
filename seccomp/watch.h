/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Recording what a container calls: the filter that asks about everything, and names for what it asked.
 */
#pragma once
#include <stdint.h>

struct arena;
struct seccomp_filter;

/* A filter that asks its listener about every call but the one with which tare-init hands the listener
 * over: nobody could answer that one yet. A signal does not interrupt a call that is asked about, where this
 * kernel can do so: programs that are full of signals would begin the same call again and again. */
struct seccomp_filter seccomp_watch_filter(struct arena *);

/* The name of a call as the kernel reports it; NULL when libseccomp knows none. *ret_arch is
 * "SCMP_ARCH_X86", NULL likewise. */
const char *seccomp_call_name(struct arena *, uint32_t audit_arch, int number,
			      const char **ret_arch);
/* The architecture that every profile has without naming it. */
const char *seccomp_native_name(void);

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A profile read as the spec has it, rule by rule, with none of the means that
 * the compiler uses: what the filter has to answer.
 */
#pragma once
#include <linux/seccomp.h>
#include <stdbool.h>
#include <stdint.h>

struct spec_seccomp;

struct plain_call {
	const char *name; /* NULL: the architecture has no such call */
	bool listed;      /* the profile has the architecture */
	uint32_t token;   /* of the architecture, SCMP_ARCH_... */
	int newest;       /* plain_newest() of the architecture */
	uint64_t most;    /* what an argument can hold; what a rule compares with is cut down to it */
	struct seccomp_data data;
};

/* The highest number among the calls that the profile names; token is SCMP_ARCH_... */
int plain_newest(const struct spec_seccomp *, uint32_t token);
uint32_t plain_answer(const struct spec_seccomp *, const struct plain_call *);

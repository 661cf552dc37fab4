/* SPDX-License-Identifier: Apache-2.0 */
/*
 * linux.seccomp -> a BPF program (config-linux.md#seccomp, seccomp(2)). The only
 * user of libseccomp.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "plan/request.h"

struct findings;
struct spec;
struct spec_seccomp;
struct strbuf;

struct seccomp_filter {
	const void *program;  /* struct sock_filter[], in the arena */
	size_t size;          /* in bytes */
	uint32_t flags;       /* SECCOMP_FILTER_FLAG_... */
};
/* Compiles a profile. Rules of one call that contradict each other for the same arguments are
 * libseccomp's to refuse; else a rule without conditions beats others, then the first in the profile's order counts.
 * Unknown system call names are skipped and appended to *ret_notes, one a
 * line. */
int seccomp_compile_filter(struct arena *, const struct spec_seccomp *,
			   struct seccomp_filter *ret_filter, struct strbuf *ret_notes,
			   struct err *e);

/* Annotations: a program in base64 in place of the profile's rules; names that libseccomp does not know are an error. */
#define SECCOMP_RAW "run.oci.seccomp_bpf_data"
#define SECCOMP_STRICT "run.oci.seccomp_fail_unknown_syscall"

/* Whether there is to be a filter at all, and what a spec's annotations and profile make of it. */
bool seccomp_is_wanted(const struct spec *);
int seccomp_make(struct arena *, const struct spec *, struct seccomp_filter *ret_filter,
		 struct err *e);
/* All that seccomp_make() might refuse, each by itself; see plan/findings.h. Without findings, the first. */
int seccomp_judge(struct arena *, const struct spec *, struct findings *, struct err *e);
/* Says, as seccomp_make() does, what is left out of a profile whose filter is taken from a cache: at the level of the log that shows it
 * only, for it compiles the profile again. */
void seccomp_tell(struct arena *, const struct spec *);
/* Whether a rule needs a listener. */
bool seccomp_notifies(const struct spec_seccomp *);

/* Init lane: SECCOMP, when the spec has a profile: request.filter, or what seccomp_make() returns. Called by runtime/process.c at the place
 * no_new_privs decides. */
compile_function seccomp_compile;

/* Names for `features` and for the parser's checks: NULL-terminated, what this libseccomp and
 * kernel know. */
const char *const *seccomp_action_names(void);
const char *const *seccomp_operator_names(void);
const char *const *seccomp_arch_names(void);
const char *const *seccomp_known_flags(void);     /* known to tare */
const char *const *seccomp_supported_flags(void); /* accepted by the running kernel: probes it */
/* The first of a filter's flags that the running kernel does not have, NULL if it has all. */
const char *seccomp_lacking_flag(uint32_t flags);
/* "2.5.4", for --version and features. */
const char *seccomp_library_version(struct arena *);

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of this room share and nobody else needs.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct err;
struct findings;
struct spec_seccomp;
struct spec_seccomp_arg;
struct spec_seccomp_rule;
struct sock_filter;
struct strbuf;

/* SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV; kernel headers before 5.19 lack it. */
enum { FLAG_WAIT_KILLABLE_RECV = 1 << 5 };

/* x32 shares its audit number with x86-64 and has this bit in its system call numbers. */
enum { X32_BIT = 0x40000000 };

/* The architectures of a filter as libseccomp's tokens (SCMP_ARCH_...), the native one first. */
enum { ARCHITECTURES_MOST = 24 };
struct architectures {
	uint32_t tokens[ARCHITECTURES_MOST];
	size_t count;
};

/* libseccomp's token of "SCMP_ARCH_X86"; 0 for one that this libseccomp does not have. */
uint32_t seccomp_arch_token(const char *name);
/* Whether the rule's conditions are on one argument: then one of them is enough. */
bool seccomp_has_alternatives(const struct spec_seccomp_rule *);
/* Whether there is a value that the condition holds for. */
bool seccomp_can_hold(const struct spec_seccomp_arg *);
/* Whether the rule does what the default does: then it is left out. */
bool seccomp_is_default(const struct spec_seccomp *, const struct spec_seccomp_rule *);
/* Whether a call of this number is newer than all that the profile names, and gets ENOSYS therefore. */
bool seccomp_is_new(const struct spec_seccomp *, uint32_t token, int number);

/* The rules of a profile that libseccomp does not take, each by itself (plan/findings.h). Unknown names go to *ret_notes. */
int seccomp_judge_rules(const struct spec_seccomp *, struct findings *, struct strbuf *ret_notes,
			struct err *e);

/* Whether the running kernel has all these SECCOMP_FILTER_FLAG_... */
bool seccomp_accepts(uint32_t flags);
/* What seccomp(2) is told beside the program. */
uint32_t seccomp_filter_flags(const struct spec_seccomp *);

/* An action and its errno as libseccomp and the kernel have it. */
uint32_t seccomp_action_value(unsigned action, int has_errno, uint32_t errno_ret);

/*
 * The stub in front of a filter: a system call newer than the newest one the profile names
 * gets ENOSYS instead of the default action, so that programs fall back to an older one. The number
 * of instructions, at most STUB_LONGEST an architecture; 0 when the profile needs none.
 */
enum { STUB_LONGEST = 8 };
size_t seccomp_stub(const struct spec_seccomp *, const struct architectures *,
		    struct sock_filter *ret_stub);

/* The number that a call has where it is one of its own; negative where it has none, which is one that socketcall(2)
 * or ipc(2) stands for if seccomp_is_multiplexed(). */
int seccomp_call_number(uint32_t token, const char *name);
bool seccomp_is_multiplexed(int number);

/* The next of the profile's rules that decide about a call, NULL at the end; after: NULL for the first. A rule without conditions beats those
 * that have some, wherever it stands. */
const struct spec_seccomp_rule *seccomp_next_rule(const struct spec_seccomp *,
						  const struct spec_seccomp_rule *after,
						  bool has_conditions, const char *call);

/*
 * What decides about calls by their arguments, ahead of libseccomp's program: the first rule in the profile's order whose
 * conditions hold, else the default action. libseccomp folds the conditions of all rules into one tree, in which a call
 * that meets the first condition of one rule and not its second can miss another rule that it meets.
 * Appends the instructions.
 */
void seccomp_conditions(const struct spec_seccomp *, const struct architectures *,
			struct strbuf *ret_program);

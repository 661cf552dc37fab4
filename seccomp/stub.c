/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdbool.h>
#include <string.h>

#include "seccomp/internal.h"
#include "spec/spec.h"

/* Where the default lets calls through, or already says ENOSYS, there is nothing to mend. */
static bool needs_stub(const struct spec_seccomp *profile)
{
	switch (profile->default_action) {
	case SECCOMP_ALLOW:
	case SECCOMP_LOG:
	case SECCOMP_TRACE:
		return false;
	default:
		return !profile->has_default_errno_ret || profile->default_errno_ret != ENOSYS;
	}
}

/* Numbers that say nothing of a call's age: an architecture has them in a place of their own. */
static const struct aside {
	uint32_t token;
	int first, last;
} asides[] = {
	{ SCMP_ARCH_X32, X32_BIT | 512, X32_BIT | 547 },
	{ SCMP_ARCH_ARM, 0xf0000, 0xf07ff },
};

static const struct aside *aside_of(uint32_t token)
{
	for (size_t i = 0; i < sizeof asides / sizeof *asides; i++)
		if (asides[i].token == token)
			return &asides[i];
	return NULL;
}

static bool is_aside(uint32_t token, int number)
{
	const struct aside *aside = aside_of(token);

	return aside && number >= aside->first && number <= aside->last;
}

static int newest_of_rule(uint32_t token, const struct spec_seccomp_rule *rule, int newest)
{
	for (size_t i = 0; i < rule->names.count; i++) {
		int number = seccomp_call_number(token, rule->names.items[i]);

		/* Negative ones are calls that this architecture does not have, or only multiplexes. */
		if (number > newest && !is_aside(token, number))
			newest = number;
	}
	return newest;
}

static int newest_named(uint32_t token, const struct spec_seccomp *profile)
{
	int newest = -1;

	for (size_t i = 0; i < profile->rule_count; i++)
		newest = newest_of_rule(token, &profile->rules[i], newest);
	return newest;
}

static bool is_x86_64(uint32_t token)
{
	return token == SCMP_ARCH_X86_64 || token == SCMP_ARCH_X32;
}

/* There unknown calls keep the number of the one that once multiplexed them. */
static bool is_s390(uint32_t token)
{
	return token == SCMP_ARCH_S390 || token == SCMP_ARCH_S390X;
}

/* With the number loaded: the instructions that answer when it is new, or fall through. */
static size_t stub_answer(uint32_t token, uint32_t newest, struct sock_filter *ret_stub)
{
	const struct aside *aside = aside_of(token);
	size_t n = 0;

	if (is_s390(token))
		ret_stub[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 1, 0);
	ret_stub[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, newest, 0,
						     aside ? 3 : 1);
	if (aside) {
		ret_stub[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K,
							     (uint32_t)aside->first, 0, 1);
		ret_stub[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K,
							     (uint32_t)aside->last, 0, 1);
	}
	ret_stub[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS);
	return n;
}

static size_t stub_of(uint32_t token, uint32_t newest, struct sock_filter *ret_stub)
{
	const uint32_t audit = token == SCMP_ARCH_X32 ? AUDIT_ARCH_X86_64 : token;
	const bool x32 = token == SCMP_ARCH_X32;
	struct sock_filter answer[STUB_LONGEST];
	const uint8_t skip = (uint8_t)stub_answer(token, newest, answer);
	const struct sock_filter check_bit =
		BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, X32_BIT, x32 ? 0 : skip, x32 ? skip : 0);
	const uint8_t rest = (uint8_t)(skip + (is_x86_64(token) ? 2 : 1));
	size_t n = 0;

	ret_stub[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
						     offsetof(struct seccomp_data, arch));
	ret_stub[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, audit, 0, rest);
	ret_stub[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
						     offsetof(struct seccomp_data, nr));
	if (is_x86_64(token))
		ret_stub[n++] = check_bit;
	memcpy(ret_stub + n, answer, skip * sizeof *answer);
	return n + skip;
}

bool seccomp_is_new(const struct spec_seccomp *profile, uint32_t token, int number)
{
	int newest = needs_stub(profile) ? newest_named(token, profile) : -1;

	return newest >= 0 && number > newest && !is_aside(token, number);
}

size_t seccomp_stub(const struct spec_seccomp *profile, const struct architectures *archs,
		    struct sock_filter *ret_stub)
{
	size_t n = 0;

	if (!needs_stub(profile))
		return 0;
	for (size_t i = 0; i < archs->count; i++) {
		int newest = newest_named(archs->tokens[i], profile);

		if (newest >= 0)
			n += stub_of(archs->tokens[i], (uint32_t)newest, ret_stub + n);
	}
	return n;
}

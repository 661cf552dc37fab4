/* SPDX-License-Identifier: Apache-2.0 */
#include "plain.h"

#include <errno.h>
#include <seccomp.h>
#include <stddef.h>
#include <string.h>

#include "base/fd.h"
#include "spec/spec.h"

static uint32_t answer_of(enum seccomp_action action, bool has_errno, uint32_t number)
{
	uint32_t data = (has_errno ? number : EPERM) & SECCOMP_RET_DATA;

	switch (action) {
	case SECCOMP_KILL_PROCESS:
		return SECCOMP_RET_KILL_PROCESS;
	case SECCOMP_KILL:
	case SECCOMP_KILL_THREAD:
		return SECCOMP_RET_KILL_THREAD;
	case SECCOMP_TRAP:
		return SECCOMP_RET_TRAP;
	case SECCOMP_ERRNO:
		return SECCOMP_RET_ERRNO | data;
	case SECCOMP_TRACE:
		return SECCOMP_RET_TRACE | data;
	case SECCOMP_LOG:
		return SECCOMP_RET_LOG;
	case SECCOMP_NOTIFY:
		return SECCOMP_RET_USER_NOTIF;
	default:
		return SECCOMP_RET_ALLOW;
	}
}

static bool holds(const struct spec_seccomp_arg *arg, uint64_t value, uint64_t most)
{
	const uint64_t given = arg->value & most, left = arg->value_two & most;

	switch (arg->op) {
	case SECCOMP_NE:
		return value != given;
	case SECCOMP_LT:
		return value < given;
	case SECCOMP_LE:
		return value <= given;
	case SECCOMP_EQ:
		return value == given;
	case SECCOMP_GE:
		return value >= given;
	case SECCOMP_GT:
		return value > given;
	default:
		return (value & given) == left && !(arg->value_two & ~arg->value);
	}
}

static bool same_argument_twice(const struct spec_seccomp_rule *rule)
{
	for (size_t i = 0; i < rule->arg_count; i++)
		for (size_t k = 0; k < i; k++)
			if (rule->args[i].index == rule->args[k].index)
				return true;
	return false;
}

static bool arguments_match(const struct spec_seccomp_rule *rule, const struct plain_call *call)
{
	bool any = same_argument_twice(rule);

	for (size_t i = 0; i < rule->arg_count; i++)
		if (holds(&rule->args[i], call->data.args[rule->args[i].index],
			  call->most) == any)
			return any;
	return !any;
}

static bool names_call(const struct spec_seccomp_rule *rule, const char *name)
{
	for (size_t i = 0; i < rule->names.count; i++)
		if (strcmp(rule->names.items[i], name) == 0)
			return true;
	return false;
}

static bool matches(const struct spec_seccomp_rule *rule, const struct plain_call *call)
{
	return call->name && names_call(rule, call->name) && arguments_match(rule, call);
}

static uint32_t rule_answer(const struct spec_seccomp_rule *rule)
{
	return answer_of(rule->action, rule->has_errno_ret, rule->errno_ret);
}

/* Ranges that do not grow: x32 has calls of its own from 512 to 547, ARM from 0xf0000. */
static bool is_apart(uint32_t token, int number)
{
	return (token == SCMP_ARCH_X32 && (number & 0xffff) >= 512 && (number & 0xffff) < 548) ||
	       (token == SCMP_ARCH_ARM && number >= 0xf0000 && number < 0xf0800);
}

/* Where one call stands for many, younger kernels have these as calls too. */
static int number_of(uint32_t token, const char *name)
{
	int number = seccomp_syscall_resolve_name_arch(token, name);

	const int first = token == SCMP_ARCH_MIPSEL ? 4000 : 0;

	for (int direct = first; number < -100 && number > -300 && direct < first + 512; direct++) {
		autofree char *found = seccomp_syscall_resolve_num_arch(token, direct);

		if (found && strcmp(found, name) == 0)
			number = direct;
	}
	return number;
}

int plain_newest(const struct spec_seccomp *profile, uint32_t token)
{
	int last = -1;

	for (size_t i = 0; i < profile->rule_count; i++)
		for (size_t k = 0; k < profile->rules[i].names.count; k++) {
			int number = number_of(token, profile->rules[i].names.items[k]);

			if (number > last && !is_apart(token, number))
				last = number;
		}
	return last;
}

static bool is_lenient(const struct spec_seccomp *profile)
{
	return profile->default_action == SECCOMP_ALLOW || profile->default_action == SECCOMP_LOG ||
	       profile->default_action == SECCOMP_TRACE;
}

static uint32_t default_answer(const struct spec_seccomp *profile)
{
	return answer_of(profile->default_action, profile->has_default_errno_ret,
			 profile->default_errno_ret);
}

/* A rule that does what the default does is as good as absent. */
static const struct spec_seccomp_rule *first_match(const struct spec_seccomp *profile,
						   const struct plain_call *call, bool conditions)
{
	for (size_t i = 0; i < profile->rule_count; i++) {
		const struct spec_seccomp_rule *rule = &profile->rules[i];

		if (!!rule->arg_count == conditions && matches(rule, call) &&
		    rule_answer(rule) != default_answer(profile))
			return rule;
	}
	return NULL;
}

uint32_t plain_answer(const struct spec_seccomp *profile, const struct plain_call *call)
{
	const struct spec_seccomp_rule *rule;

	if (!call->listed)
		return SECCOMP_RET_KILL_PROCESS;
	if (!is_lenient(profile) && call->newest >= 0 && call->data.nr > call->newest &&
	    !is_apart(call->token, call->data.nr))
		return SECCOMP_RET_ERRNO | ENOSYS;
	rule = first_match(profile, call, false);
	rule = rule ? rule : first_match(profile, call, true);
	return rule ? rule_answer(rule) : default_answer(profile);
}

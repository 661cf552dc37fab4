/* SPDX-License-Identifier: Apache-2.0 */
#include "plain.h"

#include <errno.h>
#include <seccomp.h>
#include <stddef.h>
#include <string.h>

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

static bool holds(const struct spec_seccomp_arg *arg, uint64_t value)
{
	switch (arg->op) {
	case SECCOMP_NE:
		return value != arg->value;
	case SECCOMP_LT:
		return value < arg->value;
	case SECCOMP_LE:
		return value <= arg->value;
	case SECCOMP_EQ:
		return value == arg->value;
	case SECCOMP_GE:
		return value >= arg->value;
	case SECCOMP_GT:
		return value > arg->value;
	default:
		return (value & arg->value) == arg->value_two;
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

static bool arguments_match(const struct spec_seccomp_rule *rule, const struct seccomp_data *data)
{
	bool any = same_argument_twice(rule);

	for (size_t i = 0; i < rule->arg_count; i++)
		if (holds(&rule->args[i], data->args[rule->args[i].index]) == any)
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
	return call->name && names_call(rule, call->name) && arguments_match(rule, &call->data);
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

int plain_newest(const struct spec_seccomp *profile, uint32_t token)
{
	int last = -1;

	for (size_t i = 0; i < profile->rule_count; i++)
		for (size_t k = 0; k < profile->rules[i].names.count; k++) {
			int number = seccomp_syscall_resolve_name_arch(
				token, profile->rules[i].names.items[k]);

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

uint32_t plain_answer(const struct spec_seccomp *profile, const struct plain_call *call)
{
	if (!call->listed)
		return SECCOMP_RET_KILL_PROCESS;
	if (!is_lenient(profile) && call->newest >= 0 && call->data.nr > call->newest &&
	    !is_apart(call->token, call->data.nr))
		return SECCOMP_RET_ERRNO | ENOSYS;
	for (size_t i = 0; i < profile->rule_count; i++)
		if (matches(&profile->rules[i], call))
			return rule_answer(&profile->rules[i]);
	return answer_of(profile->default_action, profile->has_default_errno_ret,
			 profile->default_errno_ret);
}

bool plain_is_ambiguous(const struct spec_seccomp *profile, const struct plain_call *call)
{
	const struct spec_seccomp_rule *first = NULL;

	for (size_t i = 0; i < profile->rule_count; i++) {
		const struct spec_seccomp_rule *rule = &profile->rules[i];

		if (!matches(rule, call))
			continue;
		if (first && rule_answer(first) != rule_answer(rule))
			return true;
		first = first ? first : rule;
	}
	return false;
}

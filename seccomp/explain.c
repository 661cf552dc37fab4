/* SPDX-License-Identifier: Apache-2.0 */
#include "seccomp/explain.h"

#include <errno.h>
#include <inttypes.h>
#include <seccomp.h>
#include <stdbool.h>
#include <string.h>

#include "base/text.h"
#include "seccomp/internal.h"
#include "seccomp/watch.h"
#include "spec/names.h"
#include "spec/spec.h"

struct question {
	const struct spec_seccomp *profile;
	const char *prefix, *call;
	struct strbuf *out;
};

static const char *const signs[SECCOMP_OPERATORS] = {
	[SECCOMP_NE] = "!=", [SECCOMP_LT] = "<", [SECCOMP_LE] = "<=", [SECCOMP_EQ] = "==",
	[SECCOMP_GE] = ">=", [SECCOMP_GT] = ">", [SECCOMP_MASKED_EQ] = "==",
};

static void add_action(struct strbuf *out, enum seccomp_action action, bool has_errno,
		       uint32_t errno_ret)
{
	unsigned number = has_errno ? errno_ret : EPERM;

	strbuf_add(out, name_of(seccomp_actions, action));
	if (action == SECCOMP_ERRNO)
		strbuf_addf(out, " %u (%s)", number, strerror((int)number));
	if (action == SECCOMP_TRACE)
		strbuf_addf(out, " %u", number);
}

static void add_condition(struct strbuf *out, const struct spec_seccomp_arg *arg)
{
	if (arg->op == SECCOMP_MASKED_EQ)
		strbuf_addf(out, "(argument %u & %#" PRIx64 ") == %#" PRIx64, arg->index,
			    arg->value, arg->value_two);
	else
		strbuf_addf(out, "argument %u %s %" PRIu64, arg->index, signs[arg->op],
			    arg->value);
}

static void add_conditions(struct strbuf *out, const struct spec_seccomp_rule *rule)
{
	const char *between = seccomp_has_alternatives(rule) ? " or " : " and ";

	for (size_t i = 0; i < rule->arg_count; i++) {
		strbuf_add(out, i ? between : " if ");
		add_condition(out, &rule->args[i]);
	}
}

static void add_rule(const struct question *q, const struct spec_seccomp_rule *rule)
{
	add_action(q->out, rule->action, rule->has_errno_ret, rule->errno_ret);
	add_conditions(q->out, rule);
	strbuf_addf(q->out, ": %s/syscalls/%zu\n", q->prefix, (size_t)(rule - q->profile->rules));
}

/* The number of rules told of. */
static size_t add_conditional(const struct question *q)
{
	const struct spec_seccomp_rule *rule = NULL;
	size_t count = 0;

	while ((rule = seccomp_next_rule(q->profile, rule, true, q->call))) {
		strbuf_add(q->out, count++ ? "\t\t" : "");
		add_rule(q, rule);
	}
	return count;
}

static void add_default(const struct question *q, uint32_t token, int number)
{
	if (seccomp_is_new(q->profile, token, number)) {
		strbuf_addf(q->out, "SCMP_ACT_ERRNO %d (%s): newer than any call that the profile "
				    "names\n", ENOSYS, strerror(ENOSYS));
		return;
	}
	add_action(q->out, q->profile->default_action, q->profile->has_default_errno_ret,
		   q->profile->default_errno_ret);
	strbuf_addf(q->out, ": %s/defaultAction\n", q->prefix);
}

static void add_decision(const struct question *q, uint32_t token, int number)
{
	const struct spec_seccomp_rule *rule =
		seccomp_next_rule(q->profile, NULL, false, q->call);

	if (rule) {
		add_rule(q, rule);
		return;
	}
	if (add_conditional(q))
		strbuf_add(q->out, "\t\telse ");
	add_default(q, token, number);
}

static void add_arch(const struct question *q, const char *name, uint32_t token)
{
	int number = seccomp_call_number(token, q->call);

	strbuf_addf(q->out, "\t%s", name);
	if (number < 0 && !seccomp_is_multiplexed(number)) {
		strbuf_add(q->out, ": has no such call\n");
		return;
	}
	if (number >= 0)
		strbuf_addf(q->out, " (%d)", number);
	strbuf_add(q->out, ": ");
	add_decision(q, token, number);
}

static bool is_known(const char *call)
{
	return seccomp_syscall_resolve_name(call) != __NR_SCMP_ERROR;
}

void seccomp_explain(const struct spec_seccomp *profile, const char *prefix, const char *call,
		     struct strbuf *ret_text)
{
	const struct question q = { profile, prefix, call, ret_text };
	uint32_t native = seccomp_arch_native();

	strbuf_addf(ret_text, "%s%s\n", call,
		    is_known(call) ? "" : ": libseccomp knows no such call, rules for it are left out");
	if (!is_known(call))
		return;
	add_arch(&q, seccomp_native_name(), native);
	for (size_t i = 0; i < profile->architectures.count; i++) {
		const char *name = profile->architectures.items[i];
		uint32_t token = seccomp_arch_token(name);

		if (token && token != native)
			add_arch(&q, name, token);
	}
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "seccomp/internal.h"

#include <elf.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stddef.h>
#include <string.h>

#include "base/fd.h"
#include "base/text.h"
#include "spec/spec.h"

/* libseccomp has numbers of its own for calls that socketcall(2) and ipc(2) make for another. The kernel has
 * most as calls too: MIPS anywhere, the others in a few dozen numbers that came late. */
struct range {
	int first, last;
};

static struct range direct_range(uint32_t token)
{
	return (token & UINT16_MAX) == EM_MIPS ? (struct range){ 4000, 4511 }
					       : (struct range){ 300, 411 };
}

bool seccomp_is_multiplexed(int number)
{
	return number <= -101 && number > -300;
}

static bool is_named(uint32_t token, int number, const char *name)
{
	autofree char *found = seccomp_syscall_resolve_num_arch(token, number);

	return found && strcmp(found, name) == 0;
}

int seccomp_call_number(uint32_t token, const char *name)
{
	const struct range range = direct_range(token);
	const int number = seccomp_syscall_resolve_name_arch(token, name);

	if (!seccomp_is_multiplexed(number))
		return number;
	for (int direct = range.first; direct <= range.last; direct++)
		if (is_named(token, direct, name))
			return direct;
	return number;
}

static bool names_call(const struct spec_seccomp_rule *rule, const char *call)
{
	for (size_t i = 0; i < rule->names.count; i++)
		if (strcmp(rule->names.items[i], call) == 0)
			return true;
	return false;
}

static bool decides(const struct spec_seccomp *profile, const struct spec_seccomp_rule *rule,
		    bool has_conditions, const char *call)
{
	return !!rule->arg_count == has_conditions && names_call(rule, call) &&
	       !seccomp_is_default(profile, rule);
}

const struct spec_seccomp_rule *seccomp_next_rule(const struct spec_seccomp *profile,
						  const struct spec_seccomp_rule *after,
						  bool has_conditions, const char *call)
{
	const struct spec_seccomp_rule *end = profile->rules + profile->rule_count;

	for (const struct spec_seccomp_rule *rule = after ? after + 1 : profile->rules; rule < end;
	     rule++)
		if (decides(profile, rule, has_conditions, call))
			return rule;
	return NULL;
}

/* The part of the program that one architecture has. */
struct section {
	const struct spec_seccomp *profile;
	uint32_t token;
	struct strbuf *out;
};

/* Where a comparison goes on, until the distance is known: no rule is that long. */
enum { HOLDS = 254, FAILS = 255 };

static void add(struct strbuf *out, unsigned code, uint32_t k, uint8_t jt, uint8_t jf)
{
	const struct sock_filter one = { (uint16_t)code, jt, jf, k };

	strbuf_add_bytes(out, &one, sizeof one);
}

static size_t here(const struct strbuf *out)
{
	return out->length / sizeof(struct sock_filter);
}

static struct sock_filter *at(struct strbuf *out, size_t index)
{
	void *const program = out->text;

	return (struct sock_filter *)program + index;
}

static void arrive(struct strbuf *out, size_t from, uint8_t label)
{
	const size_t end = here(out);

	for (size_t i = from; i < end; i++) {
		struct sock_filter *f = at(out, i);
		const uint8_t distance = (uint8_t)(end - i - 1);

		if (BPF_CLASS(f->code) != BPF_JMP)
			continue;
		f->jt = f->jt == label ? distance : f->jt;
		f->jf = f->jf == label ? distance : f->jf;
	}
}

/* As libseccomp has it: x32 and n32 have arguments of 32 bits, and what a rule compares with is cut to these. */
static bool is_wide(uint32_t token)
{
	return token & __AUDIT_ARCH_64BIT && !(token & __AUDIT_ARCH_CONVENTION_MIPS64_N32);
}

static void load_half(const struct section *s, uint32_t index, bool high, uint32_t mask)
{
	const bool is_second = high == !!(s->token & __AUDIT_ARCH_LE);
	const size_t offset = offsetof(struct seccomp_data, args) + 8 * (size_t)index;

	add(s->out, BPF_LD | BPF_W | BPF_ABS, (uint32_t)(offset + (is_second ? 4 : 0)), 0, 0);
	if (mask != UINT32_MAX)
		add(s->out, BPF_ALU | BPF_AND | BPF_K, mask, 0, 0);
}

static const struct comparison {
	unsigned jump; /* of the low half, where the high ones are equal */
	bool negated;
} comparisons[SECCOMP_OPERATORS] = {
	[SECCOMP_NE] = { BPF_JEQ, true }, [SECCOMP_LT] = { BPF_JGE, true },
	[SECCOMP_LE] = { BPF_JGT, true }, [SECCOMP_EQ] = { BPF_JEQ, false },
	[SECCOMP_GE] = { BPF_JGE, false }, [SECCOMP_GT] = { BPF_JGT, false },
	[SECCOMP_MASKED_EQ] = { BPF_JEQ, false },
};

/* Falls through when it holds, goes to FAILS when it does not. */
static void add_condition(const struct section *s, const struct spec_seccomp_arg *arg)
{
	const struct comparison *c = &comparisons[arg->op];
	const bool is_masked = arg->op == SECCOMP_MASKED_EQ;
	const uint64_t mask = is_masked ? arg->value : UINT64_MAX;
	const uint64_t value = is_masked ? arg->value_two : arg->value;
	const uint8_t yes = c->negated ? FAILS : HOLDS, no = c->negated ? HOLDS : FAILS;
	const size_t start = here(s->out);

	if (is_wide(s->token)) {
		load_half(s, arg->index, true, (uint32_t)(mask >> 32));
		if (c->jump != BPF_JEQ)
			add(s->out, BPF_JMP | BPF_JGT | BPF_K, (uint32_t)(value >> 32), yes, 0);
		add(s->out, BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)(value >> 32), 0, no);
	}
	load_half(s, arg->index, false, (uint32_t)mask);
	add(s->out, BPF_JMP | c->jump | BPF_K, (uint32_t)value, yes, no);
	arrive(s->out, start, HOLDS);
}

static void add_action(struct strbuf *out, const struct spec_seccomp_rule *rule)
{
	add(out, BPF_RET | BPF_K,
	    seccomp_action_value(rule->action, rule->has_errno_ret, rule->errno_ret), 0, 0);
}

/* These conditions together, then the rule's action. */
static void add_case(const struct section *s, const struct spec_seccomp_rule *rule, size_t first,
		     size_t count)
{
	const size_t start = here(s->out);

	for (size_t i = first; i < first + count; i++)
		if (!seccomp_can_hold(&rule->args[i]))
			return;
	for (size_t i = first; i < first + count; i++)
		add_condition(s, &rule->args[i]);
	add_action(s->out, rule);
	arrive(s->out, start, FAILS);
}

static void add_rule(const struct section *s, const struct spec_seccomp_rule *rule)
{
	if (!seccomp_has_alternatives(rule)) {
		add_case(s, rule, 0, rule->arg_count);
		return;
	}
	for (size_t i = 0; i < rule->arg_count; i++)
		add_case(s, rule, i, 1);
}

/* What follows is for this value alone. Jumps over it by the long jump: a condition reaches only 255 instructions
 * far. */
static size_t begin_unless(struct strbuf *out, uint32_t value)
{
	add(out, BPF_JMP | BPF_JEQ | BPF_K, value, 1, 0);
	add(out, BPF_JMP | BPF_JA, 0, 0, 0);
	return here(out);
}

/* What turned out short needs no long jump. */
static void end_unless(struct strbuf *out, size_t start)
{
	const size_t length = here(out) - start;
	struct sock_filter *f = at(out, start - 2);

	if (length > UINT8_MAX) {
		f[1].k = (uint32_t)length;
		return;
	}
	f[0].jt = 0;
	f[0].jf = (uint8_t)length;
	memmove(&f[1], &f[2], length * sizeof *f);
	out->length -= sizeof *f;
}

/* What the rules without conditions and the profile say of the call. */
static void add_rest(const struct section *s, const struct spec_seccomp_rule *unconditional)
{
	const struct spec_seccomp_rule rest = { .action = s->profile->default_action,
						.has_errno_ret = s->profile->has_default_errno_ret,
						.errno_ret = s->profile->default_errno_ret };

	add_action(s->out, unconditional ? unconditional : &rest);
}

static void add_call(const struct section *s, const char *call)
{
	const struct spec_seccomp_rule *first = seccomp_next_rule(s->profile, NULL, false, call);
	const struct spec_seccomp_rule *rule = NULL;
	const int number = seccomp_call_number(s->token, call);
	size_t start;

	if (number < 0)
		return;
	start = begin_unless(s->out, (uint32_t)number);
	while (!first && (rule = seccomp_next_rule(s->profile, rule, true, call)))
		add_rule(s, rule);
	add_rest(s, first);
	end_unless(s->out, start);
}

/* The first rule that has conditions for a call brings all of them. */
static void add_calls(const struct section *s, const struct spec_seccomp_rule *rule)
{
	for (size_t i = 0; i < rule->names.count; i++)
		if (seccomp_next_rule(s->profile, NULL, true, rule->names.items[i]) == rule)
			add_call(s, rule->names.items[i]);
}

static void add_section(const struct section *s)
{
	const uint32_t audit = s->token == SCMP_ARCH_X32 ? AUDIT_ARCH_X86_64 : s->token;
	const size_t before = s->out->length;
	size_t start;
	bool none;

	add(s->out, BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch), 0, 0);
	start = begin_unless(s->out, audit);
	add(s->out, BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr), 0, 0);
	for (size_t i = 0; i < s->profile->rule_count; i++)
		add_calls(s, &s->profile->rules[i]);
	none = here(s->out) == start + 1;
	end_unless(s->out, start);
	if (none)
		s->out->length = before;
}

void seccomp_conditions(const struct spec_seccomp *profile, const struct architectures *archs,
			struct strbuf *ret_program)
{
	for (size_t i = 0; i < archs->count; i++)
		add_section(&(struct section){ profile, archs->tokens[i], ret_program });
}

/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/sys.h"
#include "plan/findings.h"
#include "seccomp/internal.h"
#include "seccomp/seccomp.h"
#include "spec/names.h"
#include "spec/spec.h"

/* Which libseccomp features are assumed, instead of asking the running kernel: a filter depends on
 * the profile alone. What the kernel does not have, it refuses when the filter is loaded.
 * The binary tree costs a call one or two instructions where a profile names less than eight, and saves hundreds where
 * it names as many. */
enum { API_LEVEL = 6, OPTIMIZE_TREE = 2 };

struct builder {
	const struct spec_seccomp *profile;
	scmp_filter_ctx filter;
	uint32_t default_action;
	struct architectures archs;
	struct strbuf *notes;
	struct findings *findings; /* see plan/findings.h */
};

static void builder_clear(struct builder *b)
{
	if (b->filter)
		seccomp_release(b->filter);
	b->filter = NULL;
}

static const uint32_t plain_actions[SECCOMP_ACTIONS] = {
	[SECCOMP_KILL] = SCMP_ACT_KILL_THREAD,
	[SECCOMP_KILL_PROCESS] = SCMP_ACT_KILL_PROCESS,
	[SECCOMP_KILL_THREAD] = SCMP_ACT_KILL_THREAD,
	[SECCOMP_TRAP] = SCMP_ACT_TRAP,
	[SECCOMP_ERRNO] = SCMP_ACT_ERRNO(0),
	[SECCOMP_TRACE] = SCMP_ACT_TRACE(0),
	[SECCOMP_ALLOW] = SCMP_ACT_ALLOW,
	[SECCOMP_LOG] = SCMP_ACT_LOG,
	[SECCOMP_NOTIFY] = SCMP_ACT_NOTIFY,
};

uint32_t seccomp_action_value(unsigned action, int has_errno, uint32_t errno_ret)
{
	uint32_t data = has_errno ? errno_ret : EPERM;

	if (action != SECCOMP_ERRNO && action != SECCOMP_TRACE)
		data = 0;
	return plain_actions[action] | (data & SECCOMP_RET_DATA);
}

static const enum scmp_compare comparisons[SECCOMP_OPERATORS] = {
	[SECCOMP_NE] = SCMP_CMP_NE, [SECCOMP_LT] = SCMP_CMP_LT,
	[SECCOMP_LE] = SCMP_CMP_LE, [SECCOMP_EQ] = SCMP_CMP_EQ,
	[SECCOMP_GE] = SCMP_CMP_GE, [SECCOMP_GT] = SCMP_CMP_GT,
	[SECCOMP_MASKED_EQ] = SCMP_CMP_MASKED_EQ,
};

/* For SCMP_CMP_MASKED_EQ the spec's value is the mask and valueTwo what has to be left. */
static struct scmp_arg_cmp condition(const struct spec_seccomp_arg *arg)
{
	return (struct scmp_arg_cmp){ arg->index, comparisons[arg->op], arg->value,
				      arg->value_two };
}

/* libseccomp would cut the value down to the mask, and a condition that nothing meets would
 * match. */
bool seccomp_can_hold(const struct spec_seccomp_arg *arg)
{
	return arg->op != SECCOMP_MASKED_EQ || !(arg->value_two & ~arg->value);
}

/* Engines write alternatives as conditions on one argument, as runc has always read them. */
bool seccomp_has_alternatives(const struct spec_seccomp_rule *rule)
{
	unsigned seen = 0;

	for (size_t i = 0; i < rule->arg_count; i++) {
		if (seen & 1u << rule->args[i].index)
			return true;
		seen |= 1u << rule->args[i].index;
	}
	return false;
}

static int add_alternatives(struct builder *b, const struct spec_seccomp_rule *rule,
			    uint32_t action, int number)
{
	int r = 0;

	for (size_t i = 0; i < rule->arg_count && r == 0; i++) {
		struct scmp_arg_cmp one = condition(&rule->args[i]);

		if (seccomp_can_hold(&rule->args[i]))
			r = seccomp_rule_add_array(b->filter, action, number, 1, &one);
	}
	return r;
}

/* What libseccomp makes of conditions stands behind what seccomp_conditions() does, and counts where one call
 * stands for many alone (socketcall(2)). It gets them all the same: it refuses rules that contradict each other. */
static int add_call(struct builder *b, const struct spec_seccomp_rule *rule, uint32_t action,
		    int number)
{
	struct scmp_arg_cmp all[6];

	if (seccomp_has_alternatives(rule))
		return add_alternatives(b, rule, action, number);
	for (size_t i = 0; i < rule->arg_count; i++) {
		if (!seccomp_can_hold(&rule->args[i]))
			return 0;
		all[i] = condition(&rule->args[i]);
	}
	return seccomp_rule_add_array(b->filter, action, number, (unsigned)rule->arg_count, all);
}

/* tare-init sends the listener away with sendmsg: nobody could answer for that one. */
static bool is_needed_for_listener(const struct spec_seccomp_rule *rule, const char *name)
{
	return rule->action == SECCOMP_NOTIFY && strcmp(name, "sendmsg") == 0;
}

static int rule_failed(size_t index, const char *name, int code, struct err *e)
{
	if (code == EEXIST)
		return err_say(e, EINVAL, "/linux/seccomp/syscalls/%zu (%s): an earlier rule has "
					  "another action for the same condition", index, name);
	return err_set(e, code, "/linux/seccomp/syscalls/%zu (%s): libseccomp", index, name);
}

static int refuse_notify(size_t index, const char *name, struct err *e)
{
	return err_say(e, EINVAL, "/linux/seccomp/syscalls/%zu: SCMP_ACT_NOTIFY cannot be used for "
				  "%s: it is needed to reach the listener", index, name);
}

static int add_name(struct builder *b, size_t index, uint32_t action, const char *name,
		    struct err *e)
{
	const struct spec_seccomp_rule *rule = &b->profile->rules[index];
	int number = seccomp_syscall_resolve_name(name);
	int r;

	if (number == __NR_SCMP_ERROR) {
		strbuf_addf(b->notes, "/linux/seccomp/syscalls/%zu: libseccomp does not know the "
				      "system call %s\n", index, name);
		return 0;
	}
	if (is_needed_for_listener(rule, name))
		return refuse_notify(index, name, e);
	r = add_call(b, rule, action, number);
	return r < 0 ? rule_failed(index, name, -r, e) : 0;
}

/* libseccomp refuses a rule that changes nothing. */
bool seccomp_is_default(const struct spec_seccomp *profile, const struct spec_seccomp_rule *rule)
{
	return seccomp_action_value(rule->action, rule->has_errno_ret, rule->errno_ret) ==
	       seccomp_action_value(profile->default_action, profile->has_default_errno_ret,
				    profile->default_errno_ret);
}

static int add_rule(struct builder *b, size_t index, struct err *e)
{
	const struct spec_seccomp_rule *rule = &b->profile->rules[index];
	uint32_t action =
		seccomp_action_value(rule->action, rule->has_errno_ret, rule->errno_ret);
	int r = 0;

	if (seccomp_is_default(b->profile, rule))
		return 0;
	for (size_t i = 0; i < rule->names.count && r == 0; i++)
		r = findings_note(b->findings,
				  add_name(b, index, action, rule->names.items[i], e), e);
	return r;
}

/* "SCMP_ARCH_X86_64" is "x86_64" to libseccomp; 0 for one that this libseccomp does not have. */
uint32_t seccomp_arch_token(const char *name)
{
	static const char prefix[] = "SCMP_ARCH_";
	char lower[32] = "";

	if (!str_starts(name, prefix) || strlen(name) >= sizeof lower)
		return 0;
	name += sizeof prefix - 1;
	for (size_t i = 0; name[i]; i++)
		lower[i] = (char)tolower((unsigned char)name[i]);
	return seccomp_arch_resolve_name(lower);
}

/* An architecture that cannot be added stays forbidden: its calls end the process. */
static int add_architecture(struct builder *b, const char *name, struct err *e)
{
	uint32_t token = seccomp_arch_token(name);
	int r = token ? seccomp_arch_add(b->filter, token) : -EINVAL;

	if (r == -EEXIST)
		return 0;
	if (r == -EINVAL || r == -EDOM) {
		strbuf_addf(b->notes, "/linux/seccomp/architectures: libseccomp has no %s here\n",
			    name);
		return 0;
	}
	if (r < 0)
		return err_set(e, -r, "/linux/seccomp/architectures (%s): libseccomp", name);
	if (b->archs.count < sizeof b->archs.tokens / sizeof *b->archs.tokens)
		b->archs.tokens[b->archs.count++] = token;
	return 0;
}

/* Architectures come first: one that is added later has none of the rules so far. */
static int add_all(struct builder *b, struct err *e)
{
	const struct strings *names = &b->profile->architectures;
	int r = 0;

	for (size_t i = 0; i < names->count && r == 0; i++)
		r = add_architecture(b, names->items[i], e);
	for (size_t i = 0; i < b->profile->rule_count && r == 0; i++)
		r = add_rule(b, i, e);
	return r;
}

static int begin(struct builder *b, struct err *e)
{
	int r;

	b->default_action = seccomp_action_value(b->profile->default_action,
						 b->profile->has_default_errno_ret,
						 b->profile->default_errno_ret);
	b->archs = (struct architectures){ { seccomp_arch_native() }, 1 };
	seccomp_api_set(API_LEVEL);
	b->filter = seccomp_init(b->default_action);
	if (!b->filter)
		return err_say(e, EINVAL, "/linux/seccomp/defaultAction: libseccomp refuses it");
	r = seccomp_attr_set(b->filter, SCMP_FLTATR_CTL_OPTIMIZE, OPTIMIZE_TREE);
	if (r == 0)
		r = seccomp_attr_set(b->filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
	return r < 0 ? err_set(e, -r, "/linux/seccomp: libseccomp") : 0;
}

/* Every libseccomp can write a program to a file; one in memory is the nearest to a buffer. */
static int export(const struct builder *b, struct strbuf *ret_program, struct err *e)
{
	autofd file = sys_memfd_create("seccomp", MFD_CLOEXEC);
	int r;

	if (file < 0)
		return err_set(e, errno, "memfd_create");
	r = seccomp_export_bpf(b->filter, file);
	if (r == 0 && lseek(file, 0, SEEK_SET) < 0)
		r = -errno;
	if (r == 0)
		r = fd_read_all(file, 8 * BPF_MAXINSNS, ret_program);
	if (r == -EFBIG)
		return err_say(e, E2BIG, "/linux/seccomp: the filter has more than %d instructions",
			       BPF_MAXINSNS);
	return r < 0 ? err_set(e, -r, "/linux/seccomp: libseccomp") : 0;
}

bool seccomp_notifies(const struct spec_seccomp *profile)
{
	for (size_t i = 0; i < profile->rule_count; i++)
		if (profile->rules[i].action == SECCOMP_NOTIFY)
			return true;
	return false;
}

/* SECCOMP_FILTER_FLAG_TSYNC is no flag here: tare-init has one thread. WAIT_KILLABLE_RECV
 * speaks of a listener, and the kernel refuses it without one. */
uint32_t seccomp_filter_flags(const struct spec_seccomp *profile)
{
	bool notify = seccomp_notifies(profile);
	uint32_t flags = 0, dropped = SECCOMP_FILTER_FLAG_TSYNC;

	if (!notify)
		dropped |= FLAG_WAIT_KILLABLE_RECV;
	for (size_t i = 0; i < profile->flags.count; i++) {
		const struct name_value *row = name_find(seccomp_flags, profile->flags.items[i]);

		flags |= row ? (uint32_t)row->value : 0;
	}
	return (flags & ~dropped) | (notify ? SECCOMP_FILTER_FLAG_NEW_LISTENER : 0);
}

static int assemble(struct arena *arena, const struct builder *b, const struct strbuf *program,
		    struct seccomp_filter *ret_filter, struct err *e)
{
	struct sock_filter stub[STUB_LONGEST * ARCHITECTURES_MOST];
	autobuf whole = { 0 };
	char *copy;

	strbuf_add_bytes(&whole, stub, seccomp_stub(b->profile, &b->archs, stub) * sizeof *stub);
	seccomp_conditions(b->profile, &b->archs, &whole);
	strbuf_add_bytes(&whole, program->text, program->length);
	if (whole.length > BPF_MAXINSNS * sizeof(struct sock_filter))
		return err_say(e, E2BIG, "/linux/seccomp: the filter has more than %d instructions",
			       BPF_MAXINSNS);
	copy = arena_alloc(arena, whole.length);
	memcpy(copy, whole.text, whole.length);
	*ret_filter = (struct seccomp_filter){ copy, whole.length,
					       seccomp_filter_flags(b->profile) };
	return 0;
}

int seccomp_judge_rules(const struct spec_seccomp *profile, struct findings *findings,
			struct strbuf *ret_notes, struct err *e)
{
	__attribute__((cleanup(builder_clear))) struct builder b = {
		.profile = profile, .notes = ret_notes, .findings = findings
	};
	int r = begin(&b, e);

	return r < 0 ? r : add_all(&b, e);
}

int seccomp_compile_filter(struct arena *arena, const struct spec_seccomp *profile,
			   struct seccomp_filter *ret_filter, struct strbuf *ret_notes,
			   struct err *e)
{
	__attribute__((cleanup(builder_clear))) struct builder b = { .profile = profile,
								     .notes = ret_notes };
	autobuf program = { 0 };
	int r = begin(&b, e);

	if (r == 0)
		r = add_all(&b, e);
	if (r == 0)
		r = export(&b, &program, e);
	return r < 0 ? r : assemble(arena, &b, &program, ret_filter, e);
}

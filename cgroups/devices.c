/* SPDX-License-Identifier: Apache-2.0 */
#include <linux/bpf.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "cgroups/internal.h"
#include "spec/spec.h"

/*
 * Rules are read as the spec has them: in order, the last one that speaks of a
 * device and of a way to use it decides; what none speaks of is denied. Each of read, write
 * and mknod is decided by itself, so "r" and "w" in two rules are as good as "rw" in one.
 *
 * The program therefore takes the rules from the last to the first and keeps the
 * accesses that are not yet allowed in a register. The verifier's time goes with the number of
 * branches, so neighbours that allow all of one device (most rules do) are one comparison each.
 */

/* What every container may do, whatever its rules say: make nodes, and use the devices that the
 * spec promises, terminals, and tun, which Docker's users have come to rely on. */
static const struct spec_device_rule default_rules[] = {
#define ANY .has_major = false, .has_minor = false
#define NODE(major_, minor_) .has_major = true, .major = (major_), .has_minor = true, \
		.minor = (minor_), .read = true, .write = true, .mknod = true
	{ .allow = true, .type = 'c', ANY, .mknod = true },
	{ .allow = true, .type = 'b', ANY, .mknod = true },
	{ .allow = true, .type = 'c', NODE(1, 3) },    /* null */
	{ .allow = true, .type = 'c', NODE(1, 5) },    /* zero */
	{ .allow = true, .type = 'c', NODE(1, 7) },    /* full */
	{ .allow = true, .type = 'c', NODE(1, 8) },    /* random */
	{ .allow = true, .type = 'c', NODE(1, 9) },    /* urandom */
	{ .allow = true, .type = 'c', NODE(5, 0) },    /* tty */
	{ .allow = true, .type = 'c', NODE(5, 1) },    /* console */
	{ .allow = true, .type = 'c', NODE(5, 2) },    /* ptmx */
	{ .allow = true, .type = 'c', NODE(136, -1) }, /* pts: -1 is any */
	{ .allow = true, .type = 'c', NODE(10, 200) }, /* net/tun */
#undef NODE
#undef ANY
};
enum { DEFAULT_RULES = sizeof default_rules / sizeof *default_rules };

size_t cgroup_device_rules(struct arena *arena, const struct spec_resources *r,
			   const struct spec_device_rule **ret_rules)
{
	size_t count = r->device_count + DEFAULT_RULES;
	struct spec_device_rule *rules = arena_array(arena, count, sizeof *rules);

	if (r->device_count)
		memcpy(rules, r->devices, r->device_count * sizeof *rules);
	memcpy(rules + r->device_count, default_rules, sizeof default_rules);
	*ret_rules = rules;
	return count;
}

static int64_t rule_major(const struct spec_device_rule *rule)
{
	return rule->has_major ? rule->major : -1;
}

static int64_t rule_minor(const struct spec_device_rule *rule)
{
	return rule->has_minor ? rule->minor : -1;
}

static const char *number_text(struct arena *arena, int64_t number)
{
	return number == -1 ? "*" : arena_printf(arena, "%lld", (long long)number);
}

const char *cgroup_device_text(struct arena *arena, const struct spec_device_rule *rule)
{
	return arena_printf(arena, "%s %c %s:%s %s%s%s", rule->allow ? "allow" : "deny",
			    rule->type, number_text(arena, rule_major(rule)),
			    number_text(arena, rule_minor(rule)), rule->read ? "r" : "",
			    rule->write ? "w" : "", rule->mknod ? "m" : "");
}

/* BPF_DEVCG_ACC_* */
enum { ACCESS_ALL = BPF_DEVCG_ACC_MKNOD | BPF_DEVCG_ACC_READ | BPF_DEVCG_ACC_WRITE };

static int rule_access(const struct spec_device_rule *rule)
{
	return (rule->mknod ? BPF_DEVCG_ACC_MKNOD : 0) | (rule->read ? BPF_DEVCG_ACC_READ : 0) |
	       (rule->write ? BPF_DEVCG_ACC_WRITE : 0);
}

/* The kernel's dev_t. */
enum { MINOR_BITS = 20, MAJOR_MOST = (1 << 12) - 1, MINOR_MOST = (1 << MINOR_BITS) - 1 };

static bool covers_all(const struct spec_device_rule *rule)
{
	return rule->type == 'a' && rule_major(rule) == -1 && rule_minor(rule) == -1 &&
	       rule_access(rule) == ACCESS_ALL;
}

/* A number that no device can have. */
static bool matches_nothing(const struct spec_device_rule *rule)
{
	return rule_major(rule) < -1 || rule_major(rule) > MAJOR_MOST || rule_minor(rule) < -1 ||
	       rule_minor(rule) > MINOR_MOST || !rule_access(rule);
}

static bool same_device(const struct spec_device_rule *a, const struct spec_device_rule *b)
{
	return a->type == b->type && rule_major(a) == rule_major(b) &&
	       rule_minor(a) == rule_minor(b);
}

/* Engines list the default devices too: what a later rule has decided needs no instructions. */
static bool is_decided(const struct spec_device_rule *rules, size_t i, size_t count)
{
	int access = rule_access(&rules[i]);

	for (size_t later = i + 1; later < count; later++)
		if (same_device(&rules[i], &rules[later]))
			access &= ~rule_access(&rules[later]);
	return !access;
}

/* Registers of the program; r1 is the context on entry. */
enum { REG_RESULT = 0, REG_CONTEXT = 1, REG_TYPE = 2, REG_ACCESS = 3, REG_MAJOR = 4,
       REG_MINOR = 5, REG_SCRATCH = 6, REG_DEVICE = 7 };
/* The longest rule: three comparisons, three for the accesses, a return of two. A run of one is
 * as long as that at most. */
enum { RULE_LONGEST = 8, PROLOGUE = 9, EPILOGUE = 2 };
/* Jumps reach as far as 16 bits do. */
enum { RUN_MOST = 1000 };

struct writer {
	struct bpf_insn *insns;
	size_t count;
};

static void emit(struct writer *w, int code, int dst, int src, int off, int32_t imm)
{
	w->insns[w->count++] = (struct bpf_insn){ .code = (uint8_t)code,
						  .dst_reg = (uint8_t)dst & 15,
						  .src_reg = (uint8_t)src & 15,
						  .off = (int16_t)off,
						  .imm = imm };
}

static void emit_load(struct writer *w, int dst, size_t offset)
{
	emit(w, BPF_LDX | BPF_MEM | BPF_W, dst, REG_CONTEXT, (int)offset, 0);
}

static void emit_return(struct writer *w, bool allow)
{
	emit(w, BPF_ALU64 | BPF_MOV | BPF_K, REG_RESULT, 0, 0, allow);
	emit(w, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
}

static void emit_prologue(struct writer *w)
{
	emit_load(w, REG_TYPE, offsetof(struct bpf_cgroup_dev_ctx, access_type));
	emit(w, BPF_ALU | BPF_MOV | BPF_X, REG_ACCESS, REG_TYPE, 0, 0);
	emit(w, BPF_ALU | BPF_RSH | BPF_K, REG_ACCESS, 0, 0, 16);
	emit(w, BPF_ALU | BPF_AND | BPF_K, REG_TYPE, 0, 0, 0xffff);
	emit_load(w, REG_MAJOR, offsetof(struct bpf_cgroup_dev_ctx, major));
	emit_load(w, REG_MINOR, offsetof(struct bpf_cgroup_dev_ctx, minor));
	emit(w, BPF_ALU | BPF_MOV | BPF_X, REG_DEVICE, REG_MAJOR, 0, 0);
	emit(w, BPF_ALU | BPF_LSH | BPF_K, REG_DEVICE, 0, 0, MINOR_BITS);
	emit(w, BPF_ALU | BPF_OR | BPF_X, REG_DEVICE, REG_MINOR, 0, 0);
}

/* Jumps to the end of the rule, which is filled in when that is known: offset 0 marks it. */
static void emit_unless(struct writer *w, int reg, int64_t value)
{
	if (value != -1)
		emit(w, BPF_JMP32 | BPF_JNE | BPF_K, reg, 0, 0, (int32_t)value);
}

/* Allowed accesses are taken off; nothing left to allow is a yes. */
static void emit_allow(struct writer *w, int access)
{
	if (access != ACCESS_ALL) {
		emit(w, BPF_ALU | BPF_AND | BPF_K, REG_ACCESS, 0, 0, ACCESS_ALL & ~access);
		emit(w, BPF_JMP32 | BPF_JNE | BPF_K, REG_ACCESS, 0, 0, 0);
	}
	emit_return(w, true);
}

/* One access still asked for and denied here is a no. */
static void emit_deny(struct writer *w, int access)
{
	if (access != ACCESS_ALL) {
		emit(w, BPF_ALU | BPF_MOV | BPF_X, REG_SCRATCH, REG_ACCESS, 0, 0);
		emit(w, BPF_ALU | BPF_AND | BPF_K, REG_SCRATCH, 0, 0, access);
		emit(w, BPF_JMP32 | BPF_JEQ | BPF_K, REG_SCRATCH, 0, 0, 0);
	}
	emit_return(w, false);
}

static void emit_unless_type(struct writer *w, char type)
{
	if (type != 'a')
		emit_unless(w, REG_TYPE, type == 'b' ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR);
}

static void emit_rule(struct writer *w, const struct spec_device_rule *rule)
{
	size_t first = w->count;

	emit_unless_type(w, rule->type);
	emit_unless(w, REG_MAJOR, rule_major(rule));
	emit_unless(w, REG_MINOR, rule_minor(rule));
	if (rule->allow)
		emit_allow(w, rule_access(rule));
	else
		emit_deny(w, rule_access(rule));
	for (size_t i = first; i < w->count; i++)
		if (BPF_CLASS(w->insns[i].code) == BPF_JMP32)
			w->insns[i].off = (int16_t)(w->count - i - 1);
}

/* All of one device, or of all devices of one driver. */
static bool is_plain(const struct spec_device_rule *rule)
{
	return rule->allow && rule_access(rule) == ACCESS_ALL && rule_major(rule) != -1;
}

static void emit_if_device(struct writer *w, const struct spec_device_rule *rule)
{
	uint32_t device = (uint32_t)rule_major(rule) << MINOR_BITS | (uint32_t)rule_minor(rule);

	if (rule_minor(rule) == -1)
		emit(w, BPF_JMP32 | BPF_JEQ | BPF_K, REG_MAJOR, 0, 0, (int32_t)rule_major(rule));
	else
		emit(w, BPF_JMP32 | BPF_JEQ | BPF_K, REG_DEVICE, 0, 0, (int32_t)device);
}

/* Plain rules of one type, one behind the other: each jumps to the one return behind them. */
static void emit_run(struct writer *w, const struct spec_device_rule *const *rules, size_t count)
{
	size_t first = w->count, yes;

	emit_unless_type(w, rules[0]->type);
	for (size_t i = 0; i < count; i++)
		emit_if_device(w, rules[i]);
	emit(w, BPF_JMP | BPF_JA, 0, 0, 2, 0);
	yes = w->count;
	emit_return(w, true);
	for (size_t i = first; i < yes - 1; i++) {
		bool leaves = BPF_OP(w->insns[i].code) == BPF_JNE;

		w->insns[i].off = (int16_t)((leaves ? w->count : yes) - i - 1);
	}
}

static size_t run_length(const struct spec_device_rule *const *rules, size_t count)
{
	size_t length = 0;

	while (length < count && length < RUN_MOST && is_plain(rules[length]) &&
	       rules[length]->type == rules[0]->type)
		length++;
	return length;
}

static void emit_rules(struct writer *w, const struct spec_device_rule *const *rules, size_t count)
{
	for (size_t i = 0; i < count;) {
		size_t length = run_length(rules + i, count - i);

		if (length)
			emit_run(w, rules + i, length);
		else
			emit_rule(w, rules[i]);
		i += length ? length : 1;
	}
}

/* The last rule that speaks of everything: those ahead of it have no say. */
static size_t first_that_counts(const struct spec_device_rule *rules, size_t count)
{
	size_t i = count;

	while (i > 0 && !covers_all(&rules[i - 1]))
		i--;
	return i;
}

static bool denies_any(const struct spec_device_rule *rules, size_t from, size_t count)
{
	for (size_t i = from; i < count; i++)
		if (!rules[i].allow && !matches_nothing(&rules[i]))
			return true;
	return false;
}

void cgroup_device_program(struct arena *arena, const struct spec_device_rule *rules, size_t count,
			   const void **ret_program, size_t *ret_size)
{
	size_t from = first_that_counts(rules, count);
	bool otherwise = from > 0 && rules[from - 1].allow;
	const struct spec_device_rule **said = arena_array(arena, count - from + 1, sizeof *said);
	size_t says = 0;
	struct writer w = { .count = 0 };

	*ret_program = NULL;
	*ret_size = 0;
	if (otherwise && !denies_any(rules, from, count))
		return;
	w.insns = arena_array(arena, PROLOGUE + EPILOGUE + (count - from) * RULE_LONGEST,
			      sizeof *w.insns);
	for (size_t i = count; i-- > from;)
		if (!matches_nothing(&rules[i]) && !is_decided(rules, i, count))
			said[says++] = &rules[i];
	emit_prologue(&w);
	emit_rules(&w, said, says);
	emit_return(&w, otherwise);
	*ret_program = w.insns;
	*ret_size = w.count * sizeof *w.insns;
}

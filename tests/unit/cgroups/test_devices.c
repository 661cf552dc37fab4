/* SPDX-License-Identifier: Apache-2.0 */
#include <linux/bpf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "cgroups/internal.h"
#include "spec/spec.h"

/* What the kernel is asked: one of BPF_DEVCG_DEV_*, BPF_DEVCG_ACC_* together, a device. */
struct question {
	uint32_t type, access, major, minor;
};

/* As much of eBPF as device programs use; -1 for anything else, and for running off the end. */
static int run(const struct bpf_insn *insns, size_t count, const struct question *q)
{
	const uint32_t context[3] = { q->access << 16 | q->type, q->major, q->minor };
	uint32_t r[11] = { 0 };

	for (size_t i = 0; i < count; i++) {
		const struct bpf_insn *f = &insns[i];

		switch (f->code) {
		case BPF_LDX | BPF_MEM | BPF_W:
			r[f->dst_reg] = context[f->off / 4];
			break;
		case BPF_ALU | BPF_MOV | BPF_X:
			r[f->dst_reg] = r[f->src_reg];
			break;
		case BPF_ALU64 | BPF_MOV | BPF_K:
			r[f->dst_reg] = (uint32_t)f->imm;
			break;
		case BPF_ALU | BPF_RSH | BPF_K:
			r[f->dst_reg] >>= f->imm;
			break;
		case BPF_ALU | BPF_LSH | BPF_K:
			r[f->dst_reg] <<= f->imm;
			break;
		case BPF_ALU | BPF_OR | BPF_X:
			r[f->dst_reg] |= r[f->src_reg];
			break;
		case BPF_JMP | BPF_JA:
			i += (size_t)f->off;
			break;
		case BPF_ALU | BPF_AND | BPF_K:
			r[f->dst_reg] &= (uint32_t)f->imm;
			break;
		case BPF_JMP32 | BPF_JNE | BPF_K:
			i += r[f->dst_reg] != (uint32_t)f->imm ? (size_t)f->off : 0;
			break;
		case BPF_JMP32 | BPF_JEQ | BPF_K:
			i += r[f->dst_reg] == (uint32_t)f->imm ? (size_t)f->off : 0;
			break;
		case BPF_JMP | BPF_EXIT:
			return (int)r[0];
		default:
			return -1;
		}
	}
	return -1;
}

static bool number_matches(bool has, int64_t number, uint32_t asked)
{
	return !has || number == -1 || number == (int64_t)asked;
}

static bool rule_matches(const struct spec_device_rule *rule, const struct question *q,
			 uint32_t access)
{
	bool type = rule->type == 'a' ||
		    q->type == (rule->type == 'b' ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR);
	bool wanted = (access == BPF_DEVCG_ACC_READ && rule->read) ||
		      (access == BPF_DEVCG_ACC_WRITE && rule->write) ||
		      (access == BPF_DEVCG_ACC_MKNOD && rule->mknod);

	return type && wanted && number_matches(rule->has_major, rule->major, q->major) &&
	       number_matches(rule->has_minor, rule->minor, q->minor);
}

/* The spec, read plainly: in order, each access by itself, denied to begin with. */
static bool plainly_allowed(const struct spec_device_rule *rules, size_t count,
			    const struct question *q)
{
	for (uint32_t access = 1; access <= 4; access <<= 1) {
		bool allowed = false;

		for (size_t i = 0; i < count; i++)
			if (rule_matches(&rules[i], q, access))
				allowed = rules[i].allow;
		if ((q->access & access) && !allowed)
			return false;
	}
	return true;
}

static bool allowed(const void *program, size_t size, const struct question *q)
{
	int result = size ? run(program, size / sizeof(struct bpf_insn), q) : 1;

	assert_true(result == 0 || result == 1);
	return result;
}

static struct spec_device_rule random_rule(void)
{
	static const int64_t numbers[] = { -1, 0, 1, 3, 5, 8, 4095, INT64_MAX };

	return (struct spec_device_rule){
		.allow = rand() % 2,
		.type = "abc"[rand() % 3],
		.has_major = rand() % 4,
		.has_minor = rand() % 4,
		.major = numbers[rand() % 8],
		.minor = numbers[rand() % 8],
		.read = rand() % 3,
		.write = rand() % 3,
		.mknod = rand() % 3,
	};
}

static struct question random_question(void)
{
	static const uint32_t numbers[] = { 0, 1, 2, 3, 5, 8, 136, 4095 };

	return (struct question){ 1 + (uint32_t)rand() % 2, 1 + (uint32_t)rand() % 7,
				  numbers[rand() % 8], numbers[rand() % 8] };
}

/* A user would lose a device he may use, or a host its disks: the program and the rules would
 * disagree. */
static void test_random(void **state)
{
	for (unsigned seed = 1; seed <= 500; seed++) {
		autoarena arena = { 0 };
		struct spec_device_rule rules[8];
		size_t count, size;
		const void *program;

		srand(seed);
		count = (size_t)rand() % 8;
		for (size_t i = 0; i < count; i++)
			rules[i] = random_rule();
		cgroup_device_program(&arena, rules, count, &program, &size);
		for (int i = 0; i < 400; i++) {
			struct question q = random_question();

			if (allowed(program, size, &q) != plainly_allowed(rules, count, &q))
				fail_msg("seed %u: %u:%u type %u access %u", seed, q.major, q.minor,
					 q.type, q.access);
		}
	}
}

static bool decide(const struct spec_resources *r, char type, uint32_t major, uint32_t minor,
		   uint32_t access)
{
	autoarena arena = { 0 };
	const struct spec_device_rule *rules;
	size_t size, count = cgroup_device_rules(&arena, r, &rules);
	struct question q = { type == 'b' ? BPF_DEVCG_DEV_BLOCK : BPF_DEVCG_DEV_CHAR, access, major,
			      minor };
	const void *program;

	cgroup_device_program(&arena, rules, count, &program, &size);
	return allowed(program, size, &q);
}

/* A host with very many devices: jumps have 16 bits, and one that wraps allows or denies at random. */
static void test_very_many(void **state)
{
	enum { MANY = 20000 };
	autoarena arena = { 0 };
	struct spec_device_rule *rules = arena_array(&arena, MANY, sizeof *rules);
	struct question q = { BPF_DEVCG_DEV_CHAR, BPF_DEVCG_ACC_READ, 7, 0 };
	const void *program;
	size_t size;

	for (int i = 0; i < MANY; i++)
		rules[i] = (struct spec_device_rule){ .allow = true, .type = 'c', .has_major = true,
						      .major = 7, .has_minor = true, .minor = 2 * i,
						      .read = true, .write = true, .mknod = true };
	cgroup_device_program(&arena, rules, MANY, &program, &size);
	for (q.minor = 0; q.minor < 2 * MANY; q.minor += 333)
		assert_int_equal(allowed(program, size, &q), q.minor % 2 == 0);
}

enum { M = BPF_DEVCG_ACC_MKNOD, R = BPF_DEVCG_ACC_READ, W = BPF_DEVCG_ACC_WRITE };

/* A user would lose /dev/null, or the host its disks, where a config has no rules or Docker's. */
static void test_defaults(void **state)
{
	const struct spec_device_rule deny_all = { .type = 'a', .read = true, .write = true,
						   .mknod = true };
	const struct spec_resources none = { 0 }, docker = { .devices = &deny_all,
							     .device_count = 1 };
	const struct spec_resources *lists[] = { &none, &docker };

	for (size_t i = 0; i < 2; i++) {
		assert_true(decide(lists[i], 'c', 1, 3, R | W));
		assert_true(decide(lists[i], 'c', 5, 2, R | W));
		assert_true(decide(lists[i], 'c', 136, 77, R | W));
		assert_true(decide(lists[i], 'c', 10, 200, R | W));
		assert_true(decide(lists[i], 'b', 8, 0, M));
		assert_false(decide(lists[i], 'b', 8, 0, R));
		assert_false(decide(lists[i], 'c', 1, 1, R));
		assert_false(decide(lists[i], 'b', 8, 0, M | R));
	}
}

/* A privileged container would lose its devices, and any start some time: it needs no program
 * at all. */
static void test_privileged(void **state)
{
	autoarena arena = { 0 };
	const struct spec_device_rule all = { .allow = true, .type = 'a', .read = true,
					      .write = true, .mknod = true };
	const struct spec_resources privileged = { .devices = &all, .device_count = 1 };
	const struct spec_device_rule *rules;
	size_t size, count = cgroup_device_rules(&arena, &privileged, &rules);
	const void *program;

	cgroup_device_program(&arena, rules, count, &program, &size);
	assert_int_equal(size, 0);
	assert_true(decide(&privileged, 'b', 8, 0, R | W));
}

/* A user who reads a plan would lose what the program in it means. */
static void test_text(void **state)
{
	autoarena arena = { 0 };
	const struct spec_device_rule null = { .allow = true, .type = 'c', .has_major = true,
					       .major = 1, .has_minor = true, .minor = 3,
					       .read = true, .write = true };
	const struct spec_device_rule all = { .type = 'a', .read = true, .write = true,
					      .mknod = true };

	assert_string_equal(cgroup_device_text(&arena, &null), "allow c 1:3 rw");
	assert_string_equal(cgroup_device_text(&arena, &all), "deny a *:* rwm");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_very_many),
		cmocka_unit_test(test_defaults),
		cmocka_unit_test(test_privileged),
		cmocka_unit_test(test_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

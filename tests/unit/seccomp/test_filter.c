/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <linux/audit.h>
#include <seccomp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/fd.h"
#include "bpf.h"
#include "given.h"
#include "plain.h"
#include "seccomp/seccomp.h"
#include "spec/spec.h"

/* As many numbers as any of the architectures tried here has. */
enum { NUMBERS = 480, X32_BIT = 0x40000000 };

struct side {
	uint32_t token, audit;
	int bit;
	uint64_t argument; /* what an argument can hold */
};
static const struct side sides[] = {
	{ SCMP_ARCH_X86_64, AUDIT_ARCH_X86_64, 0, UINT64_MAX },
	{ SCMP_ARCH_X86, AUDIT_ARCH_I386, 0, UINT32_MAX },
	{ SCMP_ARCH_X32, AUDIT_ARCH_X86_64, X32_BIT, UINT32_MAX },
	{ SCMP_ARCH_AARCH64, AUDIT_ARCH_AARCH64, 0, UINT64_MAX },
	{ SCMP_ARCH_RISCV64, AUDIT_ARCH_RISCV64, 0, UINT64_MAX },
};
enum { SIDES = sizeof sides / sizeof *sides };

/* Values that sit on the edges of what profiles compare with. */
static const uint64_t values[] = {
	0, 1, 2, 8, 9, 16, 40, 131072, 131080, 0x7e020000, 0x10000000, 0xffffffff, 0x100000000,
	0x100000010, UINT64_MAX,
};
enum { VALUES = sizeof values / sizeof *values };

static uint32_t run(const struct seccomp_filter *filter, const struct seccomp_data *data)
{
	return bpf_run(filter->program, filter->size / sizeof(struct sock_filter), data);
}

static bool is_listed(const struct spec_seccomp *profile, uint32_t token)
{
	static const struct {
		const char *name;
		uint32_t token;
	} names[] = {
		{ "SCMP_ARCH_X86_64", SCMP_ARCH_X86_64 }, { "SCMP_ARCH_X86", SCMP_ARCH_X86 },
		{ "SCMP_ARCH_X32", SCMP_ARCH_X32 },
		{ "SCMP_ARCH_AARCH64", SCMP_ARCH_AARCH64 },
	};

	if (token == seccomp_arch_native())
		return true;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		for (size_t k = 0; k < profile->architectures.count; k++)
			if (names[i].token == token &&
			    str_equal(names[i].name, profile->architectures.items[k]))
				return true;
	return false;
}

/* One number that stands for many calls: its first argument says which, the filter cannot see
 * the rest. */
static bool is_multiplexer(const struct side *side, int nr)
{
	return side->token == SCMP_ARCH_X86 &&
	       (nr == seccomp_syscall_resolve_name_arch(SCMP_ARCH_X86, "socketcall") ||
		nr == seccomp_syscall_resolve_name_arch(SCMP_ARCH_X86, "ipc"));
}

/* Where rules contradict each other the spec does not say which counts. In the profiles that
 * engines write the first one does; in a random mix libseccomp may take another. */
enum contradiction { FIRST_COUNTS, SKIPPED };

static void compare(const struct spec_seccomp *profile, const struct seccomp_filter *filter,
		    const struct plain_call *call, enum contradiction contradiction)
{
	const __u64 *args = call->data.args;
	uint32_t got, want;

	if (contradiction == SKIPPED && plain_is_ambiguous(profile, call))
		return;
	got = run(filter, &call->data);
	want = plain_answer(profile, call);
	if (got != want)
		fail_msg("arch %x call %d %s (%lx, %lx, %lx): filter %x, profile %x",
			 call->data.arch, call->data.nr, call->name, (long)args[0], (long)args[1],
			 (long)args[2], got, want);
}

static void compare_call(const struct spec_seccomp *profile, const struct seccomp_filter *filter,
			 const struct side *side, struct plain_call *call,
			 enum contradiction contradiction)
{
	autofree char *name = seccomp_syscall_resolve_num_arch(side->token, call->data.nr);

	call->name = name;
	for (unsigned i = 0; i < VALUES * 2; i++) {
		for (unsigned k = 0; k < 6; k++)
			call->data.args[k] = values[(size_t)rand() % VALUES] & side->argument;
		call->data.args[0] = values[i % VALUES] & side->argument;
		compare(profile, filter, call, contradiction);
	}
}

static void compare_everything(const struct spec_seccomp *profile,
			       enum contradiction contradiction)
{
	autoarena arena = { 0 };
	struct seccomp_filter filter = given_filter(&arena, profile);

	for (size_t i = 0; i < SIDES; i++) {
		struct plain_call call = { .listed = is_listed(profile, sides[i].token),
					   .newest = plain_newest(profile, sides[i].token),
					   .data = { .arch = sides[i].audit } };

		for (int nr = 0; nr < NUMBERS; nr++) {
			call.data.nr = nr | sides[i].bit;
			if (!is_multiplexer(&sides[i], nr))
				compare_call(profile, &filter, &sides[i], &call, contradiction);
		}
	}
}

static void compare_file(const char *name)
{
	autoarena arena = { 0 };

	compare_everything(given_file(&arena, name), FIRST_COUNTS);
}

/* A user would lose what Docker, Podman and containerd promise: a call their profiles forbid
 * would pass, or one they allow would fail. */
static void test_docker(void **state)
{
	compare_file("docker");
}

static void test_podman(void **state)
{
	compare_file("podman");
}

static void test_containerd(void **state)
{
	compare_file("containerd");
}

/* Rules on one argument with all operators, two actions, in any mix. */
static void random_rule(struct strbuf *out, int first)
{
	/* On a 32-bit architecture libseccomp cuts what a rule compares with to 32 bits. */
	static const char *const names[] = { "read", "personality", "socket", "clone", "ioctl",
					     "kcmp", "mmap", "futex" };
	static const char *const operators[] = { "NE", "LT", "LE", "EQ", "GE", "GT", "MASKED_EQ" };
	int args = rand() % 3;

	strbuf_addf(out, "%s{\"names\":[\"%s\",\"no_such_call\"],\"action\":\"SCMP_ACT_%s\"",
		    first ? "" : ",", names[rand() % 8], rand() % 4 ? "ALLOW" : "TRAP");
	strbuf_add(out, ",\"args\":[");
	for (int i = 0; i < args; i++)
		strbuf_addf(out, "%s{\"index\":%d,\"value\":%llu,\"valueTwo\":%llu,"
				 "\"op\":\"SCMP_CMP_%s\"}", i ? "," : "", rand() % 3,
			    (unsigned long long)(values[rand() % VALUES] & UINT32_MAX),
			    (unsigned long long)(values[rand() % 8]), operators[rand() % 7]);
	strbuf_add(out, "]}");
}

static const char *random_profile(struct strbuf *out)
{
	static const char *const defaults[] = { "ERRNO", "KILL_PROCESS", "LOG", "TRACE", "KILL" };
	static const char *const archs[] = { "", "\"SCMP_ARCH_X86\"",
					     "\"SCMP_ARCH_X86_64\",\"SCMP_ARCH_X32\"",
					     "\"SCMP_ARCH_AARCH64\",\"SCMP_ARCH_X86\"" };

	strbuf_addf(out, "{\"defaultAction\":\"SCMP_ACT_%s\",\"architectures\":[%s],\"syscalls\":[",
		    defaults[rand() % 5], archs[rand() % 4]);
	for (int i = 0, n = 1 + rand() % 6; i < n; i++)
		random_rule(out, i == 0);
	strbuf_add(out, "]}");
	return out->text;
}

static bool compiles(const struct spec_seccomp *profile)
{
	autoarena arena = { 0 };
	struct seccomp_filter filter;
	autobuf notes = { 0 };
	struct err e = { 0 };

	return seccomp_compile_filter(&arena, profile, &filter, &notes, &e) == 0;
}

/* A user would lose a profile of his own: some operator or mix of rules would be compiled wrong. */
static void test_random(void **state)
{
	unsigned compared = 0;

	for (unsigned seed = 1; seed <= 60; seed++) {
		autoarena arena = { 0 };
		autobuf text = { 0 };
		const struct spec_seccomp *profile;

		srand(seed);
		random_profile(&text);
		profile = given_profile(&arena, text.text);
		if (!compiles(profile))
			continue;
		print_message("%s\n", text.text);
		compare_everything(profile, SKIPPED);
		compared++;
	}
	assert_true(compared > 30);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_docker),
		cmocka_unit_test(test_podman),
		cmocka_unit_test(test_containerd),
		cmocka_unit_test(test_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

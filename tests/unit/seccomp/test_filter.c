/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
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
#include "seccomp/internal.h"
#include "seccomp/seccomp.h"
#include "spec/spec.h"

/* As many numbers as any of the architectures tried here has. */
enum { NUMBERS = 560, ARM_PRIVATE = 0xf0000 };

struct side {
	const char *name;
	uint32_t token, audit;
	int base; /* of its numbers */
	uint64_t argument; /* what an argument can hold */
};
/* All that a filter of a little-endian machine can have; libseccomp mixes no byte orders. */
static const struct side sides[] = {
	{ "X86_64", SCMP_ARCH_X86_64, AUDIT_ARCH_X86_64, 0, UINT64_MAX },
	{ "X86", SCMP_ARCH_X86, AUDIT_ARCH_I386, 0, UINT32_MAX },
	{ "X32", SCMP_ARCH_X32, AUDIT_ARCH_X86_64, X32_BIT, UINT32_MAX },
	{ "AARCH64", SCMP_ARCH_AARCH64, AUDIT_ARCH_AARCH64, 0, UINT64_MAX },
	{ "ARM", SCMP_ARCH_ARM, AUDIT_ARCH_ARM, 0, UINT32_MAX },
	{ "ARM", SCMP_ARCH_ARM, AUDIT_ARCH_ARM, ARM_PRIVATE, UINT32_MAX },
	{ "MIPSEL", SCMP_ARCH_MIPSEL, AUDIT_ARCH_MIPSEL, 4000, UINT32_MAX },
	{ "MIPSEL64", SCMP_ARCH_MIPSEL64, AUDIT_ARCH_MIPSEL64, 5000, UINT64_MAX },
	{ "MIPSEL64N32", SCMP_ARCH_MIPSEL64N32, AUDIT_ARCH_MIPSEL64N32, 6000, UINT32_MAX },
	{ "PPC64LE", SCMP_ARCH_PPC64LE, AUDIT_ARCH_PPC64LE, 0, UINT64_MAX },
	{ "RISCV64", SCMP_ARCH_RISCV64, AUDIT_ARCH_RISCV64, 0, UINT64_MAX },
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

static bool is_listed(const struct spec_seccomp *profile, const struct side *side)
{
	if (side->token == seccomp_arch_native())
		return true;
	for (size_t k = 0; k < profile->architectures.count; k++)
		if (str_equal(profile->architectures.items[k] + strlen("SCMP_ARCH_"), side->name))
			return true;
	return false;
}

/* One number that stands for many calls: its first argument says which, the filter cannot see
 * the rest. */
static bool is_multiplexer(const struct side *side, int nr)
{
	return nr == seccomp_syscall_resolve_name_arch(side->token, "socketcall") ||
	       nr == seccomp_syscall_resolve_name_arch(side->token, "ipc");
}

static void compare(const struct spec_seccomp *profile, const struct seccomp_filter *filter,
		    const struct plain_call *call)
{
	const __u64 *args = call->data.args;
	uint32_t got, want;

	got = run(filter, &call->data);
	want = plain_answer(profile, call);
	if (got != want)
		fail_msg("arch %x call %d %s (%lx, %lx, %lx): filter %x, profile %x",
			 call->data.arch, call->data.nr, call->name, (long)args[0], (long)args[1],
			 (long)args[2], got, want);
}

static void compare_call(const struct spec_seccomp *profile, const struct seccomp_filter *filter,
			 const struct side *side, struct plain_call *call)
{
	autofree char *name = seccomp_syscall_resolve_num_arch(side->token, call->data.nr);

	call->name = name;
	for (unsigned i = 0; i < VALUES * 2; i++) {
		for (unsigned k = 0; k < 6; k++)
			call->data.args[k] = values[(size_t)rand() % VALUES] & side->argument;
		call->data.args[0] = values[i % VALUES] & side->argument;
		compare(profile, filter, call);
	}
}

static void compare_everything(const struct spec_seccomp *profile)
{
	autoarena arena = { 0 };
	struct seccomp_filter filter = given_filter(&arena, profile);

	for (size_t i = 0; i < SIDES; i++) {
		struct plain_call call = { .token = sides[i].token,
					   .listed = is_listed(profile, &sides[i]),
					   .most = sides[i].argument,
					   .newest = plain_newest(profile, sides[i].token),
					   .data = { .arch = sides[i].audit } };

		for (int nr = 0; nr < NUMBERS; nr++) {
			call.data.nr = nr + sides[i].base;
			if (!is_multiplexer(&sides[i], call.data.nr))
				compare_call(profile, &filter, &sides[i], &call);
		}
	}
}

static void compare_file(const char *name)
{
	autoarena arena = { 0 };

	compare_everything(given_file(&arena, name));
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

/* Any number of rules on the same calls and arguments, with all operators, in any mix. */
static void random_rule(struct strbuf *out, int first)
{
	static const char *const names[] = { "read", "personality", "socket", "clone", "ioctl",
					     "kcmp", "mmap", "futex" };
	static const char *const operators[] = { "NE", "LT", "LE", "EQ", "GE", "GT", "MASKED_EQ" };
	static const char *const actions[8] = { "ALLOW", "ALLOW", "ALLOW", "ALLOW", "ALLOW", "TRAP", "LOG", "ERRNO" };
	int args = rand() % 4;

	strbuf_addf(out, "%s{\"names\":[\"%s\",\"no_such_call\"],\"action\":\"SCMP_ACT_%s\"",
		    first ? "" : ",", names[rand() % 8], actions[rand() % 8]);
	strbuf_add(out, ",\"args\":[");
	for (int i = 0; i < args; i++) {
		const uint64_t value = values[rand() % VALUES];
		const uint64_t two = values[rand() % VALUES] & (rand() % 4 ? value : UINT64_MAX);

		strbuf_addf(out, "%s{\"index\":%d,\"value\":%llu,\"valueTwo\":%llu,"
				 "\"op\":\"SCMP_CMP_%s\"}", i ? "," : "", rand() % 3,
			    (unsigned long long)value, (unsigned long long)two, operators[rand() % 7]);
	}
	strbuf_add(out, "]}");
}

static const char *random_profile(struct strbuf *out)
{
	static const char *const defaults[] = { "ERRNO", "KILL_PROCESS", "LOG", "TRACE", "KILL" };
	static const char *const archs[] = { "", "\"SCMP_ARCH_X86\"",
					     "\"SCMP_ARCH_X86_64\",\"SCMP_ARCH_X32\"",
					     "\"SCMP_ARCH_AARCH64\",\"SCMP_ARCH_ARM\"",
					     ("\"SCMP_ARCH_MIPSEL\",\"SCMP_ARCH_MIPSEL64\","
					      "\"SCMP_ARCH_MIPSEL64N32\""),
					     "\"SCMP_ARCH_PPC64LE\",\"SCMP_ARCH_RISCV64\"" };

	strbuf_addf(out, "{\"defaultAction\":\"SCMP_ACT_%s\",\"architectures\":[%s],\"syscalls\":[",
		    defaults[rand() % 5], archs[rand() % 6]);
	for (int i = 0, n = 1 + rand() % 16; i < n; i++)
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
		compare_everything(profile);
		compared++;
	}
	assert_true(compared > 30);
}

/* A big-endian filter cannot be compiled here, but its stub can. On s390 a call that the kernel does not know
 * arrives as number 0: a program there would not fall back to an older one. */
static void test_s390(void **state)
{
	static const struct {
		int number;
		bool is_new;
	} rows[] = { { 0, true }, { 1, false }, { 4, false }, { 5, true } };
	const struct architectures archs = { { SCMP_ARCH_S390X }, 1 };
	autoarena arena = { 0 };
	const struct spec_seccomp *profile = given_profile(&arena,
		"{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"syscalls\":["
		"{\"names\":[\"write\"],\"action\":\"SCMP_ACT_ALLOW\"}]}");
	struct sock_filter stub[STUB_LONGEST + 1];
	size_t n = seccomp_stub(profile, &archs, stub);

	(void)state;
	assert_in_range(n, 1, STUB_LONGEST);
	stub[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const struct seccomp_data data = { .nr = rows[i].number, .arch = AUDIT_ARCH_S390X };

		assert_int_equal(bpf_run(stub, n, &data),
				 rows[i].is_new ? (SECCOMP_RET_ERRNO | ENOSYS) : SECCOMP_RET_ALLOW);
	}
}

/* Asked by the sanitizer: over the random profiles libseccomp 2.5.4 loses a few nodes of its own tree. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
	return "leak:libseccomp.so\n";
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_docker),
		cmocka_unit_test(test_podman),
		cmocka_unit_test(test_containerd),
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_s390),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

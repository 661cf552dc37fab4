/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <string.h>
#include <sys/syscall.h>

#include "base/arena.h"
#include "base/text.h"
#include "bpf.h"
#include "given.h"
#include "plan/format.h"
#include "seccomp/explain.h"
#include "seccomp/internal.h"
#include "seccomp/watch.h"
#include "spec/spec.h"

static const char profile[] =
	"{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"architectures\":[\"SCMP_ARCH_X86_64\","
	"\"SCMP_ARCH_X86\",\"SCMP_ARCH_AARCH64\"],\"syscalls\":["
	"{\"names\":[\"mkdir\",\"clone\"],\"action\":\"SCMP_ACT_ERRNO\",\"errnoRet\":1},"
	"{\"names\":[\"clone\"],\"action\":\"SCMP_ACT_ALLOW\",\"args\":[{\"index\":0,"
	"\"value\":2080505856,\"valueTwo\":0,\"op\":\"SCMP_CMP_MASKED_EQ\"}]},"
	"{\"names\":[\"personality\"],\"action\":\"SCMP_ACT_ALLOW\",\"args\":["
	"{\"index\":0,\"value\":0,\"op\":\"SCMP_CMP_EQ\"},{\"index\":0,\"value\":8,\"op\":\"SCMP_CMP_EQ\"}]},"
	"{\"names\":[\"rmdir\"],\"action\":\"SCMP_ACT_ERRNO\",\"errnoRet\":28},"
	"{\"names\":[\"rmdir\"],\"action\":\"SCMP_ACT_ALLOW\",\"args\":[{\"index\":0,"
	"\"value\":7,\"op\":\"SCMP_CMP_EQ\"}]},"
	"{\"names\":[\"getpid\"],\"action\":\"SCMP_ACT_ALLOW\"}]}";

static const char *explained(struct arena *arena, const char *call)
{
	const struct spec_seccomp *given = given_profile(arena, profile);
	autobuf out = { 0 };

	seccomp_explain(given, "/linux/seccomp", call, &out);
	return arena_strdup(arena, out.text);
}

static const struct row {
	const char *call, *line;
} rows[] = {
	{ "getpid", "\tSCMP_ARCH_X86_64 (39): SCMP_ACT_ALLOW: /linux/seccomp/syscalls/5\n" },
	{ "getpid", "\tSCMP_ARCH_X86 (20): SCMP_ACT_ALLOW: /linux/seccomp/syscalls/5\n" },
	{ "getpid", "\tSCMP_ARCH_AARCH64 (172): SCMP_ACT_ALLOW: /linux/seccomp/syscalls/5\n" },
	{ "mkdir", "\tSCMP_ARCH_X86_64 (83): SCMP_ACT_ERRNO 1 (Operation not permitted): "
		   "/linux/seccomp/defaultAction\n" },
	{ "mkdir", "\tSCMP_ARCH_AARCH64: has no such call\n" },
	{ "clone", "\tSCMP_ARCH_X86_64 (56): SCMP_ACT_ALLOW if (argument 0 & 0x7c020000) == 0: "
		   "/linux/seccomp/syscalls/1\n\t\telse SCMP_ACT_ERRNO 1 (Operation not permitted): "
		   "/linux/seccomp/defaultAction\n" },
	{ "personality", "SCMP_ACT_ALLOW if argument 0 == 0 or argument 0 == 8: " },
	{ "rmdir", "\tSCMP_ARCH_X86_64 (84): SCMP_ACT_ERRNO 28 (No space left on device): "
		   "/linux/seccomp/syscalls/3\n" },
	{ "openat2", "\tSCMP_ARCH_X86_64 (437): SCMP_ACT_ERRNO 38 (Function not implemented): newer "
		     "than any call that the profile names\n" },
	{ "mkdirr", "mkdirr: libseccomp knows no such call, rules for it are left out\n" },
};

/* A user would lose the answer to "which of these 20 rules stops my program?". */
static void test_lines(void **state)
{
	autoarena arena = { 0 };

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const char *text = explained(&arena, rows[i].call);

		if (!strstr(text, rows[i].line))
			fail_msg("\n%s\nlacks\n%s", text, rows[i].line);
	}
}

static uint32_t answer(const struct seccomp_filter *filter, uint32_t arch, int number, uint64_t flags)
{
	const struct seccomp_data data = { .nr = number, .arch = arch, .args = { 3, 4, flags } };

	return bpf_run(filter->program, filter->size / sizeof(struct sock_filter), &data);
}

/* A user would lose calls from a recorded profile, or the recording: it would wait for itself. */
static void test_watch_filter(void **state)
{
	autoarena arena = { 0 };
	const struct seccomp_filter filter = seccomp_watch_filter(&arena);
	const uint32_t native = seccomp_arch_native();

	for (int number = 0; number < 1000; number++)
		assert_int_equal(answer(&filter, native, number, 0), SECCOMP_RET_USER_NOTIF);
	assert_int_equal(answer(&filter, native, SYS_sendmsg, REPORT_FD_FLAGS), SECCOMP_RET_ALLOW);
	assert_int_equal(answer(&filter, native, SYS_sendmsg + 1, REPORT_FD_FLAGS),
			 SECCOMP_RET_USER_NOTIF);
	assert_int_equal(answer(&filter, native ^ 1, SYS_sendmsg, REPORT_FD_FLAGS),
			 SECCOMP_RET_USER_NOTIF);
}

/* Programs that send themselves many signals would begin the same call again and again. */
static void test_watch_flags(void **state)
{
	autoarena arena = { 0 };
	const uint32_t both = SECCOMP_FILTER_FLAG_NEW_LISTENER | FLAG_WAIT_KILLABLE_RECV;

	(void)state;
	assert_int_equal(seccomp_watch_filter(&arena).flags,
			 seccomp_accepts(both) ? both : SECCOMP_FILTER_FLAG_NEW_LISTENER);
}

/* A user would lose a call from a recorded profile, or get another one's name. */
static void test_names(void **state)
{
	static const struct {
		uint32_t arch;
		int number;
		const char *name, *arch_name;
	} calls[] = {
		{ AUDIT_ARCH_X86_64, 83, "mkdir", "SCMP_ARCH_X86_64" },
		{ AUDIT_ARCH_X86_64, 0x40000000 | 83, "mkdir", "SCMP_ARCH_X32" },
		{ AUDIT_ARCH_I386, 39, "mkdir", "SCMP_ARCH_X86" },
		{ AUDIT_ARCH_AARCH64, 34, "mkdirat", "SCMP_ARCH_AARCH64" },
		{ AUDIT_ARCH_X86_64, 99999, NULL, "SCMP_ARCH_X86_64" },
	};
	autoarena arena = { 0 };

	for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
		const char *arch = NULL;
		const char *name =
			seccomp_call_name(&arena, calls[i].arch, calls[i].number, &arch);

		assert_true(str_equal(name, calls[i].name));
		assert_string_equal(arch, calls[i].arch_name);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_watch_filter),
		cmocka_unit_test(test_watch_flags),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

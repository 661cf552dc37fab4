/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/err.h"
#include "given.h"
#include "plan/plan.h"
#include "spec/names.h"
#include "spec/spec.h"

/* Compiles a profile that has to be refused; the error, in the arena. */
static const char *refused(struct arena *arena, const char *json)
{
	struct seccomp_filter filter;
	autobuf notes = { 0 };
	struct err e = { 0 };

	assert_true(seccomp_compile_filter(arena, given_profile(arena, json), &filter, &notes,
					   &e) < 0);
	return arena_strdup(arena, e.text);
}

/* A user would lose the message that says which of two contradicting rules to remove. */
static void test_contradiction(void **state)
{
	autoarena arena = { 0 };
	const char *text = refused(
		&arena, "{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"syscalls\":["
			"{\"names\":[\"socket\"],\"action\":\"SCMP_ACT_ALLOW\",\"args\":"
			"[{\"index\":0,\"value\":1,\"op\":\"SCMP_CMP_EQ\"}]},"
			"{\"names\":[\"socket\"],\"action\":\"SCMP_ACT_LOG\",\"args\":"
			"[{\"index\":0,\"value\":1,\"op\":\"SCMP_CMP_EQ\"}]}]}");

	assert_non_null(strstr(text, "/linux/seccomp/syscalls/1 (socket)"));
}

/* A user would lose a start that ends: nobody could answer for the call that sends the listener. */
static void test_notify_of_sendmsg(void **state)
{
	autoarena arena = { 0 };
	const char *text = refused(
		&arena, "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"listenerPath\":\"/run/agent\","
			"\"syscalls\":[{\"names\":[\"mkdir\",\"sendmsg\"],"
			"\"action\":\"SCMP_ACT_NOTIFY\"}]}");

	assert_non_null(strstr(text, "/linux/seccomp/syscalls/0"));
	assert_non_null(strstr(text, "sendmsg"));
}

/* A user would lose the agent's chance to answer: the filter needs a listener, and the host
 * lane to take it. */
static void test_notify_steps(void **state)
{
	autoarena arena = { 0 };
	autoplan plan = { 0 };
	struct spec spec = { 0 };
	struct request request = { 0 };
	struct host host = { 0 };
	struct compile c = { .plan = &plan, .arena = &arena, .spec = &spec,
			     .request = &request, .host = &host };
	struct err e = { 0 };

	spec.linux.seccomp = *given_profile(
		&arena, "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"listenerPath\":\"/run/agent\","
			"\"flags\":[\"SECCOMP_FILTER_FLAG_TSYNC\","
			"\"SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV\"],"
			"\"syscalls\":[{\"names\":[\"mkdir\"],\"action\":\"SCMP_ACT_NOTIFY\"}]}");
	assert_int_equal(seccomp_compile(&c, &e), 0);
	assert_int_equal(plan.init.count, 2);
	assert_int_equal(plan.init.items[0].op, OP_SECCOMP);
	assert_int_equal(plan.init.items[0].arg[1],
			 SECCOMP_FILTER_FLAG_NEW_LISTENER | 1 << 5 /* WAIT_KILLABLE_RECV */);
	assert_int_equal(plan.init.items[1].op, OP_SYNC);
	assert_int_equal(plan.host.count, 2);
	assert_int_equal(plan.host.items[0].op, OP_TAKE_LISTENER);
	assert_int_equal(plan.host.items[1].arg[1], HOST_TO_INIT);
}

/* A user would lose a container to a flag that the kernel refuses without a listener. */
static void test_flags_without_notify(void **state)
{
	autoarena arena = { 0 };
	struct seccomp_filter filter = given_filter(
		&arena,
		given_profile(&arena, "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"flags\":["
				      "\"SECCOMP_FILTER_FLAG_TSYNC\",\"SECCOMP_FILTER_FLAG_LOG\","
				      "\"SECCOMP_FILTER_FLAG_SPEC_ALLOW\","
				      "\"SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV\"]}"));

	assert_int_equal(filter.flags,
			 SECCOMP_FILTER_FLAG_LOG | SECCOMP_FILTER_FLAG_SPEC_ALLOW);
}

/* A user would lose profiles that are newer than the library: what it does not know is noted,
 * not refused. */
static void test_unknown_name(void **state)
{
	autoarena arena = { 0 };
	struct seccomp_filter filter;
	autobuf notes = { 0 };
	struct err e = { 0 };
	const struct spec_seccomp *profile = given_profile(
		&arena, "{\"defaultAction\":\"SCMP_ACT_ERRNO\",\"architectures\":"
			"[\"SCMP_ARCH_S390X\"],\"syscalls\":[{\"names\":["
			"\"of_the_future\",\"read\"],"
			"\"action\":\"SCMP_ACT_ALLOW\"}]}");

	assert_int_equal(seccomp_compile_filter(&arena, profile, &filter, &notes, &e), 0);
	assert_non_null(strstr(notes.text, "of_the_future"));
	/* Of the other byte order: cannot be in the same filter on this machine. */
	assert_non_null(strstr(notes.text, "SCMP_ARCH_S390X"));
}

/* In a child that has the filter: 0 when the kernel answers as the profile says. */
static int try_filter(const struct seccomp_filter *filter)
{
	struct sock_fprog program = { (unsigned short)(filter->size / sizeof(struct sock_filter)),
				      (void *)(uintptr_t)filter->program };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
	    syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, filter->flags, &program) < 0)
		return 1;
	if (syscall(5000) != -1 || errno != ENOSYS)
		return 2;
	if (syscall(SYS_acct, NULL) != -1 || errno != EPERM)
		return 3;
	if (personality(0xffffffff) < 0)
		return 4;
	return personality(0x1234) != -1 || errno != ENOSYS ? 5 : 0;
}

/* A user would lose every container: the kernel itself has to take the filter and mean the same
 * by it. */
static void test_kernel(void **state)
{
	autoarena arena = { 0 };
	struct seccomp_filter filter = given_filter(&arena, given_file(&arena, "docker"));
	pid_t child = fork();
	int status;

	if (child == 0)
		_exit(try_filter(&filter));
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

/* A user would lose the start's speed: the profile that most containers have takes a few
 * milliseconds. */
static void test_time(void **state)
{
	autoarena arena = { 0 };
	const struct spec_seccomp *profile = given_file(&arena, "docker");
	struct timespec a, b;
	struct seccomp_filter filter;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &a);
	filter = given_filter(&arena, profile);
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &b);
	print_message("%zu instructions in %.2f ms\n", filter.size / sizeof(struct sock_filter),
		      (double)(b.tv_sec - a.tv_sec) * 1e3 + (double)(b.tv_nsec - a.tv_nsec) / 1e6);
	assert_true(filter.size / sizeof(struct sock_filter) < BPF_MAXINSNS);
}

static size_t count_names(const struct name_value *table)
{
	size_t count = 0;

	while (table[count].name)
		count++;
	return count;
}

static void assert_same_names(const char *const *list, const struct name_value *table)
{
	size_t count = 0;

	for (; list[count]; count++)
		assert_non_null(name_find(table, list[count]));
	assert_int_equal(count, count_names(table));
}

/* A user would lose a feature that `features` does not name, or trust one that the parser does
 * not take. */
static void test_names(void **state)
{
	assert_same_names(seccomp_action_names(), seccomp_actions);
	assert_same_names(seccomp_operator_names(), seccomp_operators);
	assert_same_names(seccomp_arch_names(), seccomp_architectures);
	assert_same_names(seccomp_known_flags(), seccomp_flags);
	for (const char *const *flag = seccomp_supported_flags(); *flag; flag++)
		assert_non_null(name_find(seccomp_flags, *flag));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_contradiction),
		cmocka_unit_test(test_notify_of_sendmsg),
		cmocka_unit_test(test_notify_steps),
		cmocka_unit_test(test_flags_without_notify),
		cmocka_unit_test(test_unknown_name),
		cmocka_unit_test(test_kernel),
		cmocka_unit_test(test_time),
		cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <linux/capability.h>
#include <linux/mempolicy.h>
#include <linux/sched.h>
#include <string.h>
#include <sys/resource.h>

#include "spec/names.h"
#include "spec/spec.h"

static const struct {
	const struct name_value *names;
	size_t count;
} tables[] = {
	{ capability_names, CAP_LAST_CAP + 1 },
	{ rlimit_names, RLIM_NLIMITS },
	{ namespace_names, NS_KINDS },
	{ hook_names, HOOK_KINDS },
	{ seccomp_actions, SECCOMP_ACTIONS },
	{ seccomp_operators, SECCOMP_OPERATORS },
	{ seccomp_architectures, 23 },
	{ seccomp_flags, 4 },
	{ scheduler_policies, 7 },
	{ scheduler_flags, 7 },
	{ io_classes, 3 },
	{ memory_policy_modes, 7 },
	{ memory_policy_flags, 3 },
	{ personality_domains, 2 },
	{ rootfs_propagations, 8 },
	{ device_types, 4 },
	{ device_rule_types, 3 },
};

/* A name that is missing or has another's number would be refused, or would set something else. */
static void round_trip(void **state)
{
	for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
		const struct name_value *row = tables[i].names;

		for (; row->name; row++) {
			assert_ptr_equal(name_find(tables[i].names, row->name), row);
			assert_string_equal(name_of(tables[i].names, row->value), row->name);
		}
		assert_int_equal(row - tables[i].names, tables[i].count);
	}
}

/* A table whose rows slipped by one would grant CAP_SYS_ADMIN for CAP_SYS_PACCT. */
static void known_numbers(void **state)
{
	assert_int_equal(name_find(capability_names, "CAP_CHOWN")->value, 0);
	assert_int_equal(name_find(capability_names, "CAP_SYS_ADMIN")->value, 21);
	assert_int_equal(name_find(capability_names, "CAP_CHECKPOINT_RESTORE")->value, 40);
	assert_int_equal(name_find(rlimit_names, "RLIMIT_NOFILE")->value, RLIMIT_NOFILE);
	assert_int_equal(name_find(rlimit_names, "RLIMIT_RTTIME")->value, RLIMIT_RTTIME);
	assert_int_equal(name_find(scheduler_policies, "SCHED_OTHER")->value, 0);
	assert_int_equal(name_find(scheduler_policies, "SCHED_DEADLINE")->value, SCHED_DEADLINE);
	assert_int_equal(name_find(memory_policy_modes, "MPOL_WEIGHTED_INTERLEAVE")->value, 6);
	assert_int_equal(name_find(seccomp_flags, "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV")->value,
			 32);
}

/* A typing error is found by a person in an hour, or by a hint in a second. */
static void hints(void **state)
{
	static const struct {
		const char *a, *b;
		bool like;
	} words[] = {
		{ "network", "netwrk", true },	 { "network", "networks", true },
		{ "network", "netvork", true },	 { "network", "ntework", true },
		{ "network", "NETWORK", true },	 { "network", "etwork", true },
		{ "network", "network", true },	 { "network", "net", false },
		{ "network", "", false },	 { "pid", "ipc", false },
		{ "uts", "user", false },	 { "ab", "ba", true },
		{ "a", "", true },		 { "mount", "mnuot", false },
	};

	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		assert_int_equal(word_like(words[i].a, words[i].b), words[i].like);
		assert_int_equal(word_like(words[i].b, words[i].a), words[i].like);
	}
	assert_string_equal(name_like(namespace_names, "cgruop"), "cgroup");
	assert_null(name_like(namespace_names, "xyz"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(round_trip),
		cmocka_unit_test(known_numbers),
		cmocka_unit_test(hints),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

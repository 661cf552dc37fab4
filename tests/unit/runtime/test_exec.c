/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <linux/capability.h>
#include <string.h>

#include "base/arena.h"
#include "base/err.h"
#include "runtime/exec_cgroup.h"
#include "runtime/exec_process.h"
#include "runtime/operations.h"
#include "spec/spec.h"

static const struct user {
	const char *text;
	int result;
	unsigned uid, gid;
} users[] = {
	{ "0", 0, 0, 100 },
	{ "1000", 0, 1000, 100 },
	{ "1000:7", 0, 1000, 7 },
	{ "4294967294:4294967294", 0, 4294967294, 4294967294 },
	{ "4294967295", -EINVAL, 0, 0 },
	{ "4294967296", -EINVAL, 0, 0 },
	{ "1:4294967295", -EINVAL, 0, 0 },
	{ "18446744073709551616", -EINVAL, 0, 0 },
	{ "000000000000000000000000000000001", -EINVAL, 0, 0 },
	{ "", -EINVAL, 0, 0 },
	{ ":", -EINVAL, 0, 0 },
	{ "1:", -EINVAL, 0, 0 },
	{ ":1", -EINVAL, 0, 0 },
	{ "1:2:3", -EINVAL, 0, 0 },
	{ "+0", -EINVAL, 0, 0 },
	{ "-1", -EINVAL, 0, 0 },
	{ " 1", -EINVAL, 0, 0 },
	{ "1 ", -EINVAL, 0, 0 },
	{ "root", -EINVAL, 0, 0 },
	{ "1:users", -EINVAL, 0, 0 },
};

/* A user that is read loosely becomes root: CVE-2026-30892 and CVE-2026-46680 were just that. */
static void users_are_read_strictly(void **state)
{
	for (size_t i = 0; i < sizeof users / sizeof *users; i++) {
		unsigned uid = 42, gid = 100;
		struct err e = { 0 };

		if (parse_user(users[i].text, &uid, &gid, &e) != users[i].result)
			fail_msg("\"%s\": %s", users[i].text, e.text);
		assert_int_equal(uid, users[i].result == 0 ? users[i].uid : 42);
		assert_int_equal(gid, users[i].result == 0 ? users[i].gid : 100);
	}
}

#define BIT(cap) (1ull << (cap))

static struct spec config(void)
{
	static const char *const args[] = { "init" }, *const env[] = { "PATH=/bin", "A=1" };
	static const uint32_t gids[] = { 5 };

	return (struct spec){ .process = {
		.present = true,
		.args = { args, 1 },
		.env = { env, 2 },
		.cwd = "/srv",
		.user = { .uid = 1, .gid = 2, .additional_gids = gids, .additional_gid_count = 1 },
		.capabilities = { .present = true, .bounding = BIT(CAP_KILL),
				  .permitted = BIT(CAP_KILL), .effective = BIT(CAP_KILL),
				  .inheritable = BIT(CAP_CHOWN) },
		.terminal = true,
		.no_new_privileges = true,
	} };
}

/* exec without options runs in the container's own setting, but with its own program and
 * terminal. */
static void the_config_is_the_default(void **state)
{
	autoarena arena = { 0 };
	struct spec spec = config();
	const char *const args[] = { "ls", "-l" };
	const struct exec_request ask = { .args = { args, 2 } };
	const struct spec_process *process;
	struct err e = { 0 };

	assert_int_equal(exec_process(&arena, &spec, &ask, &process, &e), 0);
	assert_int_equal(process->args.count, 2);
	assert_string_equal(process->args.items[0], "ls");
	assert_string_equal(process->cwd, "/srv");
	assert_int_equal(process->user.uid, 1);
	assert_int_equal(process->user.additional_gid_count, 1);
	assert_int_equal(process->env.count, 2);
	assert_true(process->no_new_privileges);
	assert_false(process->terminal);
	assert_int_equal(process->capabilities.permitted, BIT(CAP_KILL));
}

/* Each option changes what it says and nothing else. */
static void options_go_over_the_config(void **state)
{
	autoarena arena = { 0 };
	struct spec spec = config();
	const char *const args[] = { "sh" }, *const env[] = { "B=2" };
	const uint32_t gids[] = { 6, 7 };
	const struct exec_request ask = {
		.args = { args, 1 }, .env = { env, 1 }, .cwd = "/tmp", .user = "9",
		.terminal = true,
		.has_no_new_privs = true, .additional_gids = gids, .additional_gid_count = 2,
	};
	const struct spec_process *process;
	struct err e = { 0 };

	assert_int_equal(exec_process(&arena, &spec, &ask, &process, &e), 0);
	assert_string_equal(process->cwd, "/tmp");
	assert_int_equal(process->user.uid, 9);
	assert_int_equal(process->user.gid, 2);
	assert_int_equal(process->user.additional_gid_count, 3);
	assert_int_equal(process->user.additional_gids[0], 5);
	assert_int_equal(process->user.additional_gids[2], 7);
	assert_int_equal(process->env.count, 3);
	assert_string_equal(process->env.items[2], "B=2");
	assert_true(process->terminal);
	assert_false(process->no_new_privileges);
	assert_int_equal(spec.process.env.count, 2);
}

/* A capability that is inheritable reaches every program that asks for it (CVE-2022-29162). */
static void capabilities_are_never_made_inheritable(void **state)
{
	autoarena arena = { 0 };
	struct spec spec = config();
	const char *const args[] = { "sh" }, *const caps[] = { "CAP_NET_ADMIN", "CAP_CHOWN" };
	const struct exec_request ask = { .args = { args, 1 }, .capabilities = { caps, 2 } };
	const uint64_t all = BIT(CAP_KILL) | BIT(CAP_NET_ADMIN) | BIT(CAP_CHOWN);
	const struct spec_process *process;
	struct err e = { 0 };

	assert_int_equal(exec_process(&arena, &spec, &ask, &process, &e), 0);
	assert_int_equal(process->capabilities.bounding, all);
	assert_int_equal(process->capabilities.effective, all);
	assert_int_equal(process->capabilities.permitted, all);
	assert_int_equal(process->capabilities.inheritable, BIT(CAP_CHOWN));
	assert_int_equal(process->capabilities.ambient, BIT(CAP_CHOWN));
}

/* Wrong options are named before anything was made. */
static void wrong_options_are_named(void **state)
{
	autoarena arena = { 0 };
	struct spec spec = config();
	const char *const args[] = { "sh" }, *const caps[] = { "CAP_FLY" };
	const struct exec_request cap = { .args = { args, 1 }, .capabilities = { caps, 1 } };
	const struct exec_request cwd = { .args = { args, 1 }, .cwd = "tmp" };
	const struct exec_request user = { .args = { args, 1 }, .user = "root" };
	const struct exec_request file = { .process_file = "/nonexistent" };
	const struct spec_process *process = NULL;
	struct err e = { 0 };

	assert_int_equal(exec_process(&arena, &spec, &cap, &process, &e), -EINVAL);
	assert_non_null(strstr(e.text, "--cap CAP_FLY"));
	assert_int_equal(exec_process(&arena, &spec, &cwd, &process, &e), -EINVAL);
	assert_non_null(strstr(e.text, "--cwd tmp"));
	assert_int_equal(exec_process(&arena, &spec, &user, &process, &e), -EINVAL);
	assert_non_null(strstr(e.text, "--user \"root\""));
	assert_int_equal(exec_process(&arena, &spec, &file, &process, &e), -ENOENT);
	assert_non_null(strstr(e.text, "--process /nonexistent"));
	assert_null(process);
}

/* --cgroup ../other would put the process into somebody else's limits. */
static void sub_cgroups_do_not_climb(void **state)
{
	const char *const bad[] = { "..", "../x", "a/..", "a/../../b", "/..", "a//../b" };
	const char *const good[] = { "", "/", "a", "a/b", "..a", "a..", "...", "a/..b/c" };

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_true(climbs(bad[i]));
	for (size_t i = 0; i < sizeof good / sizeof *good; i++)
		assert_false(climbs(good[i]));
}

/* Beside v1 hierarchies only one line counts, and a v1 controller may have a name like it. */
static void the_v2_line_is_found(void **state)
{
	const char *hybrid = "12:pids:/a\n10:name=0::/x:/b\n0::/tare/web/init.scope\n";
	size_t length = 0;
	const char *path = v2_line(hybrid, &length);

	assert_non_null(path);
	assert_int_equal(length, strlen("/tare/web/init.scope"));
	assert_memory_equal(path, "/tare/web/init.scope", length);
	assert_non_null(v2_line("0::/", &length));
	assert_int_equal(length, 1);
	assert_null(v2_line("12:pids:/a\n", &length));
	assert_null(v2_line("", &length));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(users_are_read_strictly),
		cmocka_unit_test(the_config_is_the_default),
		cmocka_unit_test(options_go_over_the_config),
		cmocka_unit_test(capabilities_are_never_made_inheritable),
		cmocka_unit_test(wrong_options_are_named),
		cmocka_unit_test(sub_cgroups_do_not_climb),
		cmocka_unit_test(the_v2_line_is_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/err.h"
#include "base/text.h"
#include "runtime/command.h"
#include "runtime/update_options.h"

/* A user who asks for 64m would get another limit, or an error for what every engine takes. */
static void test_bytes(void **state)
{
	static const struct {
		const char *text;
		int r;
		long long bytes;
	} rows[] = {
		{ "0", 0, 0 }, { "-1", 0, -1 }, { "512", 0, 512 }, { "1b", 0, 1 },
		{ "1k", 0, 1024 }, { "2K", 0, 2048 }, { "3kb", 0, 3072 }, { "3KiB", 0, 3072 },
		{ "64m", 0, 67108864 }, { "1.5g", 0, 1610612736 }, { "0.5k", 0, 512 },
		{ "1.25MiB", 0, 1310720 }, { "7T", 0, 7LL << 40 }, { "1p", 0, 1LL << 50 },
		{ "9223372036854775807", 0, INT64_MAX },
		{ "9223372036854775808", -ERANGE, 0 }, { "8192p", -ERANGE, 0 },
		{ "", -EINVAL, 0 }, { "m", -EINVAL, 0 }, { "-2", -EINVAL, 0 }, { "+1", -EINVAL, 0 },
		{ " 1", -EINVAL, 0 }, { "1 m", -EINVAL, 0 }, { "1mm", -EINVAL, 0 },
		{ "1.", -EINVAL, 0 }, { "1.k", -EINVAL, 0 }, { ".5k", -EINVAL, 0 },
		{ "1i", -EINVAL, 0 }, { "1ki", -EINVAL, 0 }, { "1bb", -EINVAL, 0 },
		{ "0x10", -EINVAL, 0 }, { "1e3", -EINVAL, 0 },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		long long bytes = 0;
		int r = bytes_parse(rows[i].text, &bytes);

		if (r != rows[i].r || bytes != rows[i].bytes)
			fail_msg("\"%s\": %d, %lld", rows[i].text, r, bytes);
	}
}

/* An option would change another limit than the one it names. */
static void test_json(void **state)
{
	const struct options options = {
		.memory = "1k", .memory_reservation = "2", .memory_swap = "-1",
		.pids_limit = "007", .cpu_share = "18446744073709551615", .cpu_quota = "-1",
		.cpu_period = "5", .cpu_burst = "6", .cpu_idle = "1", .cpu_rt_period = "7",
		.cpu_rt_runtime = "8", .cpuset_cpus = "0-\"1", .cpuset_mems = "0",
		.blkio_weight = "10",
	};
	autobuf json = { 0 };
	struct err e = { 0 };

	assert_int_equal(update_options_json(&options, &json, &e), 0);
	assert_string_equal(
		json.text,
		"{\"memory\":{\"limit\":1024,\"reservation\":2,\"swap\":-1},\"pids\":{\"limit\":7},"
		"\"cpu\":{\"shares\":18446744073709551615,\"quota\":-1,\"period\":5,\"burst\":6,"
		"\"idle\":1,\"realtimePeriod\":7,\"realtimeRuntime\":8,\"cpus\":\"0-\\\"1\","
		"\"mems\":\"0\"},\"blockIO\":{\"weight\":10}}");
}

/* A limit that was not named would be changed too. */
static void test_nothing(void **state)
{
	const struct options options = { 0 };
	autobuf json = { 0 };
	struct err e = { 0 };

	assert_null(update_option_given(&options));
	assert_int_equal(update_options_json(&options, &json, &e), 0);
	assert_string_equal(json.text, "{}");
}

/* A user could not tell which of his options is wrong. */
static void test_error(void **state)
{
	const struct options options = { .cpu_quota = "1m" };
	autobuf json = { 0 };
	struct err e = { 0 };

	assert_string_equal(update_option_given(&options), "--cpu-quota");
	assert_int_equal(update_options_json(&options, &json, &e), -EINVAL);
	assert_string_equal(e.text, "--cpu-quota: \"1m\" is not a whole number");
}

/* Who typed --blkio-weight never saw a blockIO object. */
static void test_named(void **state)
{
	const char *rest = "?";

	(void)state;
	assert_string_equal(update_option_named("/blockIO/weight: must be", &rest), "--blkio-weight");
	assert_string_equal(rest, ": must be");
	assert_string_equal(update_option_named("/cpu/period: x", &rest), "--cpu-period");
	assert_null(update_option_named("/cpu/per: x", &rest));
	assert_null(update_option_named("/cpu/periods: x", &rest));
	assert_null(update_option_named("/cpu", &rest));
	assert_null(update_option_named("/memory/kernel: x", &rest));
	assert_null(update_option_named("memfd: x", &rest));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bytes),
		cmocka_unit_test(test_json),
		cmocka_unit_test(test_nothing),
		cmocka_unit_test(test_error),
		cmocka_unit_test(test_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "cgroups/stats.h"

/* An operator would see a stalled container as idle. */
static void test_pressure(void **state)
{
	autoarena arena = { 0 };
	struct stats_pressure p;

	stats_parse_pressure(&arena,
			     "some avg10=1.23 avg60=45.60 avg300=100.00 total=18446744073709\n"
			     "full avg10=0.01 avg60=0.00 avg300=7.89 total=5", &p);
	assert_true(p.present);
	assert_int_equal(p.some.avg10, 123);
	assert_int_equal(p.some.avg60, 4560);
	assert_int_equal(p.some.avg300, 10000);
	assert_int_equal(p.some.total, 18446744073709);
	assert_int_equal(p.full.avg10, 1);
	assert_int_equal(p.full.avg300, 789);
	assert_int_equal(p.full.total, 5);
	stats_parse_pressure(&arena, "", &p);
	assert_false(p.present);
	/* Kernels before 5.13 have no second line for the CPU; a text cut short must not be read beyond. */
	stats_parse_pressure(&arena, "some avg10=9.00 avg60", &p);
	assert_int_equal(p.some.avg10, 900);
	assert_int_equal(p.full.total, 0);
}

/* I/O would be counted to another disk. */
static void test_devices(void **state)
{
	autoarena arena = { 0 };
	struct cgroup_stats s = { 0 };

	stats_parse_devices(&arena,
			    "8:16 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=5 dios=6\n"
			    "7:1 7:0 \n"
			    "253:0 rbytes=18446744073709551615 new=7 wios=8", &s);
	assert_int_equal(s.io.device_count, 4);
	assert_int_equal(s.io.devices[0].major, 8);
	assert_int_equal(s.io.devices[0].minor, 16);
	assert_int_equal(s.io.devices[0].read_bytes, 1);
	assert_int_equal(s.io.devices[0].write_bytes, 2);
	assert_int_equal(s.io.devices[0].reads, 3);
	assert_int_equal(s.io.devices[0].writes, 4);
	assert_int_equal(s.io.devices[0].discard_bytes, 5);
	assert_int_equal(s.io.devices[0].discards, 6);
	assert_int_equal(s.io.devices[2].major, 7);
	assert_int_equal(s.io.devices[2].minor, 0);
	assert_int_equal(s.io.devices[2].read_bytes, 0);
	assert_true(s.io.devices[3].read_bytes == UINT64_MAX);
	assert_int_equal(s.io.devices[3].writes, 8);
}

/* A dashboard would show the cache as 0. */
static void test_memory(void **state)
{
	autoarena arena = { 0 };
	struct cgroup_stats s = { 0 };

	stats_parse_memory(&arena, "anon 1\nfile 4096\nlast", &s);
	assert_int_equal(s.memory.raw_count, 2);
	assert_string_equal(s.memory.raw[0].name, "anon");
	assert_int_equal(s.memory.raw[0].value, 1);
	assert_int_equal(s.memory.cache, 4096);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pressure),
		cmocka_unit_test(test_devices),
		cmocka_unit_test(test_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

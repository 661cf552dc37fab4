/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/text.h"
#include "cgroups/internal.h"

/* A failed update would leave the limit of the row changed: the device's line not found, or
 * written in words that the kernel does not take. */
static void test_undo(void **state)
{
	static const struct {
		const char *file, *value, *text, *undo;
	} rows[] = {
		{ "pids.max", "5", "max", "max" },
		{ "cpu.max", "1000 5000", "max 100000", "max 100000" },
		{ "cpuset.cpus", "0", "", "\n" },
		{ "cpu.weight", "50", "100", "100" },
		{ "cpu.weight", "50", "0", "50" },
		{ "io.max", "8:0 rbps=5", "8:16 rbps=1 wbps=max riops=max wiops=max",
		  "8:0 rbps=max wbps=max riops=max wiops=max" },
		{ "io.max", "8:16 rbps=5",
		  "8:1 rbps=9 wbps=9 riops=9 wiops=9\n8:16 rbps=1 wbps=max riops=max wiops=max",
		  "8:16 rbps=1 wbps=max riops=max wiops=max" },
		{ "io.weight", "default 5", "default 100\n8:0 7", "default 100" },
		{ "io.weight", "8:0 5", "default 100\n8:0 7", "8:0 7" },
		{ "io.weight", "8:1 5", "default 100\n8:0 7", "8:1 default" },
		{ "io.bfq.weight", "500", "default 100", "default 100" },
		{ "io.bfq.weight", "8:1 500", "default 100", "8:1 default" },
		{ "rdma.max", "mlx5 hca_handle=2", "mlx5 hca_handle=max hca_object=max",
		  "mlx5 hca_handle=max hca_object=max" },
		{ "rdma.max", "none hca_handle=2", "", NULL },
		{ "misc.max", "sev 2", "sev max\nsev_es 4", "sev max" },
	};
	autoarena arena = { 0 };

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const char *undo = cgroup_undo_text(&arena, rows[i].file, rows[i].value,
						    rows[i].text);

		if (!str_equal(undo, rows[i].undo))
			fail_msg("%s %s: \"%s\"", rows[i].file, rows[i].value, undo ? undo : "(none)");
	}
}

/* Limits would be written in an order that the kernel refuses. */
static void test_lowers(void **state)
{
	static const struct {
		const char *file, *value, *text;
		bool lowers;
	} rows[] = {
		{ "memory.max", "5", "max", true },
		{ "memory.max", "5", "6", true },
		{ "memory.max", "6", "6", false },
		{ "memory.max", "max", "6", false },
		{ "memory.max", "max", "max", false },
		{ "memory.max", "18446744073709551615", "max", false },
		{ "cpu.max", "1000 100000", "2000 100000", true },
		{ "cpu.max", "max 100000", "2000 100000", false },
		{ "io.max", "8:0 rbps=1", "8:0 rbps=2 wbps=max riops=max wiops=max", false },
		{ "io.bfq.weight", "5", "default 100", false },
		{ "cpuset.cpus", "0-1", "0-3", false },
		{ "cpuset.cpus", "0", "", false },
		{ "cpu.idle", "0", "1", false },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (cgroup_value_lowers(rows[i].file, rows[i].value, rows[i].text) != rows[i].lowers)
			fail_msg("%s %s", rows[i].file, rows[i].value);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_undo),
		cmocka_unit_test(test_lowers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/err.h"
#include "cgroups/cgroup.h"
#include "cgroups/internal.h"
#include "cgroups/unit.h"
#include "spec/spec.h"

#define USER "/user.slice/user-1000.slice/user@1000.service"

/* An engine computes the unit's name and place by itself: they must be the same. */
static void names(void **state)
{
	static const struct {
		bool user;
		const char *given, *name, *path;
	} rows[] = {
		{ false, NULL, "tare-id.scope", "/system.slice/tare-id.scope" },
		{ false, "", "tare-id.scope", "/system.slice/tare-id.scope" },
		{ true, NULL, "tare-id.scope", USER "/user.slice/tare-id.scope" },
		{ false, "machine.slice:libpod:x", "libpod-x.scope",
		  "/machine.slice/libpod-x.scope" },
		{ false, ":docker:x", "docker-x.scope", "/system.slice/docker-x.scope" },
		{ false, "a.slice::x", "x.scope", "/a.slice/x.scope" },
		{ false, "-.slice:a:x", "a-x.scope", "/a-x.scope" },
		{ false, "kubepods-burstable-pod1_2.slice:cri-containerd:x",
		  "cri-containerd-x.scope",
		  "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod1_2.slice/"
		  "cri-containerd-x.scope" },
		{ false, "a.slice:b:x+y", "b-x\\x2by.scope", "/a.slice/b-x\\x2by.scope" },
		{ false, "a.slice:b:x:y", "b-x:y.scope", "/a.slice/b-x:y.scope" },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		autoarena arena = { 0 };
		struct host host = { .manager = MANAGER_SYSTEMD, .user_manager = rows[i].user,
				     .manager_root = rows[i].user ? USER : "" };
		struct unit unit;
		struct err e;

		assert_int_equal(unit_of(&arena, &host, rows[i].given, "id", &unit, &e), 0);
		assert_string_equal(unit.name, rows[i].name);
		assert_string_equal(unit.path, rows[i].path);
	}
}

static void bad_names(void **state)
{
	static const char *const rows[] = {
		"/a/b", "a", "a:b", "a.slice:b:", "a:b:c", "a/b.slice:c:d", "-a.slice:b:c",
		"a-.slice:b:c", "a--b.slice:b:c", ".slice:b:c", "a.slice:b:c.slice", "::",
	};
	struct host host = { .manager = MANAGER_SYSTEMD, .manager_root = "" };
	autoarena arena = { 0 };
	char *longest = arena_alloc(&arena, 400);
	struct unit unit;
	struct err e;

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		if (unit_of(&arena, &host, rows[i], "id", &unit, &e) != -EINVAL)
			fail_msg("accepted: %s", rows[i]);
		assert_non_null(strstr(e.text, "/linux/cgroupsPath"));
	}
	memset(longest, 'a', 300);
	assert_int_equal(unit_of(&arena, &host, NULL, longest, &unit, &e), -ENAMETOOLONG);
}

/* In a user's session, in his service, in a container with a systemd of its own. */
static void manager_roots(void **state)
{
	static const struct {
		const char *own;
		bool user;
		const char *root;
	} rows[] = {
		{ "/init.scope", false, "" },
		{ "/", false, "" },
		{ "/machine.slice/c.scope/init.scope", false, "/machine.slice/c.scope" },
		{ USER "/app.slice/x.scope", true, USER },
		{ USER, true, USER },
		{ "/user.slice/user-1000.slice/session-3.scope", true, USER },
		{ "/x" USER "/a", true, "/x" USER },
		{ "/a/user@1000.servicex/b", true, USER },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		autoarena arena = { 0 };

		assert_string_equal(cgroup_manager_root(&arena, rows[i].own, rows[i].user, 1000),
				    rows[i].root);
	}
}

/* A limit without its property is lost at the next daemon-reload. */
static void limits(void **state)
{
	static const struct {
		const char *file, *value, *property;
	} rows[] = {
		{ "memory.max", "1048576", "MemoryMax=uint64 1048576" },
		{ "memory.max", "max", "MemoryMax=uint64 18446744073709551615" },
		{ "memory.high", "5", "MemoryHigh=uint64 5" },
		{ "memory.oom.group", "1", "OOMPolicy?='kill'" },
		{ "memory.low", "5", "MemoryLow=uint64 5" },
		{ "memory.min", "0", "MemoryMin=uint64 0" },
		{ "memory.swap.max|", "0", "MemorySwapMax=uint64 0" },
		{ "pids.max", "32", "TasksMax=uint64 32" },
		{ "pids.max", "0", "TasksMax=uint64 1" },
		{ "pids.max", "max", "TasksMax=uint64 18446744073709551615" },
		{ "cpu.weight", "174", "CPUWeight=uint64 174" },
		{ "cpu.idle", "1", "CPUWeight?=uint64 0" },
		{ "cpu.idle", "0", NULL },
		{ "cpu.max", "50000 100000",
		  "CPUQuotaPeriodUSec=uint64 100000;CPUQuotaPerSecUSec=uint64 500000" },
		{ "cpu.max", "12345 100000",
		  "CPUQuotaPeriodUSec=uint64 100000;CPUQuotaPerSecUSec=uint64 130000" },
		{ "cpu.max", "1000 1000000",
		  "CPUQuotaPeriodUSec=uint64 1000000;CPUQuotaPerSecUSec=uint64 10000" },
		{ "cpu.max", "max 50000", "CPUQuotaPeriodUSec=uint64 50000;"
					  "CPUQuotaPerSecUSec=uint64 18446744073709551615" },
		{ "cpu.max", "7", "CPUQuotaPeriodUSec=uint64 100000;"
				  "CPUQuotaPerSecUSec=uint64 10000" },
		{ "cpu.max", "1 0", NULL },
		{ "cpu.max", "nonsense", NULL },
		{ "cpuset.cpus", "0-3,9", "AllowedCPUs=@ay [0x0f, 0x02]" },
		{ "cpuset.mems", "0", "AllowedMemoryNodes=@ay [0x01]" },
		{ "cpuset.cpus", "x", NULL },
		{ "io.bfq.weight|io.weight", "500|default 4950", "IOWeight=uint64 4950" },
		{ "io.bfq.weight|io.weight", "8:0 500|8:0 4950",
		  "IODeviceWeight=@a(st) [('/dev/block/8:0', 4950)]" },
		{ "io.max", "8:0 rbps=1048576",
		  "IOReadBandwidthMax=@a(st) [('/dev/block/8:0', 1048576)]" },
		{ "io.max", "8:0 wiops=max riops=5",
		  "IOWriteIOPSMax=@a(st) [('/dev/block/8:0', 18446744073709551615)];"
		  "IOReadIOPSMax=@a(st) [('/dev/block/8:0', 5)]" },
		{ "io.latency", "8:0 target=75",
		  "IODeviceLatencyTargetUSec=@a(st) [('/dev/block/8:0', 75)]" },
		{ "hugetlb.2MB.max", "5", NULL },
		{ "memory.max", "nonsense", NULL },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		autoarena arena = { 0 };
		autobuf all = { 0 };
		struct cgroup_limits list = { .arena = &arena };
		struct unit_properties p = { .arena = &arena };

		cgroup_limit_add(&list, "x", rows[i].file, rows[i].value);
		unit_limit_properties(&list, &p);
		for (size_t k = 0; k < p.count; k++)
			strbuf_addf(&all, "%s%s", k ? ";" : "", p.items[k]);
		if (!rows[i].property)
			assert_int_equal(p.count, 0);
		else
			assert_string_equal(all.text, rows[i].property);
	}
}

static void annotations(void **state)
{
	static const struct {
		const char *name, *value, *property; /* NULL: refused */
	} rows[] = {
		{ "KillSignal", "15", "KillSignal=15" },
		{ "TimeoutStopUSec", "uint64 10000000", "TimeoutStopUSec=uint64 10000000" },
		{ "TimeoutStopSec", "7", "TimeoutStopUSec=uint64 7000000" },
		{ "TimeoutStopSec", "uint64 7", "TimeoutStopUSec=uint64 7000000" },
		{ "TimeoutStopSec", "0.5", "TimeoutStopUSec=uint64 500000" },
		{ "TimeoutStopSec", "-1", NULL },
		{ "TimeoutStopSec", "uint64 18446744073709551615", NULL },
		{ "TimeoutStopSec", "'x'", NULL },
		{ "CollectMode", "'inactive'", "CollectMode='inactive'" },
		{ "ab", "1", NULL },
		{ "", "1", NULL },
		{ "a=b", "1", NULL },
		{ "KillSignal", "", NULL },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		autoarena arena = { 0 };
		struct unit_properties p = { .arena = &arena };
		struct pair pair = { arena_printf(&arena, "org.systemd.property.%s", rows[i].name),
				     rows[i].value };
		struct err e;
		int r = unit_annotation(&pair, &p, &e);

		if (!rows[i].property) {
			assert_int_equal(r, -EINVAL);
			assert_non_null(strstr(e.text, "/annotations/org.systemd.property."));
			continue;
		}
		assert_int_equal(r, 0);
		assert_int_equal(p.count, 1);
		assert_string_equal(p.items[0], rows[i].property);
	}
}

static void optional_properties(void **state)
{
	static const char *const items[] = { "CPUWeight?=uint64 0", "TasksMax=uint64 5" };
	const struct strings list = { items, 2 };
	autoarena arena = { 0 };
	autobuf with = { 0 }, without = { 0 };
	struct err e;

	assert_int_equal(unit_properties_write(&arena, &list, true, &with, &e), 0);
	assert_int_equal(unit_properties_write(&arena, &list, false, &without, &e), 0);
	assert_non_null(memmem(with.text, with.length, "CPUWeight", 10));
	assert_null(memmem(without.text, without.length, "CPUWeight", 10));
	assert_non_null(memmem(without.text, without.length, "TasksMax", 9));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names),	 cmocka_unit_test(bad_names),
		cmocka_unit_test(manager_roots), cmocka_unit_test(limits),
		cmocka_unit_test(annotations),	 cmocka_unit_test(optional_properties),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

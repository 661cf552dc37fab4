/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/err.h"
#include "cgroups/cgroup.h"
#include "cgroups/internal.h"
#include "plan/plan.h"
#include "spec/load.h"
#include "spec/spec.h"

static const struct spec *parse(struct arena *arena, const char *resources)
{
	const char *text = arena_printf(
		arena, "{\"ociVersion\":\"1.2.0\",\"root\":{\"path\":\"r\"},\"process\":{\"user\":"
		       "{\"uid\":7,\"gid\":0},\"cwd\":\"/\",\"args\":[\"x\"]},\"linux\":"
		       "{\"namespaces\":[{\"type\":\"mount\"}],\"resources\":{%s}}}", resources);
	struct problems problems = { 0 };
	const struct spec *spec;
	struct err e = { 0 };

	if (spec_parse(arena, text, strlen(text), &problems, &spec, &e) < 0)
		fail_msg("%s: %s", resources, e.text);
	return spec;
}

/* "FILE=VALUE;..." of what has to be written. */
static const char *written(struct arena *arena, const char *resources)
{
	struct cgroup_limits limits = { .arena = arena };
	const char *text = "";
	struct err e = { 0 };

	if (cgroup_limits_of(&parse(arena, resources)->linux.resources, &limits, &e) < 0)
		return arena_strdup(arena, e.text);
	for (size_t i = 0; i < limits.count; i++)
		text = arena_printf(arena, "%s%s%s=%s", text, i ? ";" : "", limits.items[i].file,
				    limits.items[i].value);
	return text;
}

/* A user would lose the limit of the row: it would not be set, or to another value than he
 * asked for. */
static void test_rows(void **state)
{
	static const struct {
		const char *resources, *written;
	} rows[] = {
		{ "", "" },
		{ "\"pids\":{\"limit\":100}", "pids.max=100" },
		{ "\"pids\":{\"limit\":0}", "pids.max=0" },
		{ "\"pids\":{\"limit\":-1}", "pids.max=max" },
		{ "\"memory\":{\"limit\":65536}", "memory.max=65536" },
		{ "\"memory\":{\"limit\":0,\"swap\":0,\"reservation\":0}", "" },
		{ "\"memory\":{\"limit\":-1}", "memory.swap.max|=max;memory.max=max" },
		{ "\"memory\":{\"limit\":100,\"swap\":300}",
		  "memory.swap.max=200;memory.max=100" },
		{ "\"memory\":{\"limit\":100,\"swap\":100}",
		  "memory.swap.max|=0;memory.max=100" },
		{ "\"memory\":{\"limit\":100,\"swap\":-1}",
		  "memory.swap.max|=max;memory.max=100" },
		{ "\"memory\":{\"limit\":100,\"swap\":0}", "memory.max=100" },
		{ "\"memory\":{\"limit\":-1,\"swap\":-1}", "memory.swap.max|=max;memory.max=max" },
		{ "\"memory\":{\"swap\":-1}", "memory.swap.max|=max" },
		{ "\"memory\":{\"reservation\":99}", "memory.low=99" },
		{ "\"memory\":{\"reservation\":-1}", "memory.low=max" },
		/* With a warning: protection beyond the limit is the kernel's to allow. */
		{ "\"memory\":{\"limit\":98,\"reservation\":99}", "memory.max=98;memory.low=99" },
		{ "\"cpu\":{\"shares\":1024}", "cpu.weight=100" },
		{ "\"cpu\":{\"shares\":0}", "" },
		{ "\"cpu\":{\"shares\":1024,\"idle\":1}", "cpu.idle=1" },
		{ "\"cpu\":{\"shares\":2,\"idle\":0}", "cpu.idle=0;cpu.weight=1" },
		{ "\"cpu\":{\"quota\":50000,\"period\":100000}", "cpu.max=50000 100000" },
		{ "\"cpu\":{\"quota\":50000}", "cpu.max=50000 100000" },
		{ "\"cpu\":{\"quota\":-1}", "cpu.max=max 100000" },
		{ "\"cpu\":{\"quota\":-1,\"period\":5000}", "cpu.max=max 5000" },
		{ "\"cpu\":{\"quota\":0,\"period\":5000}", "cpu.max=max 5000" },
		{ "\"cpu\":{\"quota\":0,\"period\":0}", "" },
		{ "\"cpu\":{\"quota\":5000,\"period\":0}", "cpu.max=5000 100000" },
		{ "\"cpu\":{\"burst\":0}", "cpu.max.burst=0" },
		{ "\"cpu\":{\"period\":5000}", "cpu.max=max 5000" },
		{ "\"cpu\":{\"quota\":5000,\"burst\":1000}",
		  "cpu.max=5000 100000;cpu.max.burst=1000" },
		{ "\"cpu\":{\"cpus\":\"0-1\",\"mems\":\"0\"}", "cpuset.cpus=0-1;cpuset.mems=0" },
		{ "\"cpu\":{\"cpus\":\"\",\"mems\":\"\"}", "" },
		{ "\"blockIO\":{\"weight\":500}", "io.bfq.weight|io.weight=500|default 4950" },
		{ "\"blockIO\":{\"weight\":0}", "" },
		{ "\"blockIO\":{\"weight\":10}", "io.bfq.weight|io.weight=10|default 1" },
		{ "\"blockIO\":{\"weight\":1000}", "io.bfq.weight|io.weight=1000|default 10000" },
		{ "\"blockIO\":{\"weightDevice\":[{\"major\":8,\"minor\":0,\"weight\":0}]}", "" },
		{ "\"blockIO\":{\"weightDevice\":[{\"major\":8,\"minor\":0,\"weight\":10}]}",
		  "io.bfq.weight|io.weight=8:0 10|8:0 1" },
		{ "\"blockIO\":{\"throttleReadBpsDevice\":[{\"major\":8,\"minor\":0,\"rate\":600}],"
		  "\"throttleWriteIOPSDevice\":[{\"major\":8,\"minor\":16,\"rate\":0}]}",
		  "io.max=8:0 rbps=600;io.max=8:16 wiops=max" },
		{ "\"hugepageLimits\":[{\"pageSize\":\"2MB\",\"limit\":9}]",
		  "hugetlb.2MB.max=9;hugetlb.2MB.rsvd.max|=9" },
		{ "\"hugepageLimits\":[{\"pageSize\":\"64KB\",\"limit\":0},{\"pageSize\":\"1GB\","
		  "\"limit\":18446744073709551615}]",
		  "hugetlb.64KB.max=0;hugetlb.64KB.rsvd.max|=0;hugetlb.1GB.max=18446744073709551615;"
		  "hugetlb.1GB.rsvd.max|=18446744073709551615" },
		{ "\"rdma\":{\"mlx5_1\":{\"hcaHandles\":0}}", "rdma.max=mlx5_1 hca_handle=0" },
		{ "\"rdma\":{\"mlx5_1\":{\"hcaObjects\":4294967295}}",
		  "rdma.max=mlx5_1 hca_object=4294967295" },
		{ "\"rdma\":{\"mlx5_1\":{\"hcaHandles\":3,\"hcaObjects\":10}}",
		  "rdma.max=mlx5_1 hca_handle=3 hca_object=10" },
		{ "\"unified\":{\"memory.high\":\"7\"}", "memory.high=7" },
		{ "\"unified\":{\"io.max\":\"8:0 rbps=1\\n8:16 wbps=2\\n\"}",
		  "io.max=8:0 rbps=1;io.max=8:16 wbps=2" },
		{ "\"unified\":{\"misc.max\":\"res_a 1\\n\\nres_b max\"}",
		  "misc.max=res_a 1;misc.max=res_b max" },
		{ "\"unified\":{\"cpuset.cpus\":\"\",\"memory.high\":\"\\n\"}",
		  "cpuset.cpus=\n;memory.high=" },
		{ "\"unified\":{\"cgroup.max.depth\":\"3\"}", "cgroup.max.depth=3" },
		/* Last, so that it overrides. */
		{ "\"unified\":{\"pids.max\":\"7\"},\"pids\":{\"limit\":3}",
		  "pids.max=3;pids.max=7" },
		/* What asks for nothing of cgroup v1 passes. */
		{ "\"memory\":{\"kernel\":-1,\"kernelTCP\":-1,\"swappiness\":0,"
		  "\"disableOOMKiller\":false}", "" },
		/* With a warning. */
		{ "\"memory\":{\"kernel\":100,\"kernelTCP\":100}", "" },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		autoarena arena = { 0 };

		assert_string_equal(written(&arena, rows[i].resources), rows[i].written);
	}
}

/* A user would lose the truth: a limit that cannot be had would be passed over in silence. */
static void test_refused(void **state)
{
	static const struct {
		const char *resources, *pointer;
	} rows[] = {
		{ "\"memory\":{\"swap\":300}", "/linux/resources/memory/swap" },
		{ "\"memory\":{\"limit\":-1,\"swap\":300}", "/linux/resources/memory/swap" },
		{ "\"memory\":{\"swappiness\":60}", "/linux/resources/memory/swappiness" },
		{ "\"memory\":{\"disableOOMKiller\":true}",
		  "/linux/resources/memory/disableOOMKiller" },
		{ "\"cpu\":{\"realtimeRuntime\":950000}", "/linux/resources/cpu/realtimeRuntime" },
		{ "\"cpu\":{\"realtimePeriod\":950000}", "/linux/resources/cpu/realtimePeriod" },
		{ "\"blockIO\":{\"leafWeight\":50}", "/linux/resources/blockIO/leafWeight" },
		{ "\"blockIO\":{\"weightDevice\":[{\"major\":8,\"minor\":0,\"weight\":50},"
		  "{\"major\":8,\"minor\":16,\"leafWeight\":50}]}",
		  "/linux/resources/blockIO/weightDevice/1/leafWeight" },
		{ "\"network\":{\"classID\":1048577}", "/linux/resources/network/classID" },
		{ "\"network\":{\"priorities\":[{\"name\":\"eth0\",\"priority\":1}]}",
		  "/linux/resources/network/priorities" },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		autoarena arena = { 0 };

		assert_true(str_starts(written(&arena, rows[i].resources), rows[i].pointer));
	}
}

/* A user would lose the share that runc, crun and Kubernetes give the same number. */
static void test_cpu_weight(void **state)
{
	assert_int_equal(cgroup_cpu_weight(0), 0);
	assert_int_equal(cgroup_cpu_weight(1), 1);
	assert_int_equal(cgroup_cpu_weight(2), 1);
	assert_int_equal(cgroup_cpu_weight(3), 2);
	assert_int_equal(cgroup_cpu_weight(1023), 100);
	assert_int_equal(cgroup_cpu_weight(1024), 100);
	assert_int_equal(cgroup_cpu_weight(1025), 101);
	assert_int_equal(cgroup_cpu_weight(262143), 10000);
	assert_int_equal(cgroup_cpu_weight(262144), 10000);
	assert_int_equal(cgroup_cpu_weight(UINT64_MAX), 10000);
	for (uint64_t shares = 3; shares < 262144; shares++) {
		long double l = log2l(shares);
		long double x = powl(10, (l * l + 125 * l) / 612 - 7.0L / 34);

		/* Only 1024 gives a whole number; nothing else comes nearer than 1e-10. */
		if (cgroup_cpu_weight(shares) != (unsigned)ceill(x - 1e-12L))
			fail_msg("%lu shares: %u", (long)shares, cgroup_cpu_weight(shares));
	}
}

static void test_io_weight(void **state)
{
	assert_int_equal(cgroup_io_weight(10), 1);
	assert_int_equal(cgroup_io_weight(1000), 10000);
	assert_int_equal(cgroup_io_weight(0), 1);
}

static const char *const pure_controllers[] = { "cpuset", "cpu", "io", "memory", "pids" };
static const char *const hybrid_controllers[] = { "hugetlb" };

static int compile(struct arena *arena, struct plan *plan, const struct spec *spec, bool hybrid,
		   struct err *e)
{
	struct host host = { .root = true, .hybrid = hybrid, .own_cgroup = "/",
			     .cgroup_mount = "/sys/fs/cgroup",
			     .controllers = { hybrid ? hybrid_controllers : pure_controllers,
					      hybrid ? 1 : 5 } };
	struct request request = { .kind = REQUEST_CREATE, .id = "c1" };
	struct compile c = { .plan = plan, .arena = arena, .spec = spec, .request = &request,
			     .host = &host };

	return cgroup_compile(&c, e) < 0 ? -e->code : cgroup_settle_compile(&c, e);
}

/* A user on a hybrid host would lose the reason why his limit is refused, and what to do. */
static void test_hybrid(void **state)
{
	autoarena arena = { 0 };
	autoplan plan = { 0 }, neutral = { 0 };
	struct err e;

	assert_true(compile(&arena, &plan, parse(&arena, "\"memory\":{\"limit\":65536}"), true,
			    &e) < 0);
	assert_non_null(strstr(e.text, "/linux/resources/memory/limit"));
	assert_non_null(strstr(e.text, "systemd.unified_cgroup_hierarchy=1"));
	/* containerd sends these shares with every container: they are what the kernel has
	 * anyway. */
	assert_int_equal(compile(&arena, &neutral, parse(&arena, "\"cpu\":{\"shares\":1024}"), true,
				 &e), 0);
	assert_int_equal(neutral.host.items[0].op, OP_CGROUP);
	assert_int_equal(neutral.host.items[1].op, OP_CGROUP_DEVICES);
}

/* A user would lose the order that makes limits hold from the first process on. */
static void test_steps(void **state)
{
	autoarena arena = { 0 };
	autoplan plan = { 0 };
	struct err e;

	assert_int_equal(compile(&arena, &plan, parse(&arena, "\"pids\":{\"limit\":5}"), false, &e),
			 0);
	assert_int_equal(plan.host.count, 3);
	assert_int_equal(plan.host.items[0].op, OP_CGROUP);
	assert_int_equal(plan.host.items[1].op, OP_CGROUP_WRITE);
	assert_int_equal(plan.host.items[2].op, OP_CGROUP_DEVICES);
	assert_non_null(memmem(plan.bytes.text, plan.bytes.length, "cpu?", 5));
	assert_null(memmem(plan.bytes.text, plan.bytes.length, "pids?", 6));
}

/* A program that may not fork could not be started at all: who makes it counts too. */
static void test_few_processes(void **state)
{
	static const struct {
		const char *resources;
		unsigned steps; /* two when the limit is written again */
		const char *value;
	} rows[] = {
		{ "\"pids\":{\"limit\":0}", 2, "0" },
		{ "\"pids\":{\"limit\":2}", 2, "2" },
		{ "\"pids\":{\"limit\":3}", 1, "" },
		{ "\"pids\":{\"limit\":-1}", 1, "" },
		{ "\"pids\":{\"limit\":1},\"unified\":{\"pids.max\":\"7\"}", 2, "" },
		{ "\"pids\":{\"limit\":7},\"unified\":{\"pids.max\":\"1\"}", 3, "1" },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		autoarena arena = { 0 };
		autoplan plan = { 0 };
		const struct spec *spec = parse(&arena, rows[i].resources);
		size_t writes = 0;
		struct err e;

		assert_int_equal(compile(&arena, &plan, spec, false, &e), 0);
		for (size_t k = 0; k < plan.host.count; k++)
			writes += plan.host.items[k].op == OP_CGROUP_WRITE;
		assert_int_equal(writes, rows[i].steps);
		if (*rows[i].value)
			assert_string_equal(plan_built_text(&plan, plan.host.items[plan.host.count - 1].arg[1]),
					    rows[i].value);
	}
}

/* A container that manages cgroups of its own as an ordinary user could make none; or a user who
 * was not to have them would get them. */
static void test_own(void **state)
{
	static const struct {
		const char *mount, *namespaces, *maps;
		int64_t owner; /* -1: unchanged */
	} rows[] = {
#define MOUNT(options) "{\"destination\":\"/sys/fs/cgroup\",\"type\":\"cgroup\",\"source\":" \
		       "\"cgroup\",\"options\":[" options "]}"
#define CGROUP "{\"type\":\"mount\"},{\"type\":\"cgroup\"}"
#define USER ",{\"type\":\"user\"}"
#define MAPS(size) "\"uidMappings\":[{\"containerID\":0,\"hostID\":100000,\"size\":" size "}]," \
		   "\"gidMappings\":[{\"containerID\":0,\"hostID\":100000,\"size\":" size "}],"
		{ MOUNT("\"rw\""), CGROUP, "", 7 },
		{ MOUNT(""), CGROUP, "", 7 },
		{ MOUNT("\"nosuid\",\"ro\""), CGROUP, "", -1 },
		{ MOUNT("\"rro\""), CGROUP, "", -1 },
		{ MOUNT("\"rw\""), "{\"type\":\"mount\"}", "", -1 },
		{ "", CGROUP, "", -1 },
		{ MOUNT("\"rw\""), CGROUP USER, MAPS("8"), 100007 },
#undef MAPS
#undef USER
#undef CGROUP
#undef MOUNT
	};
	autoarena arena = { 0 };

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const char *text = arena_printf(
			&arena,
			"{\"ociVersion\":\"1.2.0\",\"root\":{\"path\":\"r\"},\"process\":{\"user\":"
			"{\"uid\":7,\"gid\":0},\"cwd\":\"/\",\"args\":[\"x\"]},\"mounts\":[%s],"
			"\"linux\":{%s\"namespaces\":[%s]}}",
			rows[i].mount, rows[i].maps, rows[i].namespaces);
		struct problems problems = { 0 };
		autoplan plan = { 0 };
		const struct spec *spec;
		const struct plan_step *last;
		struct err e = { 0 };

		if (spec_parse(&arena, text, strlen(text), &problems, &spec, &e) < 0 ||
		    compile(&arena, &plan, spec, false, &e) < 0)
			fail_msg("row %zu: %s", i, e.text);
		last = &plan.host.items[plan.host.count - 1];
		assert_int_equal(last->op == OP_CGROUP_OWN ? (int64_t)last->arg[0] : -1,
				 rows[i].owner);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),	   cmocka_unit_test(test_refused),
		cmocka_unit_test(test_cpu_weight), cmocka_unit_test(test_io_weight),
		cmocka_unit_test(test_hybrid),	   cmocka_unit_test(test_steps),
		cmocka_unit_test(test_few_processes),
		cmocka_unit_test(test_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

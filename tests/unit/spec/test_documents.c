/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "mutate.h"
#include "spec/spec.h"

/* What an engine writes and what the specification shows must run: a complaint here is a container
 * that does not start under this runtime alone. */
static void are_taken(void **state)
{
	static const char *const files[] = {
		"golden/configs/containerd-ctr.json", "golden/configs/docker-profile.json",
		"golden/configs/podman-u.json",	      "golden/configs/podman-x.json",
		"golden/configs/podman-y.json",	      "golden/spec/good/full.json",
		"golden/spec/good/linux-rdma.json",   "golden/spec/good/minimal-for-start.json",
		"golden/spec/good/minimal.json",
	};

	for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
		struct parsed p;

		parse_file(files[i], &p);
		if (p.problems.count)
			fail_msg("%s: %s: %s", files[i], p.problems.items[0].pointer,
				 p.problems.items[0].text);
		assert_non_null(p.spec);
		arena_clear(&p.arena);
	}
}

/* Good for the schema, but for another platform (ignored with a warning) or with what only a rule
 * can refuse. */
static const struct {
	const char *file, *pointer;
	bool warning;
} judged[] = {
	{ "golden/spec/good/freebsd-minimal.json", "/freebsd", true },
	{ "golden/spec/good/zos-minimal.json", "/zos", true },
	{ "golden/spec/good/freebsd-example.json", "/hostname", false },
	{ "golden/spec/good/zos-example.json", "/ociVersion", false },
	{ "golden/spec/good/spec-example.json", "/ociVersion", false },
	{ "golden/spec/good/linux-netdevice.json", "/linux/netDevices", false },
	{ "golden/spec/bad/freebsd-vnet-disable.json", "/freebsd", true },
	{ "golden/spec/bad/invalid-json.json", "", false },
	{ "golden/spec/bad/linux-hugepage.json", "/linux/resources/hugepageLimits/0/pageSize",
	  false },
	{ "golden/spec/bad/linux-netdevice.json", "/linux/netDevices/eth0/name", false },
	{ "golden/spec/bad/linux-rdma.json", "/linux/resources/rdma/mlx5_1/hcaHandles", false },
};

/* The specification's own examples of bad configs must be refused at the right place. */
static void are_judged(void **state)
{
	for (size_t i = 0; i < sizeof judged / sizeof *judged; i++) {
		const struct problem *problem;
		struct parsed p;

		parse_file(judged[i].file, &p);
		problem = problem_at(&p.problems, judged[i].pointer);
		if (!problem || problem->warning != judged[i].warning)
			fail_msg("%s: no such problem at %s", judged[i].file, judged[i].pointer);
		assert_int_equal(!p.spec, !judged[i].warning);
		arena_clear(&p.arena);
	}
}

#define HEAD "{\"ociVersion\":\"1.0.0\",\"root\":{\"path\":\"r\"},"

/* Whoever has five mistakes in a config wants to see five, not one a run. */
static void all_at_once(void **state)
{
	static const char *const pointers[] = {
		"/hostname", "/process/cwd", "/process/args", "/process/user/uid",
		"/linux/namespaces/0/type",
	};
	struct parsed p;

	parse_string(HEAD "\"hostname\":1,\"process\":{\"user\":{\"uid\":-1,\"gid\":0}},"
			  "\"linux\":{\"namespaces\":[{\"type\":\"x\"}]}}",
		     &p);
	assert_int_equal(p.problems.errors, 5);
	for (size_t i = 0; i < sizeof pointers / sizeof *pointers; i++)
		assert_non_null(problem_at(&p.problems, pointers[i]));
	assert_non_null(strstr(p.message, "(and 4 more errors: tare validate names them)"));
	arena_clear(&p.arena);
}

/* Without these namespaces the fields would change the host. */
static void need_namespaces(void **state)
{
	static const char *const pointers[] = {
		"/hostname",	      "/domainname",
		"/linux/uidMappings", "/linux/gidMappings",
		"/linux/timeOffsets", "/linux/netDevices",
		"/linux/sysctl/net.a", "/linux/sysctl/kernel.sem",
		"/linux/sysctl/user.a", "/linux/sysctl/kernel.domainname",
		"/linux/sysctl/fs.mqueue.a",
	};
	struct parsed p;

	parse_string(HEAD
		     "\"hostname\":\"a\",\"domainname\":\"b\",\"linux\":{\"uidMappings\":"
		     "[{\"containerID\":0,\"hostID\":0,\"size\":1}],\"gidMappings\":"
		     "[{\"containerID\":0,\"hostID\":0,\"size\":1}],"
		     "\"timeOffsets\":{\"boottime\":{\"secs\":1}},\"netDevices\":{\"a\":{}},"
		     "\"sysctl\":{\"net.a\":\"1\",\"kernel.sem\":\"1\",\"user.a\":\"1\","
		     "\"kernel.domainname\":\"x\",\"fs.mqueue.a\":\"1\"}}}",
		     &p);
	assert_int_equal(p.problems.errors, sizeof pointers / sizeof *pointers);
	for (size_t i = 0; i < sizeof pointers / sizeof *pointers; i++)
		assert_non_null(problem_at(&p.problems, pointers[i]));
	arena_clear(&p.arena);
}

/* Nobody should believe in a mask or a read-only root that is not there. */
static void joined_mount_namespace(void **state)
{
	static const char *const pointers[] = {
		"/mounts", "/root/readonly", "/linux/devices", "/linux/maskedPaths",
		"/linux/readonlyPaths", "/linux/rootfsPropagation",
	};
	static const char *const namespaces[] = { "{\"type\":\"mount\",\"path\":\"/n\"}",
						  "{\"type\":\"mount\"}" };
	static const size_t counts[] = { sizeof pointers / sizeof *pointers, 0 };

	for (size_t k = 0; k < 2; k++) {
		autoarena arena = { 0 };
		struct parsed p;

		parse_string(arena_printf(&arena,
					  "{\"ociVersion\":\"1.0.0\",\"root\":{\"path\":\"r\",\"readonly\":true},"
					  "\"mounts\":[{\"destination\":\"/m\"}],\"linux\":{\"namespaces\":[%s],"
					  "\"devices\":[{\"path\":\"/f\",\"type\":\"p\"}],"
					  "\"maskedPaths\":[\"/a\"],\"readonlyPaths\":[\"/b\"],"
					  "\"rootfsPropagation\":\"slave\"}}",
					  namespaces[k]),
			     &p);
		assert_non_null(p.spec);
		assert_int_equal(p.problems.count, counts[k]);
		for (size_t i = 0; i < counts[k]; i++)
			assert_non_null(problem_at(&p.problems, pointers[i]));
		arena_clear(&p.arena);
	}
}

/* One mistake in the list of namespaces must not drown in complaints about what depends on it. */
static void no_echo(void **state)
{
	struct parsed p;

	parse_string(HEAD "\"hostname\":\"a\",\"linux\":{\"namespaces\":[{\"type\":\"utz\"}],"
			  "\"sysctl\":{\"net.a\":\"1\"}}}",
		     &p);
	assert_int_equal(p.problems.count, 1);
	assert_string_equal(p.problems.items[0].pointer, "/linux/namespaces/0/type");
	assert_string_equal(p.message,
			    "/linux/namespaces/0/type: must be user, pid, network, mount, ipc, "
			    "uts, cgroup or time, not \"utz\" (did you mean \"uts\"?)");
	arena_clear(&p.arena);
}

/* One mistake of a program, a hundred thousand times: neither a page for each nor a second. */
static void many_problems(void **state)
{
	autobuf text = { 0 };
	struct parsed p;

	strbuf_add(&text, "{\"a\":1,\"mounts\":[0");
	for (int i = 1; i < 100000; i++)
		strbuf_add(&text, ",0");
	strbuf_add(&text, "]}");
	parse_string(text.text, &p);
	assert_int_equal(p.problems.count, 1000);
	assert_int_equal(p.problems.count + p.problems.untold, 100003);
	assert_int_equal(p.problems.errors, 100002);
	assert_null(p.problems.rest);
	assert_non_null(strstr(p.message, "(and 100001 more errors"));
	arena_clear(&p.arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(are_taken),   cmocka_unit_test(are_judged),
		cmocka_unit_test(all_at_once), cmocka_unit_test(joined_mount_namespace),
		cmocka_unit_test(need_namespaces),
		cmocka_unit_test(no_echo),
		cmocka_unit_test(many_problems),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One mistake must not hide another, nor make believe that there is one: a config with faults that only compiling shows
 * is made worse, one value at a time, and all the same has these faults and no others.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "../spec/mutate.h"
#include "../spec/wrong_types.h"
#include "base/err.h"
#include "base/text.h"
#include "plan/findings.h"
#include "plan/request.h"
#include "runtime/build.h"
#include "runtime/context.h"
#include "runtime/probe.h"
#include "spec/sound.h"
#include "spec/spec.h"

enum { AT_LEAST = 700 };

static const char faults[] =
	"{\"ociVersion\":\"1.3.0\",\"root\":{\"path\":\"rootfs\",\"readonly\":true},"
	"\"hostname\":\"a\",\"domainname\":\"b\","
	"\"process\":{\"terminal\":true,\"consoleSize\":{\"height\":3,\"width\":4},\"user\":{\"uid\":1,\"gid\":2,"
	"\"umask\":18,\"additionalGids\":[3]},\"args\":[\"a\",\"b\"],\"env\":[\"A=b\"],\"cwd\":\"/\","
	"\"capabilities\":{\"bounding\":[\"CAP_KILL\"]},"
	"\"rlimits\":[{\"type\":\"RLIMIT_CORE\",\"soft\":1,\"hard\":2}],\"noNewPrivileges\":true,"
	"\"oomScoreAdj\":1,\"scheduler\":{\"policy\":\"SCHED_OTHER\",\"nice\":1},"
	"\"ioPriority\":{\"class\":\"IOPRIO_CLASS_BE\",\"priority\":4},"
	"\"execCPUAffinity\":{\"initial\":\"0\",\"final\":\"1\"}},"
	"\"mounts\":[{\"destination\":\"/proc\",\"type\":\"proc\",\"options\":[\"nosuid\"]},"
	"{\"destination\":\"/\",\"type\":\"tmpfs\"},{\"destination\":\"/a\",\"type\":\"bind\"},"
	"{\"destination\":\"/b\",\"options\":[\"bind\",\"size=3\"],\"source\":\"/tmp\"},"
	"{\"destination\":\"/c\"},{\"destination\":\"/d\",\"source\":\"/tmp\",\"options\":[\"bind\","
	"\"idmap=uids=0-1-x;gids=0-1-1\"]},"
	"{\"destination\":\"/e\",\"type\":\"cgroup\",\"source\":\"cgroup\"},"
	"{\"destination\":\"/f\",\"type\":\"tmpfs\",\"uidMappings\":[{\"containerID\":0,\"hostID\":9,\"size\":1}],"
	"\"gidMappings\":[{\"containerID\":0,\"hostID\":9,\"size\":1}],\"options\":[\"remount\"]},"
	"{\"destination\":\"/g\",\"type\":\"tmpfs\"},{\"destination\":\"/h\",\"type\":\"tmpfs\"}],"
	"\"hooks\":{\"prestart\":[{\"path\":\"/h\",\"args\":[\"h\"],\"env\":[\"A=b\"],\"timeout\":1}],"
	"\"startContainer\":[{\"path\":\"/h\"}]},"
	"\"annotations\":{\"a\":\"b\",\"run.oci.mount_context_type\":\"contexts\"},"
	"\"linux\":{\"namespaces\":[{\"type\":\"pid\"},{\"type\":\"mount\"},{\"type\":\"uts\"},{\"type\":\"ipc\"},"
	"{\"type\":\"network\",\"path\":\"/n\"},{\"type\":\"time\"}],"
	"\"timeOffsets\":{\"boottime\":{\"secs\":1,\"nanosecs\":2}},\"mountLabel\":\"l\","
	"\"devices\":[{\"path\":\"/dev/x\",\"type\":\"c\",\"major\":1,\"minor\":2,\"fileMode\":438,\"uid\":1}],"
	"\"netDevices\":{\"eth0\":{\"name\":\"e\"}},\"sysctl\":{\"net.ipv4.ip_forward\":\"1\"},"
	"\"cgroupsPath\":\"a:b:c\",\"maskedPaths\":[\"/proc/x\"],\"readonlyPaths\":[\"/proc/y\"],"
	"\"memoryPolicy\":{\"mode\":\"MPOL_BIND\",\"nodes\":\"0\"},\"personality\":{\"domain\":\"LINUX\"},"
	"\"intelRdt\":{\"closID\":\"c\",\"l3CacheSchema\":\"L3:0=1\"},\"rootfsPropagation\":\"slave\","
	"\"resources\":{\"devices\":[{\"allow\":false,\"access\":\"rwm\"}],"
	"\"memory\":{\"limit\":1000000,\"swappiness\":3},\"cpu\":{\"shares\":3,\"realtimeRuntime\":5,\"cpus\":\"0\"},"
	"\"pids\":{\"limit\":3},\"network\":{\"classID\":4,\"priorities\":[{\"name\":\"e\",\"priority\":1}]},"
	"\"hugepageLimits\":[{\"pageSize\":\"2MB\",\"limit\":1}],\"rdma\":{\"m\":{\"hcaHandles\":1}},"
	"\"blockIO\":{\"weight\":10,\"weightDevice\":[{\"major\":8,\"minor\":0,\"leafWeight\":20}],"
	"\"throttleReadBpsDevice\":[{\"major\":8,\"minor\":0,\"rate\":7}]},"
	"\"unified\":{\"memory.high\":\"1\"}},"
	"\"seccomp\":{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"architectures\":[\"SCMP_ARCH_X86_64\"],"
	"\"flags\":[\"SECCOMP_FILTER_FLAG_LOG\"],\"listenerPath\":\"/l\",\"listenerMetadata\":\"m\","
	"\"syscalls\":[{\"names\":[\"sendmsg\"],\"action\":\"SCMP_ACT_NOTIFY\"},"
	"{\"names\":[\"read\",\"write\"],\"action\":\"SCMP_ACT_KILL\",\"args\":"
	"[{\"index\":0,\"value\":1,\"valueTwo\":0,\"op\":\"SCMP_CMP_EQ\"}]},"
	"{\"names\":[\"write\",\"read\"],\"action\":\"SCMP_ACT_ERRNO\",\"errnoRet\":3,\"args\":"
	"[{\"index\":0,\"value\":1,\"op\":\"SCMP_CMP_EQ\"}]},"
	"{\"names\":[\"sendmsg\"],\"action\":\"SCMP_ACT_NOTIFY\"}]}}}";

struct judge {
	struct arena arena;
	const char *assume;
	struct findings expected;

};

static void compile(struct arena *arena, const char *assume, const struct spec *spec,
		    struct findings *ret_findings)
{
	struct context context = { .arena = arena, .root_fd = -1 };
	struct request request = { .kind = REQUEST_CREATE, .id = "ID", .bundle = "/bundle",
				   .rootfs = "/bundle/rootfs", .init_pidfd = -1,
				   .findings = ret_findings };
	struct plan_header *plan;
	struct err e = { 0 };

	*ret_findings = (struct findings){ .arena = arena };
	assert_int_equal(host_assume(&context, assume, &e), 0);
	(void)build_plan(&context, spec, spec->process.present ? NULL : &stand_in_process,
			 &request, &plan, &e);
}

static bool is_among(const struct findings *f, const char *text)
{
	for (size_t i = 0; i < f->count; i++)
		if (strcmp(f->items[i], text) == 0)
			return true;
	return false;
}

static bool is_doubted(struct arena *arena, const struct problems *problems, const char *text)
{
	return problems_doubt(problems, arena_strndup(arena, text, strcspn(text, ": ")));
}

/* What a fault depends on beside its own part may be the error's. */
static bool may_hide(const char *pointer)
{
	return str_starts(pointer, "/annotations") || str_starts(pointer, "/linux/namespaces") ||
	       strcmp(pointer, "/linux") == 0 || str_starts(pointer, "/linux/seccomp/syscalls/1") ||
	       str_starts(pointer, "/linux/mountLabel") || strcmp(pointer, "/linux/seccomp") == 0;
}

static void judge(void *argument, const char *pointer, const char *value, const struct parsed *p)
{
	struct judge *j = argument;
	autoarena arena = { 0 };
	struct findings found;

	if (!p->problems.rest)
		fail_msg("%s = %s: nothing is left", pointer, value);
	compile(&arena, j->assume, p->problems.rest, &found);
	for (size_t i = 0; i < found.count; i++)
		if (!is_among(&j->expected, found.items[i]) &&
		    !is_doubted(&arena, &p->problems, found.items[i]))
			fail_msg("%s = %s: it is said that %s", pointer, value, found.items[i]);
	for (size_t i = 0; i < j->expected.count; i++)
		if (!is_among(&found, j->expected.items[i]) && !may_hide(pointer) &&
		    !is_doubted(&arena, &p->problems, j->expected.items[i]))
			fail_msg("%s = %s hides that %s", pointer, value, j->expected.items[i]);
}

static void told(const char *assume, size_t least)
{
	struct judge j = { .assume = assume };
	struct parsed p;

	parse_string(faults, &p);
	if (!p.spec)
		fail_msg("%s", p.message);
	assert_null(p.problems.rest);
	compile(&j.arena, assume, p.spec, &j.expected);
	if (j.expected.count < least) {
		for (size_t i = 0; i < j.expected.count; i++)
			print_error("%s\n", j.expected.items[i]);
		fail_msg("%zu faults", j.expected.count);
	}
	assert_true(each_wrong_type(faults, judge, &j) >= AT_LEAST);
	arena_clear(&p.arena);
	arena_clear(&j.arena);
}

static void of_root(void **state)
{
	told("root,unified", 17);
}

static void without_controllers(void **state)
{
	told("root,hybrid", 20);
}

static void of_a_user(void **state)
{
	told("rootless", 17);
}

/* Nothing is left of what is no object, and of what is no JSON. */
static void nothing_left(void **state)
{
	static const char *const texts[] = { "", "[]", "7", "{\"ociVersion\":}" };

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		struct parsed p;

		parse_string(texts[i], &p);
		assert_null(p.spec);
		assert_null(p.problems.rest);
		arena_clear(&p.arena);
	}
}

/* The emptiest object has a rest like any other. */
static void least(void **state)
{
	struct findings found;
	struct parsed p;

	parse_string("{}", &p);
	assert_non_null(p.problems.rest);
	compile(&p.arena, "root,unified", p.problems.rest, &found);
	assert_int_equal(found.count, 0);
	arena_clear(&p.arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(of_root),	cmocka_unit_test(without_controllers),
		cmocka_unit_test(of_a_user),	cmocka_unit_test(nothing_left),
		cmocka_unit_test(least),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "mutate.h"

#define R "/linux/resources"

static const struct mutation devices[] = {
	{ R "/devices/0/allow", NULL, NULL, "is required" },
	{ R "/devices/0/allow", "\"false\"", NULL, "must be true or false" },
	{ R "/devices/1/type", "\"p\"", NULL, "must be a, c or b" },
	{ R "/devices/1/major", "-2", NULL, "must be from -1 to" },
	{ R "/devices/1/major", "-1", NULL, NULL },
	{ R "/devices/1/minor", "\"*\"", NULL, "must be an integer, not a string" },
	{ R "/devices/1/access", "\"rwx\"", NULL, "the letters r, w and m, not \"rwx\"" },
	{ R "/devices/1/access", NULL, R "/devices/1", "it has no \"access\"", .warning = true },
	{ NULL },
};

static const struct mutation memory[] = {
	{ R "/memory/limit", "\"1G\"", NULL, "must be an integer, not a string" },
	{ R "/memory/limit", "-2", NULL, "must be from -1 to 9223372036854775807, not -2" },
	{ R "/memory/limit", "9223372036854775808", NULL, "must be from -1 to" },
	{ R "/memory/limit", "-1", NULL, NULL },
	{ R "/memory/swap", "536870911", NULL, "must not be less than the limit" },
	{ R "/memory/swap", "-1", NULL, NULL },
	{ R "/memory/reservation", "536870913", NULL, "greater than the limit", .warning = true },
	{ R "/memory/kernel", "5", NULL, "counts kernel memory too", .warning = true },
	{ R "/memory/kernelTCP", "5", NULL, "counts socket buffers too", .warning = true },
	{ R "/memory/swappiness", "101", NULL, "must be from 0 to 100" },
	{ R "/memory/disableOOMKiller", "0", NULL, "must be true or false" },
	{ R "/memory/useHierarchy", "\"\"", NULL, "must be true or false" },
	{ R "/memory/useHierarchy", "false", NULL, "is ignored", .warning = true },
	{ R "/memory/useHierarchy", "true", NULL, NULL },
	{ R "/memory/checkBeforeUpdate", "1", NULL, "must be true or false" },
	{ R "/memory/limits", "1", NULL, "did you mean \"limit\"?", .warning = true },
	{ NULL },
};

static const struct mutation cpu[] = {
	{ R "/cpu/shares", "-1", NULL, "must be from 0 to 18446744073709551615" },
	{ R "/cpu/quota", "-2", NULL, "must be from -1 to" },
	{ R "/cpu/quota", "-1", NULL, NULL },
	{ R "/cpu/quota", "999", R "/cpu/burst", "must not be greater than the quota" },
	{ R "/cpu/idle", "2", NULL, "must be from 0 to 1" },
	{ R "/cpu/cpus", "\"0-\"", NULL, "must be a list such as" },
	{ R "/cpu/mems", "\"x\"", NULL, "must be a list such as" },
	{ R "/cpu/cpus", "[0, 1]", NULL, "must be a string, not an array" },
	{ R "/cpu/realtimeRuntime", "-2", NULL, "must be from -1 to" },
	{ NULL },
};

static const struct mutation block_io[] = {
	{ R "/blockIO/weight", "9", NULL, "must be from 10 to 1000" },
	{ R "/blockIO/weight", "1001", NULL, "must be from 10 to 1000" },
	{ R "/blockIO/weight", "65536", NULL, "must be from 0 to 65535" },
	{ R "/blockIO/leafWeight", "5", NULL, "must be from 10 to 1000" },
	{ R "/blockIO/weightDevice/0/weight", "2000", NULL, "must be from 10 to 1000" },
	{ R "/blockIO/weightDevice/0/leafWeight", "1", NULL, "must be from 10 to 1000" },
	{ R "/blockIO/weightDevice/0", "{\"major\":8,\"minor\":0}", NULL,
	  "must have a weight or a leafWeight" },
	{ R "/blockIO/weightDevice/0/major", NULL, NULL, "is required" },
	{ R "/blockIO/throttleReadBpsDevice/0/rate", NULL, NULL, "is required" },
	{ R "/blockIO/throttleWriteBpsDevice/0/minor", "-1", NULL, "must be from 0 to" },
	{ R "/blockIO/throttleReadIOPSDevice", "{}", NULL, "must be an array" },
	{ R "/blockIO/throttleWriteIOPSDevice/0/rate", "1.5", NULL, "must be an integer" },
	{ NULL },
};

static const struct mutation the_rest[] = {
	{ R, "[]", NULL, "must be an object" },
	{ R "/pids/limit", "-2", NULL, "must be from -1 to" },
	{ R "/pids/limit", "-1", NULL, NULL },
	{ R "/pids/limit", "true", NULL, "must be an integer, not true" },
	{ R "/hugepageLimits/0/pageSize", "\"2mB\"", NULL, "must be a size such as" },
	{ R "/hugepageLimits/0/pageSize", "\"02MB\"", NULL, "must be a size such as" },
	{ R "/hugepageLimits/0/pageSize", "\"MB\"", NULL, "must be a size such as" },
	{ R "/hugepageLimits/0/pageSize", "\"2MB/\"", NULL, "must be a size such as" },
	{ R "/hugepageLimits/0/limit", NULL, NULL, "is required" },
	{ R "/network/classID", "4294967296", NULL, "must be from 0 to 4294967295" },
	{ R "/network/priorities/0/name", NULL, NULL, "is required" },
	{ R "/network/priorities/0/priority", "-1", NULL, "must be from 0 to" },
	{ R "/rdma/mlx5_1", "{}", NULL, "must have hcaHandles or hcaObjects" },
	{ R "/rdma/mlx5_1/hcaHandles", "\"3\"", NULL, "must be an integer" },
	{ R "/rdma/mlx5_1/hcaObjects", "-1", NULL, "must be from 0 to" },
	{ R "/unified/memory.high", "1", NULL, "must be a string, not an integer" },
	{ R "/unified/..~1x", "\"1\"", NULL, "is not the name of a cgroup's file" },
	{ R "/unified/a~1memory.max", "\"1\"", NULL, "is not the name of a cgroup's file" },
	{ R "/unified/..", "\"1\"", NULL, "is not the name of a cgroup's file" },
	{ R "/unified/memory", "\"1\"", NULL, "is not the name of a cgroup's file" },
	{ R "/unified/cgroup.procs", "\"1\"", NULL, "is for the runtime alone" },
	{ R "/unified/cgroup.kill", "\"1\"", NULL, "is for the runtime alone" },
	{ R "/unified/cgroup.max.depth", "\"1\"", NULL, NULL },
	{ R "/pid", "{}", NULL, "did you mean \"pids\"?", .warning = true },
	{ NULL },
};

/* A limit that is misread is no limit. */
static void is_told(void **state)
{
	mutate_all(devices);
	mutate_all(memory);
	mutate_all(cpu);
	mutate_all(block_io);
	mutate_all(the_rest);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(is_told) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}

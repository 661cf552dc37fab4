/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "mutate.h"

#define L "/linux"

/* Places of full.json's namespaces: pid network mount ipc uts user cgroup time. */
static const struct mutation namespaces[] = {
	{ L "/namespaces", "{}", NULL, "must be an array" },
	{ L "/namespaces/2", "\"mount\"", NULL, "must be an object, not a string" },
	{ L "/namespaces/2/type", NULL, NULL, "is required" },
	{ L "/namespaces/2/type", "\"net\"", NULL, "must be user, pid, network" },
	{ L "/namespaces/2/type", "\"Mount\"", NULL, "did you mean \"mount\"?" },
	{ L "/namespaces/2/type", "\"pid\"", NULL, "/linux/namespaces/0 has it too" },
	{ L "/namespaces/2/path", "\"proc/1/ns/mnt\"", NULL, "must be an absolute path" },
	{ L "/namespaces/2/path", "\"\"", NULL, NULL },
	{ L "/namespaces/2/paths", "\"\"", NULL, "did you mean \"path\"?", .warning = true },
	{ L "/namespaces/7/path", "\"/proc/1/ns/time\"", L "/timeOffsets",
	  "for a new time namespace only" },
	{ L "/namespaces/7", NULL, L "/timeOffsets", "needs a time namespace" },
	{ NULL },
};

static const struct mutation ids[] = {
	{ L "/uidMappings", NULL, NULL, "is required for a new user namespace" },
	{ L "/gidMappings", "[]", NULL, "is required for a new user namespace" },
	{ L "/uidMappings", "{}", NULL, "must be an array" },
	{ L "/uidMappings/0/containerID", NULL, NULL, "is required" },
	{ L "/uidMappings/0/hostID", "-1", NULL, "must be from 0 to" },
	{ L "/uidMappings/0/size", "0", NULL, "must be from 1 to" },
	{ L "/uidMappings/0/size", "2", L "/uidMappings/1/containerID", "overlaps" },
	{ L "/uidMappings/1/hostID", "900", NULL, "overlaps /linux/uidMappings/0 on the host" },
	{ L "/uidMappings/1/size", "4294967295", NULL, "beyond the largest id" },
	{ L "/gidMappings/0/sise", "1", NULL, "did you mean \"size\"?", .warning = true },
	{ NULL },
};

static const struct mutation time_offsets[] = {
	{ L "/timeOffsets/boottime/nanosecs", "1000000000", NULL, "must be from 0 to 999999999" },
	{ L "/timeOffsets/boottime/secs", "9223372036854775808", NULL, "must be from" },
	{ L "/timeOffsets/boottime/secs", "-9223372036854775808", NULL, NULL },
	{ L "/timeOffsets/boottime/secs", "-9223372036854775809", NULL, "must be from" },
	{ L "/timeOffsets/realtime", "{}", NULL, "is not a field", .warning = true },
	{ NULL },
};

static const struct mutation devices[] = {
	{ L "/devices/0/path", NULL, NULL, "is required" },
	{ L "/devices/0/path", "\"dev/fuse\"", NULL, "must be an absolute path" },
	{ L "/devices/0/path", "\"/dev/../../etc\"", NULL, "must not have \"..\"" },
	{ L "/devices/0/path", "\"/dev/..a\"", NULL, NULL },
	{ L "/devices/0/path", "\"/dev/.a/\"", NULL, NULL },
	{ L "/devices/0/path", "\"/\"", NULL, "must end in the name of a file" },
	{ L "/devices/0/path", "\"//\"", NULL, "must end in the name of a file" },
	{ L "/devices/0/path", "\"/dev/.\"", NULL, "must end in the name of a file" },
	{ L "/devices/0/type", NULL, NULL, "is required" },
	{ L "/devices/0/type", "\"char\"", NULL, "must be c, b, u or p, not \"char\"" },
	{ L "/devices/0/type", "\"a\"", NULL, "must be c, b, u or p" },
	{ L "/devices/0/major", NULL, NULL, "is required for this type" },
	{ L "/devices/0/minor", NULL, NULL, "is required for this type" },
	{ L "/devices/0/major", "4096", NULL, "must be from 0 to 4095" },
	{ L "/devices/0/minor", "1048576", NULL, "must be from 0 to 1048575" },
	{ L "/devices/0/fileMode", "65536", NULL, "must be from 0 to 65535" },
	{ L "/devices/0/fileMode", "\"0666\"", NULL, "must be an integer" },
	{ L "/devices/0/uid", "-1", NULL, "must be from 0 to" },
	{ NULL },
};

static const struct mutation net_devices[] = {
	{ L "/netDevices", "[]", NULL, "must be an object" },
	{ L "/netDevices/eth1", "\"x\"", NULL, "must be an object" },
	{ L "/netDevices/eth0/name", "\"sixteen-letters-\"", NULL, "1 to 15 characters" },
	{ L "/netDevices/eth0/name", "\"fifteen-letters\"", NULL, NULL },
	{ L "/netDevices/eth0/name", "\"..\"", NULL, "1 to 15 characters" },
	{ L "/netDevices/eth0/name", "\"a b\"", NULL, "1 to 15 characters" },
	{ L "/netDevices/eth0/name", "\"a:b\"", NULL, "1 to 15 characters" },
	{ L "/netDevices/eth0/name", "\"a%s\"", NULL, "stands for a number" },
	{ L "/netDevices/eth0/name", "\"%d%d\"", NULL, "stands for a number" },
	{ L "/netDevices/eth1/name", "\"a/b\"", NULL, "1 to 15 characters" },
	{ L "/netDevices/eth0/name", "\"eth1\"", L "/netDevices/eth1", "that another device has" },
	{ L "/netDevices/eth%d", "{}", NULL, "is not the name of a network device" },
	{ L "/netDevices/a~1b", "{}", NULL, "is not the name of a network device" },
	{ L "/netDevices/this-is-too-long", "{}", NULL, "is not the name of a network device" },
	{ NULL },
};

static const struct mutation sysctls[] = {
	{ L "/sysctl/net.core.x", "1", NULL, "must be a string" },
	{ L "/sysctl/kernel.hostname", "\"x\"", NULL, "by the field \"hostname\"" },
	{ L "/sysctl/kernel.core_pattern", "\"|x\"", NULL, "would change the host" },
	{ L "/sysctl/kernel~1core_pattern", "\"|x\"", NULL, "would change the host" },
	{ L "/sysctl/vm.swappiness", "\"1\"", NULL, "would change the host" },
	{ L "/sysctl/net.", "\"1\"", NULL, "must be a name such as" },
	{ L "/sysctl/net..ipv4", "\"1\"", NULL, "must be a name such as" },
	{ L "/sysctl/.net.ipv4", "\"1\"", NULL, "must be a name such as" },
	{ L "/sysctl/net~1..~1kernel~1core_pattern", "\"1\"", NULL, "must be a name such as" },
	{ L "/sysctl/net~1ipv4..forward", "\"1\"", NULL, "must be a name such as" },
	{ L "/sysctl/net.ipv4.~1..~1.kernel~1x", "\"1\"", NULL, "must be a name such as" },
	{ L "/sysctl/net~1ipv4~1eth0.", "\"1\"", NULL, "must be a name such as" },
	{ L "/sysctl/kernel.core~1pattern", "\"1\"", NULL, "would change the host" },
	{ L "/sysctl/net.x=1+kernel.y", "\"1\"", NULL, "must be a name such as" },
	{ L "/sysctl/net.x", "\"1+kernel.core_pattern=x\"", NULL, "a '+' or a newline" },
	{ L "/sysctl/net.x", "\"1\\n2\"", NULL, "a '+' or a newline" },
	{ L "/sysctl/kernel.shmmax2", "\"1\"", NULL, "would change the host" },
	{ L "/sysctl/kernel.domainname",
	  "\"0123456789012345678901234567890123456789012345678901234567890123x\"", NULL,
	  "must not be longer than 64 bytes" },
	{ L "/sysctl/kernel.msgmax", "\"1\"", NULL, NULL },
	{ L "/sysctl/net.ipv4.conf.a-b_c@d:1.forwarding", "\"1\"", NULL, NULL },
	{ NULL },
};

static const struct mutation paths[] = {
	{ L, "[]", NULL, "must be an object" },
	{ L "/cgroupsPath", "\"/a/../../b\"", NULL, "must not have \"..\"" },
	{ L "/cgroupsPath", "\"..\"", NULL, "must not have \"..\"" },
	{ L "/cgroupsPath", "\"/a\\nb\"", NULL, "must not have a newline" },
	{ L "/cgroupsPath", "\"system.slice:tare:a\"", NULL, NULL },
	{ L "/maskedPaths/0", "\"proc/kcore\"", NULL, "must be an absolute path" },
	{ L "/maskedPaths/0", "\"\"", NULL, "must be an absolute path" },
	{ L "/maskedPaths", "\"/proc/kcore\"", NULL, "must be an array" },
	{ L "/readonlyPaths/1", "\"sys\"", NULL, "must be an absolute path" },
	{ L "/rootfsPropagation", "\"slaves\"", NULL, "did you mean \"slave\"?" },
	{ L "/rootfsPropagation", "\"rprivate\"", NULL, NULL },
	{ L "/mountLabel", "7", NULL, "must be a string" },
	{ L "/personality/domain", NULL, NULL, "is required" },
	{ L "/personality/domain", "\"linux\"", NULL, "did you mean \"LINUX\"?" },
	{ L "/personality/flags", "[\"ADDR_NO_RANDOMIZE\"]", L "/personality/flags/0",
	  "must be nothing" },
	{ L "/personality/flags", "[]", NULL, NULL },
	{ L "/cgroupPath", "\"/a\"", NULL, "did you mean \"cgroupsPath\"?", .warning = true },
	{ NULL },
};

#define R L "/intelRdt"
static const struct mutation intel_rdt[] = {
	{ R "/closID", "\".\"", NULL, "the name of a directory" },
	{ R "/closID", "\"..\"", NULL, "the name of a directory" },
	{ R "/closID", "\"a/b\"", NULL, "the name of a directory" },
	{ R "/closID", "\"mon_groups\"", NULL, "the name of a directory" },
	{ R "/closID", "\"a\\nb\"", NULL, "the name of a directory" },
	{ R "/closID", "\"/\"", NULL, NULL },
	{ R "/l3CacheSchema", "\"L3:0=1\\nMB:0=1\"", NULL, "must be one line" },
	{ R "/l3CacheSchema", "\"0=1\"", NULL, "should begin with \"L3:\"", .warning = true },
	{ R "/memBwSchema", "\"0=1\"", NULL, "begins with \"MB:\"" },
	{ R "/memBwSchema", "\"MB:0=1\\n\"", NULL, "must be one line" },
	{ R "/schemata/0", "\"L2:0=f\\nL3:0=1\"", NULL, "must be one line" },
	{ R "/enableMonitoring", "1", NULL, "must be true or false" },
	{ R "/enableCMT", "true", NULL, "enableMonitoring replaced it", .warning = true },
	{ NULL },
};

#define Q L "/memoryPolicy"
static const struct mutation memory_policy[] = {
	{ Q "/mode", NULL, NULL, "is required" },
	{ Q "/mode", "\"MPOL_MAX\"", NULL, "must be MPOL_DEFAULT, MPOL_BIND" },
	{ Q "/nodes", NULL, NULL, "must name a node for this mode" },
	{ Q "/nodes", "\"\"", NULL, "must name a node for this mode" },
	{ Q "/nodes", "\"1-0\"", NULL, "must be a list such as" },
	{ Q "/flags/0", "\"MPOL_F_NODE\"", NULL, "must be MPOL_F_NUMA_BALANCING" },
	{ Q "/flags/1", "\"MPOL_F_RELATIVE_NODES\"", Q "/flags", "must not have both" },
	{ Q "/flags", "[\"MPOL_F_NUMA_BALANCING\"]", Q "/flags", "but for MPOL_BIND" },
	{ Q, "{\"mode\":\"MPOL_LOCAL\",\"nodes\":\"0\"}", Q "/nodes", "must be empty" },
	{ Q, "{\"mode\":\"MPOL_DEFAULT\",\"flags\":[\"MPOL_F_STATIC_NODES\"]}", Q "/flags",
	  "must be empty" },
	{ Q, "{\"mode\":\"MPOL_PREFERRED\"}", NULL, NULL },
	{ Q, "{\"mode\":\"MPOL_WEIGHTED_INTERLEAVE\",\"nodes\":\"0\"}", NULL, NULL },
	{ NULL },
};

#define S L "/seccomp"
static const struct mutation seccomp[] = {
	{ S "/defaultAction", NULL, NULL, "is required" },
	{ S "/defaultAction", "\"SCMP_ACT_DENY\"", NULL, "must be SCMP_ACT_KILL" },
	{ S "/defaultAction", "\"SCMP_ACT_ALLOW\"", S "/defaultErrnoRet",
	  "needs the defaultAction SCMP_ACT_ERRNO" },
	{ S "/defaultErrnoRet", "4095", NULL, "from 0 to 4094" },
	{ S "/defaultErrnoRet", "65536", NULL, "must be from 0 to 65535" },
	{ S "/defaultErrnoRet", NULL, NULL, NULL },
	{ S "/architectures/1", "\"SCMP_ARCH_AMD64\"", NULL, "must be SCMP_ARCH_X86" },
	{ S "/flags/0", "\"SECCOMP_FILTER_FLAG_NEW_LISTENER\"", NULL,
	  "must be SECCOMP_FILTER_FLAG_TSYNC" },
	{ S "/listenerPath", NULL, NULL, "is required where SCMP_ACT_NOTIFY is used" },
	{ S "/listenerPath", "\"agent.sock\"", NULL, "must be an absolute path" },
	{ S "/syscalls/2", NULL, S "/listenerPath", "is ignored", .warning = true },
	{ S "/syscalls", "{}", NULL, "must be an array" },
	{ S "/syscalls/0/names", NULL, NULL, "is required" },
	{ S "/syscalls/0/names", "[]", NULL, "must name a system call" },
	{ S "/syscalls/0/names/1", "\"\"", NULL, "must not be empty" },
	{ S "/syscalls/0/names/1", "1", NULL, "must be a string" },
	{ S "/syscalls/0/action", NULL, NULL, "is required" },
	{ S "/syscalls/0/action", "\"scmp_act_allow\"", NULL, "did you mean \"SCMP_ACT_ALLOW\"?" },
	{ S "/syscalls/0/errnoRet", "1", NULL, "needs the action SCMP_ACT_ERRNO" },
	{ S "/syscalls/0/errnoRet", "null", NULL, NULL },
	{ S "/syscalls/1/errnoRet", "4095", NULL, "from 0 to 4094" },
	{ S "/syscalls/1/errnoRet", "-1", NULL, "must be from 0 to 65535, not -1" },
	{ S "/syscalls/1/args/0/index", "6", NULL, "must be from 0 to 5, not 6" },
	{ S "/syscalls/1/args/0/value", NULL, NULL, "is required" },
	{ S "/syscalls/1/args/0/value", "18446744073709551615", NULL, NULL },
	{ S "/syscalls/1/args/0/op", "\"SCMP_CMP_EQUAL\"", NULL, "must be SCMP_CMP_NE" },
	{ S "/syscalls/1/args/0/op", NULL, NULL, "is required" },
	{ NULL },
};

static const struct mutation notify[] = {
	{ S, "{\"defaultAction\":\"SCMP_ACT_NOTIFY\",\"listenerPath\":\"/a\"}",
	  S "/defaultAction", "must not be SCMP_ACT_NOTIFY" },
	{ S, "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\"listenerMetadata\":\"m\"}",
	  S "/listenerMetadata", "needs listenerPath" },
	{ NULL },
};

/* A namespace, a mapping or a filter that is not what was written is a container that contains
 * less than its user believes. */
static void is_told(void **state)
{
	mutate_all(namespaces);
	mutate_all(ids);
	mutate_all(time_offsets);
	mutate_all(devices);
	mutate_all(net_devices);
	mutate_all(paths);
	mutate_all(intel_rdt);
	mutate_all(memory_policy);
}

/* A parameter of the host must not be set by way of a container, whatever its name is dressed
 * as. */
static void sysctl_stays_inside(void **state)
{
	mutate_all(sysctls);
}

/* A filter that does less than it says is worse than none. */
static void seccomp_is_told(void **state)
{
	mutate_all(seccomp);
	/* The listener of full.json is not there, so nothing else is at fault. */
	mutate_all(notify);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(is_told),
		cmocka_unit_test(sysctl_stays_inside),
		cmocka_unit_test(seccomp_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

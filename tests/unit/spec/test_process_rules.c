/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "mutate.h"

#define P "/process"

static const struct mutation basics[] = {
	{ P, "[]", NULL, "must be an object, not an array" },
	{ P, NULL, NULL, NULL },
	{ P "/terminal", "1", NULL, "must be true or false, not an integer" },
	{ P "/terminal", "\"true\"", NULL, "must be true or false, not a string" },
	{ P "/terminal", "false", P "/consoleSize", "has no effect", .warning = true },
	{ P "/consoleSize", "[80, 25]", NULL, "must be an object, not an array" },
	{ P "/consoleSize/height", NULL, NULL, "is required" },
	{ P "/consoleSize/width", "-1", NULL, "must be from 0 to 65535, not -1" },
	{ P "/consoleSize/width", "65536", NULL, "must be from 0 to 65535, not 65536" },
	{ P "/consoleSize/depth", "1", NULL, "is not a field", .warning = true },
	{ P "/cwd", NULL, NULL, "is required" },
	{ P "/cwd", "null", NULL, "is required" },
	{ P "/cwd", "\"home\"", NULL, "must be an absolute path" },
	{ P "/cwd", "\"\"", NULL, "must be an absolute path" },
	{ P "/cwd", "3", NULL, "must be a string, not an integer" },
	{ P "/args", NULL, NULL, "is required" },
	{ P "/args", "[]", NULL, "must name a program" },
	{ P "/args", "\"sh\"", NULL, "must be an array, not a string" },
	{ P "/args/0", "\"\"", NULL, "executable file not found in $PATH" },
	{ P "/args/2", "{}", NULL, "must be a string, not an object" },
	{ P "/args/1", "null", NULL, "must be a string, not null" },
	{ P "/env/1", "7", NULL, "must be a string" },
	{ P "/env/1", "\"TERM\"", NULL, "is not of the form NAME=VALUE", .warning = true },
	{ P "/env", "null", NULL, NULL },
	{ P "/commandLine", "\"cmd\"", NULL, "another platform", .warning = true },
	{ P "/noNewPrivileges", "\"yes\"", NULL, "must be true or false" },
	{ P "/noNewPrivilege", "true", NULL, "did you mean \"noNewPrivileges\"?",
	  .warning = true },
	{ P "/apparmorProfile", "[]", NULL, "must be a string, not an array" },
	{ P "/apparmorProfile", "\"\"", NULL, NULL },
	{ P "/selinuxLabel", "true", NULL, "must be a string, not true" },
	{ P "/oomScoreAdj", "-1001", NULL, "must be from -1000 to 1000, not -1001" },
	{ P "/oomScoreAdj", "1001", NULL, "must be from -1000 to 1000, not 1001" },
	{ P "/oomScoreAdj", "1.0", NULL, "not a number with a fraction" },
	{ P "/oomScoreAdj", "1e2", NULL, "not a number with a fraction or an exponent" },
	{ NULL },
};

static const struct mutation user[] = {
	{ P "/user", NULL, NULL, NULL },
	{ P "/user", "null", NULL, NULL },
	{ P "/user/uid", NULL, NULL, "taken as 0", .warning = true },
	{ P "/user/gid", NULL, NULL, "taken as 0", .warning = true },
	{ P "/user/uid", "4294967295", NULL, "must be from 0 to 4294967294" },
	{ P "/user/uid", "4294967294", NULL, NULL },
	{ P "/user/uid", "4294967296", NULL, "must be from 0 to 4294967294, not 4294967296" },
	{ P "/user/uid", "-1", NULL, "must be from 0 to 4294967294, not -1" },
	{ P "/user/uid", "18446744073709551616", NULL, "not beyond 18446744073709551615" },
	{ P "/user/uid", "-99999999999999999999", NULL, "not beyond -18446744073709551615" },
	{ P "/user/uid", "18446744073709551615", NULL, "not 18446744073709551615" },
	{ P "/user/uid", "0.0", NULL, "must be an integer" },
	{ P "/user/gid", "\"0\"", NULL, "must be an integer, not a string" },
	{ P "/user/umask", "511", NULL, NULL },
	{ P "/user/umask", "512", NULL, "must be from 0 to 511" },
	{ P "/user/additionalGids/1", "-5", NULL, "must be from 0 to" },
	{ P "/user/additionalGids", "5", NULL, "must be an array, not an integer" },
	{ P "/user/username", "\"bob\"", NULL, "another platform", .warning = true },
	{ P "/user/uids", "1", NULL, "did you mean \"uid\"?", .warning = true },
	{ NULL },
};

static const struct mutation capabilities[] = {
	{ P "/capabilities/bounding", "{}", NULL, "must be an array" },
	{ P "/capabilities/bounding/0", "0", NULL, "must be a string" },
	{ P "/capabilities/bounding/0", "\"CAP_NONE\"", NULL, "not a capability that tare knows",
	  .warning = true },
	{ P "/capabilities/bounding/0", "\"CAP_KIL\"", NULL, "did you mean \"CAP_KILL\"?",
	  .warning = true },
	{ P "/capabilities/bounding/0", "\"cap_chown\"", NULL, "did you mean \"CAP_CHOWN\"?",
	  .warning = true },
	{ P "/capabilities/effective/1", "\"CAP_BPF\"", P "/capabilities/effective",
	  "CAP_BPF: not granted, \"permitted\" does not have it", .warning = true },
	{ P "/capabilities/inheritable/1", "\"CAP_BPF\"", P "/capabilities/inheritable",
	  "CAP_BPF: not granted, \"bounding\" does not have it", .warning = true },
	{ P "/capabilities/ambient/1", "\"CAP_BPF\"", P "/capabilities/ambient",
	  "CAP_BPF: not granted, \"permitted\" does not have it", .warning = true },
	{ P "/capabilities/ambient/1", "\"CAP_CHOWN\"", P "/capabilities/ambient",
	  "CAP_CHOWN: not granted, \"inheritable\" does not have it", .warning = true },
	{ P "/capabilities/inheritable", NULL, P "/capabilities/ambient",
	  "CAP_KILL: not granted, \"inheritable\" does not have it", .warning = true },
	{ P "/capabilities/bound", "[]", NULL, "is not a field", .warning = true },
	{ P "/capabilities", "null", NULL, NULL },
	{ NULL },
};

static const struct mutation rlimits[] = {
	{ P "/rlimits", "{}", NULL, "must be an array, not an object" },
	{ P "/rlimits/0", "1", NULL, "must be an object, not an integer" },
	{ P "/rlimits/0/type", "\"RLIMIT_FILES\"", NULL, "must be RLIMIT_CPU, RLIMIT_FSIZE" },
	{ P "/rlimits/0/type", "\"rlimit_nofile\"", NULL, "did you mean \"RLIMIT_NOFILE\"?" },
	{ P "/rlimits/0/type", NULL, NULL, "is required" },
	{ P "/rlimits/0/soft", NULL, NULL, "is required" },
	{ P "/rlimits/1/hard", NULL, NULL, "is required" },
	{ P "/rlimits/0/soft", "4097", NULL, "must not be greater than \"hard\"" },
	{ P "/rlimits/0/soft", "-1", NULL, "must be from 0 to 18446744073709551615, not -1" },
	{ P "/rlimits/0/hard", "18446744073709551615", NULL, NULL },
	{ P "/rlimits/0/hard", "18446744073709551616", NULL, "not beyond" },
	{ P "/rlimits/1/type", "\"RLIMIT_NOFILE\"", NULL, "is there twice" },
	{ NULL },
};

#define S P "/scheduler"
#define DEADLINE "\"policy\":\"SCHED_DEADLINE\",\"flags\":[\"SCHED_FLAG_RESET_ON_FORK\"],"
static const struct mutation scheduler[] = {
	{ S "/policy", NULL, NULL, "is required" },
	{ S "/policy", "\"SCHED_NORMAL\"", NULL, "must be SCHED_OTHER, SCHED_FIFO" },
	{ S "/policy", "\"SCHED_ISO\"", NULL, "no kernel implements it" },
	{ S "/nice", "20", NULL, "must be from -20 to 19, not 20" },
	{ S "/nice", "-21", NULL, "must be from -20 to 19" },
	{ S "/priority", "1", NULL, "must be 0 but for SCHED_FIFO and SCHED_RR" },
	{ S "/priority", "2147483648", NULL, "must be from -2147483648 to 2147483647" },
	{ S "/flags/0", "\"SCHED_FLAG_NONE\"", NULL, "must be SCHED_FLAG_RESET_ON_FORK" },
	{ S "/flags", "1", NULL, "must be an array" },
	{ S "/runtime", "5000", S "/policy", "must be SCHED_DEADLINE" },
	{ S, "{\"policy\":\"SCHED_FIFO\"}", S "/priority", "must be from 1 to 99" },
	{ S, "{\"policy\":\"SCHED_RR\",\"priority\":100}", S "/priority", "must be from 1 to 99" },
	{ S, "{\"policy\":\"SCHED_RR\",\"priority\":99}", NULL, NULL },
	{ S, "{\"policy\":\"SCHED_IDLE\",\"nice\":3}", S "/nice", "has an effect for",
	  .warning = true },
	{ S, "{" DEADLINE "\"deadline\":5000}", S "/runtime",
	  "must be at least 1024" },
	{ S, "{" DEADLINE "\"runtime\":5000,\"deadline\":4000}", S "/deadline",
	  "must not be less than the runtime" },
	{ S, "{" DEADLINE "\"runtime\":2000,\"deadline\":4000,\"period\":3000}",
	  S "/period", "not less than the deadline" },
	{ S, "{" DEADLINE "\"runtime\":2000,\"deadline\":9223372036854775808}",
	  S "/deadline", "must be less than 2^63" },
	{ S, "{" DEADLINE "\"runtime\":2000,\"deadline\":4000}", NULL, NULL },
	{ S, "{\"policy\":\"SCHED_DEADLINE\",\"runtime\":2000,\"deadline\":4000}", S "/flags",
	  "startContainer" },
	{ NULL },
};

static const struct mutation the_rest[] = {
	{ P "/ioPriority/class", NULL, NULL, "is required" },
	{ P "/ioPriority/class", "\"IOPRIO_CLASS_NONE\"", NULL, "must be IOPRIO_CLASS_RT" },
	{ P "/ioPriority/priority", "8", NULL, "must be from 0 to 7, not 8" },
	{ P "/ioPriority/priority", NULL, NULL, "taken as 0", .warning = true },
	{ P "/execCPUAffinity/initial", "\"7-0\"", NULL, "must be a list such as" },
	{ P "/execCPUAffinity/initial", "\"a\"", NULL, "must be a list such as" },
	{ P "/execCPUAffinity/final", "\"1,\"", NULL, "must be a list such as" },
	{ P "/execCPUAffinity/final", "\",1\"", NULL, "must be a list such as" },
	{ P "/execCPUAffinity/final", "\"1--2\"", NULL, "must be a list such as" },
	{ P "/execCPUAffinity/final", "\"\"", NULL, NULL },
	{ NULL },
};

/* A wrong value that is taken for another, or dropped, is a process that runs with other rights,
 * limits or arguments than its user wrote. */
static void is_told(void **state)
{
	mutate_all(basics);
	mutate_all(user);
	mutate_all(capabilities);
	mutate_all(rlimits);
	mutate_all(scheduler);
	mutate_all(the_rest);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(is_told) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}

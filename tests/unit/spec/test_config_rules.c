/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "mutate.h"

static const char long_name[] =
	"\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"";

static const struct mutation top[] = {
	{ "/ociVersion", NULL, NULL, "is required" },
	{ "/ociVersion", "1.3", NULL, "must be a string, not a number" },
	{ "/ociVersion", "\"2.0.0\"", NULL, "must be a version 1.x.y" },
	{ "/ociVersion", "\"0.5.0-dev\"", NULL, "must be a version 1.x.y" },
	{ "/ociVersion", "\"1.3\"", NULL, "must be a version 1.x.y" },
	{ "/ociVersion", "\"1.03.0\"", NULL, "must be a version 1.x.y" },
	{ "/ociVersion", "\"1.3.0.1\"", NULL, "must be a version 1.x.y" },
	{ "/ociVersion", "\"1.3.0-\"", NULL, "must be a version 1.x.y" },
	{ "/ociVersion", "\"1.3.0x\"", NULL, "must be a version 1.x.y" },
	{ "/ociVersion", "\"\"", NULL, "must be a version 1.x.y" },
	{ "/ociVersion", "\"1.0.2-dev\"", NULL, NULL },
	{ "/ociVersion", "\"1.1.0-rc.2+dev\"", NULL, NULL },
	{ "/ociVersion", "\"1.4.0\"", NULL, "is newer than 1.3", .warning = true },
	{ "/root", NULL, NULL, "is required" },
	{ "/root", "\"rootfs\"", NULL, "must be an object, not a string" },
	{ "/root/path", NULL, NULL, "is required" },
	{ "/root/path", "\"\"", NULL, "must not be empty" },
	{ "/root/path", "7", NULL, "must be a string" },
	{ "/root/readonly", "0", NULL, "must be true or false" },
	{ "/root/readOnly", "true", NULL, "did you mean \"readonly\"?", .warning = true },
	{ "/hostname", "[]", NULL, "must be a string" },
	{ "/hostname", long_name, NULL, "must not be longer than 64 bytes" },
	{ "/domainname", long_name, NULL, "must not be longer than 64 bytes" },
	{ "/windows", "{}", NULL, "another platform", .warning = true },
	{ "/solaris", "{}", NULL, "another platform", .warning = true },
	{ "/vm", "{}", NULL, "another platform", .warning = true },
	{ "/zos", "{}", NULL, "another platform", .warning = true },
	{ "/freebsd", "{}", NULL, "another platform", .warning = true },
	{ "/linus", "{}", NULL, "did you mean \"linux\"?", .warning = true },
	{ "/something", "{\"deep\":[1.5]}", NULL, "is not a field", .warning = true },
	{ "/a~1b~0c", "1", NULL, "is not a field", .warning = true },
	{ NULL },
};

#define M "/mounts/1"
static const struct mutation mounts[] = {
	{ "/mounts", "{}", NULL, "must be an array" },
	{ "/mounts/0", "[]", NULL, "must be an object" },
	{ "/mounts/0/destination", NULL, NULL, "is required" },
	{ "/mounts/0/destination", "\"\"", NULL, "must not be empty" },
	{ "/mounts/0/destination", "\"proc\"", NULL, "should be absolute", .warning = true },
	{ "/mounts/0/type", "1", NULL, "must be a string" },
	{ "/mounts/0/source", "false", NULL, "must be a string, not false" },
	{ M "/options", "\"ro\"", NULL, "must be an array" },
	{ M "/options/1", "null", NULL, "must be a string, not null" },
	{ M "/option", "[]", NULL, "did you mean \"options\"?", .warning = true },
	{ M "/uidMappings", NULL, NULL, "is required where gidMappings is given" },
	{ M "/gidMappings", NULL, NULL, "is required where uidMappings is given" },
	{ M "/gidMappings/0/size", "0", NULL, "must be from 1 to" },
	{ M "/gidMappings/0/hostID", NULL, NULL, "is required" },
	{ M "/uidMappings/1", "{\"containerID\":9,\"hostID\":1,\"size\":1}",
	  M "/uidMappings/1/containerID", "overlaps /mounts/1/uidMappings/0 in the container" },
	{ NULL },
};

#define H "/hooks/prestart/0"
static const struct mutation hooks[] = {
	{ "/hooks", "[]", NULL, "must be an object" },
	{ "/hooks/poststop", "{}", NULL, "must be an array" },
	{ "/hooks/poststop/1/path", NULL, NULL, "is required" },
	{ "/hooks/poststop/1/path", "\"bin/g\"", NULL, "must be an absolute path" },
	{ "/hooks/createRuntime/0/path", "\"\"", NULL, "must be an absolute path" },
	{ "/hooks/startcontainer", "[]", NULL, "did you mean \"startContainer\"?",
	  .warning = true },
	{ H "/timeout", "0", NULL, "must be from 1 to 2147483647, not 0" },
	{ H "/timeout", "-1", NULL, "must be from 1 to" },
	{ H "/timeout", "2147483648", NULL, "must be from 1 to" },
	{ H "/timeout", "\"5\"", NULL, "must be an integer" },
	{ H "/env/0", "\"K\"", NULL, "is not of the form", .warning = true },
	{ H "/args", "\"a\"", NULL, "must be an array" },
	{ NULL },
};

static const struct mutation annotations[] = {
	{ "/annotations", "[]", NULL, "must be an object" },
	{ "/annotations/com.example.key", "1", NULL, "must be a string" },
	{ "/annotations/", "\"x\"", NULL, "has an empty key" },
	{ "/annotations", "{}", NULL, NULL },
	{ NULL },
};

/* What is not said here is found out when the container behaves otherwise. */
static void is_told(void **state)
{
	mutate_all(top);
	mutate_all(mounts);
	mutate_all(hooks);
	mutate_all(annotations);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(is_told) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}

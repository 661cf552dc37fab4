/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "compiled.h"
#include "namespaces/namespaces.h"
#include "spec/spec.h"

static compile_function *const names[] = { names_compile, NULL };
static compile_function *const sysctls[] = { sysctl_compile, NULL };

static void test_host_and_domain(void **state)
{
	autocompiled c;

	(void)state;
	compiled_init(&c);
	compile(&c, "'hostname':'box','domainname':'example.org'", "'namespaces':[{'type':'uts'}]", names);
	must_have(&c, "init hostname /hostname (box) name=box\n"
		      "init domainname /domainname (example.org) name=example.org\n");
}

/* Should the rule of the parser ever go, the host must still keep its name. */
static void test_the_host_keeps_its_name(void **state)
{
	autoplan plan = { 0 };
	autoarena arena = { 0 };
	const struct spec spec = { .hostname = "box" };
	struct compile c = { .plan = &plan, .arena = &arena, .spec = &spec };
	struct err e;

	(void)state;
	assert_true(names_compile(&c, &e) < 0);
	assert_int_equal(plan.init.count, 0);
}

/* A wrong file is another parameter; one procfs serves them all. */
static void test_sysctl(void **state)
{
	autocompiled c;

	(void)state;
	compiled_init(&c);
	compile(&c, "", "'namespaces':[{'type':'network'},{'type':'ipc'}],"
			"'sysctl':{'net.ipv4.ip_forward':'1','net/ipv4/conf/lo/forwarding':'0',"
			"'kernel.shmmax':'99 1'}", sysctls);
	must_have(&c, "init procfs /linux/sysctl ret=#0\n"
		      "init write-proc /linux/sysctl/net.ipv4.ip_forward procfs=#0 file=sys/net/ipv4/ip_forward "
		      "text=1\n"
		      "init write-proc /linux/sysctl/net~1ipv4~1conf~1lo~1forwarding procfs=#0 "
		      "file=sys/net/ipv4/conf/lo/forwarding text=0\n"
		      "init write-proc /linux/sysctl/kernel.shmmax procfs=#0 file=sys/kernel/shmmax "
		      "text=\"99 1\"\n");
}

static void test_no_sysctl_no_procfs(void **state)
{
	autocompiled c;

	(void)state;
	compiled_init(&c);
	compile(&c, "", "'namespaces':[]", sysctls);
	must_lack(&c, "procfs");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_host_and_domain),
		cmocka_unit_test(test_the_host_keeps_its_name),
		cmocka_unit_test(test_sysctl),
		cmocka_unit_test(test_no_sysctl_no_procfs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

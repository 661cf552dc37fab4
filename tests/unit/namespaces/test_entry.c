/* SPDX-License-Identifier: Apache-2.0 */
/* Namespaces: who makes them, who joins them, in which order. */
#include <linux/sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#include "compiled.h"
#include "namespaces/namespaces.h"
#include "spec/spec.h"

#define MAPS "'uidMappings':[{'containerID':0,'hostID':1000,'size':65536}]," \
	     "'gidMappings':[{'containerID':0,'hostID':2000,'size':10},{'containerID':10,'hostID':3000,'size':5}]"
#define OWN_MAPS "'uidMappings':[{'containerID':0,'hostID':1000,'size':1}]," \
		 "'gidMappings':[{'containerID':0,'hostID':1000,'size':1}]"
#define NS(type) "{'type':'" type "'}"
#define AT(type) "{'type':'" type "','path':'/ns/" type "'}"

static int clone_step(struct compile *c, struct err *e)
{
	(void)e;
	PLAN_HOST(c->plan, OP_CLONE, NULL, ns_clone_flags(c->spec));
	return 0;
}

static compile_function *const all[] = { ns_open_compile, clone_step, ns_maps_compile,
					 ns_enter_compile, NULL };

static void enter(struct compiled *c, const char *members)
{
	compile(c, "", members, all);
}

/* One clone3() makes them all: each unshare beside it would cost time at every start. */
static void test_new_ones_come_from_one_clone(void **state)
{
	autocompiled c;

	(void)state;
	compiled_init(&c);
	enter(&c, "'namespaces':[" NS("mount") "," NS("pid") "," NS("ipc") "," NS("uts") "," NS("cgroup")
		  "," NS("time") "," NS("network") "]");
	must_have(&c, "clone - flags=NEWPID|NEWNET|NEWNS|NEWIPC|NEWUTS|NEWTIME|NEWCGROUP\n");
	must_lack(&c, "unshare");
	/* Programs expect 127.0.0.1. */
	must_have(&c, "init loopback-up /linux/namespaces/6 (network)\n");
}

/* The runtime's own namespaces stay what they are. */
static void test_none_asked_for_none_made(void **state)
{
	autocompiled c;

	(void)state;
	compiled_init(&c);
	enter(&c, "'namespaces':[]");
	must_have(&c, "clone - flags=none\n");
	must_lack(&c, "loopback-up");
	must_lack(&c, "setns");
}

static void test_a_new_user_namespace_is_mapped_before_it_goes_on(void **state)
{
	autocompiled c;

	(void)state;
	compiled_init(&c);
	enter(&c, "'namespaces':[" NS("user") "," NS("mount") "]," MAPS);
	must_have(&c, "clone - flags=NEWUSER|NEWNS\n"
		      "host id-map /linux/uidMappings file=uid_map mappings=\"0 1000 65536\\n\"\n"
		      "host id-map /linux/gidMappings file=gid_map mappings=\"0 2000 10\\n10 3000 5\\n\"\n"
		      "host release");
	must_have(&c, "init ns-root /linux/uidMappings uid=0 gid=0 setgroups=1\n");
}

/* user_namespaces(7): an unprivileged user must give up setgroups, or the gid map cannot be written. */
static void test_an_ordinary_user_denies_setgroups(void **state)
{
	autocompiled c;

	(void)state;
	compiled_init(&c);
	c.host.root = false;
	c.host.uid = 1000;
	c.host.gid = 1000;
	enter(&c, "'namespaces':[" NS("user") "]," OWN_MAPS);
	must_have(&c, "host id-map /linux/gidMappings file=setgroups mappings=deny\n"
		      "host id-map /linux/gidMappings file=gid_map");
	must_have(&c, "setgroups=0\n");
}

/* Sub-ids are mapped by newgidmap: with setgroups denied, apt, su and sshd would fail in the container. */
static void test_sub_ids_keep_setgroups(void **state)
{
	autocompiled c;

	(void)state;
	compiled_init(&c);
	c.host.root = false;
	c.host.uid = 1000;
	c.host.gid = 1000;
	enter(&c, "'namespaces':[" NS("user") "]," MAPS);
	must_lack(&c, "deny");
	must_have(&c, "setgroups=1\n");
}

/* Writing "deny" again would fail where an outer user namespace has said it for all below. */
static void test_a_denial_from_outside_is_not_repeated(void **state)
{
	autocompiled c;

	(void)state;
	compiled_init(&c);
	c.host.root = false;
	c.host.in_userns = true;
	c.host.groups_denied = true;
	enter(&c, "'namespaces':[" NS("user") "]," MAPS);
	must_lack(&c, "deny");
	must_have(&c, "setgroups=0\n");
}

/* Root of an outer user namespace may write any map of its ids: apt and su in a nested container need
 * setgroups. */
static void test_root_of_an_outer_user_namespace_keeps_setgroups(void **state)
{
	autocompiled c;

	(void)state;
	compiled_init(&c);
	c.host.root = false;
	c.host.in_userns = true;
	enter(&c, "'namespaces':[" NS("user") "]," MAPS);
	must_lack(&c, "deny");
	must_have(&c, "setgroups=1\n");
}

/* setresuid(0) would fail where 0 is not mapped. */
static void test_without_an_id_0_init_becomes_the_user(void **state)
{
	autocompiled c;

	(void)state;
	compiled_init(&c);
	compile(&c, "", "'namespaces':[" NS("user") "],"
			"'uidMappings':[{'containerID':7,'hostID':1000,'size':9}],"
			"'gidMappings':[{'containerID':0,'hostID':1000,'size':9}]", all);
	must_have(&c, "ns-root /linux/uidMappings uid=0 gid=0");
}

static void test_joined_ones_are_opened_on_the_host(void **state)
{
	autocompiled c;

	(void)state;
	compiled_init(&c);
	enter(&c, "'namespaces':[" AT("network") "," AT("ipc") "," AT("pid") "," NS("mount") "]");
	must_have(&c, "host open-ns /linux/namespaces/2 (pid, /ns/pid) path=/ns/pid type=NEWPID ret=#0\n");
	must_have(&c, "host open-ns /linux/namespaces/0 (network, /ns/network) path=/ns/network "
		      "type=NEWNET ret=#1\n");
	/* Only a child enters a pid namespace: tare-init's, never tare's. */
	must_have(&c, "host clone - flags=NEWNS\nhost forked");
	must_have(&c, "init setns /linux/namespaces/2 (pid, /ns/pid) ns=#0 type=NEWPID\n"
		      "init setns /linux/namespaces/0 (network, /ns/network) ns=#1 type=NEWNET\n"
		      "init setns /linux/namespaces/1 (ipc, /ns/ipc) ns=#2 type=NEWIPC\n");
	must_have(&c, "init fork /linux/namespaces flags=none\n");
	must_lack(&c, "loopback-up");
}

/* Pods of Kubernetes: what the container adds must belong to the pod's user namespace, or it could
 * not mount anything in it. */
static void test_a_joined_user_namespace_owns_what_is_new(void **state)
{
	autocompiled c;

	(void)state;
	compiled_init(&c);
	enter(&c, "'namespaces':[" AT("user") "," AT("network") "," NS("mount") "," NS("pid") "]," MAPS);
	must_have(&c, "clone - flags=none\nhost forked");
	must_have(&c, "type=NEWNET\ninit setns /linux/namespaces/0 (user, /ns/user) ns=#0 type=NEWUSER\n"
		      "init ns-root /linux/uidMappings uid=0 gid=0 setgroups=1\n"
		      "init unshare /linux/namespaces flags=NEWPID|NEWNS\n"
		      "init fork /linux/namespaces flags=none\n");
	must_lack(&c, "id-map");
}

/* Without privileges over the host, the right to join the others comes with the user namespace. */
static void test_an_ordinary_user_joins_the_user_namespace_first(void **state)
{
	autocompiled c;

	(void)state;
	compiled_init(&c);
	c.host.root = false;
	c.host.uid = 1000;
	enter(&c, "'namespaces':[" AT("user") "," AT("network") "," AT("pid") "," NS("mount") "]");
	must_have(&c, "init setns /linux/namespaces/0 (user, /ns/user) ns=#0 type=NEWUSER\n"
		      "init ns-root /linux/uidMappings uid=0 gid=0 setgroups=1\n"
		      "init setns /linux/namespaces/2 (pid, /ns/pid) ns=#1 type=NEWPID\n"
		      "init setns /linux/namespaces/1 (network, /ns/network) ns=#2 type=NEWNET\n"
		      "init unshare /linux/namespaces flags=NEWNS\n"
		      "init fork");
}

/* Inside a new user namespace there is no right to join the host's network. */
static void test_others_are_joined_before_a_new_user_namespace(void **state)
{
	autocompiled c;

	(void)state;
	compiled_init(&c);
	enter(&c, "'namespaces':[" NS("user") "," AT("network") "," NS("mount") "]," MAPS);
	must_have(&c, "clone - flags=none\n"
		      "host sync /linux/namespaces/0 (user) number=1 direction=init->host\n"
		      "host id-map /linux/uidMappings");
	must_have(&c, "type=NEWNET\n"
		      "init unshare /linux/namespaces/0 (user) flags=NEWUSER\n"
		      "init sync /linux/namespaces/0 (user) number=1 direction=init->host\n"
		      "init sync /linux/namespaces/0 (user) number=2 direction=host->init\n"
		      "init ns-root");
	must_have(&c, "init unshare /linux/namespaces flags=NEWNS\n");
	must_lack(&c, "release");
	must_lack(&c, "fork");
}

/* time_namespaces(7): offsets can be set only while nobody is inside. */
static void test_time_offsets_are_set_ahead_of_the_first_process(void **state)
{
	autocompiled c;

	(void)state;
	compiled_init(&c);
	enter(&c, "'namespaces':[" NS("time") "," NS("pid") "],'timeOffsets':{'monotonic':{'secs':-5,"
		  "'nanosecs':7},'boottime':{'secs':86400}}");
	must_have(&c, "host time-offsets /linux/timeOffsets text=\"monotonic -5 7\\nboottime 86400 0\\n\"\n"
		      "host clone - flags=NEWPID\n");
}

/* init writes them itself: the user namespace must own the clocks, and a user has no right to the
 * file of a process that hides. */
static void test_time_offsets_below_a_user_namespace(void **state)
{
	autocompiled c;

	(void)state;
	compiled_init(&c);
	enter(&c, "'namespaces':[" NS("user") "," NS("time") "," NS("pid") "],'timeOffsets':{'boottime':"
		  "{'secs':1}}," MAPS);
	must_have(&c, "host clone - flags=NEWUSER|NEWPID\n");
	must_have(&c, "init ns-root /linux/uidMappings uid=0 gid=0 setgroups=1\n"
		      "init clocks /linux/timeOffsets offsets=\"boottime 1 0\\n\"\n");
	must_lack(&c, "fork");
}

/* Where init makes the user namespace itself, the host's root writes them. */
static void test_time_offsets_beside_a_joined_namespace(void **state)
{
	autocompiled c;

	(void)state;
	compiled_init(&c);
	enter(&c, "'namespaces':[" NS("user") "," NS("time") "," NS("pid") "," AT("network") "],"
		  "'timeOffsets':{'boottime':{'secs':1}}," MAPS);
	must_have(&c, "init unshare /linux/namespaces flags=NEWPID|NEWTIME\n"
		      "init sync /linux/timeOffsets number=3 direction=init->host\n"
		      "init sync /linux/timeOffsets number=4 direction=host->init\n"
		      "init fork");
	must_have(&c, "number=3 direction=init->host\n"
		      "host host-proc /linux/timeOffsets file=timens_offsets text=\"boottime 1 0\\n\"\n"
		      "host sync /linux/timeOffsets number=4 direction=host->init\n"
		      "host forked");
}

/* Names and flags of every kind, and the end: a wrong flag joins or makes another namespace. */
static void test_rows(void **state)
{
	static const struct ns_row rows[] = {
		{ "user", "user", 0x10000000 },    { "pid", "pid", 0x20000000 },
		{ "network", "net", 0x40000000 },  { "mount", "mnt", 0x00020000 },
		{ "ipc", "ipc", 0x08000000 },      { "uts", "uts", 0x04000000 },
		{ "cgroup", "cgroup", 0x02000000 }, { "time", "time", 0x00000080 },
	};

	(void)state;
	for (size_t i = 0; i < NS_KINDS; i++) {
		assert_string_equal(ns_rows[i].oci, rows[i].oci);
		assert_string_equal(ns_rows[i].proc, rows[i].proc);
		assert_int_equal(ns_rows[i].flag, rows[i].flag);
	}
	assert_null(ns_rows[NS_KINDS].oci);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_new_ones_come_from_one_clone),
		cmocka_unit_test(test_none_asked_for_none_made),
		cmocka_unit_test(test_a_new_user_namespace_is_mapped_before_it_goes_on),
		cmocka_unit_test(test_an_ordinary_user_denies_setgroups),
		cmocka_unit_test(test_sub_ids_keep_setgroups),
		cmocka_unit_test(test_a_denial_from_outside_is_not_repeated),
		cmocka_unit_test(test_root_of_an_outer_user_namespace_keeps_setgroups),
		cmocka_unit_test(test_without_an_id_0_init_becomes_the_user),
		cmocka_unit_test(test_joined_ones_are_opened_on_the_host),
		cmocka_unit_test(test_a_joined_user_namespace_owns_what_is_new),
		cmocka_unit_test(test_an_ordinary_user_joins_the_user_namespace_first),
		cmocka_unit_test(test_others_are_joined_before_a_new_user_namespace),
		cmocka_unit_test(test_time_offsets_are_set_ahead_of_the_first_process),
		cmocka_unit_test(test_time_offsets_below_a_user_namespace),
		cmocka_unit_test(test_time_offsets_beside_a_joined_namespace),
		cmocka_unit_test(test_rows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "compiled.h"
#include "namespaces/namespaces.h"

#define MOUNT_NS "'namespaces':[{'type':'mount'}]"
#define USER_NS "'namespaces':[{'type':'mount'},{'type':'user'}]," \
		"'uidMappings':[{'containerID':0,'hostID':1000,'size':5},{'containerID':5,'hostID':9000," \
		"'size':5}],'gidMappings':[{'containerID':0,'hostID':2000,'size':10}]"
#define BIND(options) "'mounts':[{'destination':'/m','source':'/s','options':['bind'," options "]}]"

static int clone_step(struct compile *c, struct err *e)
{
	(void)e;
	PLAN_HOST(c->plan, OP_CLONE, NULL, 0);
	return 0;
}

static compile_function *const all[] = { ns_open_compile, given_compile, clone_step,
					 rootfs_open_compile, mounts_compile, NULL };

static void mounts(struct compiled *c, const char *top, const char *linux_members)
{
	compiled_init(c);
	compile(c, top, linux_members, all);
}

/* A volume that shows the wrong ids gives one tenant's files to another. */
static void test_the_containers_own_mapping(void **state)
{
	autocompiled c;

	(void)state;
	mounts(&c, BIND("'idmap'"), USER_NS);
	must_have(&c, "host userns /mounts/0 (destination /m) uid-map=\"0 1000 5\\n5 9000 5\\n\" "
		      "gid-map=\"0 2000 10\\n\" ret=#0\n"
		      "host host-tree /mounts/0 (destination /m) source=/s flags=none ret=#1\n"
		      "host host-idmap /mounts/0 (destination /m) mount=#1 userns=#0 recursive=0\n"
		      "host clone");
	must_have(&c, "init attach /mounts/0 (destination /m) mount=#1");
	must_lack(&c, "init tree");
}

/* Each user namespace costs a process: a pod's ten volumes need one. */
static void test_one_user_namespace_for_the_same_maps(void **state)
{
	autocompiled c;

	(void)state;
	mounts(&c, "'mounts':[{'destination':'/a','source':'/a','options':['rbind','ridmap']},"
		   "{'destination':'/b','source':'/b','options':['bind','idmap']}]", USER_NS);
	must_have(&c, "(destination /a) mount=#1 userns=#0 recursive=1\n");
	must_have(&c, "(destination /b) mount=#2 userns=#0 recursive=0\n");
	must_lack(&c, "host userns /mounts/1");
}

static void test_ranges_in_the_option(void **state)
{
	autocompiled c;

	(void)state;
	mounts(&c, BIND("'idmap=uids=@7-6-2#0-1-1;gids=@0-3-1'"), USER_NS);
	must_have(&c, "uid-map=\"7 9001 2\\n0 1 1\\n\" gid-map=\"0 2003 1\\n\"");
}

/* What is left out is as in the container. */
static void test_half_an_option(void **state)
{
	autocompiled c;

	(void)state;
	mounts(&c, BIND("'idmap=uids=0-1-1'"), USER_NS);
	must_have(&c, "uid-map=\"0 1 1\\n\" gid-map=\"0 2000 10\\n\"");
}

static void test_a_new_file_system(void **state)
{
	autocompiled c;

	(void)state;
	mounts(&c, "'mounts':[{'destination':'/m','type':'tmpfs','options':['nodev','size=1m',"
		   "'idmap=uids=0-5-1;gids=0-5-1']}]", MOUNT_NS);
	must_have(&c, "host host-fs /mounts/0 (destination /m) type=tmpfs source=tmpfs "
		      "options=[\"size=1m\"] attr=NODEV ret=#1\n");
	must_lack(&c, "init fs");
}

/* A mistake that is passed over is a mount with the wrong owners. */
static void test_mistakes(void **state)
{
	static const struct row {
		const char *options, *members, *said;
	} rows[] = {
		{ "'idmap'", MOUNT_NS, "/mounts/0/options/1: needs uidMappings" },
		{ "'idmap=uids=0-1-1'", MOUNT_NS, "/mounts/0/options/1: \"uids=0-1-1\": needs" },
		{ "'idmap=uids=0-1;gids=0-1-1'", USER_NS, "FROM-TO-COUNT" },
		{ "'idmap=uids=0-1-1-1;gids=0-1-1'", USER_NS, "FROM-TO-COUNT" },
		{ "'idmap=uids=0-1-1#;gids=0-1-1'", USER_NS, "FROM-TO-COUNT" },
		{ "'idmap=uids=0-4294967295-1'", USER_NS, "FROM-TO-COUNT" },
		{ "'idmap=uids=+0-1-1'", USER_NS, "FROM-TO-COUNT" },
		{ "'idmap=uids=@0-10-1'", USER_NS, "\"@\"" },
		{ "'idmap=uids=0-1-1;uids=0-1-1'", USER_NS, "twice" },
		{ "'idmap=pids=0-1-1'", USER_NS, "neither" },
		{ "'copy-symlink','idmap'", USER_NS, "copy-symlink" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		autocompiled c;

		compiled_init(&c);
		compile(&c, arena_printf(&c.arena, BIND("%s"), rows[i].options), rows[i].members, all);
		must_fail(&c, rows[i].said);
	}
}

/* A user can never map ids of the host's file systems: better said than tried. */
static void test_unprivileged(void **state)
{
	autocompiled c;

	(void)state;
	compiled_init(&c);
	c.host.root = false;
	compile(&c, BIND("'idmap'"), USER_NS, all);
	must_fail(&c, "CAP_SYS_ADMIN");
}

/* Below a 0700 directory, init has no path: not to the volume, not to the root. */
static void test_unreachable_places(void **state)
{
	static const char *const places[] = { "/bundle/rootfs", "/s" };
	autocompiled c;

	(void)state;
	compiled_init(&c);
	c.request.unreachable = (struct strings){ places, 2 };
	compile(&c, BIND("'ro'"), USER_NS, all);
	must_have(&c, "host host-tree /root/path (/bundle/rootfs) source=/bundle/rootfs flags=RECURSIVE "
		      "ret=#0\nhost host-tree /mounts/0 (destination /m) source=/s flags=none ret=#1\n");
	must_have(&c, "propagation=SLAVE recursive=1\ninit root-given /root/path (/bundle/rootfs) "
		      "mount=#0 ret=#2\n");
	must_have(&c, "init attr /mounts/0 (destination /m) mount=#1 set=RDONLY");
}

/* A label on proc fails, one that is missing on a tmpfs is a hole in SELinux's fence. */
static void test_mount_label(void **state)
{
	static const char label[] = "'namespaces':[{'type':'mount'}],'mountLabel':'u:r:t:s0:c1,c2'";
	static const char list[] =
		"'mounts':[{'destination':'/proc','type':'proc'},{'destination':'/m','type':'tmpfs'},"
		"{'destination':'/o','type':'tmpfs','options':['fscontext=x']}]";
	autocompiled c, other, bad;

	(void)state;
	mounts(&c, list, label);
	must_have(&c, "(destination /proc) type=proc source=proc attr");
	must_have(&c, "(destination /m) type=tmpfs source=tmpfs options=[\"context=u:r:t:s0:c1,c2\"]");
	must_have(&c, "(destination /o) type=tmpfs source=tmpfs options=[\"fscontext=x\"]");
	compiled_init(&other);
	compile(&other, arena_printf(&other.arena, "%s,'annotations':{'run.oci.mount_context_type':"
				     "'rootcontext'}", list), label, all);
	must_have(&other, "options=[\"rootcontext=u:r:t:s0:c1,c2\"]");
	compiled_init(&bad);
	compile(&bad, arena_printf(&bad.arena, "%s,'annotations':{'run.oci.mount_context_type':"
				   "'mycontext'}", list), label, all);
	must_fail(&bad, "/annotations/run.oci.mount_context_type");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_containers_own_mapping),
		cmocka_unit_test(test_one_user_namespace_for_the_same_maps),
		cmocka_unit_test(test_ranges_in_the_option),
		cmocka_unit_test(test_half_an_option),
		cmocka_unit_test(test_a_new_file_system),
		cmocka_unit_test(test_mistakes),
		cmocka_unit_test(test_unprivileged),
		cmocka_unit_test(test_unreachable_places),
		cmocka_unit_test(test_mount_label),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

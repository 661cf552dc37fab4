/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "compiled.h"
#include "namespaces/namespaces.h"

#define MOUNT_NS "'namespaces':[{'type':'mount'}]"
#define USER_NS "{'type':'user'}],'uidMappings':[{'containerID':0,'hostID':1000,'size':5}]," \
		"'gidMappings':[{'containerID':0,'hostID':1000,'size':5}]"

static int cgroup_step(struct compile *c, struct err *e)
{
	(void)e;
	PLAN_HOST(c->plan, OP_CGROUP, NULL, plan_str(c->plan, "/tare/c1"));
	PLAN_HOST(c->plan, OP_CLONE, NULL, 0);
	return 0;
}

static int join_mounts(struct compile *c, struct err *e)
{
	uint64_t slot = plan_slot(c->plan);

	(void)e;
	PLAN_HOST(c->plan, OP_OPEN_INIT, NULL, slot);
	PLAN_INIT(c->plan, OP_SETNS, NULL, slot, 0x00020000 /* CLONE_NEWNS */);
	return 0;
}

static compile_function *const all[] = { rootfs_open_compile, mounts_compile, rootfs_enter_compile,
					 NULL };
static compile_function *const with_cgroup[] = { cgroup_step, rootfs_open_compile, mounts_compile, NULL };

/* mounts: the list, in single quotes. */
static void mounts_with(struct compiled *c, const char *mounts, const char *linux_members)
{
	compiled_init(c);
	compile(c, arena_printf(&c->arena, "'mounts':[%s]", mounts), linux_members, all);
}

static void mounts(struct compiled *c, const char *list)
{
	mounts_with(c, list, MOUNT_NS);
}

static void test_a_file_system(void **state)
{
	autocompiled c;

	(void)state;
	mounts(&c, "{'destination':'/dev/shm','type':'tmpfs','source':'shm','options':['nosuid','noexec',"
		   "'mode=1777','size=65536k','sync']}");
	must_have(&c, "init fs /mounts/0 (destination /dev/shm) type=tmpfs source=shm "
		      "options=[\"mode=1777\",\"size=65536k\",\"sync\"] attr=NOSUID|NOEXEC ret=#1\n"
		      "init target /mounts/0 (destination /dev/shm) path=/dev/shm like=#1 mode=0755 "
		      "flags=none ret=#2\n"
		      "init attach /mounts/0 (destination /dev/shm) mount=#1 target=#2\n"
		      "init pivot");
}

static compile_function *const entering[] = { given_compile, join_mounts, mounts_compile, late_compile, NULL };
static compile_function *const leaving[] = { join_mounts, unmount_compile, NULL };

/* Inside a running container a path of the host leads elsewhere: a volume's source is opened before it is
 * entered, while a proc must be the container's own. */
static void test_mounts_of_a_running_container(void **state)
{
	autocompiled c;

	(void)state;
	compiled_init(&c);
	c.request.kind = REQUEST_EXEC;
	c.request.errand = ERRAND_ADD_MOUNTS;
	compile(&c, "'mounts':[{'destination':'/a','source':'vol','options':['rbind','ro']},"
		    "{'destination':'/p','type':'proc'},{'destination':'/t','type':'tmpfs','options':['ro']}]",
		MOUNT_NS, entering);
	must_have(&c, "host host-tree /mounts/0 (destination /a) source=/bundle/vol flags=RECURSIVE ret=#0\n");
	must_have(&c, "init setns - ns=#1 type=NEWNS\n"
		      "init attr /mounts/0 (destination /a) mount=#0");
	must_have(&c, "init fs /mounts/1 (destination /p) type=proc");
	must_have(&c, "init attr /mounts/2 (destination /t) mount=#4 set=RDONLY");
	must_lack(&c, "init tree ");
}

/* What was mounted last lies on top. */
static void test_unmounts(void **state)
{
	autocompiled c;

	(void)state;
	compiled_init(&c);
	c.request.kind = REQUEST_EXEC;
	c.request.errand = ERRAND_REMOVE_MOUNTS;
	compile(&c, "'mounts':[{'destination':'/a'},{'destination':'a/b','source':'/x','options':['bind']}]",
		MOUNT_NS, leaving);
	must_have(&c, "init unmount /mounts/1 (destination a/b) path=/a/b\n"
		      "init unmount /mounts/0 (destination /a) path=/a\n");
}

/* A volume that is bound without its submounts, or with more than asked for, is another volume. */
static void test_bind_mounts(void **state)
{
	autocompiled c;

	(void)state;
	mounts(&c, "{'destination':'/a','source':'/src','options':['bind']},"
		   "{'destination':'/b','source':'vol/x','options':['rbind','ro','rnosuid']},"
		   "{'destination':'/c','type':'bind','source':'/f','options':['src-nofollow','dest-nofollow']}");
	must_have(&c, "init tree /mounts/0 (destination /a) source=/src flags=none ret=#1\n"
		      "init target");
	must_have(&c, "init tree /mounts/1 (destination /b) source=/bundle/vol/x flags=RECURSIVE ret=#1\n"
		      "init attr /mounts/1 (destination /b) mount=#1 set=RDONLY clear=none "
		      "propagation=none recursive=0\n"
		      "init attr /mounts/1 (destination /b) mount=#1 set=NOSUID clear=none "
		      "propagation=none recursive=1\n"
		      "init target");
	must_have(&c, "source=/f flags=NOFOLLOW ret=#1\n"
		      "init target /mounts/2 (destination /c) path=/c like=#1 mode=0755 flags=NOFOLLOW ret=#2\n");
}

/* What is taken away explicitly goes, what is not named stays as the source has it. */
static void test_clear_options_on_binds(void **state)
{
	autocompiled c;

	(void)state;
	mounts(&c, "{'destination':'/a','source':'/src','options':['bind','rw','exec','noatime']}");
	must_have(&c, "mount=#1 set=NOATIME clear=ATIME|RDONLY|NOEXEC propagation=none recursive=0\n");
}

/* A mount that is attached below a shared one becomes shared: "private" must come after it. */
static void test_propagation_comes_last(void **state)
{
	autocompiled c;

	(void)state;
	mounts(&c, "{'destination':'/a','source':'/src','options':['rbind','rprivate','slave']}");
	must_have(&c, "init attach /mounts/0 (destination /a) mount=#1 target=#2\n"
		      "init attr /mounts/0 (destination /a) mount=#1 set=none clear=none "
		      "propagation=PRIVATE recursive=1\n"
		      "init attr /mounts/0 (destination /a) mount=#1 set=none clear=none "
		      "propagation=SLAVE recursive=0\n"
		      "init pivot");
}

/* An image whose /proc or /sys is a symlink would have them mounted elsewhere (CVE-2019-19921). */
static void test_special_file_systems_go_to_real_directories(void **state)
{
	autocompiled c;

	(void)state;
	mounts(&c, "{'destination':'proc','type':'proc'},"
		   "{'destination':'/sys','type':'sysfs','source':'sysfs','options':['ro']}");
	must_have(&c, "type=proc source=proc attr=none ret=#1\n"
		      "init target /mounts/0 (destination proc) path=/proc like=#1 mode=0755 flags=NO_SYMLINKS");
	must_have(&c, "type=sysfs source=sysfs options=[\"ro\"] attr=RDONLY ret=#1\n"
		      "init target /mounts/1 (destination /sys) path=/sys like=#1 mode=0755 flags=NO_SYMLINKS");
}

/* Other mounts go into a read-only tmpfs and devices into a read-only /dev; what tmpcopyup copies too. */
static void test_read_only_waits_where_things_are_made(void **state)
{
	autocompiled c;

	(void)state;
	mounts(&c, "{'destination':'/run','type':'tmpfs','options':['ro','mode=755','tmpcopyup']},"
		   "{'destination':'/dev/','type':'ramfs','options':['ro','nosuid']}");
	must_have(&c, "type=tmpfs source=tmpfs options=[\"mode=755\"] attr=none ret=#1\n");
	must_have(&c, "path=/run like=#1 mode=0755 flags=none ret=#2\n"
		      "init copy-up /mounts/0 (destination /run) path=/run mount=#1\n"
		      "init attach /mounts/0 (destination /run) mount=#1 target=#2\n");
	must_have(&c, "type=ramfs source=ramfs attr=NOSUID ret=#3\n");
	must_have(&c, "init pivot /root/path kind=pivot_root\n"
		      "init attr /mounts/0 (destination /run) mount=#1 set=RDONLY clear=none "
		      "propagation=none recursive=0\n"
		      "init attr /mounts/1 (destination /dev/) mount=#3 set=RDONLY");
}

/* docker run --tmpfs /run: no mode given means that of the image's directory, not 1777. */
static void test_tmpfs_without_mode_looks_like_its_place(void **state)
{
	autocompiled c;

	(void)state;
	mounts(&c, "{'destination':'/run','type':'tmpfs'},"
		   "{'destination':'/x','type':'tmpfs','options':['mode=700']}");
	must_have(&c, "path=/run like=#1 mode=0755 flags=GIVE_MODE ret=#2\n");
	must_have(&c, "path=/x like=#1 mode=0755 flags=none ret=#2\n");
}

static void test_cgroup_in_a_namespace_of_its_own(void **state)
{
	autocompiled c;

	(void)state;
	mounts_with(&c, "{'destination':'/sys/fs/cgroup','type':'cgroup','source':'cgroup','options':['ro',"
			"'nosuid']}", "'namespaces':[{'type':'mount'},{'type':'cgroup'}]");
	must_have(&c, "type=cgroup2 source=cgroup options=[\"ro\"] attr=RDONLY|NOSUID ret=#1\n");
	must_have(&c, "flags=NO_SYMLINKS");
}

/* The whole hierarchy of the host is not the container's to see (CVE-2023-25809). */
static void test_cgroup_without_a_namespace_is_the_containers_own(void **state)
{
	autocompiled c, without;

	(void)state;
	compiled_init(&c);
	compile(&c, "'mounts':[{'destination':'/sys/fs/cgroup','type':'cgroup2','options':['ro']}]", MOUNT_NS,
		with_cgroup);
	must_have(&c, "init cgroup-view /mounts/0 (destination /sys/fs/cgroup) "
		      "source=/sys/fs/cgroup/tare/c1 ret=#1\n"
		      "init attr /mounts/0 (destination /sys/fs/cgroup) mount=#1 set=RDONLY");
	must_lack(&c, "init fs");
	mounts(&without, "{'destination':'/sys/fs/cgroup','type':'cgroup2'}");
	must_fail(&without, "/mounts/0/type");
}

/* In a user namespace only the owner of the other namespace may mount these: podman --pid=host. */
static void test_the_hosts_instance_where_no_new_one_can_be_had(void **state)
{
	autocompiled c, owned;

	(void)state;
	mounts_with(&c, "{'destination':'/proc','type':'proc'},{'destination':'/sys','type':'sysfs',"
			"'options':['ro','nosuid']},{'destination':'/dev/mqueue','type':'mqueue'}",
		    "'namespaces':[{'type':'mount'}," USER_NS);
	must_have(&c, "tree /mounts/0 (destination /proc) source=/proc flags=RECURSIVE ret=#1\ninit target");
	must_have(&c, "tree /mounts/1 (destination /sys) source=/sys flags=RECURSIVE ret=#1\n"
		      "init attr /mounts/1 (destination /sys) mount=#1 set=RDONLY|NOSUID clear=none "
		      "propagation=none recursive=1\n");
	must_have(&c, "source=/dev/mqueue flags=RECURSIVE");
	mounts_with(&owned, "{'destination':'/proc','type':'proc'},{'destination':'/sys','type':'sysfs'}",
		    "'namespaces':[{'type':'mount'},{'type':'pid'},{'type':'network'}," USER_NS);
	must_have(&owned, "type=proc");
	must_have(&owned, "type=sysfs");
}

/* devpts refuses a gid that the user namespace does not map: every rootless container has gid=5. */
static void test_unmapped_terminal_group_is_left_out(void **state)
{
	autocompiled c, mapped;

	(void)state;
	mounts_with(&c, "{'destination':'/dev/pts','type':'devpts','options':['newinstance','gid=5']}",
		    "'namespaces':[{'type':'mount'}," USER_NS);
	must_have(&c, "options=[\"newinstance\"]");
	mounts_with(&mapped, "{'destination':'/dev/pts','type':'devpts','options':['newinstance','gid=4']}",
		    "'namespaces':[{'type':'mount'}," USER_NS);
	must_have(&mapped, "options=[\"newinstance\",\"gid=4\"]");
}

/* SELinux: a tmpfs without the container's label cannot be written by it. */
static void test_the_mount_label_goes_where_it_can(void **state)
{
	autocompiled c;

	(void)state;
	mounts_with(&c, "{'destination':'/a','type':'tmpfs','options':['mode=1']},"
			"{'destination':'/proc','type':'proc'}",
		    MOUNT_NS ",'mountLabel':'u:r:t:s0:c1,c2'");
	must_have(&c, "options=[\"mode=1\",\"context=u:r:t:s0:c1,c2\"]");
	must_have(&c, "type=proc source=proc attr=none");
}

static void test_remount_changes_what_is_there(void **state)
{
	autocompiled c, super, own, hosts;

	(void)state;
	mounts(&c, "{'destination':'/a','options':['remount','bind','ro','shared']}");
	must_have(&c, "init target /mounts/0 (destination /a) path=/a mode=0755 flags=EXISTS ret=#1\n"
		      "init attr /mounts/0 (destination /a) mount=#1 set=RDONLY clear=none "
		      "propagation=none recursive=0\n"
		      "init attr /mounts/0 (destination /a) mount=#1 set=none clear=none "
		      "propagation=SHARED recursive=0\n");
	must_lack(&c, "attach");
	mounts(&super, "{'destination':'/a','type':'ext4','options':['remount','sync']}");
	must_fail(&super, "/mounts/0/options: \"sync\" is for a file system");
	mounts(&own, "{'destination':'/a/','type':'tmpfs'},"
		     "{'destination':'//a','options':['remount','size=1m','sync','nodev']}");
	must_have(&own, "flags=EXISTS ret=#2\n"
			"init reconfigure /mounts/1 (destination //a) mount=#2 options=[\"size=1m\",\"sync\"]\n"
			"init attr /mounts/1 (destination //a) mount=#2 set=NODEV");
	/* What lies on top is what is remounted. */
	mounts(&hosts, "{'destination':'/a','type':'tmpfs'},{'destination':'/a','source':'/a','options':['bind']},"
		       "{'destination':'/a','options':['remount','size=1m']}");
	must_fail(&hosts, "/mounts/2/options: \"size=1m\" is for a file system");
}

static void test_what_cannot_be_done_is_refused(void **state)
{
	static const struct {
		const char *mounts, *error;
	} rows[] = {
		{ "{'destination':'/','type':'tmpfs'}", "/mounts/0/destination: \"/\" is the root" },
		{ "{'destination':'/a','options':['bind']}", "/mounts/0/source" },
		{ "{'destination':'/a'}", "/mounts/0/type" },
		{ "{'destination':'/a','source':'/b','options':['bind','idmap']}", "/mounts/0/options/1" },
		{ "{'destination':'/a','type':'ext4','options':['tmpcopyup']}", "/mounts/0/options" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		autocompiled c;

		mounts(&c, rows[i].mounts);
		must_fail(&c, rows[i].error);
	}
}

/* Each mount costs a step or three, not a descriptor. */
static void test_many_mounts_share_their_slots(void **state)
{
	autocompiled c;
	autobuf list = { 0 };

	(void)state;
	for (int i = 0; i < 500; i++)
		strbuf_addf(&list, "%s{'destination':'/m%d','source':'/s','options':['bind']}",
			    i ? "," : "", i);
	mounts(&c, list.text);
	must_have(&c, "init attach /mounts/499 (destination /m499) mount=#1 target=#2\n");
}

/* Another container's mount namespace has its mounts: more of them would be its, too. */
static void test_a_joined_namespace_is_left_alone(void **state)
{
	autocompiled c;

	(void)state;
	mounts_with(&c, "{'destination':'/a','type':'tmpfs'}",
		    "'namespaces':[{'type':'mount','path':'/ns/mnt'}]");
	must_lack(&c, "tmpfs");
	must_lack(&c, "pivot");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_file_system),
		cmocka_unit_test(test_bind_mounts),
		cmocka_unit_test(test_mounts_of_a_running_container),
		cmocka_unit_test(test_unmounts),
		cmocka_unit_test(test_clear_options_on_binds),
		cmocka_unit_test(test_propagation_comes_last),
		cmocka_unit_test(test_special_file_systems_go_to_real_directories),
		cmocka_unit_test(test_read_only_waits_where_things_are_made),
		cmocka_unit_test(test_tmpfs_without_mode_looks_like_its_place),
		cmocka_unit_test(test_cgroup_in_a_namespace_of_its_own),
		cmocka_unit_test(test_cgroup_without_a_namespace_is_the_containers_own),
		cmocka_unit_test(test_the_hosts_instance_where_no_new_one_can_be_had),
		cmocka_unit_test(test_unmapped_terminal_group_is_left_out),
		cmocka_unit_test(test_the_mount_label_goes_where_it_can),
		cmocka_unit_test(test_remount_changes_what_is_there),
		cmocka_unit_test(test_what_cannot_be_done_is_refused),
		cmocka_unit_test(test_many_mounts_share_their_slots),
		cmocka_unit_test(test_a_joined_namespace_is_left_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

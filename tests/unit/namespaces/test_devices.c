/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "compiled.h"
#include "namespaces/namespaces.h"

#define MOUNT_NS "'namespaces':[{'type':'mount'}]"

static compile_function *const all[] = { rootfs_open_compile, devices_compile, NULL };

static void devices(struct compiled *c, const char *mounts, const char *members)
{
	compiled_init(c);
	compile(c, mounts, members, all);
}

/* config-linux.md#default-devices and runtime-linux.md#dev-symbolic-links: shells and libraries need
 * each of them. */
static void test_the_default_ones(void **state)
{
	autocompiled c;

	(void)state;
	devices(&c, "", MOUNT_NS);
	must_have(&c, "init mknod default device (/dev/null) path=/dev/null mode=020666 device=0x103 uid=0 gid=0\n"
		      "init mknod default device (/dev/zero) path=/dev/zero mode=020666 device=0x105 uid=0 gid=0\n"
		      "init mknod default device (/dev/full) path=/dev/full mode=020666 device=0x107 uid=0 gid=0\n"
		      "init mknod default device (/dev/random) path=/dev/random mode=020666 device=0x108 uid=0 gid=0\n"
		      "init mknod default device (/dev/urandom) path=/dev/urandom mode=020666 device=0x109 uid=0 "
		      "gid=0\n"
		      "init mknod default device (/dev/tty) path=/dev/tty mode=020666 device=0x500 uid=0 gid=0\n"
		      "init symlink default link (/dev/fd) target=/proc/self/fd path=/dev/fd\n"
		      "init symlink default link (/dev/stdin) target=/proc/self/fd/0 path=/dev/stdin\n"
		      "init symlink default link (/dev/stdout) target=/proc/self/fd/1 path=/dev/stdout\n"
		      "init symlink default link (/dev/stderr) target=/proc/self/fd/2 path=/dev/stderr\n"
		      "init symlink default link (/dev/core) target=/proc/kcore path=/dev/core\n"
		      "init symlink default link (/dev/ptmx) target=pts/ptmx path=/dev/ptmx\n");
}

static void test_listed_ones(void **state)
{
	autocompiled c;

	(void)state;
	devices(&c, "", MOUNT_NS ",'devices':["
		"{'path':'/dev/fuse','type':'c','major':10,'minor':229,'fileMode':432,'uid':3,'gid':4},"
		"{'path':'/dev/sda','type':'b','major':8,'minor':300},"
		"{'path':'/srv/pipe','type':'p'},"
		"{'path':'/dev/tape','type':'u','major':9,'minor':0,'fileMode':33206}]");
	must_have(&c, "mknod /linux/devices/0 (/dev/fuse) path=/dev/fuse mode=020660 device=0xae5 uid=3 gid=4\n");
	must_have(&c, "mknod /linux/devices/1 (/dev/sda) path=/dev/sda mode=060666 device=0x10082c uid=0 gid=0\n");
	must_have(&c, "mknod /linux/devices/2 (/srv/pipe) path=/srv/pipe mode=010666 device=0x0 uid=0 gid=0\n");
	must_have(&c, "path=/dev/tape mode=020666 device=0x900 ");
}

/* One node for one path: the first of two would be in the way of the second. */
static void test_a_listed_one_replaces_a_default_one(void **state)
{
	autocompiled c;

	(void)state;
	devices(&c, "", MOUNT_NS ",'devices':[{'path':'/dev/tty','type':'c','major':5,'minor':0,'fileMode':438},"
		"{'path':'/dev//tty','type':'c','major':5,'minor':0,'fileMode':256}]");
	must_lack(&c, "default device (/dev/tty)");
	must_lack(&c, "/linux/devices/0");
	must_have(&c, "/linux/devices/1 (/dev//tty) path=/dev//tty mode=020400");
}

/* mknod(2) needs privileges over the host; a FIFO does not. */
static void test_nodes_are_bound_where_they_cannot_be_made(void **state)
{
	autocompiled user, rootless;

	(void)state;
	devices(&user, "", "'namespaces':[{'type':'mount'},{'type':'user'}],"
		"'uidMappings':[{'containerID':0,'hostID':1000,'size':5}],"
		"'gidMappings':[{'containerID':0,'hostID':1000,'size':5}],"
		"'devices':[{'path':'/srv/pipe','type':'p'}]");
	must_have(&user, "init tree default device (/dev/null) source=/dev/null flags=none ret=#1\n"
			 "init target default device (/dev/null) path=/dev/null like=#1 mode=0755 "
			 "flags=FILE ret=#2\n"
			 "init attach default device (/dev/null) mount=#1 target=#2\n"
			 "init tree default device (/dev/zero)");
	must_have(&user, "init mknod /linux/devices/0 (/srv/pipe)");
	compiled_init(&rootless);
	rootless.host.root = false;
	compile(&rootless, "", MOUNT_NS, all);
	must_lack(&rootless, "mknod");
	must_have(&rootless, "init symlink");
}

/* A /dev of the host's that is bound must not get nodes and links of ours. */
static void test_a_bound_dev_is_left_alone(void **state)
{
	autocompiled bound, made;

	(void)state;
	devices(&bound, "'mounts':[{'destination':'/dev/','source':'/dev','options':['rbind']}]", MOUNT_NS);
	must_lack(&bound, "mknod");
	must_lack(&bound, "symlink");
	devices(&made, "'mounts':[{'destination':'/dev','type':'tmpfs'}]", MOUNT_NS);
	must_have(&made, "mknod");
}

/* systemd units with Type=notify wait for this socket. */
static void test_the_notify_socket_is_reachable(void **state)
{
	autocompiled c;

	(void)state;
	compiled_init(&c);
	c.request.notify_dir = "/run/tare/c1/notify";
	compile(&c, "", MOUNT_NS, all);
	must_have(&c, "init tree NOTIFY_SOCKET source=/run/tare/c1/notify flags=none ret=#1\n"
		      "init target NOTIFY_SOCKET path=/run/notify like=#1 mode=0755 flags=none ret=#2\n"
		      "init attach NOTIFY_SOCKET mount=#1 target=#2\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_default_ones),
		cmocka_unit_test(test_listed_ones),
		cmocka_unit_test(test_a_listed_one_replaces_a_default_one),
		cmocka_unit_test(test_nodes_are_bound_where_they_cannot_be_made),
		cmocka_unit_test(test_a_bound_dev_is_left_alone),
		cmocka_unit_test(test_the_notify_socket_is_reachable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

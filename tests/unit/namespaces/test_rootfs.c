/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "compiled.h"
#include "namespaces/namespaces.h"

#define MOUNT_NS "'namespaces':[{'type':'mount'}]"

static compile_function *const all[] = { rootfs_open_compile, rootfs_enter_compile, masks_compile,
					 NULL };

static void rootfs(struct compiled *c, const char *members)
{
	compiled_init(c);
	compile(c, "", members, all);
}

/* What a container mounts must not show on the host, and the host's root must be gone in it. */
static void test_slave_unless_said_otherwise(void **state)
{
	autocompiled c;

	(void)state;
	rootfs(&c, MOUNT_NS);
	must_have(&c, "init propagation /linux/rootfsPropagation path=/ flags=REC|SLAVE\n"
		      "init root /root/path (/bundle/rootfs) path=/bundle/rootfs recursive=1 ret=#0\n"
		      "init pivot /root/path kind=pivot_root\n"
		      "init exec");
}

/* config-linux.md#rootfs-mount-propagation. With "shared" bidirectional volumes stay the host's peers;
 * pivot_root(2) refuses a shared root and a shared parent. */
static void test_each_propagation(void **state)
{
	static const struct {
		const char *value, *at_first, *at_last;
	} rows[] = {
		{ "private", "flags=REC|PRIVATE\n", NULL },
		{ "rprivate", "flags=REC|PRIVATE\n", NULL },
		{ "slave", "flags=REC|SLAVE\n", NULL },
		{ "rslave", "flags=REC|SLAVE\n", NULL },
		{ "shared", "flags=SHARED\n", "init root-propagation /linux/rootfsPropagation (shared) "
					      "flags=SHARED\n" },
		{ "rshared", "flags=REC|SHARED\n", "flags=SHARED\n" },
		{ "unbindable", "flags=REC|PRIVATE\n", "flags=UNBINDABLE\n" },
		{ "runbindable", "flags=REC|PRIVATE\n", "flags=UNBINDABLE\n" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		autocompiled c;
		autoarena arena = { 0 };

		rootfs(&c, arena_printf(&arena, MOUNT_NS ",'rootfsPropagation':'%s'", rows[i].value));
		must_have(&c, arena_printf(&arena, "init propagation /linux/rootfsPropagation (%s) path=/ %s",
					   rows[i].value, rows[i].at_first));
		if (rows[i].at_last)
			must_have(&c, rows[i].at_last);
		else
			must_lack(&c, "root-propagation");
	}
}

static void test_a_shared_root_is_private_while_it_is_entered(void **state)
{
	autocompiled c;

	(void)state;
	rootfs(&c, MOUNT_NS ",'rootfsPropagation':'rshared'");
	must_have(&c, "init root-parent-private /root/path (/bundle/rootfs) path=/bundle/rootfs\n"
		      "init root /root/path (/bundle/rootfs) path=/bundle/rootfs recursive=1 ret=#0\n"
		      "init attr /linux/rootfsPropagation mount=#0 set=none clear=none "
		      "propagation=PRIVATE recursive=0\n"
		      "init pivot");
}

static void test_read_only_comes_at_the_end(void **state)
{
	autocompiled c;
	static compile_function *const functions[] = { rootfs_open_compile, rootfs_enter_compile, NULL };

	(void)state;
	compiled_init(&c);
	c.request.no_pivot = true;
	compile(&c, "'root':{'path':'rootfs','readonly':true}", MOUNT_NS, functions);
	must_have(&c, "init pivot /root/path kind=move\n"
		      "init root-readonly /root/readonly\n"
		      "init exec");
}

/* config-linux.md: it inherits the runtime's. The pivot would turn the host's own root around, and a propagation of "/"
 * be the host's; a bind mount that stayed the host's peer would show it what is mounted in there. */
static void test_an_inherited_mount_namespace(void **state)
{
	static compile_function *const functions[] = { given_compile, rootfs_open_compile,
						       mounts_compile, rootfs_enter_compile, NULL };
	autocompiled c;

	(void)state;
	compiled_init(&c);
	compile(&c, "'root':{'path':'rootfs','readonly':true},'mounts':[{'destination':'/v','source':'/v',"
		    "'options':['bind']}]", "'namespaces':[{'type':'pid'}]", functions);
	must_have(&c, "host host-root /root/path (/bundle/rootfs) path=/bundle/rootfs place=/run/tare/c1/root "
		      "propagation=SLAVE ret=#0\n");
	must_have(&c, "init root-held /root/path (/bundle/rootfs) mount=#0\n");
	must_have(&c, "propagation=SLAVE recursive=1\ninit target");
	must_have(&c, "init pivot /root/path kind=chroot\ninit root-readonly");
	must_lack(&c, "init propagation");
}

static void test_a_user_needs_a_mount_namespace(void **state)
{
	autocompiled c;

	(void)state;
	rootfs(&c, "'namespaces':[{'type':'user'}],'uidMappings':[{'containerID':0,'hostID':1,'size':1}],"
		   "'gidMappings':[{'containerID':0,'hostID':1,'size':1}]");
	must_fail(&c, "/linux/namespaces: a user namespace needs a mount namespace");
}

/* Masked files are covered by the host's null device, taken before the container could have made
 * another one (CVE-2025-31133); directories by one empty file system for all. */
static void test_masks(void **state)
{
	autocompiled c;

	(void)state;
	rootfs(&c, MOUNT_NS ",'maskedPaths':['/proc/kcore','/proc/acpi'],'readonlyPaths':['/proc/sys']");
	must_have(&c, "init tree /linux/maskedPaths source=/dev/null flags=NOFOLLOW ret=#1\n"
		      "init attr /linux/maskedPaths mount=#1 set=none clear=none propagation=PRIVATE "
		      "recursive=0\n"
		      "init pivot");
	must_have(&c, "init fs /linux/maskedPaths type=tmpfs source=tmpfs "
		      "options=[\"mode=0755\",\"nr_blocks=1\",\"nr_inodes=1\",\"ro\"] "
		      "attr=RDONLY|NOSUID|NODEV|NOEXEC ret=#2\n"
		      "init readonly /linux/readonlyPaths/0 path=/proc/sys\n"
		      "init mask /linux/maskedPaths/0 path=/proc/kcore null=#1 empty=#2\n"
		      "init mask /linux/maskedPaths/1 path=/proc/acpi null=#1 empty=#2\n");
}

static void test_nothing_to_mask_costs_nothing(void **state)
{
	autocompiled c;

	(void)state;
	rootfs(&c, MOUNT_NS ",'readonlyPaths':['/proc/sys']");
	must_lack(&c, "/dev/null");
	must_lack(&c, "tmpfs");
	must_have(&c, "init readonly");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_slave_unless_said_otherwise),
		cmocka_unit_test(test_each_propagation),
		cmocka_unit_test(test_a_shared_root_is_private_while_it_is_entered),
		cmocka_unit_test(test_read_only_comes_at_the_end),
		cmocka_unit_test(test_an_inherited_mount_namespace),
		cmocka_unit_test(test_a_user_needs_a_mount_namespace),
		cmocka_unit_test(test_masks),
		cmocka_unit_test(test_nothing_to_mask_costs_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

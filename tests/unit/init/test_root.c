/* SPDX-License-Identifier: Apache-2.0 */
/* The root file system: making it, entering it, what covers parts of it. */
#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/unit/init/runner.h"

/* Without it no container would start at all. */
static void enters_the_root(void **state)
{
	struct runner *r = *state;

	plan_begin(r, CLONE_NEWNS | CLONE_NEWPID);
	plan_enter(r);
	plan_script(r, "echo $$; cd /; ls; cd ..; pwd");
	assert_prints(r, "1\nbin\ndev\netc\nproc\nsys\ntmp\n/\n");
}

/* The user's --no-pivot on a host that boots from an initramfs. */
static void enters_by_move(void **state)
{
	struct runner *r = *state;

	plan_begin(r, CLONE_NEWNS);
	INIT(r, PIVOT, PIVOT_MOVE);
	plan_script(r, "ls / | head -n 1; ls /../mnt");
	run_start(r);
	run_until_exec(r);
	assert_string_equal(run_output(r), "bin\nls: /../mnt: No such file or directory\n");
}

/* linux.rootfsPropagation shared: entering must not unmount the host's file systems. */
static void shared_root_leaves_the_host_alone(void **state)
{
	struct runner *r = *state;

	assert_int_equal(mount("tmpfs", in_root(r, "tmp"), "tmpfs", 0, NULL), 0);
	assert_int_equal(mount(NULL, "/mnt", NULL, MS_SHARED | MS_REC, NULL), 0);
	r->clone = CLONE_NEWNS;
	PLAN_HOST(&r->plan, OP_CLONE, NULL, r->clone);
	INIT(r, ROOT_PARENT_PRIVATE, text(r, r->root));
	r->root_slot = plan_slot(&r->plan);
	INIT(r, ROOT, text(r, r->root), 0, r->root_slot);
	plan_enter(r);
	INIT(r, ROOT_PROPAGATION, MS_SHARED);
	plan_script(r, "echo in");
	assert_prints(r, "in\n");
	assert_int_equal(umount(in_root(r, "tmp")), 0);
	assert_int_equal(mount(NULL, "/mnt", NULL, MS_PRIVATE | MS_REC, NULL), 0);
}

/* root.readonly: a workload could change its image. */
static void root_is_read_only(void **state)
{
	struct runner *r = *state;

	plan_begin(r, CLONE_NEWNS);
	plan_enter(r);
	INIT(r, ROOT_READONLY, 0);
	plan_script(r, "touch /x 2>&1");
	run_start(r);
	run_until_exec(r);
	assert_string_equal(run_output(r), "touch: /x: Read-only file system\n");
	assert_int_equal(run_status(r), 1);
}

static uint64_t null_slot(struct runner *r, const char *device)
{
	uint64_t slot = plan_slot(&r->plan);

	INIT(r, TREE, text(r, device), 0, slot);
	return slot;
}

static uint64_t empty_slot(struct runner *r)
{
	uint64_t slot = plan_slot(&r->plan);
	const char *const options[] = { "nr_inodes=1", NULL };

	INIT(r, FS, text(r, "tmpfs"), text(r, "tmpfs"), list(r, options), MOUNT_ATTR_RDONLY, slot);
	return slot;
}

/* linux.maskedPaths: files and directories of the host's that the image must not see. */
static void masks_hide(void **state)
{
	struct runner *r = *state;
	const char *const paths[] = { "/etc/a",    "/etc/b",  "/etc/dir",
				      "/etc/dir2", "/absent", "/etc/a/x" };
	uint64_t null, empty;

	put_file(r, "etc/a", "secret\n", 0644);
	put_file(r, "etc/b", "secret\n", 0644);
	put_directory(r, "etc/dir");
	put_file(r, "etc/dir/c", "secret\n", 0644);
	put_directory(r, "etc/dir2");
	put_file(r, "etc/dir2/c", "secret\n", 0644);
	plan_begin(r, CLONE_NEWNS);
	null = null_slot(r, "/dev/null");
	empty = empty_slot(r);
	plan_enter(r);
	for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
		INIT(r, MASK, text(r, paths[i]), null, empty);
	plan_script(r, "cat /etc/a /etc/b; ls /etc/dir /etc/dir2; touch /etc/dir/x; true");
	run_start(r);
	run_until_exec(r);
	assert_string_equal(run_output(r),
			    "/etc/dir:\n\n/etc/dir2:\ntouch: /etc/dir/x: Read-only file system\n");
}

/* CVE-2025-31133: a fake null device would open a masked file instead of hiding it. */
static void masks_refuse_a_fake_null(void **state)
{
	struct runner *r = *state;
	uint64_t null;

	put_file(r, "etc/a", "secret\n", 0644);
	put_file(r, "dev/null", "fake\n", 0666);
	plan_begin(r, CLONE_NEWNS);
	null = null_slot(r, in_root(r, "dev/null"));
	plan_enter(r);
	INIT(r, MASK, text(r, "/etc/a"), null, PLAN_NO_SLOT);
	plan_script(r, "cat /etc/a");
	assert_fails(r, OP_MASK, CALL_none, ENODEV, "null device");
}

/* linux.readonlyPaths. */
static void readonly_paths(void **state)
{
	struct runner *r = *state;

	put_directory(r, "etc/dir");
	plan_begin(r, CLONE_NEWNS);
	plan_enter(r);
	INIT(r, READONLY, text(r, "/etc/dir"));
	INIT(r, READONLY, text(r, "/absent"));
	plan_script(r, "touch /etc/dir/x 2>&1; touch /etc/y && echo y");
	assert_prints(r, "touch: /etc/dir/x: Read-only file system\ny\n");
}

/* Default devices: the workload's I/O depends on their types and modes, umask or not. */
static void nodes_have_their_mode(void **state)
{
	struct runner *r = *state;

	plan_begin(r, CLONE_NEWNS);
	INIT(r, MKNOD, text(r, "/dev/null"), S_IFCHR | 0666, makedev(1, 3), 0, 0);
	INIT(r, MKNOD, text(r, "/dev/null"), S_IFCHR | 0666, makedev(1, 3), 0, 0);
	INIT(r, MKNOD, text(r, "/dev/zero"), S_IFCHR | 0666, makedev(1, 5), 0, 0);
	INIT(r, MKNOD, text(r, "/dev/zero"), S_IFCHR | 0640, makedev(1, 5), 5, 6);
	INIT(r, MKNOD, text(r, "/dev/deep/er/fifo"), S_IFIFO | 0622, 0, 0, 0);
	INIT(r, SYMLINK, text(r, "/proc/self/fd"), text(r, "/dev/fd"));
	INIT(r, SYMLINK, text(r, "old"), text(r, "/dev/link"));
	INIT(r, SYMLINK, text(r, "new"), text(r, "/dev/link"));
	INIT(r, SYMLINK, text(r, "pts/ptmx"), text(r, "/dev/null"));
	plan_enter(r);
	plan_script(r, "stat -c '%n %a %t,%T %u:%g' /dev/null /dev/zero /dev/deep/er/fifo;"
		       "readlink /dev/fd; readlink /dev/link; cd /dev; echo *");
	assert_prints(
		r, "/dev/null 666 1,3 0:0\n/dev/zero 640 1,5 5:6\n/dev/deep/er/fifo 622 0,0 0:0\n"
		   "/proc/self/fd\nnew\ndeep fd link null zero\n");
}

/* A file of the image where a device belongs: the user must learn of it. */
static void node_that_is_something_else(void **state)
{
	struct runner *r = *state;

	put_file(r, "dev/null", "fake\n", 0666);
	plan_begin(r, CLONE_NEWNS);
	INIT(r, MKNOD, text(r, "/dev/null"), S_IFCHR | 0666, makedev(1, 3), 0, 0);
	plan_script(r, "true");
	assert_fails(r, OP_MKNOD, CALL_mknodat, EEXIST, "/dev/null is something else");
}

/* CVE-2026-41579: an image with /dev -> a host directory must not get nodes made there. */
static void nodes_stay_in_the_root(void **state)
{
	struct runner *r = *state;

	assert_int_equal(rmdir(in_root(r, "dev")), 0);
	mkdir("/mnt/outside", 0755);
	put_link(r, "dev", "/mnt/outside");
	plan_begin(r, CLONE_NEWNS);
	INIT(r, MKNOD, text(r, "/dev/null"), S_IFCHR | 0666, makedev(1, 3), 0, 0);
	INIT(r, SYMLINK, text(r, "pts/ptmx"), text(r, "/dev/ptmx"));
	plan_enter(r);
	plan_script(r, "ls /mnt/outside");
	assert_prints(r, "null\nptmx\n");
	assert_int_equal(access("/mnt/outside/null", F_OK), -1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, runner_setup, runner_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(enters_the_root),
		TEST(enters_by_move),
		TEST(shared_root_leaves_the_host_alone),
		TEST(root_is_read_only),
		TEST(masks_hide),
		TEST(masks_refuse_a_fake_null),
		TEST(readonly_paths),
		TEST(nodes_have_their_mode),
		TEST(node_that_is_something_else),
		TEST(nodes_stay_in_the_root),
	};

	runner_world();
	return cmocka_run_group_tests(tests, NULL, NULL);
}

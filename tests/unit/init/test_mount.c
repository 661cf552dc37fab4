/* SPDX-License-Identifier: Apache-2.0 */
/* Mounts: file systems, trees, their attributes and targets, and what a hostile image tries. */
#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/sys.h"
#include "tests/unit/init/runner.h"

static const char *const none[] = { NULL };

/* A mount of a file system: FS, TARGET, ATTACH. */
static void mount_fs(struct runner *r, const char *type, const char *const *options, uint64_t attr,
		     const char *path, uint64_t flags)
{
	uint64_t tree = plan_slot_of(&r->plan, &r->plan.mount_slot);
	uint64_t target = plan_slot_of(&r->plan, &r->plan.target_slot);

	INIT(r, FS, text(r, type), text(r, type), list(r, options), attr, tree);
	INIT(r, TARGET, text(r, path), tree, 0755, flags, target);
	INIT(r, ATTACH, tree, target);
}

static void mount_tree(struct runner *r, const char *source, uint64_t tree_flags, const char *path,
		       uint64_t flags)
{
	uint64_t tree = plan_slot_of(&r->plan, &r->plan.mount_slot);
	uint64_t target = plan_slot_of(&r->plan, &r->plan.target_slot);

	INIT(r, TREE, text(r, source), tree_flags, tree);
	INIT(r, TARGET, text(r, path), tree, 0755, flags, target);
	INIT(r, ATTACH, tree, target);
}

/* mounts[] of type tmpfs and proc with options, on places that exist and that do not. */
static void file_systems(void **state)
{
	struct runner *r = *state;
	const char *const options[] = { "size=64k", "mode=1770", NULL };

	plan_begin(r, CLONE_NEWNS | CLONE_NEWPID);
	mount_fs(r, "proc", none, 0, "/proc", TARGET_NO_SYMLINKS);
	mount_fs(r, "tmpfs", options, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC, "/a/b/c", 0);
	plan_enter(r);
	plan_script(r, "grep -E ' /(proc|a/b/c) ' /proc/mounts | sed s/,inode64//; stat -c %a /a "
		       "/a/b /a/b/c");
	assert_prints(r, "proc /proc proc rw,relatime 0 0\n"
			 "tmpfs /a/b/c tmpfs rw,nosuid,noexec,relatime,size=64k,mode=1770 0 0\n"
			 "755\n755\n1770\n");
}

/* The kernel's own words name the wrong option; without them it is "Invalid argument". */
static void bad_option_is_named(void **state)
{
	struct runner *r = *state;
	const char *const options[] = { "size=64k", "nonsense=1", NULL };

	plan_begin(r, CLONE_NEWNS);
	mount_fs(r, "tmpfs", options, 0, "/tmp", 0);
	plan_script(r, "true");
	assert_fails(r, OP_FS, CALL_fsconfig, EINVAL,
		     "nonsense=1 (tmpfs: Unknown parameter 'nonsense')");
}

static void unknown_file_system(void **state)
{
	struct runner *r = *state;

	plan_begin(r, CLONE_NEWNS);
	mount_fs(r, "nosuchfs", none, 0, "/tmp", 0);
	plan_script(r, "true");
	assert_fails(r, OP_FS, CALL_fsopen, ENODEV, "nosuchfs");
}

/* Volumes: a file on a file, a directory on a directory, read-only without what is below. */
static void binds(void **state)
{
	struct runner *r = *state;
	uint64_t tree = plan_slot_of(&r->plan, &r->plan.mount_slot);

	put_directory(r, "tmp/dir");
	put_file(r, "tmp/dir/f", "inside\n", 0644);
	put_file(r, "tmp/file", "content\n", 0644);
	plan_begin(r, CLONE_NEWNS);
	INIT(r, TREE, text(r, in_root(r, "tmp/dir")), AT_RECURSIVE, tree);
	INIT(r, ATTR, tree, MOUNT_ATTR_RDONLY, 0, 0, 1, PLAN_NO_SLOT);
	INIT(r, TARGET, text(r, "/dir"), tree, 0755, 0,
	     plan_slot_of(&r->plan, &r->plan.target_slot));
	INIT(r, ATTACH, tree, r->plan.target_slot - 1);
	mount_tree(r, in_root(r, "tmp/file"), 0, "/new/file", 0);
	plan_enter(r);
	plan_script(r, "cat /dir/f /new/file; touch /dir/x 2>&1; stat -c %a /new");
	assert_prints(r, "inside\ncontent\ntouch: /dir/x: Read-only file system\n755\n");
}

static void bind_of_nothing(void **state)
{
	struct runner *r = *state;

	plan_begin(r, CLONE_NEWNS);
	mount_tree(r, "/mnt/no/such", 0, "/tmp", 0);
	plan_script(r, "true");
	assert_fails(r, OP_TREE, CALL_open_tree, ENOENT, "/mnt/no/such");
}

static void bind_of_other_kind(void **state)
{
	struct runner *r = *state;

	put_file(r, "tmp/file", "", 0644);
	plan_begin(r, CLONE_NEWNS);
	mount_tree(r, in_root(r, "tmp/file"), 0, "/etc", 0);
	plan_script(r, "true");
	assert_fails(r, OP_ATTACH, CALL_move_mount, EINVAL,
		     "a file cannot be mounted on a directory");
}

/* An image whose destination is a symlink to a host path: the mount must land inside the image. */
static void targets_stay_in_the_root(void **state)
{
	struct runner *r = *state;

	mkdir("/mnt/host", 0755);
	put_link(r, "abs", "/mnt/host");
	put_link(r, "up", "../../../../mnt/host");
	put_link(r, "a", "b");
	put_link(r, "b", "/etc/deep/er");
	plan_begin(r, CLONE_NEWNS);
	mount_fs(r, "tmpfs", none, 0, "/abs", 0);
	mount_fs(r, "tmpfs", none, 0, "/up/x", 0);
	mount_fs(r, "tmpfs", none, 0, "/a/c", 0);
	mount_fs(r, "tmpfs", none, 0, "../../../mnt/host/y", 0);
	plan_enter(r);
	plan_script(r, "ls /mnt/host; ls /etc/deep/er");
	assert_prints(r, "x\ny\nc\n");
	assert_int_equal(access("/mnt/host/x", F_OK), -1);
	assert_int_equal(access("/mnt/host/y", F_OK), -1);
}

/* CVE-2019-19921 and kin: with /proc as a symlink the image chooses where labels are written. */
static void special_targets_follow_nothing(void **state)
{
	struct runner *r = *state;

	assert_int_equal(rmdir(in_root(r, "proc")), 0);
	put_link(r, "proc", "tmp");
	plan_begin(r, CLONE_NEWNS | CLONE_NEWPID);
	mount_fs(r, "proc", none, 0, "/proc", TARGET_NO_SYMLINKS);
	plan_script(r, "true");
	assert_fails(r, OP_TARGET, CALL_none, ELOOP, "/proc is, or leads through, a symbolic link");
}

static void last_symlink_is_refused(void **state)
{
	struct runner *r = *state;

	put_link(r, "etc/link", "../tmp");
	plan_begin(r, CLONE_NEWNS);
	mount_fs(r, "tmpfs", none, 0, "/etc/link", TARGET_NOFOLLOW);
	plan_script(r, "true");
	assert_fails(r, OP_TARGET, CALL_none, ELOOP, "/etc/link");
}

static void symlink_loops_end(void **state)
{
	struct runner *r = *state;

	put_link(r, "etc/a", "b");
	put_link(r, "etc/b", "a");
	plan_begin(r, CLONE_NEWNS);
	mount_fs(r, "tmpfs", none, 0, "/etc/a/x", 0);
	plan_script(r, "true");
	assert_fails(r, OP_TARGET, CALL_openat2, ELOOP, "/etc/a/x");
}

static void missing_target_can_be_an_error(void **state)
{
	struct runner *r = *state;

	plan_begin(r, CLONE_NEWNS);
	mount_fs(r, "tmpfs", none, 0, "/etc/none", TARGET_EXISTS);
	plan_script(r, "true");
	assert_fails(r, OP_TARGET, CALL_openat2, ENOENT, "/etc/none");
}

/* tmpcopyup and a tmpfs without mode=: what the image has there must still be there, as it was. */
static void copies_up(void **state)
{
	struct runner *r = *state;
	uint64_t tree = plan_slot_of(&r->plan, &r->plan.mount_slot);
	uint64_t target = plan_slot_of(&r->plan, &r->plan.target_slot);

	put_directory(r, "etc/conf");
	put_directory(r, "etc/conf/sub");
	put_file(r, "etc/conf/file", "text\n", 0640);
	put_file(r, "etc/conf/suid", "", 0644);
	assert_int_equal(chown(in_root(r, "etc/conf/file"), 12, 34), 0);
	assert_int_equal(chmod(in_root(r, "etc/conf/suid"), 04755), 0);
	assert_int_equal(chmod(in_root(r, "etc/conf/sub"), 01777), 0);
	assert_int_equal(chmod(in_root(r, "etc/conf"), 0711), 0);
	put_link(r, "etc/conf/sub/link", "/nowhere");
	plan_begin(r, CLONE_NEWNS);
	INIT(r, FS, text(r, "tmpfs"), text(r, "tmpfs"), 0, 0, tree);
	INIT(r, COPY_UP, text(r, "/etc/conf"), tree);
	INIT(r, TARGET, text(r, "/etc/conf"), tree, 0755, TARGET_GIVE_MODE, target);
	INIT(r, ATTACH, tree, target);
	INIT(r, COPY_UP, text(r, "/absent"), tree);
	plan_enter(r);
	plan_script(r, "cd /etc/conf; cat file; stat -c '%n %a %u:%g' . *; readlink sub/link");
	assert_prints(r,
		      "text\n. 711 0:0\nfile 640 12:34\nsub 1777 0:0\nsuid 4755 0:0\n/nowhere\n");
	assert_int_equal(access(in_root(r, "etc/conf/sub"), F_OK), 0);
}

/* copy-symlink. */
static void copies_symlinks(void **state)
{
	struct runner *r = *state;

	put_link(r, "tmp/source", "some/where");
	plan_begin(r, CLONE_NEWNS);
	mount_tree(r, in_root(r, "tmp/source"), TREE_COPY_SYMLINK, "/etc/localtime", 0);
	mount_tree(r, in_root(r, "etc"), TREE_COPY_SYMLINK, "/sys", 0);
	plan_enter(r);
	plan_script(r, "readlink /sys/localtime");
	assert_prints(r, "some/where\n");
}

/* Sysctls and labels: written to the real procfs, whatever the image has mounted on /proc. */
static void writes_the_real_proc(void **state)
{
	struct runner *r = *state;
	uint64_t proc = plan_slot(&r->plan);

	plan_begin(r, CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWUTS);
	INIT(r, PROCFS, proc);
	mount_fs(r, "tmpfs", none, 0, "/proc", 0);
	plan_enter(r);
	INIT(r, WRITE_PROC, proc, text(r, "sys/kernel/domainname"), text(r, "example.org"));
	INIT(r, WRITE_PROC, proc, text(r, "thread-self/comm"), text(r, "named"));
	INIT(r, PROCFS, proc);
	plan_script(r, "mkdir /x; mount -t proc proc /x; cat /x/sys/kernel/domainname; ls /proc");
	assert_prints(r, "example.org\n");
}

static void unknown_sysctl(void **state)
{
	struct runner *r = *state;
	uint64_t proc = plan_slot(&r->plan);

	plan_begin(r, CLONE_NEWNS | CLONE_NEWPID);
	INIT(r, PROCFS, proc);
	INIT(r, WRITE_PROC, proc, text(r, "sys/net/no/such"), text(r, "1"));
	plan_script(r, "true");
	assert_fails(r, OP_WRITE_PROC, CALL_openat2, ENOENT, "sys/net/no/such");
}

struct racer {
	char a[128], b[128];
	atomic_int stop;
};

/* Swaps a directory and a symlink to a host path, as a container sharing the volume could. */
static void *race(void *data)
{
	struct racer *racer = data;

	while (!racer->stop)
		renameat2(AT_FDCWD, racer->a, AT_FDCWD, racer->b, 2 /* RENAME_EXCHANGE */);
	return NULL;
}

/* CVE-2021-30465, CVE-2024-45310: one lost race is a mount over, or a directory on, the host. */
static void racing_symlinks_never_escape(void **state)
{
	enum { TARGETS = 400, ROUNDS = 10 };
	struct runner *r = *state;
	struct racer racer = { .stop = 0 };
	char name[64];
	pthread_t thread;

	mkdir("/mnt/victim", 0755);
	put_directory(r, "vol");
	put_directory(r, "vol/dir");
	put_link(r, "vol/link", "../../../../../../mnt/victim");
	snprintf(racer.a, sizeof racer.a, "%s", in_root(r, "vol/dir"));
	snprintf(racer.b, sizeof racer.b, "%s", in_root(r, "vol/link"));
	assert_int_equal(pthread_create(&thread, NULL, race, &racer), 0);
	for (int round = 0; round < ROUNDS; round++) {
		plan_clear(&r->plan);
		plan_begin(r, CLONE_NEWNS);
		for (int i = 0; i < TARGETS; i++) {
			snprintf(name, sizeof name, "/vol/dir/%d/x", round * TARGETS + i);
			INIT(r, TARGET, text(r, name), PLAN_NO_SLOT, 0755, 0,
			     plan_slot_of(&r->plan, &r->plan.target_slot))->flags = STEP_OPTIONAL;
			INIT(r, MKNOD, text(r, name), S_IFIFO | 0600, 0, 0, 0)->flags =
				STEP_OPTIONAL;
		}
		plan_script(r, "true");
		run_start(r);
		while (run_receive(r))
			;
		run_status(r);
		close(r->sync);
		close(r->output);
		r->sync = r->output = -1;
	}
	racer.stop = 1;
	pthread_join(thread, NULL);
	assert_int_equal(rmdir("/mnt/victim"), 0);
}

/* Idmapped and locked: a rootless container cannot clear what its parent set, and must say why. */
static void locked_flags(void **state)
{
	struct runner *r = *state;
	uint64_t tree = plan_slot_of(&r->plan, &r->plan.mount_slot);

	assert_int_equal(mkdir(in_root(r, "etc/ro"), 0755), 0);
	mkdir("/mnt/ro", 0755);
	assert_int_equal(mount("tmpfs", "/mnt/ro", "tmpfs", MS_RDONLY, NULL), 0);
	r->map = "0 0 1000\n";
	plan_begin(r, CLONE_NEWUSER | CLONE_NEWNS);
	INIT(r, TREE, text(r, "/mnt/ro"), 0, tree);
	INIT(r, ATTR, tree, 0, MOUNT_ATTR_RDONLY, 0, 0, PLAN_NO_SLOT);
	plan_script(r, "true");
	assert_fails(r, OP_ATTR, CALL_mount_setattr, EPERM, "");
	assert_int_equal(umount("/mnt/ro"), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, runner_setup, runner_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(file_systems),
		TEST(bad_option_is_named),
		TEST(unknown_file_system),
		TEST(binds),
		TEST(bind_of_nothing),
		TEST(bind_of_other_kind),
		TEST(targets_stay_in_the_root),
		TEST(special_targets_follow_nothing),
		TEST(last_symlink_is_refused),
		TEST(symlink_loops_end),
		TEST(missing_target_can_be_an_error),
		TEST(copies_up),
		TEST(copies_symlinks),
		TEST(writes_the_real_proc),
		TEST(unknown_sysctl),
		TEST(racing_symlinks_never_escape),
		TEST(locked_flags),
	};

	runner_world();
	return cmocka_run_group_tests(tests, NULL, NULL);
}

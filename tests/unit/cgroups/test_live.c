/* SPDX-License-Identifier: Apache-2.0 */
/* On real cgroups, below one of the test's own. Skipped where none can be made. */
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/sys.h"
#include "cgroups/cgroup.h"
#include "cgroups/internal.h"
#include "spec/spec.h"

enum { PATIENCE = 60000 };

struct fixture {
	struct arena arena;
	struct host host;
	const char *base; /* "/tare-test-PID" */
};

static int set_up(void **state)
{
	static struct fixture f;
	struct err e;

	f = (struct fixture){ 0 };
	if (cgroup_probe(&f.arena, &f.host, &e) < 0)
		return -1;
	f.base = arena_printf(&f.arena, "/tare-test-%d", getpid());
	*state = &f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;
	autofd base = -1;
	struct err e;

	if (f->host.cgroup_mount && cgroup_open(&f->host, f->base, &base, &e) == 0) {
		cgroup_kill(base, PATIENCE, &e);
		cgroup_remove(&f->host, f->base, &e);
	}
	arena_clear(&f->arena);
	return 0;
}

static bool can_test(const struct fixture *f)
{
	return f->host.cgroup_mount && geteuid() == 0 &&
	       access(f->host.cgroup_mount, W_OK) == 0;
}

/* Makes base/NAME; its descriptor. */
static int make(struct fixture *f, const char *name, unsigned *ret_made)
{
	struct strings none = { 0 };
	const char *path = arena_printf(&f->arena, "%s/%s", f->base, name);
	struct err e = { 0 };
	int fd = -1;

	if (cgroup_make(&f->host, path, &none, &fd, ret_made, &e) < 0)
		fail_msg("%s", e.text);
	return fd;
}

/* A process that waits for its end, born in the cgroup. */
static pid_t inhabit(int cgroup)
{
	struct clone_args args = { .flags = CLONE_INTO_CGROUP, .exit_signal = SIGCHLD,
				   .cgroup = (uint64_t)cgroup };
	pid_t pid = sys_clone3(&args);

	if (pid == 0)
		for (;;)
			pause();
	assert_true(pid > 0);
	return pid;
}

static void reap(pid_t pid)
{
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

/* A user would lose a container that does not end: processes, frozen or deep in sub-cgroups,
 * that outlive it. */
static void test_kill(void **state)
{
	struct fixture *f = *state;
	autofd top = -1, deep = -1;
	unsigned made;
	bool populated;
	struct err e;
	pid_t a, b;

	if (!can_test(f))
		skip();
	top = make(f, "kill", &made);
	assert_int_equal(made, 2);
	deep = make(f, "kill/x/y/z", &made);
	assert_int_equal(made, 3);
	a = inhabit(top);
	b = inhabit(deep);
	assert_int_equal(cgroup_populated(top, &populated, &e), 0);
	assert_true(populated);
	assert_int_equal(cgroup_freeze(top, true, &e), 0);
	assert_int_equal(cgroup_kill(top, PATIENCE, &e), 0);
	reap(a);
	reap(b);
	assert_int_equal(cgroup_populated(top, &populated, &e), 0);
	assert_false(populated);
	assert_int_equal(cgroup_kill(top, PATIENCE, &e), 0);
}

/* A user would lose what pause promises: nothing runs, and resume brings it back. */
static void test_freeze(void **state)
{
	struct fixture *f = *state;
	autofd cgroup = -1;
	unsigned made;
	bool frozen;
	struct err e;
	pid_t pid;

	if (!can_test(f))
		skip();
	cgroup = make(f, "freeze", &made);
	pid = inhabit(cgroup);
	assert_int_equal(cgroup_freeze(cgroup, true, &e), 0);
	assert_int_equal(cgroup_frozen(cgroup, &frozen, &e), 0);
	assert_true(frozen);
	assert_int_equal(cgroup_freeze(cgroup, false, &e), 0);
	assert_int_equal(cgroup_frozen(cgroup, &frozen, &e), 0);
	assert_false(frozen);
	kill(pid, SIGKILL);
	reap(pid);
	assert_int_equal(cgroup_wait_empty(cgroup, PATIENCE, &e), 0);
	/* Nothing to freeze is frozen at once. */
	assert_int_equal(cgroup_freeze(cgroup, true, &e), 0);
	assert_int_equal(cgroup_freeze(cgroup, false, &e), 0);
}

/* A user would lose the processes that `ps` does not show because they sit in sub-cgroups. */
static void test_processes(void **state)
{
	struct fixture *f = *state;
	autofd top = -1, one = -1, two = -1;
	unsigned made;
	size_t count = 0;
	pid_t *pids, all[3];
	struct err e;

	if (!can_test(f))
		skip();
	top = make(f, "ps", &made);
	one = make(f, "ps/one/deeper", &made);
	two = make(f, "ps/two", &made);
	all[0] = inhabit(top);
	all[1] = inhabit(one);
	all[2] = inhabit(two);
	assert_int_equal(cgroup_processes(&f->arena, top, &pids, &count, &e), 0);
	assert_int_equal(count, 3);
	for (size_t i = 0; i < 3; i++)
		assert_true(pids[0] == all[i] || pids[1] == all[i] || pids[2] == all[i]);
	assert_int_equal(cgroup_kill(top, PATIENCE, &e), 0);
	for (size_t i = 0; i < 3; i++)
		reap(all[i]);
}

/* A user would lose a container to a cgroup that others live in, or that keeps it from ever
 * running. */
static void test_unfit(void **state)
{
	struct fixture *f = *state;
	struct strings none = { 0 };
	const char *path = arena_printf(&f->arena, "%s/unfit", f->base);
	autofd cgroup = -1;
	int again = -1;
	unsigned made;
	struct err e;
	pid_t pid;

	if (!can_test(f))
		skip();
	cgroup = make(f, "unfit", &made);
	pid = inhabit(cgroup);
	assert_int_equal(cgroup_make(&f->host, path, &none, &again, &made, &e), -EBUSY);
	assert_non_null(strstr(e.text, "not empty"));
	assert_int_equal(cgroup_kill(cgroup, PATIENCE, &e), 0);
	reap(pid);
	assert_int_equal(cgroup_freeze(cgroup, true, &e), 0);
	assert_int_equal(cgroup_make(&f->host, path, &none, &again, &made, &e), -EBUSY);
	assert_non_null(strstr(e.text, "frozen"));
	assert_int_equal(cgroup_freeze(cgroup, false, &e), 0);
	assert_int_equal(cgroup_make(&f->host, path, &none, &again, &made, &e), 0);
	assert_int_equal(made, 0);
	fd_close(&again);
}

/* A user would lose a clean host: directories left by a container that made its own, however
 * deep. */
static void test_remove(void **state)
{
	struct fixture *f = *state;
	const char *path = arena_printf(&f->arena, "%s/remove", f->base);
	autofd cgroup = -1;
	int gone = -1;
	unsigned made;
	struct err e;
	pid_t pid;

	if (!can_test(f))
		skip();
	cgroup = make(f, "remove/a/b/c/d/e/f/g/h", &made);
	fd_close(&cgroup);
	cgroup = make(f, "remove/a/b2/c2", &made);
	fd_close(&cgroup);
	cgroup = make(f, "remove/z", &made);
	pid = inhabit(cgroup);
	assert_int_equal(cgroup_remove(&f->host, path, &e), -EBUSY);
	assert_int_equal(cgroup_kill(cgroup, PATIENCE, &e), 0);
	assert_int_equal(cgroup_remove(&f->host, path, &e), 0);
	assert_int_equal(cgroup_remove(&f->host, path, &e), 0);
	reap(pid);
	assert_int_equal(cgroup_open(&f->host, path, &gone, &e), -ENOENT);
	/* What is gone is dead. */
	assert_int_equal(cgroup_kill(cgroup, PATIENCE, &e), 0);
}

/* A user would lose the explanation: a controller that cannot be enabled, and nothing may be
 * left of the try. */
static void test_no_controller(void **state)
{
	static const char *const names[] = { "no_such" }, *const maybe[] = { "no_such?" };
	struct fixture *f = *state;
	struct strings needed = { names, 1 }, wanted = { maybe, 1 };
	const char *path = arena_printf(&f->arena, "%s-none/x", f->base);
	unsigned made;
	struct err e;
	int fd = -1;

	if (!can_test(f))
		skip();
	assert_true(cgroup_make(&f->host, path, &needed, &fd, &made, &e) < 0);
	assert_non_null(strstr(e.text, "no_such"));
	assert_int_equal(access(arena_printf(&f->arena, "%s%s-none", f->host.cgroup_mount, f->base),
				F_OK), -1);
	assert_int_equal(cgroup_make(&f->host, path, &wanted, &fd, &made, &e), 0);
	assert_int_equal(made, 2);
	fd_close(&fd);
	assert_int_equal(cgroup_remove(&f->host, path, &e), 0);
	path = arena_printf(&f->arena, "%s-none", f->base);
	assert_int_equal(cgroup_remove(&f->host, path, &e), 0);
}

/* A user would lose the first of two files that are there, or be refused for one that may be
 * absent. */
static void test_write_choices(void **state)
{
	struct fixture *f = *state;
	const char *text;
	autofd cgroup = -1;
	unsigned made;
	struct err e;

	if (!can_test(f))
		skip();
	cgroup = make(f, "write", &made);
	assert_int_equal(cgroup_write(cgroup, "no.file|cgroup.max.depth", "7|9", &e), 0);
	assert_int_equal(cgroup_read(&f->arena, cgroup, "cgroup.max.depth", &text, &e), 0);
	assert_string_equal(text, "9");
	assert_int_equal(cgroup_write(cgroup, "cgroup.max.depth|no.file", "8|1", &e), 0);
	assert_int_equal(cgroup_read(&f->arena, cgroup, "cgroup.max.depth", &text, &e), 0);
	assert_string_equal(text, "8");
	assert_int_equal(cgroup_write(cgroup, "no.file|", "7", &e), 0);
	assert_int_equal(cgroup_write(cgroup, "no.file", "7", &e), -ENOENT);
	assert_int_equal(cgroup_write(cgroup, "cgroup.max.depth", "many", &e), -EINVAL);
	assert_non_null(strstr(e.text, "cgroup.max.depth: cannot write \"many\""));
	assert_null(cgroup_why(&f->arena, cgroup, NULL));
}

/* In a child born in the cgroup: whether /dev/zero's device can be opened for reading. */
static bool can_read_zero(int cgroup)
{
	struct clone_args args = { .flags = CLONE_INTO_CGROUP, .exit_signal = SIGCHLD,
				   .cgroup = (uint64_t)cgroup };
	pid_t pid = sys_clone3(&args);
	int status;

	if (pid == 0)
		_exit(open("/dev/zero", O_RDONLY | O_CLOEXEC) < 0);
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static void attach(struct fixture *f, int cgroup, const struct spec_device_rule *rules,
		   size_t count)
{
	autobuf others = { 0 };
	const void *program;
	struct err e = { 0 };
	size_t size;

	cgroup_device_program(&f->arena, rules, count, &program, &size);
	if (cgroup_devices_attach(cgroup, program, size, &others, &e) < 0)
		fail_msg("%s", e.text);
	assert_int_equal(others.length, 0);
}

/* A user would lose the wall around devices, or an update of it that takes effect: programs
 * would add up. */
static void test_devices(void **state)
{
	const struct spec_device_rule zero = { .allow = true, .type = 'c', .has_major = true,
					       .major = 1, .has_minor = true, .minor = 5,
					       .read = true };
	const struct spec_device_rule all = { .allow = true, .type = 'a', .read = true,
					      .write = true, .mknod = true };
	struct fixture *f = *state;
	autofd cgroup = -1;
	unsigned made;

	if (!can_test(f))
		skip();
	cgroup = make(f, "devices", &made);
	assert_true(can_read_zero(cgroup));
	attach(f, cgroup, &zero, 0);
	assert_false(can_read_zero(cgroup));
	attach(f, cgroup, &zero, 1);
	assert_true(can_read_zero(cgroup));
	attach(f, cgroup, &zero, 0);
	assert_false(can_read_zero(cgroup));
	attach(f, cgroup, &all, 1);
	assert_true(can_read_zero(cgroup));
}

/* A user would lose a nested manager that may write its own cgroup, or a host whose limits it
 * may write. */
static void test_own(void **state)
{
	struct fixture *f = *state;
	autofd cgroup = -1;
	unsigned made;
	struct stat st;
	struct err e;

	if (!can_test(f))
		skip();
	cgroup = make(f, "own", &made);
	assert_int_equal(cgroup_own(cgroup, 12345, &e), 0);
	assert_int_equal(fstat(cgroup, &st), 0);
	assert_int_equal(st.st_uid, 12345);
	assert_int_equal(fstatat(cgroup, "cgroup.procs", &st, 0), 0);
	assert_int_equal(st.st_uid, 12345);
	assert_int_equal(fstatat(cgroup, "cgroup.freeze", &st, 0), 0);
	assert_int_equal(st.st_uid, 0);
}

static bool has_controller(const struct fixture *f, const char *name)
{
	for (size_t i = 0; i < f->host.controllers.count; i++)
		if (str_equal(f->host.controllers.items[i], name))
			return true;
	return false;
}

/* All that the spec can ask for and a small machine can do; what is read back for it. */
static const struct readback {
	const char *file, *text;
} readbacks[] = {
	{ "pids.max", "1" },	       { "memory.max", "67108864" },
	{ "memory.low", "33554432" },  { "cpu.weight", "59" },
	{ "cpu.max", "50000 100000" }, { "cpu.max.burst", "1000" },
	{ "cpuset.cpus", "0" },
};

static const struct spec_resources resources = {
	.has_pids_limit = true,
	.pids_limit = 1,
	.memory = { .has_limit = true, .limit = 67108864, .has_reservation = true,
		    .reservation = 33554432, .has_swap = true, .swap = 67108864 },
	.cpu = { .has_shares = true, .shares = 512, .has_quota = true, .quota = 50000,
		 .has_burst = true, .burst = 1000, .cpus = "0", .mems = "0" },
	.block_io = { .has_weight = true, .weight = 500 },
};

static void write_limits(struct fixture *f, int cgroup)
{
	struct cgroup_limits limits = { .arena = &f->arena };
	struct err e = { 0 };

	assert_int_equal(cgroup_limits_of(&resources, &limits, &e), 0);
	for (size_t i = 0; i < limits.count; i++)
		if (cgroup_write(cgroup, limits.items[i].file, limits.items[i].value, &e) < 0)
			fail_msg("%s: %s", limits.items[i].why, e.text);
}

/* One process more than the limit allows. */
static void fork_too_many(int cgroup)
{
	struct clone_args args = { .flags = CLONE_INTO_CGROUP, .exit_signal = SIGCHLD,
				   .cgroup = (uint64_t)cgroup };
	pid_t pid = sys_clone3(&args);
	int status;

	if (pid == 0)
		_exit(fork() >= 0);
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

/* A user would lose his limits: controllers not enabled on the way down, or values the kernel
 * reads otherwise. */
static void test_limits(void **state)
{
	static const char *const names[] = { "memory", "pids", "cpu", "cpuset", "io", "rdma?" };
	struct fixture *f = *state;
	struct strings controllers = { names, 6 };
	const char *text, *path = arena_printf(&f->arena, "%s/deep/limits", f->base);
	autofd cgroup = -1;
	unsigned made;
	struct err e = { 0 };

	if (!can_test(f) || !has_controller(f, "memory"))
		skip();
	if (cgroup_make(&f->host, path, &controllers, &cgroup, &made, &e) < 0)
		fail_msg("%s", e.text);
	write_limits(f, cgroup);
	for (size_t i = 0; i < sizeof readbacks / sizeof *readbacks; i++) {
		assert_int_equal(cgroup_read(&f->arena, cgroup, readbacks[i].file, &text, &e), 0);
		assert_string_equal(text, readbacks[i].text);
	}
	assert_null(cgroup_why(&f->arena, cgroup, NULL));
	fork_too_many(cgroup);
	assert_non_null(strstr(cgroup_why(&f->arena, cgroup, NULL), "pids.max reached"));
}

/* A user would lose the way out: his own cgroup has processes, so it cannot hand controllers on. */
static void test_no_internal_processes(void **state)
{
	/* "pids" the kernel would hand on, and make the user's cgroup a threaded one by it. */
	static const char *const names[] = { "memory", "pids" };
	struct fixture *f = *state;
	const char *text, *path = arena_printf(&f->arena, "%s/busy/x", f->base);
	autofd busy = -1, cgroup = -1;
	unsigned made;
	struct err e = { 0 };
	pid_t pid;

	if (!can_test(f) || !has_controller(f, "pids"))
		skip();
	busy = make(f, "busy", &made);
	pid = inhabit(busy);
	for (size_t i = 0; i < 2; i++) {
		struct strings one = { &names[i], 1 };

		assert_int_equal(cgroup_make(&f->host, path, &one, &cgroup, &made, &e), -EBUSY);
		assert_non_null(strstr(e.text, "/busy: "));
		assert_non_null(strstr(e.text, "processes of its own"));
		assert_int_equal(cgroup_read(&f->arena, busy, "cgroup.type", &text, &e), 0);
		assert_string_equal(text, "domain");
	}
	assert_int_equal(cgroup_kill(busy, PATIENCE, &e), 0);
	reap(pid);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kill),	      cmocka_unit_test(test_freeze),
		cmocka_unit_test(test_processes),     cmocka_unit_test(test_unfit),
		cmocka_unit_test(test_remove),	      cmocka_unit_test(test_no_controller),
		cmocka_unit_test(test_write_choices), cmocka_unit_test(test_devices),
		cmocka_unit_test(test_own),	      cmocka_unit_test(test_limits),
		cmocka_unit_test(test_no_internal_processes),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}

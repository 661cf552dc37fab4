/* SPDX-License-Identifier: Apache-2.0 */
/* The conversation between the lanes, namespaces, and what tare-init itself costs. */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/fd.h"
#include "base/sys.h"
#include "tests/unit/init/runner.h"

static void next_is(struct runner *r, enum report_kind kind, uint32_t number)
{
	assert_true(run_receive(r));
	assert_int_equal(r->report.kind, kind);
	assert_int_equal(r->report.number, number);
}

/* Hooks on the host run while init waits: it must neither run ahead nor lose a GO. */
static void meets_the_host(void **state)
{
	struct runner *r = *state;

	plan_begin(r, CLONE_NEWNS);
	plan_enter(r);
	plan_sync(&r->plan, INIT_TO_HOST, NULL);
	plan_sync(&r->plan, HOST_TO_INIT, NULL);
	plan_sync(&r->plan, INIT_TO_HOST, NULL);
	plan_script(r, "echo done");
	run_start(r);
	next_is(r, REPORT_SYNC, 1);
	run_post(r, 2, -1);
	next_is(r, REPORT_SYNC, 3);
	run_until_exec(r);
	assert_string_equal(run_output(r), "done\n");
}

/* A host that answers out of order must not get a container. */
static void wrong_go_is_refused(void **state)
{
	struct runner *r = *state;

	plan_begin(r, CLONE_NEWNS);
	plan_sync(&r->plan, HOST_TO_INIT, NULL);
	plan_script(r, "true");
	run_start(r);
	run_post(r, 7, -1);
	assert_true(run_receive(r));
	assert_int_equal(r->report.kind, REPORT_ERROR);
	assert_int_equal(r->report.error, EPROTO);
	assert_int_equal(run_status(r), 1);
}

/* tare killed while it creates: what it made must end by itself. */
static void ends_with_its_host(void **state)
{
	struct runner *r = *state;

	plan_begin(r, CLONE_NEWNS | CLONE_NEWPID);
	plan_sync(&r->plan, HOST_TO_INIT, NULL);
	plan_script(r, "true");
	run_start(r);
	fd_close(&r->sync);
	assert_int_equal(run_status(r), 1);
}

/* What may fail (a device node in a user namespace) is told and passed over. */
static void optional_steps_only_warn(void **state)
{
	struct runner *r = *state;

	plan_begin(r, CLONE_NEWNS);
	INIT(r, TARGET, text(r, "/none"), PLAN_NO_SLOT, 0755, TARGET_EXISTS, plan_slot(&r->plan))
		->flags = STEP_OPTIONAL;
	plan_script(r, "true");
	run_start(r);
	next_is(r, REPORT_WARNING, 2);
	assert_int_equal(r->report.error, ENOENT);
	assert_string_equal(r->report.detail, "/none");
	run_until_exec(r);
}

/* A new proc where the kernel gives one: the host's must not be shown then. */
static void an_alternative_is_passed_over(void **state)
{
	struct runner *r = *state;
	uint64_t slot;

	plan_begin(r, CLONE_NEWNS);
	slot = plan_slot(&r->plan);
	INIT(r, FS, text(r, "tmpfs"), text(r, "tmpfs"), 0, 0, slot)->flags = STEP_ELSE;
	INIT(r, TREE, text(r, "/none"), 0, slot);
	plan_script(r, "true");
	run_start(r);
	run_until_exec(r);
}

/* Only what is not permitted has an alternative: a mistyped option is a mistake. */
static void an_alternative_hides_no_mistake(void **state)
{
	struct runner *r = *state;
	uint64_t slot;

	plan_begin(r, CLONE_NEWNS);
	slot = plan_slot(&r->plan);
	INIT(r, FS, text(r, "nonesuch"), text(r, "none"), 0, 0, slot)->flags = STEP_ELSE;
	INIT(r, TREE, text(r, "/"), 0, slot);
	plan_script(r, "true");
	assert_fails(r, OP_FS, CALL_fsopen, ENODEV, "nonesuch");
}

/* Names, loopback and the new namespaces are the container's own. */
static void names_and_loopback(void **state)
{
	struct runner *r = *state;

	plan_begin(r, CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWNET);
	INIT(r, LOOPBACK_UP, 0);
	INIT(r, HOSTNAME, text(r, "box"));
	INIT(r, DOMAINNAME, text(r, "example.org"));
	INIT(r, SESSION, 0);
	plan_enter(r);
	plan_script(r, "exec 2>/dev/null; hostname; ifconfig lo | grep -o 'UP LOOPBACK';"
		       "ifconfig -a | grep -c Link");
	assert_prints(r, "box\nUP LOOPBACK\n1\n");
}

static void too_long_a_name(void **state)
{
	struct runner *r = *state;
	char name[100] = "";

	memset(name, 'n', sizeof name - 1);
	plan_begin(r, CLONE_NEWNS | CLONE_NEWUTS);
	INIT(r, HOSTNAME, text(r, name));
	plan_script(r, "true");
	assert_fails(r, OP_HOSTNAME, CALL_sethostname, EINVAL, name);
}

static void session_keyring(void **state)
{
	struct runner *r = *state;

	plan_begin(r, CLONE_NEWNS | CLONE_NEWPID);
	INIT(r, KEYRING, text(r, "_ses.test"), 0);
	PLAN_INIT(&r->plan, OP_FS, NULL, text(r, "proc"), 0, 0, 0, plan_slot(&r->plan));
	INIT(r, TARGET, text(r, "/proc"), PLAN_NO_SLOT, 0755, 0, plan_slot(&r->plan));
	INIT(r, ATTACH, r->root_slot + 1, r->root_slot + 2);
	plan_enter(r);
	plan_script(r, "grep -c 3f1b0000.*_ses.test /proc/keys");
	assert_prints(r, "1\n");
}

/* A joined user namespace: init enters it, forks into a new pid namespace of it, and the host
 * learns which process goes on before that one says anything. */
static void forks_into_a_joined_namespace(void **state)
{
	struct runner *r = *state;
	uint64_t slot = plan_slot(&r->plan);
	pid_t holder = fork();
	char path[64];
	autofd ns = -1;

	if (holder == 0) {
		unshare(CLONE_NEWUSER);
		raise(SIGSTOP);
		_exit(0);
	}
	waitpid(holder, NULL, WUNTRACED);
	snprintf(path, sizeof path, "/proc/%d/ns/user", holder);
	ns = open(path, O_RDONLY);
	PLAN_HOST(&r->plan, OP_OPEN_NS, NULL, text(r, path), CLONE_NEWUSER, slot);
	r->clone = CLONE_NEWNS;
	PLAN_HOST(&r->plan, OP_CLONE, NULL, r->clone);
	PLAN_HOST(&r->plan, OP_FORKED, NULL, 0);
	r->given[slot] = ns;
	INIT(r, SETNS, slot, CLONE_NEWUSER);
	INIT(r, UNSHARE, CLONE_NEWNS | CLONE_NEWPID);
	INIT(r, FORK, 0);
	plan_sync(&r->plan, INIT_TO_HOST, NULL);
	plan_script(r, "echo $$");
	kill(holder, SIGCONT);
	run_start(r);
	next_is(r, REPORT_PID, 0);
	assert_true(r->fd >= 0);
	assert_int_equal(run_status(r), 0);
	r->pidfd = fd_take(&r->fd);
	next_is(r, REPORT_SYNC, 1);
	run_until_exec(r);
	assert_string_equal(run_output(r), "1\n");
	assert_int_equal(run_status(r), 0);
	kill(holder, SIGKILL);
	waitpid(holder, NULL, 0);
}

/* A step that needs rights init has not: which namespace, which call, which errno. */
static void setns_to_nothing(void **state)
{
	struct runner *r = *state;
	uint64_t slot = plan_slot(&r->plan);

	PLAN_HOST(&r->plan, OP_OPEN_NS, NULL, text(r, "/dev/null"), CLONE_NEWNET, slot);
	PLAN_HOST(&r->plan, OP_CLONE, NULL, 0);
	r->given[slot] = open("/dev/null", O_RDONLY);
	INIT(r, SETNS, slot, CLONE_NEWNET);
	plan_script(r, "true");
	assert_fails(r, OP_SETNS, CALL_setns, EINVAL, "network");
}

static unsigned private_dirty(pid_t pid)
{
	char path[64], line[256];
	unsigned total = 0, size;
	FILE *maps;

	snprintf(path, sizeof path, "/proc/%d/smaps_rollup", pid);
	maps = fopen(path, "re");
	assert_non_null(maps);
	while (fgets(line, sizeof line, maps))
		if (sscanf(line, "Private_Dirty: %u kB", &size) == 1)
			total += size;
	fclose(maps);
	return total;
}

/* A container with a tiny memory limit must still start. */
static void costs_next_to_nothing(void **state)
{
	struct runner *r = *state;

	plan_begin(r, CLONE_NEWNS | CLONE_NEWPID);
	plan_enter(r);
	INIT(r, CWD, text(r, "/tmp/new"), 0, 0, 1);
	plan_sync(&r->plan, INIT_TO_HOST, NULL);
	plan_sync(&r->plan, HOST_TO_INIT, NULL);
	plan_script(r, "true");
	run_start(r);
	next_is(r, REPORT_SYNC, 1);
	assert_in_range(private_dirty(r->pid), 1, 60);
	run_post(r, 2, -1);
	run_until_exec(r);
}

/* Nobody in the container may trace init or look at its descriptors (CVE-2016-9962). */
static void is_not_dumpable(void **state)
{
	struct runner *r = *state;
	char path[64];
	struct stat st;

	plan_begin(r, CLONE_NEWNS);
	INIT(r, IDS, 1000, 1000);
	plan_sync(&r->plan, INIT_TO_HOST, NULL);
	plan_sync(&r->plan, HOST_TO_INIT, NULL);
	plan_script(r, "true");
	run_start(r);
	next_is(r, REPORT_SYNC, 1);
	snprintf(path, sizeof path, "/proc/%d/maps", r->pid);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_uid, 0);
	run_post(r, 2, -1);
	run_until_exec(r);
}

/* --preserve-fds and socket activation; and nothing else of the host's reaches the workload. */
static void descriptors_of_the_workload(void **state)
{
	struct runner *r = *state;
	uint64_t proc = plan_slot(&r->plan), target = plan_slot(&r->plan);

	r->preserve_fds = 1;
	plan_begin(r, CLONE_NEWNS | CLONE_NEWPID);
	INIT(r, FS, text(r, "proc"), 0, 0, 0, proc);
	INIT(r, TARGET, text(r, "/proc"), proc, 0755, 0, target);
	INIT(r, ATTACH, proc, target);
	plan_enter(r);
	plan_script(r, "cd /proc/$$/fd; for f in 0 1 2 3 4 5 6 7 8 9; do [ -e $f ] && echo $f; "
		       "done; true");
	assert_prints(r, "0\n1\n2\n3\n");
}

static void descriptor_that_is_not_there(void **state)
{
	struct runner *r = *state;

	r->preserve_fds = 500;
	plan_begin(r, CLONE_NEWNS);
	plan_script(r, "true");
	run_start(r);
	assert_true(run_receive(r));
	assert_int_equal(r->report.kind, REPORT_ERROR);
	assert_non_null(strstr(r->report.detail, "is to be preserved, but it is not open"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, runner_setup, runner_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(meets_the_host),
		TEST(wrong_go_is_refused),
		TEST(ends_with_its_host),
		TEST(optional_steps_only_warn),
		TEST(an_alternative_is_passed_over),
		TEST(an_alternative_hides_no_mistake),
		TEST(names_and_loopback),
		TEST(too_long_a_name),
		TEST(session_keyring),
		TEST(forks_into_a_joined_namespace),
		TEST(setns_to_nothing),
		TEST(costs_next_to_nothing),
		TEST(is_not_dumpable),
		TEST(descriptors_of_the_workload),
		TEST(descriptor_that_is_not_there),
	};

	runner_world();
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/sys.h"
#include "plan/format.h"
#include "runtime/context.h"
#include "runtime/gate.h"
#include "runtime/identity.h"
#include "runtime/launch.h"
#include "runtime/state.h"

struct house {
	struct arena arena;
	struct context context;
	char path[64];
	struct err e;
};

static int make_house(void **state)
{
	struct house *h = calloc(1, sizeof *h);

	strcpy(h->path, "/tmp/test-state-XXXXXX");
	if (!mkdtemp(h->path))
		return -1;
	h->context = (struct context){ .arena = &h->arena, .root_fd = -1, .host_probed = true };
	h->context.root = arena_printf(&h->arena, "%s/run/tare", h->path);
	*state = h;
	return 0;
}

static int drop_house(void **state)
{
	struct house *h = *state;
	int r = dir_remove_tree(AT_FDCWD, h->path);

	fd_close(&h->context.root_fd);
	arena_clear(&h->arena);
	free(h);
	return r;
}

static struct container reserve(struct house *h, const char *id)
{
	struct container c = CONTAINER_NONE;

	assert_int_equal(container_reserve(&h->context, id, &c, &h->e), 0);
	c.bundle = c.rootfs = c.created = c.oci_version = c.owner = "";
	return c;
}

static const struct id_row {
	const char *id;
	int result;
} ids[] = {
	{ "a", 0 },	     { "A-b_c.d+9", 0 },    { "...", 0 },	{ "-x", 0 },
	{ "", -EINVAL },     { ".", -EINVAL },	    { "..", -EINVAL },	{ "a/b", -EINVAL },
	{ "../x", -EINVAL }, { "a b", -EINVAL },    { "a\n", -EINVAL }, { "\xc3\xa4", -EINVAL },
	{ "a:b", -EINVAL },  { "a\x7f", -EINVAL },
};

/* An id becomes a directory's name: with a slash in it, delete would remove somebody's files. */
static void ids_are_names(void **state)
{
	char longest[1026];
	struct err e;

	for (size_t i = 0; i < sizeof ids / sizeof *ids; i++)
		assert_int_equal(container_id_check(ids[i].id, &e), ids[i].result);
	memset(longest, 'a', sizeof longest);
	longest[1024] = '\0';
	assert_int_equal(container_id_check(longest, &e), 0);
	longest[1024] = 'a';
	longest[1025] = '\0';
	assert_int_equal(container_id_check(longest, &e), -EINVAL);
}

/* Two engines that make the same id at once: one gets it, the other is told. Nobody else may look
 * in. */
static void an_id_is_given_once(void **state)
{
	struct house *h = *state;
	struct container c = reserve(h, "x"), other = CONTAINER_NONE;
	struct stat st;

	assert_true(c.locked);
	assert_int_equal(container_reserve(&h->context, "x", &other, &h->e), -EEXIST);
	assert_string_equal(h->e.text, "container with given ID already exists: x");
	assert_int_equal(other.dir, -1);
	assert_int_equal(fstat(c.dir, &st), 0);
	assert_int_equal(st.st_mode & 07777, 01700);
	assert_int_equal(stat(h->context.root, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
	container_close(&c);
}

/* Engines look for these words to learn that a container is gone. */
static void absent_is_said_so(void **state)
{
	struct house *h = *state;
	struct container c = CONTAINER_NONE;
	struct strings none;

	assert_int_equal(container_load(&h->context, "x", false, &c, &h->e), -ENOENT);
	assert_string_equal(h->e.text, "container does not exist: x");
	assert_int_equal(container_ids(&h->context, &none, &h->e), 0);
	assert_int_equal(none.count, 0);
	assert_int_equal(container_forget(&h->context, "x", &h->e), 0);
	/* Looking has made nothing. */
	assert_int_equal(access(h->context.root, F_OK), -1);
	assert_int_equal(container_load(&h->context, "../x", false, &c, &h->e), -EINVAL);
}

/* What is saved is there for the next command, under its own name only. */
static void saved_is_loaded(void **state)
{
	struct house *h = *state;
	struct container c = reserve(h, "x"), read = CONTAINER_NONE;

	c.cgroup = "/tare/x";
	assert_int_equal(container_save(&c, &h->e), 0);
	container_close(&c);
	assert_int_equal(container_load(&h->context, "x", true, &read, &h->e), 0);
	assert_string_equal(read.cgroup, "/tare/x");
	assert_true(read.locked);
	container_close(&read);
	assert_int_equal(renameat(h->context.root_fd, "x", h->context.root_fd, "y"), 0);
	assert_int_equal(container_load(&h->context, "y", false, &read, &h->e), -EBADMSG);
	assert_int_equal(read.dir, -1);
}

/* The message must lead to the file and to the way out, and delete must still get at the
 * directory. */
static void damaged_is_named_and_can_be_opened(void **state)
{
	struct house *h = *state;
	struct container c = reserve(h, "x"), read = CONTAINER_NONE;

	assert_int_equal(container_load(&h->context, "x", false, &read, &h->e), -ENOENT);
	assert_non_null(strstr(h->e.text, "container does not exist: x"));
	assert_non_null(strstr(h->e.text, "delete --force"));
	assert_int_equal(file_replace(c.dir, "state.json", 0600, "{", 1), 0);
	container_close(&c);
	assert_int_equal(container_load(&h->context, "x", false, &read, &h->e), -EBADMSG);
	assert_non_null(strstr(h->e.text, h->context.root));
	assert_non_null(strstr(h->e.text, "x/state.json"));
	assert_int_equal(container_open(&h->context, "x", true, &read, &h->e), 0);
	container_close(&read);
	assert_int_equal(container_forget(&h->context, "x", &h->e), 0);
	assert_int_equal(faccessat(h->context.root_fd, "x", F_OK, 0), -1);
}

/* list shows each container once, in an order that does not change, and no file that lies about. */
static void ids_are_listed_sorted(void **state)
{
	struct house *h = *state;
	const char *const made[] = { "b", "a", "c.1" };
	struct strings listed;

	for (size_t i = 0; i < 3; i++) {
		struct container c = reserve(h, made[i]);

		container_close(&c);
	}
	assert_int_equal(mkdirat(h->context.root_fd, "not an id", 0700), 0);
	assert_int_equal(file_replace(h->context.root_fd, "file", 0600, "", 0), 0);
	assert_int_equal(container_ids(&h->context, &listed, &h->e), 0);
	assert_int_equal(listed.count, 3);
	assert_string_equal(listed.items[0], "a");
	assert_string_equal(listed.items[1], "b");
	assert_string_equal(listed.items[2], "c.1");
}

/* Whoever waited for a container that was deleted meanwhile must not bring it back. */
static void lock_of_the_deleted_is_refused(void **state)
{
	struct house *h = *state;
	struct container c = reserve(h, "x"), late = CONTAINER_NONE;

	assert_int_equal(container_open(&h->context, "x", false, &late, &h->e), 0);
	assert_int_equal(flock(late.dir, LOCK_EX | LOCK_NB), -1);
	assert_int_equal(container_forget(&h->context, "x", &h->e), 0);
	container_close(&c);
	assert_int_equal(container_lock(&late, &h->e), -ENOENT);
	assert_false(late.locked);
	container_close(&late);
}

/* What a create that was killed leaves behind is stopped, so that delete may take it; while one is
 * alive it is creating, so that nothing touches it. */
static void creating_ends_with_its_creator(void **state)
{
	struct house *h = *state;
	struct container c = reserve(h, "x"), other = CONTAINER_NONE;
	enum status status;

	assert_int_equal(container_save(&c, &h->e), 0);
	assert_int_equal(container_load(&h->context, "x", false, &other, &h->e), 0);
	assert_int_equal(container_status(&h->context, &other, &status, &h->e), 0);
	assert_int_equal(status, STATUS_CREATING);
	container_close(&c);
	assert_int_equal(container_status(&h->context, &other, &status, &h->e), 0);
	assert_int_equal(status, STATUS_STOPPED);
	container_close(&other);
}

static pid_t make_child(int *ret_pidfd)
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			pause();
	}
	*ret_pidfd = sys_pidfd_open(pid, 0);
	assert_true(*ret_pidfd >= 0);
	return pid;
}

static enum status status_of(struct house *h, const struct container *c)
{
	enum status status;

	assert_int_equal(container_status(&h->context, c, &status, &h->e), 0);
	return status;
}

/* `run` may die between the workload's start and its own last word: the container runs all the same. */
static void creating_with_a_process_ends_with_its_creator(void **state)
{
	struct house *h = *state;
	int pidfd;
	pid_t pid = make_child(&pidfd); /* first: it must not inherit the lock */
	struct container c = reserve(h, "x"), other = CONTAINER_NONE;

	assert_int_equal(container_identify(&c, pid, pidfd, &h->e), 0);
	assert_int_equal(container_save(&c, &h->e), 0);
	assert_int_equal(container_load(&h->context, "x", false, &other, &h->e), 0);
	assert_int_equal(status_of(h, &other), STATUS_CREATING);
	container_close(&c);
	assert_int_equal(status_of(h, &other), STATUS_RUNNING);
	container_close(&other);
	/* Who holds the lock later (an update, a kill) is no creator. */
	assert_int_equal(container_load(&h->context, "x", true, &c, &h->e), 0);
	assert_int_equal(container_made(&c, &h->e), 0);
	assert_int_equal(container_load(&h->context, "x", false, &other, &h->e), 0);
	assert_int_equal(status_of(h, &other), STATUS_RUNNING);
	container_close(&c);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	assert_int_equal(status_of(h, &other), STATUS_STOPPED);
	container_close(&other);
	fd_close(&pidfd);
}

/* The words of a container's life, from what can be seen of it: its process, its gate. */
static void status_follows_process_and_gate(void **state)
{
	struct house *h = *state;
	struct container c = reserve(h, "x");
	int pidfd, gate = -1;
	pid_t pid = make_child(&pidfd);

	assert_int_equal(container_identify(&c, pid, pidfd, &h->e), 0);
	c.saved = STATUS_CREATED;
	assert_int_equal(gate_listen(c.dir, &gate, &h->e), 0);
	assert_int_equal(status_of(h, &c), STATUS_CREATED);
	fd_close(&gate);
	assert_int_equal(status_of(h, &c), STATUS_RUNNING);
	gate_remove(c.dir);
	assert_int_equal(status_of(h, &c), STATUS_RUNNING);
	assert_int_equal(sys_pidfd_send_signal(pidfd, SIGKILL), 0);
	/* A zombie has ended too: waitid() leaves it one. */
	assert_int_equal(waitid(P_PID, (id_t)pid, &(siginfo_t){ 0 }, WEXITED | WNOWAIT), 0);
	assert_int_equal(status_of(h, &c), STATUS_STOPPED);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_int_equal(status_of(h, &c), STATUS_STOPPED);
	fd_close(&pidfd);
	container_close(&c);
}

/* After a reboot, or a year, the stored number belongs to somebody who must not be killed. */
static void another_process_with_the_number_is_not_ours(void **state)
{
	struct house *h = *state;
	struct container c = reserve(h, "x");
	int pidfd, found;
	pid_t pid = make_child(&pidfd);
	uint64_t start, inode;

	assert_int_equal(container_identify(&c, pid, pidfd, &h->e), 0);
	start = c.start_time;
	inode = c.pidfd_inode;
	found = container_pidfd(&c, &h->e);
	assert_true(found >= 0);
	fd_close(&found);
	c.start_time = start + 1;
	assert_int_equal(container_pidfd(&c, &h->e), -ESRCH);
	assert_string_equal(h->e.text, "container not running: x");
	assert_int_equal(status_of(h, &c), STATUS_STOPPED);
	c.start_time = start;
	/* Kernels before 6.9 have no such number. */
	c.pidfd_inode = inode ? inode + 1 : 0;
	if (inode)
		assert_int_equal(container_pidfd(&c, &h->e), -ESRCH);
	sys_pidfd_send_signal(pidfd, SIGKILL);
	waitpid(pid, NULL, 0);
	fd_close(&pidfd);
	container_close(&c);
}

/* A program may call itself anything; read from the wrong field the start time would never
 * match. */
static void start_time_is_field_22(void **state)
{
	uint64_t ticks = 0;
	const char *plain = "7 (sh) S 1 7 7 0 -1 4194304 97 0 0 0 0 0 0 0 20 0 1 0 4711 228 19";
	const char *odd = "7 (a) S 1 (b c) R 1 7 7 0 -1 1 97 0 0 0 0 0 0 0 20 0 1 0 4712 22 1\n";

	assert_int_equal(stat_start_time(plain, &ticks), 0);
	assert_int_equal(ticks, 4711);
	assert_int_equal(stat_start_time(odd, &ticks), 0);
	assert_int_equal(ticks, 4712);
	assert_true(stat_is_at_gate("7 (" GATE_NAME ") S 1 7 7"));
	assert_false(stat_is_at_gate(plain));
	assert_false(stat_is_at_gate("7 (" GATE_NAME "x) S 1 7 7"));
	assert_false(stat_is_at_gate(""));
	assert_false(stat_has_ended(plain));
	assert_false(stat_has_ended(odd));
	assert_false(stat_has_ended(""));
	assert_true(stat_has_ended("7 (sh) Z 1 7 7 0 -1 4 0 0 0 0 0 0 0 0 20 0 1 0 99"));
	assert_true(stat_has_ended("7 (sh) X 1 7 7 0 -1 4 0 0 0 0 0 0 0 0 20 0 0 0 99"));
	assert_false(stat_has_ended("7 (sh) Z 1 7 7 0 -1 4 0 0 0 0 0 0 0 0 20 0 2 0 99"));
	assert_false(stat_has_ended("7 (x) Z) S 1 7 7 0 -1 4 0 0 0 0 0 0 0 0 20 0 1 0 99"));
	assert_int_equal(stat_start_time("7 (sh) S 1 7", &ticks), -EBADMSG);
	assert_int_equal(stat_start_time("", &ticks), -EBADMSG);
	assert_int_equal(ticks, 4712);
}

/* The names are an interface; a state file with one of them must be read as the same. */
static void status_names_round_trip(void **state)
{
	enum status status;

	for (enum status i = 0; i < STATUS_COUNT; i++) {
		assert_int_equal(status_parse(status_names[i], &status), 0);
		assert_int_equal(status, i);
	}
	assert_int_equal(status_parse("Running", &status), -EINVAL);
	assert_int_equal(status_parse("", &status), -EINVAL);
}

#define IN_HOUSE(test) cmocka_unit_test_setup_teardown(test, make_house, drop_house)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ids_are_names),
		IN_HOUSE(an_id_is_given_once),
		IN_HOUSE(absent_is_said_so),
		IN_HOUSE(saved_is_loaded),
		IN_HOUSE(damaged_is_named_and_can_be_opened),
		IN_HOUSE(ids_are_listed_sorted),
		IN_HOUSE(lock_of_the_deleted_is_refused),
		IN_HOUSE(creating_ends_with_its_creator),
		IN_HOUSE(creating_with_a_process_ends_with_its_creator),
		IN_HOUSE(status_follows_process_and_gate),
		IN_HOUSE(another_process_with_the_number_is_not_ours),
		cmocka_unit_test(start_time_is_field_22),
		cmocka_unit_test(status_names_round_trip),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

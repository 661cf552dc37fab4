/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/init/runner.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/sys.h"
#include "init/image.h"

void runner_world(void)
{
	if (geteuid() != 0)
		exit(77);
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) < 0 ||
	    mount("tmpfs", "/mnt", "tmpfs", 0, NULL) < 0)
		exit(77);
}

static void copy_busybox(const char *to)
{
	autofd in = open("/bin/busybox", O_RDONLY | O_CLOEXEC);
	autofd out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0755);
	char bytes[65536];
	ssize_t n;

	while ((n = read(in, bytes, sizeof bytes)) > 0)
		assert_int_equal(fd_write_all(out, bytes, (size_t)n), 0);
	assert_int_equal(n, 0);
}

static const char *const directories[] = { "bin", "dev", "etc", "proc", "tmp", "sys" };
static const char *const programs[] = { "bin/sh", "bin/cat", "bin/mount", "bin/id", "bin/sleep",
					"bin/stty", "bin/grep", "bin/ifconfig" };

int runner_setup(void **state)
{
	struct runner *r = calloc(1, sizeof *r);
	char path[128];

	snprintf(r->root, sizeof r->root, "/mnt/XXXXXX");
	assert_non_null(mkdtemp(r->root));
	assert_int_equal(chmod(r->root, 0755), 0);
	for (size_t i = 0; i < sizeof directories / sizeof *directories; i++)
		put_directory(r, directories[i]);
	if (access("/mnt/busybox", X_OK) < 0)
		copy_busybox("/mnt/busybox");
	snprintf(path, sizeof path, "%s/bin/busybox", r->root);
	assert_int_equal(link("/mnt/busybox", path), 0);
	for (size_t i = 0; i < sizeof programs / sizeof *programs; i++)
		put_link(r, programs[i], "busybox");
	r->pidfd = r->sync = r->output = r->fd = -1;
	*state = r;
	return 0;
}

int runner_teardown(void **state)
{
	struct runner *r = *state;

	if (r->pidfd >= 0) {
		sys_pidfd_send_signal(r->pidfd, SIGKILL);
		waitid(P_PIDFD, (id_t)r->pidfd, &(siginfo_t){ 0 }, WEXITED);
	}
	fd_close(&r->pidfd);
	fd_close(&r->sync);
	fd_close(&r->output);
	fd_close(&r->fd);
	plan_clear(&r->plan);
	free(r);
	return 0;
}

uint64_t text(struct runner *r, const char *value)
{
	return plan_str(&r->plan, value);
}

uint64_t list(struct runner *r, const char *const *items)
{
	struct strings strings = { items, 0 };

	while (items[strings.count])
		strings.count++;
	return plan_list(&r->plan, &strings);
}

void plan_begin(struct runner *r, uint64_t clone)
{
	r->clone = clone;
	PLAN_HOST(&r->plan, OP_CLONE, NULL, clone);
	if (clone & CLONE_NEWUSER)
		PLAN_HOST(&r->plan, OP_RELEASE, NULL, 0);
	INIT(r, PROPAGATION, text(r, "/"), MS_REC | MS_SLAVE);
	r->root_slot = plan_slot_of(&r->plan, &r->plan.root_slot);
	INIT(r, ROOT, text(r, r->root), 1, r->root_slot);
}

void plan_enter(struct runner *r)
{
	INIT(r, PIVOT, PIVOT_ROOT);
}

void plan_exec(struct runner *r, const char *const *argv, const char *const *env, bool home)
{
	INIT(r, EXEC, list(r, argv), list(r, env), home);
}

void plan_script(struct runner *r, const char *script)
{
	const char *const argv[] = { "/bin/busybox", "sh", "-c", script, NULL };
	const char *const env[] = { "PATH=/bin", NULL };

	plan_exec(r, argv, env, false);
}

static void write_map(pid_t pid, const char *file, const char *value)
{
	char path[64];

	snprintf(path, sizeof path, "/proc/%d/%s", pid, file);
	assert_int_equal(file_write(AT_FDCWD, path, value), 0);
}

static bool inherit(int fd)
{
	return fcntl(fd, F_SETFD, 0) == 0;
}

/* execve takes the capabilities of whoever has no uid in its user namespace. */
static bool become_root(const char *map)
{
	return !map || (setresgid(0, 0, 0) == 0 && setresuid(0, 0, 0) == 0);
}

/* Of what the test program has open, 3 is the one that may be preserved. */
static void become_init(const struct runner *r, int image, int plan, int sync, int output, int go)
{
	char number[16], byte;
	char *argv[] = { "tare-init", number, NULL }, *envp[] = { NULL };

	snprintf(number, sizeof number, "%d", plan);
	if (read(go, &byte, 1) == 1 && become_root(r->map) && dup2(output, 1) >= 0 &&
	    dup2(output, 2) >= 0 && inherit(plan) && inherit(sync))
		sys_execveat(image, "", argv, envp, AT_EMPTY_PATH);
	_exit(99);
}

static int image_open(void)
{
	int image = sys_memfd_create("tare-init", MFD_CLOEXEC);

	assert_true(image >= 0);
	assert_int_equal(fd_write_all(image, tare_init_image,
				      (size_t)(tare_init_image_end - tare_init_image)), 0);
	return image;
}

static int plan_seal_into(struct runner *r, int sync)
{
	autoarena arena = { 0 };
	struct plan_header *plan;
	struct err e;
	int fd;

	r->plan.preserve_fds = r->preserve_fds;
	if (plan_seal(&r->plan, &arena, &plan, &e) < 0)
		fail_msg("%s", e.text);
	plan->sync_fd = sync;
	plan->ignored_signals = ~0ull;
	for (size_t i = 0; i < sizeof r->given / sizeof *r->given; i++)
		if (r->given[i])
			((int32_t *)((char *)plan + plan->slots))[i] = r->given[i];
	fd = memfd_sealed("plan", plan, plan->size);
	assert_true(fd >= 0);
	return fd;
}

void run_start(struct runner *r)
{
	__attribute__((unused)) autofd third = open("/dev/null", O_RDONLY);
	int pair[2], out[2], go[2], pidfd = -1;
	autofd image = image_open(), plan = -1;
	struct clone_args args = {
		.flags = r->clone | CLONE_PIDFD,
		.pidfd = (uintptr_t)&pidfd,
		.exit_signal = SIGCHLD,
	};

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	assert_int_equal(pipe2(out, O_CLOEXEC), 0);
	assert_int_equal(pipe2(go, O_CLOEXEC), 0);
	plan = plan_seal_into(r, pair[1]);
	r->pid = sys_clone3(&args);
	assert_true(r->pid >= 0);
	if (r->pid == 0)
		become_init(r, image, plan, pair[1], out[1], go[0]);
	r->pidfd = pidfd;
	r->sync = pair[0];
	r->output = out[0];
	if (r->map) {
		write_map(r->pid, "uid_map", r->map);
		write_map(r->pid, "gid_map", r->map);
	}
	assert_int_equal(write(go[1], "g", 1), 1);
	close(go[0]);
	close(go[1]);
	close(pair[1]);
	close(out[1]);
}

bool run_receive(struct runner *r)
{
	ssize_t n;

	fd_close(&r->fd);
	n = socket_receive_fd(r->sync, &r->report, sizeof r->report, &r->fd);
	if (n == 0 || n == -ECONNRESET)
		return false;
	assert_int_equal(n, sizeof r->report);
	return true;
}

void run_post(struct runner *r, uint32_t number, int fd)
{
	struct report go = { .kind = REPORT_GO, .number = number };

	assert_int_equal(socket_send_fd(r->sync, &go, sizeof go, fd), sizeof go);
}

static void fail_on_error(const struct runner *r)
{
	if (r->report.kind == REPORT_ERROR)
		fail_msg("step %u: %s: %s: %s", r->report.number,
			 plan_call_name(r->report.call), r->report.detail,
			 strerror(r->report.error));
}

void run_until_exec(struct runner *r)
{
	bool executing = false;

	while (run_receive(r)) {
		fail_on_error(r);
		executing |= r->report.kind == REPORT_EXEC;
	}
	assert_true(executing);
}

const char *run_output(struct runner *r)
{
	static char output[8192];
	size_t length = 0;
	ssize_t n;

	while ((n = read(r->output, output + length, sizeof output - 1 - length)) > 0)
		length += (size_t)n;
	output[length] = '\0';
	return output;
}

int run_status(struct runner *r)
{
	siginfo_t info = { 0 };

	assert_int_equal(waitid(P_PIDFD, (id_t)r->pidfd, &info, WEXITED), 0);
	fd_close(&r->pidfd);
	return info.si_code == CLD_EXITED ? info.si_status : 128 + info.si_status;
}

void assert_prints(struct runner *r, const char *expected)
{
	run_start(r);
	run_until_exec(r);
	assert_string_equal(run_output(r), expected);
	assert_int_equal(run_status(r), 0);
}

void assert_fails(struct runner *r, enum plan_op op, enum plan_call call, int error,
		  const char *words)
{
	const struct plan_step *step;

	run_start(r);
	while (run_receive(r) && r->report.kind != REPORT_ERROR)
		;
	assert_int_equal(r->report.kind, REPORT_ERROR);
	step = &r->plan.init.items[r->report.number];
	assert_string_equal(plan_op_name(step->op), plan_op_name(op));
	assert_string_equal(plan_call_name(r->report.call), plan_call_name(call));
	if (!strstr(r->report.detail, words))
		fail_msg("\"%s\" lacks \"%s\"", r->report.detail, words);
	assert_string_equal(strerror(r->report.error), strerror(error));
	assert_int_not_equal(run_status(r), 0);
}

const char *in_root(struct runner *r, const char *name)
{
	static char path[512];

	snprintf(path, sizeof path, "%s/%s", r->root, name);
	return path;
}

void put_directory(struct runner *r, const char *name)
{
	assert_int_equal(mkdir(in_root(r, name), 0755), 0);
}

void put_file(struct runner *r, const char *name, const char *content, mode_t mode)
{
	autofd fd = open(in_root(r, name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);

	assert_true(fd >= 0);
	assert_int_equal(fchmod(fd, mode), 0);
	assert_int_equal(fd_write_all(fd, content, strlen(content)), 0);
}

void put_link(struct runner *r, const char *name, const char *target)
{
	assert_int_equal(symlink(target, in_root(r, name)), 0);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* The process: what it may, where it is, and what a refused program is told. */
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/elf.h>
#include <linux/filter.h>
#include <linux/ioprio.h>
#include <linux/sched.h>
#include <linux/sched/types.h>
#include <linux/seccomp.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/unit/init/runner.h"

static void mount_proc(struct runner *r)
{
	uint64_t proc = plan_slot(&r->plan), target = plan_slot(&r->plan);

	INIT(r, FS, text(r, "proc"), 0, 0, 0, proc);
	INIT(r, TARGET, text(r, "/proc"), proc, 0755, 0, target);
	INIT(r, ATTACH, proc, target);
}

static void begin(struct runner *r)
{
	plan_begin(r, CLONE_NEWNS | CLONE_NEWPID);
	mount_proc(r);
	plan_enter(r);
}

/* process.user and the capability sets: more would be a way out, less would break the program. */
static void user_and_capabilities(void **state)
{
	struct runner *r = *state;
	const uint32_t gids[] = { 7, 8 };
	const uint64_t bounding = 1u << CAP_CHOWN | 1u << CAP_KILL | 1u << CAP_NET_BIND_SERVICE;
	const uint64_t kept = 1u << CAP_KILL;

	begin(r);
	INIT(r, GROUPS, plan_blob(&r->plan, gids, sizeof gids));
	INIT(r, UMASK, 0027);
	INIT(r, BOUNDING, bounding);
	INIT(r, IDS, 1000, 1001);
	INIT(r, CAPABILITIES, kept, bounding, kept, kept);
	INIT(r, NO_NEW_PRIVS, 0);
	plan_script(r, "grep -E '^(Uid|Gid|Groups|Cap|NoNew)' /proc/self/status; umask");
	assert_prints(r, "Uid:\t1000\t1000\t1000\t1000\nGid:\t1001\t1001\t1001\t1001\n"
			 "Groups:\t7 8 \nCapInh:\t0000000000000020\nCapPrm:\t0000000000000020\n"
			 "CapEff:\t0000000000000020\nCapBnd:\t0000000000000421\n"
			 "CapAmb:\t0000000000000020\nNoNewPrivs:\t1\n0027\n");
}

/* The ordinary container: root with some capabilities. */
static void root_with_few_capabilities(void **state)
{
	struct runner *r = *state;
	const uint64_t set = 0xa80425fb;

	begin(r);
	INIT(r, BOUNDING, set);
	INIT(r, IDS, 0, 0);
	INIT(r, CAPABILITIES, set, set, 0, 0);
	plan_script(r, "grep -E '^Cap' /proc/self/status");
	assert_prints(r, "CapInh:\t0000000000000000\nCapPrm:\t00000000a80425fb\n"
			 "CapEff:\t00000000a80425fb\nCapBnd:\t00000000a80425fb\n"
			 "CapAmb:\t0000000000000000\n");
}

/* Nested: what tare itself lacks is a warning, and the rest is given. */
static void missing_capabilities_are_warned_of(void **state)
{
	struct runner *r = *state;
	const uint64_t few = 1u << CAP_KILL | 1u << CAP_SETPCAP, more = few | 1u << CAP_SYS_TIME;

	begin(r);
	INIT(r, CAPABILITIES, few, few, few, 0);
	INIT(r, CAPABILITIES, more, more, 0, 0);
	INIT(r, IDS, 0, 0);
	plan_script(r, "true");
	run_start(r);
	assert_true(run_receive(r));
	assert_int_equal(r->report.kind, REPORT_WARNING);
	assert_string_equal(r->report.detail, "cannot be given: 25");
	run_until_exec(r);
}

static void unmapped_user(void **state)
{
	struct runner *r = *state;

	r->map = "0 0 1000\n";
	plan_begin(r, CLONE_NEWUSER | CLONE_NEWNS);
	INIT(r, IDS, 5000, 0);
	plan_script(r, "true");
	assert_fails(r, OP_IDS, CALL_setresuid, EINVAL, "5000");
}

/* rlimits, personality, scheduler, I/O priority, affinity, memory policy: one field each. */
static void attributes(void **state)
{
	struct runner *r = *state;
	const struct sched_attr attr = { .size = SCHED_ATTR_SIZE_VER0, .sched_policy = 3 };
	const uint64_t cpu0 = 1, node0 = 1;

	begin(r);
	INIT(r, RLIMIT, RLIMIT_NOFILE, 100, 200);
	INIT(r, PERSONALITY, 8);
	INIT(r, SCHEDULER, plan_blob(&r->plan, &attr, SCHED_ATTR_SIZE_VER0));
	INIT(r, IO_PRIORITY, IOPRIO_CLASS_BE << IOPRIO_CLASS_SHIFT | 6);
	INIT(r, AFFINITY, plan_blob(&r->plan, &cpu0, sizeof cpu0));
	INIT(r, MEMORY_POLICY, 2, plan_blob(&r->plan, &node0, sizeof node0), 1)->flags =
		STEP_OPTIONAL;
	plan_script(r, "ulimit -n; ulimit -Hn; uname -m; cut -d' ' -f41 /proc/self/stat;"
		       "ionice -p $$; grep Cpus_allowed_list /proc/self/status");
	assert_prints(r, "100\n200\ni686\n3\nbest-effort: prio 6\nCpus_allowed_list:\t0\n");
}

/* process.cwd: made when missing; HOME comes from the image's passwd. */
static void directory_and_home(void **state)
{
	struct runner *r = *state;
	const char *const argv[] = { "sh", "-c", "pwd; stat -c %a .; echo $HOME; id -u", NULL };
	const char *const env[] = { "PATH=/nowhere:/bin", "A=b", NULL };

	put_file(r, "etc/passwd", "root:x:0:0:root:/root:/bin/sh\n#:\nme:x:1000:1000:::\n"
		 "app:x:1000:1000:,,,:/home/app:/bin/sh", 0644);
	begin(r);
	INIT(r, CWD, text(r, "/srv/new/dir"), 1000, 1000, 1);
	INIT(r, PROGRAM, text(r, "sh"), list(r, env), 1000, 1000);
	INIT(r, IDS, 1000, 1000);
	plan_exec(r, argv, env, true);
	assert_prints(r, "/srv/new/dir\n755\n/home/app\n1000\n");
}

static void home_without_passwd(void **state)
{
	struct runner *r = *state;
	const char *const argv[] = { "/bin/sh", "-c", "echo $HOME", NULL };
	const char *const env[] = { NULL };

	put_link(r, "etc/passwd", "/dev/zero");
	begin(r);
	plan_exec(r, argv, env, true);
	assert_prints(r, "/\n");
}

static void home_that_is_set_stays(void **state)
{
	struct runner *r = *state;
	const char *const argv[] = { "/bin/sh", "-c", "echo $HOME", NULL };
	const char *const env[] = { "HOME=/mine", NULL };

	begin(r);
	plan_exec(r, argv, env, true);
	assert_prints(r, "/mine\n");
}

/* The capabilities of root must not open directories that the workload's user cannot enter. */
static void directory_as_the_user(void **state)
{
	struct runner *r = *state;

	put_directory(r, "private");
	assert_int_equal(chmod(in_root(r, "private"), 0700), 0);
	begin(r);
	INIT(r, CWD, text(r, "/private"), 1000, 1000, 1);
	plan_script(r, "true");
	assert_fails(r, OP_CWD, CALL_chdir, EACCES, "/private");
}

/* The host's root is open under this number meanwhile, as a slot's descriptor is. */
static void directory_case(struct runner *r, const char *trick, int host)
{
	uint64_t slot;

	memset(&r->plan, 0, sizeof r->plan);
	slot = plan_slot(&r->plan);
	PLAN_HOST(&r->plan, OP_OPEN, NULL, text(r, "/"), O_PATH | O_DIRECTORY, slot);
	r->given[slot] = host;
	begin(r);
	INIT(r, CWD, text(r, trick), 0, 0, 1);
	plan_script(r, "pwd");
	assert_fails(r, OP_CWD, CALL_chdir, ELOOP, trick);
	close(r->sync);
	plan_clear(&r->plan);
}

/* CVE-2024-21626: a working directory named by a leaked descriptor would be on the host. */
static void directory_on_the_host(void **state)
{
	const int host = open("/", O_PATH | O_DIRECTORY);
	char descriptor[64], above[64];
	const char *const tricks[] = { descriptor, above, "/proc/self/cwd", "/link" };
	struct runner *r = *state;

	assert_true(host >= 0);
	snprintf(descriptor, sizeof descriptor, "/proc/self/fd/%d", host);
	snprintf(above, sizeof above, "/proc/thread-self/fd/%d/..", host);
	put_link(r, "link", descriptor);
	for (size_t i = 0; i < sizeof tricks / sizeof *tricks; i++)
		directory_case(r, tricks[i], host);
	close(host);
}

/* Wrong programs: each must say what is wrong with it, in words engines know. */
static void program_case(struct runner *r, const char *name, const char *words, int error)
{
	const char *const env[] = { "PATH=/sbin:/etc:/bin", NULL };
	const char *const argv[] = { name, NULL };

	memset(&r->plan, 0, sizeof r->plan);
	begin(r);
	INIT(r, PROGRAM, text(r, name), list(r, env), 0, 0);
	plan_exec(r, argv, env, false);
	run_start(r);
	while (run_receive(r) && r->report.kind != REPORT_ERROR)
		;
	assert_int_equal(r->report.kind, REPORT_ERROR);
	assert_string_equal(r->report.detail, words);
	assert_int_equal(r->report.error, error);
	run_status(r);
	close(r->sync);
	plan_clear(&r->plan);
}

static void wrong_programs(void **state)
{
	struct runner *r = *state;
	char elf[128] = { 0x7f, 'E', 'L', 'F', 2, 1, 1, [18] = 40 };
	int fd;

	put_file(r, "etc/plain", "no program\n", 0644);
	put_file(r, "bin/none", "no program\n", 0755);
	put_file(r, "bin/empty", "", 0755);
	put_file(r, "bin/script", "#! /no/such/python -u\n", 0755);
	put_file(r, "bin/dos", "#!/bin/sh\r\n", 0755);
	put_file(r, "bin/arm", "", 0755);
	fd = open(in_root(r, "bin/arm"), O_WRONLY);
	assert_int_equal(write(fd, elf, sizeof elf), sizeof elf);
	close(fd);
	program_case(r, "missing", "exec: \"missing\": executable file not found in $PATH", ENOENT);
	program_case(r, "/bin/missing", "exec: \"/bin/missing\": no such file or directory",
		     ENOENT);
	program_case(r, "plain", "exec: \"plain\": permission denied", EACCES);
	program_case(r, "/etc", "exec: \"/etc\": permission denied", EACCES);
	program_case(r, "none",
		     "exec /bin/none: exec format error: it is neither a program nor a script with "
		     "a #! line",
		     ENOEXEC);
	program_case(r, "empty", "exec /bin/empty: exec format error: it is empty", ENOEXEC);
	program_case(r, "script",
		     "exec /bin/script: no such file or directory: its interpreter "
		     "/no/such/python was not found",
		     ENOENT);
	program_case(r, "dos",
		     "exec /bin/dos: no such file or directory: its first line ends in a carriage "
		     "return behind #!/bin/sh",
		     ENOENT);
	program_case(r, "arm",
		     "exec /bin/arm: exec format error: it is a program for arm, this machine is "
		     "x86-64",
		     ENOEXEC);
}

/* An empty element of PATH is the working directory; an absurdly long one is passed over. */
static void program_in_odd_paths(void **state)
{
	struct runner *r = *state;
	const char *const argv[] = { "here", NULL };
	char path[5000] = "PATH=/";
	const char *const env[] = { path, NULL };

	memset(path + 6, 'x', 4500);
	strcpy(path + 4506, "::/bin");
	put_file(r, "tmp/here", "#!/bin/sh\necho $0\n", 0755);
	begin(r);
	INIT(r, CWD, text(r, "/tmp"), 0, 0);
	INIT(r, PROGRAM, text(r, "here"), list(r, env), 0, 0);
	plan_exec(r, argv, env, false);
	assert_prints(r, "here\n");
}

static void missing_loader(void **state)
{
	struct runner *r = *state;

	put_file(r, "bin/dynamic", "", 0755);
	assert_int_equal(mount("/bin/ls", in_root(r, "bin/dynamic"), NULL, MS_BIND, NULL), 0);
	program_case(r, "dynamic",
		     "exec /bin/dynamic: no such file or directory: its interpreter /lib64/ld-linux-x86-64.so.2 was not found",
		     ENOENT);
	assert_int_equal(umount(in_root(r, "bin/dynamic")), 0);
}

/* A user would lose tare-init's own memory to an image: what lies ahead of the file's beginning is on its stack. */
static void headers_that_are_nowhere(void **state)
{
	static const char tail[] = "/no/such/interpreter";
	struct runner *r = *state;

	for (int64_t at = -64; at < 0; at += 8) {
		Elf64_Ehdr elf = {
			.e_ident = ELFMAG "\2\1\1", .e_type = ET_EXEC, .e_machine = EM_X86_64,
			.e_phoff = (uint64_t)at, .e_phentsize = sizeof(Elf64_Phdr), .e_phnum = 1,
		};
		int fd;

		put_file(r, "bin/odd", "", 0755);
		fd = open(in_root(r, "bin/odd"), O_WRONLY | O_TRUNC);
		assert_int_equal(write(fd, &elf, sizeof elf), sizeof elf);
		assert_int_equal(write(fd, tail, sizeof tail), sizeof tail);
		close(fd);
		program_case(r, "odd", "/bin/odd", ENOEXEC);
	}
}

/* Only execve and what a program needs is allowed: a filter directly ahead of EXEC leaves init no
 * other call. */
static void filter_allows_only_execve(void **state)
{
	struct runner *r = *state;
	const struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_execve, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
	};

	begin(r);
	INIT(r, NO_NEW_PRIVS, 0);
	INIT(r, SECCOMP, plan_blob(&r->plan, filter, sizeof filter), 0);
	plan_script(r, "true");
	run_start(r);
	run_until_exec(r);
	/* busybox itself is then killed by its own first other call. */
	assert_int_equal(run_status(r), 128 + 31);
}

static void filter_without_rights(void **state)
{
	struct runner *r = *state;
	const struct sock_filter filter[] = { BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW) };

	begin(r);
	INIT(r, CAPABILITIES, 0, 0, 0, 0);
	INIT(r, SECCOMP, plan_blob(&r->plan, filter, sizeof filter), 0);
	plan_script(r, "true");
	assert_fails(r, OP_SECCOMP, CALL_seccomp, EACCES, "");
}

/* The listener must reach the host before the workload's first call waits for it. */
static void filter_with_listener(void **state)
{
	struct runner *r = *state;
	const struct sock_filter filter[] = { BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW) };

	begin(r);
	INIT(r, SECCOMP, plan_blob(&r->plan, filter, sizeof filter),
	     SECCOMP_FILTER_FLAG_NEW_LISTENER);
	plan_sync(&r->plan, INIT_TO_HOST, NULL);
	plan_script(r, "true");
	run_start(r);
	assert_true(run_receive(r));
	assert_int_equal(r->report.kind, REPORT_FD);
	assert_true(r->fd >= 0);
	run_until_exec(r);
}

/* What the caller ignores or blocks (a Go program ignores SIGPIPE) must not change how pipes end
 * inside. */
static void signals_are_default(void **state)
{
	struct runner *r = *state;
	const char *const argv[] = { "/bin/grep", "-E", "^Sig(Blk|Ign)", "/proc/self/status",
				     NULL };

	signal(SIGPIPE, SIG_IGN);
	begin(r);
	plan_exec(r, argv, argv + 4, false);
	assert_prints(r, "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n");
	signal(SIGPIPE, SIG_DFL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, runner_setup, runner_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(user_and_capabilities),
		TEST(root_with_few_capabilities),
		TEST(missing_capabilities_are_warned_of),
		TEST(unmapped_user),
		TEST(attributes),
		TEST(directory_and_home),
		TEST(home_without_passwd),
		TEST(home_that_is_set_stays),
		TEST(directory_as_the_user),
		TEST(directory_on_the_host),
		TEST(wrong_programs),
		TEST(missing_loader),
		TEST(headers_that_are_nowhere),
		TEST(program_in_odd_paths),
		TEST(filter_allows_only_execve),
		TEST(filter_without_rights),
		TEST(filter_with_listener),
		TEST(signals_are_default),
	};

	runner_world();
	return cmocka_run_group_tests(tests, NULL, NULL);
}

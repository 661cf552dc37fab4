/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/idmap.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fd.h"
#include "base/file.h"
#include "plan/request.h"

static const struct helper {
	const char *file, *program;
} helpers[] = {
	{ "uid_map", "newuidmap" },
	{ "gid_map", "newgidmap" },
};

static const char *helper_for(const char *file)
{
	for (size_t i = 0; i < sizeof helpers / sizeof *helpers; i++)
		if (strcmp(helpers[i].file, file) == 0)
			return helpers[i].program;
	return NULL;
}

enum { MAP_WORDS = 3 * 340 + 3 }; /* the kernel takes 340 lines */

/* Its standard error goes to words; *ret_child is to be waited for. 0 or an errno. */
static int spawn_hearing(char *const argv[], char *const envp[], int words, pid_t *ret_child)
{
	posix_spawn_file_actions_t actions;
	int r = posix_spawn_file_actions_init(&actions);

	if (r)
		return r;
	r = posix_spawn_file_actions_adddup2(&actions, words, STDERR_FILENO);
	if (r == 0)
		r = posix_spawnp(ret_child, argv[0], &actions, NULL, argv, envp);
	posix_spawn_file_actions_destroy(&actions);
	return r;
}

static int refused(const char *program, int said, struct err *e)
{
	autobuf words = { 0 };

	fd_read_all(said, 4096, &words);
	if (words.length)
		err_say(e, EPERM, "%.*s", (int)strcspn(words.text, "\n"), words.text);
	else
		err_say(e, EPERM, "%s refused the mapping", program);
	return err_hint(e, "an unprivileged user may map one's own id and those that /etc/subuid "
			   "and /etc/subgid give: see subuid(5)");
}

static int spawn_helper(char *const argv[], char *const envp[], struct err *e)
{
	autofd said = -1, words = -1;
	int r, status, pair[2];
	pid_t child;

	if (pipe2(pair, O_CLOEXEC) < 0)
		return err_set(e, errno, "pipe");
	said = pair[0];
	words = pair[1];
	r = spawn_hearing(argv, envp, words, &child);
	fd_close(&words);
	if (r) {
		err_set(e, r, "cannot run %s", argv[0]);
		return err_hint(e, "it maps what is not one's own id; it is in the package uidmap "
				   "or shadow-utils");
	}
	if (waitpid(child, &status, 0) < 0)
		return err_set(e, errno, "waitpid %s", argv[0]);
	return status ? refused(argv[0], said, e) : 0;
}

/* newuidmap PID CONTAINER HOST SIZE ... */
static int run_helper(const char *program, pid_t pid, char *words, struct err *e)
{
	char *argv[MAP_WORDS], pid_text[16], *rest = words;
	char *const envp[] = { "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
			       NULL };
	size_t n = 0;

	snprintf(pid_text, sizeof pid_text, "%d", pid);
	argv[n++] = (char *)program;
	argv[n++] = pid_text;
	while (n < MAP_WORDS - 1 && (argv[n] = strtok_r(rest, " \n", &rest)))
		n++;
	argv[n] = NULL;
	return spawn_helper(argv, envp, e);
}

/* Root of a container, whose id 0 is its own: since Linux 5.12 even newuidmap cannot help it.
 * The outer id is the middle word of its line. */
static bool may_not_give_root(const char *text)
{
	return geteuid() == 0 && prctl(PR_CAPBSET_READ, CAP_SETFCAP) == 0 &&
	       strstr(text, " 0 ");
}

int idmap_write(const struct host *host, pid_t pid, const char *file, const char *text,
		struct err *e)
{
	const char *program = host->root ? NULL : helper_for(file);
	char path[64];
	autofree char *words = NULL;
	int r;

	snprintf(path, sizeof path, "/proc/%d/%s", pid, file);
	r = file_write(AT_FDCWD, path, text);
	if (r == 0)
		return 0;
	if (r == -EPERM && may_not_give_root(text)) {
		err_set(e, EPERM, "write %s", path);
		return err_hint(e, "id 0 is mapped by who has CAP_SETFCAP only, and tare runs "
				   "without it: add it to the container that tare is in");
	}
	if (!program || r != -EPERM)
		return err_set(e, -r, "write %s", path);
	words = strdup(text);
	if (!words)
		return err_set(e, ENOMEM, "%s", program);
	return run_helper(program, pid, words, e);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/idmap.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

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

/* newuidmap PID CONTAINER HOST SIZE ... */
static int run_helper(const char *program, pid_t pid, char *words, struct err *e)
{
	char *argv[MAP_WORDS], pid_text[16], *rest = words;
	char *const envp[] = { "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
			       NULL };
	size_t n = 0;
	pid_t child;
	int r, status;

	snprintf(pid_text, sizeof pid_text, "%d", pid);
	argv[n++] = (char *)program;
	argv[n++] = pid_text;
	while (n < MAP_WORDS - 1 && (argv[n] = strtok_r(rest, " \n", &rest)))
		n++;
	argv[n] = NULL;
	r = posix_spawnp(&child, program, NULL, NULL, argv, envp);
	if (r)
		return err_set(e, r, "%s is needed for more than one's own id", program);
	if (waitpid(child, &status, 0) < 0)
		return err_set(e, errno, "waitpid %s", program);
	if (status != 0)
		return err_say(e, EPERM, "%s refused the mapping: see subuid(5) and subgid(5)",
			       program);
	return 0;
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
	if (!program || r != -EPERM)
		return err_set(e, -r, "write %s", path);
	words = strdup(text);
	if (!words)
		return err_set(e, ENOMEM, "%s", program);
	return run_helper(program, pid, words, e);
}

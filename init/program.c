/* SPDX-License-Identifier: Apache-2.0 */
/* The working directory and the program, looked at with the workload's own rights, so that what it
 * may not reach is an error of `create` already. */
#include "init/init.h"

static int directory_open(struct init *in, const char *path, uint64_t uid, uint64_t gid)
{
	int fd;

	user_enter((uint32_t)uid, (uint32_t)gid);
	fd = path_open(in, path, O_PATH | O_DIRECTORY, 0);
	user_leave((uint32_t)uid, (uint32_t)gid);
	return fd;
}

static long directory_enter(int fd, uint64_t uid, uint64_t gid)
{
	long r;

	user_enter((uint32_t)uid, (uint32_t)gid);
	r = SYS(fchdir, fd);
	user_leave((uint32_t)uid, (uint32_t)gid);
	return r;
}

/* A directory outside the root has no path; the kernel says "(unreachable)" (CVE-2024-21626). */
static int is_inside(struct init *in)
{
	char path[PATH_SIZE];
	long r = SYS(getcwd, path, sizeof path);

	if (r < 0)
		return fail(in, CALL_getcwd, r, NULL);
	return path[0] == '/' ? 0 : FAIL(in, none, -EXDEV, "it is outside the container's root");
}

int run_CWD(struct init *in, const uint64_t *arg)
{
	const struct making directory = { .mode = 0755, .flags = O_PATH | O_DIRECTORY };
	const char *path = step_text(in, arg[0]);
	autofd fd = directory_open(in, path, arg[1], arg[2]);
	long r;

	if (fd == -ENOENT)
		fd = path_make(in, path, &directory);
	else if (fd < 0)
		return fail(in, CALL_chdir, fd, NULL);
	if (fd < 0)
		return -1;
	r = directory_enter(fd, arg[1], arg[2]);
	return r < 0 ? fail(in, CALL_chdir, r, NULL) : is_inside(in);
}

/* 0, or why this file cannot be executed. */
static long executable(const char *path)
{
	struct statx st;
	long r = SYS(faccessat2, AT_FDCWD, path, 1 /* X_OK */, AT_EACCESS);

	if (r == 0)
		r = SYS(statx, AT_FDCWD, path, 0, STATX_TYPE, &st);
	return r < 0 ? r : is_kind(&st, S_IFREG) ? 0 : -EACCES;
}

static const char *path_of(const struct init *in, uint64_t env)
{
	const char *path = NULL;

	/* The last one counts: what `exec --env` adds comes behind the container's own. */
	for (uint32_t i = 0; i < list_count(in, env); i++) {
		const char *value = text_after(list_item(in, env, i), "PATH=");

		path = value ? value : path;
	}
	return path ? path : "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
}

/* The next element of a PATH and name; an empty element is the working directory. */
static const char *candidate(struct init *in, const char *directories, const char *name)
{
	struct line line = { in->program, 0, sizeof in->program };
	const char *end = text_find(directories, ':');
	size_t length = end ? (size_t)(end - directories) : strlen(directories);

	if (length + 1 + strlen(name) >= sizeof in->program)
		line_add(&line, "/");
	else if (length) {
		memcpy(line.text, directories, length);
		line.length = length;
		line_add(&line, "/");
	}
	line_add(&line, name);
	return end ? end + 1 : NULL;
}

/* A file that may not be executed does not end the search, but is remembered. */
static long search(struct init *in, const char *name, const char *directories)
{
	long found = -ENOENT, r = -ENOENT;

	while (r < 0 && directories) {
		directories = candidate(in, directories, name);
		r = executable(in->program);
		found = r == -EACCES ? r : found;
	}
	return r < 0 ? found : 0;
}

static int program_failed(struct init *in, const char *name, long error)
{
	if (error == -ENOENT && !text_find(name, '/'))
		return FAIL(in, none, error, "exec: \"", name,
			    "\": executable file not found in $PATH");
	if (error == -ENOENT)
		return FAIL(in, none, error, "exec: \"", name, "\": no such file or directory");
	if (error == -EACCES)
		return FAIL(in, none, error, "exec: \"", name, "\": permission denied");
	return FAIL(in, faccessat2, error, name);
}

int run_PROGRAM(struct init *in, const uint64_t *arg)
{
	const char *name = step_text(in, arg[0]);
	struct line line = { in->program, 0, sizeof in->program };
	long r;

	if (!name || !*name)
		return FAIL(in, none, -ENOENT, "exec: \"\": executable file not found in $PATH");
	user_enter((uint32_t)arg[2], (uint32_t)arg[3]);
	if (text_find(name, '/')) {
		line_add(&line, name);
		r = executable(name);
	} else {
		r = search(in, name, path_of(in, arg[1]));
	}
	user_leave((uint32_t)arg[2], (uint32_t)arg[3]);
	if (r < 0)
		return program_failed(in, name, r);
	in->program_found = 1;
	return 0;
}

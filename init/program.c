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
	long r = SYS(getcwd, in->scratch, sizeof in->scratch);

	if (r < 0)
		return fail(in, CALL_getcwd, r, NULL);
	return in->scratch[0] == '/' ? 0
				     : FAIL(in, none, -EXDEV, "it is outside the container's root");
}

int run_CWD(struct init *in, const uint64_t *arg)
{
	const struct making directory = { .mode = 0755, .flags = O_PATH | O_DIRECTORY };
	const char *path = step_text(in, arg[0]);
	int fd = directory_open(in, path, arg[1], arg[2]);
	long r;

	if (fd == -ENOENT && arg[3])
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

void program_path(const struct init *in, struct line *ret_path)
{
	size_t length = in->program_directory_length;

	if (length && length < ret_path->size) {
		memcpy(ret_path->text, in->program_directory, length);
		ret_path->length = length;
		line_add(ret_path, "/");
	}
	line_add(ret_path, in->program);
}

static long is_executable_here(struct init *in)
{
	struct line path = { in->scratch, 0, sizeof in->scratch };

	if (in->program_directory_length + 1 + strlen(in->program) >= sizeof in->scratch)
		return -ENAMETOOLONG;
	program_path(in, &path);
	return executable(in->scratch);
}

/* An empty element is the working directory. A file that may not be executed does not end the
 * search, but is remembered. */
static long search(struct init *in, const char *directories)
{
	long found = -ENOENT;

	while (directories) {
		const char *end = text_find(directories, ':');
		long r;

		in->program_directory = directories;
		in->program_directory_length = end ? (size_t)(end - directories)
						   : strlen(directories);
		r = is_executable_here(in);
		if (r == 0)
			return 0;
		found = r == -EACCES ? r : found;
		directories = end ? end + 1 : NULL;
	}
	return found;
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
	uint32_t uid = (uint32_t)arg[2], gid = (uint32_t)arg[3];
	long r;

	if (!name || !*name)
		return program_failed(in, "", -ENOENT);
	in->program = name;
	in->uid = uid;
	in->gid = gid;
	user_enter(uid, gid);
	r = text_find(name, '/') ? executable(name) : search(in, path_of(in, arg[1]));
	user_leave(uid, gid);
	return r < 0 ? program_failed(in, name, r) : 0;
}

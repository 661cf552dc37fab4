/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/text.h"
#include "cgroups/cgroup.h"
#include "runtime/context.h"
#include "runtime/exec_cgroup.h"
#include "runtime/state.h"

bool climbs(const char *path)
{
	while (*path) {
		size_t length = strcspn(path, "/");

		if (length == 2 && path[0] == '.' && path[1] == '.')
			return true;
		path += length;
		path += strspn(path, "/");
	}
	return false;
}

const char *v2_line(const char *text, size_t *ret_length)
{
	while (text && !str_starts(text, "0::/")) {
		text = strchr(text, '\n');
		text = text ? text + 1 : NULL;
	}
	if (!text)
		return NULL;
	text += strlen("0::");
	*ret_length = strcspn(text, "\n");
	return text;
}

int process_cgroup(struct arena *arena, pid_t pid, const char **ret_path, struct err *e)
{
	autobuf text = { 0 };
	char file[32];
	const char *line;
	size_t length;
	int r;

	snprintf(file, sizeof file, "/proc/%d/cgroup", pid);
	r = file_read(AT_FDCWD, file, 64 * 1024, &text);
	if (r < 0)
		return err_set(e, -r, "%s", file);
	line = v2_line(text.text, &length);
	if (!line)
		return err_say(e, ENOENT, "%s: names no cgroup v2", file);
	*ret_path = arena_strndup(arena, line, length);
	return 0;
}

/* Controllers have one tree on v2, so what is in front of the colon says nothing. */
static int asked_path(struct arena *arena, const struct container *c, const char *text,
		      const char **ret_path, struct err *e)
{
	const char *colon = strchr(text, ':');
	const char *path = colon ? colon + 1 : text;

	if (climbs(path))
		return err_say(e, EINVAL, "--cgroup %s: must stay below the container's cgroup",
			       text);
	path += strspn(path, "/");
	*ret_path = *path ? arena_printf(arena, "%s/%s", c->cgroup, path) : c->cgroup;
	return 0;
}

/* Where the container's init is, if that is below the container's own; else the latter. */
static const char *init_path(struct arena *arena, const struct container *c)
{
	size_t own = strlen(c->cgroup);
	const char *path;
	struct err gone;

	if (process_cgroup(arena, c->pid, &path, &gone) < 0 || strlen(path) <= own ||
	    path[own] != '/' || memcmp(path, c->cgroup, own) != 0)
		return c->cgroup;
	return climbs(path) ? c->cgroup : path;
}

static int is_divided(struct arena *arena, int cgroup, bool *ret_divided, struct err *e)
{
	const char *controllers;
	int r = cgroup_read(arena, cgroup, "cgroup.subtree_control", &controllers, e);

	if (r == 0)
		*ret_divided = *controllers != '\0';
	return r;
}

static int open_undivided(struct context *context, const struct container *c,
			  const char **ret_path, int *ret_fd, struct err *e)
{
	autofd cgroup = -1;
	bool divided = false;
	int r = cgroup_open(&context->host, c->cgroup, &cgroup, e);

	if (r == 0)
		r = is_divided(context->arena, cgroup, &divided, e);
	if (r < 0)
		return r;
	if (!divided) {
		*ret_path = c->cgroup;
		*ret_fd = fd_take(&cgroup);
		return 0;
	}
	*ret_path = init_path(context->arena, c);
	return cgroup_open(&context->host, *ret_path, ret_fd, e);
}

int exec_cgroup(struct context *context, const struct container *c, const struct strings *asked,
		const char **ret_path, int *ret_fd, struct err *e)
{
	const char *path = NULL;
	int r;

	if (!c->cgroup && asked->count)
		return err_say(e, EOPNOTSUPP, "--cgroup: container %s has no cgroup", c->id);
	if (c->cgroup && !asked->count)
		return open_undivided(context, c, ret_path, ret_fd, e);
	if (!c->cgroup) {
		*ret_path = NULL;
		return 0;
	}
	r = asked_path(context->arena, c, asked->items[asked->count - 1], &path, e);
	if (r == 0)
		r = cgroup_open(&context->host, path, ret_fd, e);
	if (r == 0)
		*ret_path = path;
	return r == -ENOENT ? err_hint(e, "--cgroup names one that exists") : r;
}

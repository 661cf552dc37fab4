/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <limits.h>
#include <string.h>

#include "base/arena.h"
#include "base/err.h"
#include "cgroups/cgroup.h"
#include "cgroups/unit.h"

/* Room for the mount point in front and a file's name behind. */
enum { PATH_LONGEST = PATH_MAX - 128 };

/* What one component may not be. */
static const char *component_fault(const char *name, size_t length)
{
	if (!length)
		return "has an empty component";
	if (length > NAME_MAX)
		return "has a component longer than 255 bytes";
	if ((length == 1 && name[0] == '.') || (length == 2 && name[0] == '.' && name[1] == '.'))
		return "has the component \".\" or \"..\"";
	if (memchr(name, '\n', length))
		return "has a newline in it";
	return NULL;
}

static const char *path_fault(const char *path)
{
	const char *fault = NULL;

	if (strlen(path) > PATH_LONGEST)
		return "is too long";
	while (*path && !fault) {
		size_t length = strcspn(++path, "/");

		fault = component_fault(path, length);
		path += length;
	}
	return fault;
}

/* "system.slice:docker:ID", as callers write it for the systemd driver. */
static bool is_systemd_form(const char *path)
{
	const char *colon = strchr(path, ':');

	return *path != '/' && colon && strchr(colon + 1, ':') && !strchr(path, '/');
}

static const char *join(struct arena *arena, const char *parent, const char *rest)
{
	return arena_printf(arena, "%s/%s", strcmp(parent, "/") == 0 ? "" : parent, rest);
}

/* Processes may not live in a cgroup that hands controllers on, so what is beside the runtime's
 * own cgroup is the nearest place where limits work. Without privilege there is nothing but
 * what is below it. */
static const char *base_of(struct arena *arena, const struct host *host)
{
	const char *own = host->own_cgroup ? host->own_cgroup : "/";
	const char *slash = strrchr(own, '/');

	if (!host->root)
		return own;
	return slash && slash != own ? arena_strndup(arena, own, (size_t)(slash - own)) : "/";
}

static const char *place(struct arena *arena, const struct host *host, const char *path,
			 const char *id)
{
	if (path && *path == '/')
		return path;
	if (path && *path)
		return join(arena, base_of(arena, host), path);
	return join(arena, host->root ? "/" : base_of(arena, host),
		    arena_printf(arena, "tare/%s", id));
}

static int scope_path(struct arena *arena, const struct host *host, const char *cgroups_path,
		      const char *id, const char **ret_path, struct err *e)
{
	struct unit unit;
	int r = unit_of(arena, host, cgroups_path, id, &unit, e);

	if (r == 0)
		*ret_path = unit.path;
	return r;
}

int cgroup_path(struct arena *arena, const struct host *host, const char *cgroups_path,
		const char *id, const char **ret_path, struct err *e)
{
	const char *path, *fault;

	if (host->manager == MANAGER_SYSTEMD)
		return scope_path(arena, host, cgroups_path, id, ret_path, e);
	if (cgroups_path && is_systemd_form(cgroups_path)) {
		err_say(e, EINVAL, "/linux/cgroupsPath: \"%s\" is in systemd's form",
			cgroups_path);
		return err_hint(e, "use --systemd-cgroup, or have the caller use cgroupfs");
	}
	path = place(arena, host, cgroups_path, id);
	fault = path_fault(path);
	if (fault)
		return err_say(e, EINVAL, "/linux/cgroupsPath: \"%s\" %s", path, fault);
	*ret_path = path;
	return 0;
}

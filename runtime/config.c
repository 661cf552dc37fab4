/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/config.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/sys.h"
#include "runtime/context.h"
#include "spec/spec.h"

static bool has_dots_or_gaps(const char *path)
{
	for (const char *at = strchr(path, '/'); at; at = strchr(at + 1, '/'))
		if (at[1] == '.' || at[1] == '/' || at[1] == '\0')
			return true;
	return false;
}

/* Whether a path is its own realpath(3), which asks the kernel for each of its parts: this asks for all at once. */
static bool is_real(const char *path, uint64_t kind)
{
	autofd fd = *path != '/' || has_dots_or_gaps(path)
			    ? -1
			    : sys_openat2(AT_FDCWD, path, O_PATH | O_CLOEXEC | kind, 0,
					  RESOLVE_NO_SYMLINKS);

	return fd >= 0;
}

static int absolute(struct arena *arena, const char *path, const char **ret_path)
{
	char real[PATH_MAX];

	if (is_real(path, 0)) {
		*ret_path = path;
		return 0;
	}
	if (!realpath(path, real))
		return -errno;
	*ret_path = arena_strdup(arena, real);
	return 0;
}

static int open_config(struct context *context, const char *config, struct config *c,
		       struct err *e)
{
	const char *path = config ? config
				  : arena_printf(context->arena, "%s/config.json", c->bundle);

	c->fd = openat(AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
	return c->fd < 0 ? err_set(e, errno, "cannot open %s", path) : 0;
}

void config_warn(const char *prefix, const struct problems *problems)
{
	for (size_t i = 0; i < problems->count; i++)
		if (problems->items[i].warning)
			log_line(LOG_LEVEL_WARNING, "%s%s: %s", prefix, problems->items[i].pointer,
				 problems->items[i].text);
}

static const char *rootfs_path(struct arena *arena, const struct config *c)
{
	const char *path = c->spec->root.path;

	return *path == '/' ? path : arena_printf(arena, "%s/%s", c->bundle, path);
}

static int read_all(struct context *context, const char *bundle, const char *config,
		    struct config *c, struct err *e)
{
	int r = absolute(context->arena, bundle ? bundle : ".", &c->bundle);

	if (r < 0)
		return err_set(e, -r, "bundle %s", bundle ? bundle : ".");
	r = open_config(context, config, c, e);
	if (r == 0 && spec_load(context->arena, c->fd, &c->problems, &c->spec, e) < 0) {
		r = err_prefix(e, "%s", config ? config : "config.json");
		c->spec = c->problems.rest;
	}
	if (c->spec)
		c->rootfs = rootfs_path(context->arena, c);
	return r;
}

int config_read(struct context *context, const char *bundle, const char *config,
		struct config *ret_config, struct err *e)
{
	struct config c = { .fd = -1 };
	int r = read_all(context, bundle, config, &c, e);

	/* The problems are for the caller even when they are errors. */
	*ret_config = c;
	return r;
}

static int find_rootfs(struct context *context, struct config *c, struct err *e)
{
	struct stat st;
	int r;

	if (is_real(c->rootfs, O_DIRECTORY))
		return 0;
	r = absolute(context->arena, c->rootfs, &c->rootfs);
	if (r < 0)
		return err_set(e, -r, "/root/path (rootfs %s)", c->rootfs);
	if (stat(c->rootfs, &st) < 0)
		return err_set(e, errno, "/root/path (rootfs %s)", c->rootfs);
	if (!S_ISDIR(st.st_mode))
		return err_set(e, ENOTDIR, "/root/path (rootfs %s)", c->rootfs);
	return 0;
}

int config_load(struct context *context, const char *bundle, const char *config,
		struct config *ret_config, struct err *e)
{
	struct config c;
	int r = config_read(context, bundle, config, &c, e);

	config_warn("", &c.problems);
	if (r == 0)
		r = find_rootfs(context, &c, e);
	if (r < 0) {
		config_clear(&c);
		return r;
	}
	*ret_config = c;
	return 0;
}

void config_clear(struct config *config)
{
	fd_close(&config->fd);
}

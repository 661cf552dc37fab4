/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/settings.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"
#include "base/text.h"
#include "runtime/command.h"
#include "runtime/context.h"
#include "runtime/probe.h"

static const struct name_value level_names[] = {
	{ "error", LOG_LEVEL_ERROR },
	{ "warning", LOG_LEVEL_WARNING },
	{ "info", LOG_LEVEL_INFO },
	{ "debug", LOG_LEVEL_DEBUG },
	{ NULL, 0 },
};

int settings_log(const struct options *options, struct err *e)
{
	/* The rows admit no other names. */
	const struct name_value *row =
		name_find(level_names, options->log_level ? options->log_level : "");
	enum log_level level = row ? row->value : LOG_LEVEL_WARNING;
	enum log_format format =
		str_equal(options->log_format, "json") ? LOG_FORMAT_JSON : LOG_FORMAT_TEXT;

	return log_open(options->log, format, options->debug ? LOG_LEVEL_DEBUG : level, e);
}

static const struct refused_manager {
	const char *name, *why;
} refused_managers[] = {
	{ "systemd",
	  "this version of tare does not speak to systemd; have the caller use cgroupfs" },
	{ "disabled", "this version of tare always makes a cgroup" },
};

static int check_cgroup_manager(const struct options *options, struct err *e)
{
	const char *name = options->systemd_cgroup ? "systemd" : options->cgroup_manager;
	const struct refused_manager *row = refused_managers;

	for (size_t i = 0; i < sizeof refused_managers / sizeof *row; i++, row++)
		if (str_equal(name, row->name))
			return err_say(e, EOPNOTSUPP, "%s%s: %s",
				       options->systemd_cgroup ? "--systemd-cgroup"
							       : "--cgroup-manager=",
				       options->systemd_cgroup ? "" : name, row->why);
	return 0;
}

/* Root of a user namespace keeps what belongs to its user with that user, unless it poses as the
 * system's root in every respect: USER=root is how callers say so. */
static bool is_system_root(struct context *context)
{
	return geteuid() == 0 && (!probe_in_userns(context) || str_equal(getenv("USER"), "root") ||
				  !getenv("XDG_RUNTIME_DIR"));
}

static int default_root(struct context *context, const char **ret_root, struct err *e)
{
	const char *runtime_dir = getenv("XDG_RUNTIME_DIR");

	if (is_system_root(context)) {
		*ret_root = "/run/tare";
		return 0;
	}
	if (!runtime_dir || *runtime_dir != '/')
		return err_say(e, ENOENT,
			       "no place for the state of containers: XDG_RUNTIME_DIR is not an "
			       "absolute path (set it, or use --root DIR)");
	*ret_root = arena_printf(context->arena, "%s/tare", runtime_dir);
	return 0;
}

static int given_root(struct arena *arena, const char *path, const char **ret_root, struct err *e)
{
	char here[PATH_MAX];

	if (!*path)
		return err_say(e, EINVAL, "--root: empty");
	if (*path == '/') {
		*ret_root = path;
		return 0;
	}
	if (!getcwd(here, sizeof here))
		return err_set(e, errno, "--root %s: getcwd", path);
	*ret_root = arena_printf(arena, "%s/%s", here, path);
	return 0;
}

int settings_context(const struct options *options, const struct command *command,
		     struct context *ret_context, struct err *e)
{
	int r = check_cgroup_manager(options, e);

	if (r < 0)
		return r;
	ret_context->debug = options->debug;
	if (options->root)
		return given_root(ret_context->arena, options->root, &ret_context->root, e);
	return command->stateless ? 0 : default_root(ret_context, &ret_context->root, e);
}

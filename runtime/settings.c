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

static const struct name_value managers[] = {
	{ "cgroupfs", MANAGER_CGROUPFS },
	{ "systemd", MANAGER_SYSTEMD },
	{ "disabled", MANAGER_DISABLED },
	{ NULL, 0 },
};

static int cgroup_manager(const struct options *options, enum cgroup_manager *ret_manager,
			  struct err *e)
{
	const char *name = options->cgroup_manager;
	/* The rows admit no other names. */
	const struct name_value *row = name ? name_find(managers, name) : NULL;

	*ret_manager = row ? (enum cgroup_manager)row->value : MANAGER_CGROUPFS;
	if (!options->systemd_cgroup)
		return 0;
	if (name && *ret_manager != MANAGER_SYSTEMD)
		return err_say(e, EINVAL, "--systemd-cgroup and --cgroup-manager=%s contradict "
					  "each other", name);
	*ret_manager = MANAGER_SYSTEMD;
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
			       "no place for the state of containers: XDG_RUNTIME_DIR is not %s "
			       "(a login sets it to /run/user/%u; or use --root DIR)",
			       runtime_dir ? "an absolute path" : "set", (unsigned)geteuid());
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
	int r = cgroup_manager(options, &ret_context->manager, e);

	if (r < 0)
		return r;
	ret_context->debug = options->debug;
	if (options->root)
		return given_root(ret_context->arena, options->root, &ret_context->root, e);
	return command->stateless ? 0 : default_root(ret_context, &ret_context->root, e);
}

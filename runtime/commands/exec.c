/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "base/arena.h"
#include "base/err.h"
#include "runtime/command.h"
#include "runtime/commands/commands.h"
#include "runtime/context.h"
#include "runtime/operations.h"

/* (gid_t)-1 means "leave it" to the kernel, so it is no id. */
static int parse_gids(struct arena *arena, const struct strings *texts, uint32_t **ret_gids,
		      struct err *e)
{
	uint32_t *gids = arena_array(arena, texts->count + 1, sizeof *gids);

	for (size_t i = 0; i < texts->count; i++) {
		uint64_t gid;
		int r = parse_u64(texts->items[i], UINT32_MAX - 1, &gid);

		if (r < 0)
			return err_say(e, -r, "--additional-gids: \"%s\" is not a numeric group id",
				       texts->items[i]);
		gids[i] = (uint32_t)gid;
	}
	*ret_gids = gids;
	return 0;
}

static int check_env(const struct strings *env, struct err *e)
{
	for (size_t i = 0; i < env->count; i++)
		if (*env->items[i] == '=' || !strchr(env->items[i], '='))
			return err_say(e, EINVAL, "--env \"%s\": must be NAME=VALUE", env->items[i]);
	return 0;
}

static struct strings program_of(const struct invocation *in)
{
	return (struct strings){ (const char *const *)in->argv + 1, (size_t)in->argc - 1 };
}

static struct exec_request request_of(const struct invocation *in, const uint32_t *gids)
{
	const struct options *o = in->options;

	return (struct exec_request){
		.id = in->argv[0],
		.process_file = o->process,
		.args = program_of(in),
		.env = o->env,
		.cwd = o->cwd,
		.user = o->user,
		.terminal = o->tty,
		.has_no_new_privs = o->no_new_privs != CHOICE_NONE,
		.no_new_privs = o->no_new_privs == CHOICE_YES,
		.detach = o->detach,
		.ignore_paused = o->ignore_paused,
		.capabilities = o->caps,
		.cgroups = o->cgroups,
		.additional_gids = gids,
		.additional_gid_count = o->additional_gids.count,
		.apparmor = o->apparmor,
		.process_label = o->process_label,
		.console_socket = o->console_socket,
		.pid_file = o->pid_file,
		.pidfd_socket = o->pidfd_socket,
		.preserve_fds = (uint32_t)o->preserve_fds,
	};
}

int command_exec(struct invocation *in, struct err *e)
{
	struct exec_request request;
	uint32_t *gids = NULL;
	int status = 0, r;

	if (in->argc < 2 && !in->options->process)
		return err_say(
			e, EINVAL,
			"nothing to run: name a program behind the container, or use --process");
	r = check_env(&in->options->env, e);
	if (r == 0)
		r = parse_gids(in->context->arena, &in->options->additional_gids, &gids, e);
	if (r < 0)
		return r;
	request = request_of(in, gids);
	r = container_exec(in->context, &request, &status, e);
	return r < 0 ? r : status;
}

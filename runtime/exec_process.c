/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/exec_process.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/fd.h"
#include "runtime/config.h"
#include "runtime/environment.h"
#include "runtime/operations.h"
#include "spec/load.h"
#include "spec/names.h"
#include "spec/spec.h"

/* (uid_t)-1 means "leave it" to the kernel, so it is no id. */
static int parse_id(const char *text, unsigned *ret_id)
{
	uint64_t id;
	int r = parse_u64(text, UINT32_MAX - 1, &id);

	if (r == 0)
		*ret_id = (unsigned)id;
	return r;
}

int parse_user(const char *text, unsigned *ret_uid, unsigned *ret_gid, struct err *e)
{
	const char *colon = strchr(text, ':');
	size_t length = colon ? (size_t)(colon - text) : strlen(text);
	char uid_text[16] = { 0 };
	unsigned uid = 0, gid = *ret_gid;
	int r = length < sizeof uid_text ? 0 : -EINVAL;

	if (r == 0) {
		memcpy(uid_text, text, length);
		r = parse_id(uid_text, &uid);
	}
	if (r == 0 && colon)
		r = parse_id(colon + 1, &gid);
	if (r < 0)
		return err_say(e, EINVAL, "--user \"%s\": must be UID or UID:GID, in digits", text);
	*ret_uid = uid;
	*ret_gid = gid;
	return 0;
}

static int find_capability(const char *name, uint64_t *ret_bit)
{
	const struct name_value *row = name_find(capability_names, name);

	if (!row)
		return -EINVAL;
	*ret_bit = 1ull << row->value;
	return 0;
}

/* Never inheritable (CVE-2022-29162); ambient only where config.json made the set inheritable. */
static int add_capabilities(struct spec_process *process, const struct strings *names,
			    struct err *e)
{
	struct spec_capabilities *caps = &process->capabilities;

	for (size_t i = 0; i < names->count; i++) {
		uint64_t bit;

		if (find_capability(names->items[i], &bit) < 0)
			return err_say(e, EINVAL, "--cap %s: no such capability", names->items[i]);
		caps->present = true;
		caps->bounding |= bit;
		caps->effective |= bit;
		caps->permitted |= bit;
		caps->ambient |= bit & caps->inheritable;
	}
	return 0;
}

static void add_groups(struct arena *arena, struct spec_user *user, const struct exec_request *ask)
{
	size_t own = user->additional_gid_count, count = own + ask->additional_gid_count;
	uint32_t *gids = arena_array(arena, count, sizeof *gids);

	if (own)
		memcpy(gids, user->additional_gids, own * sizeof *gids);
	if (ask->additional_gid_count)
		memcpy(gids + own, ask->additional_gids,
		       ask->additional_gid_count * sizeof *gids);
	user->additional_gids = gids;
	user->additional_gid_count = count;
}

static int from_flags(struct arena *arena, const struct spec *spec, const struct exec_request *ask,
		      struct spec_process *process, struct err *e)
{
	*process = spec->process;
	process->args = ask->args;
	process->terminal = ask->terminal;
	process->has_console_size = false;
	process->env = environment_of(arena, &spec->process.env, &ask->env);
	add_groups(arena, &process->user, ask);
	if (ask->cwd)
		process->cwd = ask->cwd;
	if (ask->apparmor)
		process->apparmor_profile = ask->apparmor;
	if (ask->process_label)
		process->selinux_label = ask->process_label;
	if (ask->has_no_new_privs)
		process->no_new_privileges = ask->no_new_privs;
	if (ask->user && parse_user(ask->user, &process->user.uid, &process->user.gid, e) < 0)
		return -e->code;
	if (*process->cwd != '/')
		return err_say(e, EINVAL, "--cwd %s: must be an absolute path", process->cwd);
	return add_capabilities(process, &ask->capabilities, e);
}

static int from_file(struct arena *arena, const char *path, struct spec_process *process,
		     struct err *e)
{
	autofd fd = open(path, O_RDONLY | O_CLOEXEC);
	const struct spec_process *read;
	struct problems problems;
	int r;

	if (fd < 0)
		return err_set(e, errno, "--process %s", path);
	r = spec_load_process(arena, fd, &problems, &read, e);
	if (r < 0)
		return err_prefix(e, "--process %s", path);
	config_warn(arena_printf(arena, "--process %s: ", path), &problems);
	*process = *read;
	return 0;
}

int exec_process(struct arena *arena, const struct spec *spec, const struct exec_request *ask,
		 const struct spec_process **ret_process, struct err *e)
{
	struct spec_process *process = arena_alloc(arena, sizeof *process);
	int r = ask->process_file ? from_file(arena, ask->process_file, process, e)
				  : from_flags(arena, spec, ask, process, e);

	if (r < 0)
		return r;
	/* -t asks for a terminal whatever the file says. */
	process->terminal |= ask->terminal;
	*ret_process = process;
	return 0;
}

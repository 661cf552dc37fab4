/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/record.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/log.h"
#include "runtime/context.h"
#include "runtime/onlooker.h"
#include "runtime/operations.h"
#include "runtime/pids.h"
#include "runtime/profile.h"
#include "runtime/state.h"
#include "runtime/unix.h"
#include "runtime/witness.h"
#include "seccomp/seccomp.h"
#include "seccomp/watch.h"
#include "spec/spec.h"

const struct spec *recording_apply(struct context *context, struct recording *recording,
				   const struct spec *spec)
{
	static const struct spec_seccomp_rule ask = { .action = SECCOMP_NOTIFY };
	struct spec *copy = arena_alloc(context->arena, sizeof *copy);

	*copy = *spec;
	copy->linux.seccomp = (struct spec_seccomp){
		.present = true,
		.default_action = SECCOMP_ALLOW,
		.listener_path = recording->listener,
		.rules = &ask,
		.rule_count = 1,
	};
	recording->no_new_privileges = spec->process.no_new_privileges;
	return copy;
}

#define MARK "recording"

int recording_keep(const struct recording *recording, const struct container *container,
		   struct err *e)
{
	int r = file_replace(container->dir, MARK, 0600, recording->listener,
			     strlen(recording->listener));

	return r < 0 ? err_set(e, -r, "container %s: " MARK, container->id) : 0;
}

int recording_recall(struct context *context, const struct container *container,
		     const struct spec **spec, struct request *request, struct err *e)
{
	struct recording recording = { 0 };
	struct seccomp_filter *filter;
	autobuf listener = { 0 };
	int r = file_read(container->dir, MARK, PATH_MAX, &listener);

	if (r == -ENOENT)
		return 0;
	if (r < 0)
		return err_set(e, -r, "container %s: " MARK, container->id);
	filter = arena_alloc(context->arena, sizeof *filter);
	*filter = seccomp_watch_filter(context->arena);
	recording.listener = arena_strdup(context->arena, listener.text ? listener.text : "");
	*spec = recording_apply(context, &recording, *spec);
	request->filter = filter;
	return 0;
}

static void add_name(struct name_set *set, struct arena *arena, const char *name)
{
	for (size_t i = 0; i < set->count; i++)
		if (str_equal(set->items[i], name))
			return;
	set->items[set->count++] = arena_strdup(arena, name);
}

static void add_calls(struct arena *arena, const struct calls *calls, struct seen *seen)
{
	for (size_t i = 0; i < calls->count; i++) {
		const struct call *call = &calls->items[i];
		const char *arch;
		const char *name = seccomp_call_name(arena, call->arch, call->number, &arch);

		if (!name || !arch) {
			log_line(LOG_LEVEL_WARNING, "libseccomp has no name for system call %d of "
						    "architecture %#x: left out", call->number,
				 call->arch);
			continue;
		}
		add_name(&seen->calls, arena, name);
		add_name(&seen->archs, arena, arch);
	}
}

/* What a process may need without having been seen to: how it ends, and how a call goes on behind a
 * signal or a pause. */
static void add_unseen(struct arena *arena, struct seen *seen)
{
	static const char *const names[] = { "exit", "exit_group", "restart_syscall",
					     "rt_sigreturn" };

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		add_name(&seen->calls, arena, names[i]);
	add_name(&seen->archs, arena, seccomp_native_name());
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* With no_new_privs the filter is loaded directly ahead of the program, otherwise before
 * tare-init gives up its privileges. */
static struct seen gather(struct arena *arena, const struct calls *by_init,
			  const struct calls *by_program)
{
	struct seen seen = { .calls = { arena_array(arena, 2 * CALLS_MOST + 8, sizeof(char *)), 0 },
			     .archs = { arena_array(arena, 2 * CALLS_MOST + 8, sizeof(char *)), 0 } };

	if (by_init)
		add_calls(arena, by_init, &seen);
	add_calls(arena, by_program, &seen);
	add_unseen(arena, &seen);
	qsort(seen.calls.items, seen.calls.count, sizeof(char *), by_text);
	qsort(seen.archs.items, seen.archs.count, sizeof(char *), by_text);
	return seen;
}

static int listen_at(struct context *context, const char *name, struct err *e)
{
	autofd server = -1;
	int root, r = state_root(context, true, &root, e);

	if (r < 0)
		return r;
	server = unix_bind(root, name, SOCK_STREAM);
	if (server < 0)
		return err_set(e, -server, "%s/%s: bind", context->root, name);
	return listen(server, 64) < 0 ? err_set(e, errno, "%s/%s: listen", context->root, name)
				     : fd_take(&server);
}

static int witness_at(struct context *context, const char *name, struct witness *ret_witness,
		    struct err *e)
{
	autofd server = listen_at(context, name, e);

	return server < 0 ? server : witness_begin(server, ret_witness, e);
}

int container_record(struct context *context, const struct create_request *ask,
		     const struct spec_seccomp *base, const struct spec_seccomp **ret_profile,
		     int *ret_status, struct err *e)
{
	const char *name = arena_printf(context->arena, "@record.%d", (int)getpid());
	const struct seccomp_filter filter = seccomp_watch_filter(context->arena);
	struct recording recording = {
		.filter = &filter,
		.listener = arena_printf(context->arena, "%s/%s", context->root, name),
	};
	__attribute__((cleanup(witness_clear))) struct witness watch = { .agent = HELPER_NONE };
	struct create_request watched = *ask;
	struct seen seen;
	int r = witness_at(context, name, &watch, e);

	if (r == 0) {
		watched.recording = &recording;
		r = container_run(context, &watched, ret_status, e);
		witness_wait(&watch);
	}
	if (context->root_fd >= 0)
		unlinkat(context->root_fd, name, 0);
	if (r < 0)
		return r;
	seen = gather(context->arena, recording.no_new_privileges ? NULL : watch.by_init,
		      watch.by_program);
	*ret_profile = profile_extend(context->arena, base, &seen);
	return 0;
}

static int seize(struct context *context, const struct container *container, struct err *e)
{
	struct pids pids = { 0 };
	bool new = true;
	int r = 0;

	while (new && r == 0) {
		r = container_processes(context, container, &pids, e);
		if (r == 0)
			r = onlooker_seize(&pids, &new, e);
	}
	return r;
}

static int attend(struct context *context, const struct container *container,
		  const struct spec **ret_spec, struct onlooker *o, struct err *e)
{
	int r = container_must_live(container, e);

	o->started = container->found != STATUS_CREATED;
	if (r == 0)
		r = container_spec(context, container, ret_spec, e);
	if (r == 0)
		r = seize(context, container, e);
	return r < 0 ? r : onlooker_watch(o, e);
}

int container_attend(struct context *context, const char *id, const struct spec_seccomp *base,
		     const struct spec_seccomp **ret_profile, struct err *e)
{
	struct onlooker *o = arena_alloc(context->arena, sizeof *o);
	autocontainer container = CONTAINER_NONE;
	const struct spec *spec;
	struct seen seen;
	int r = container_look(context, id, false, &container, e);

	if (r == 0)
		r = attend(context, &container, &spec, o, e);
	if (r < 0)
		return r;
	seen = gather(context->arena, spec->process.no_new_privileges ? NULL : &o->by_init,
		      &o->by_program);
	*ret_profile = profile_extend(context->arena, base, &seen);
	return 0;
}

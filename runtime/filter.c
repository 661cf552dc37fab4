/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/filter.h"

#include <errno.h>
#include <string.h>
#include <sys/utsname.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/log.h"
#include "runtime/context.h"
#include "runtime/state.h"
#include "runtime/version.h"
#include "seccomp/cache.h"
#include "seccomp/seccomp.h"

#define OWN_FILTER "filter"

static const char *salt(struct arena *arena)
{
	const char *commit = version_commit();
	struct utsname host = { 0 };

	uname(&host);
	return arena_printf(arena, "tare %s %s, %s %s", version_number(), commit ? commit : "",
			    host.release, host.machine);
}

static int open_cache(struct context *context)
{
	struct err ignored;
	int root, dir;

	if (state_root(context, true, &root, &ignored) < 0)
		return -1;
	dir = filter_cache_open(root, FILTER_CACHE, false);
	return dir == -ENOENT ? filter_cache_open(root, FILTER_CACHE, true) : dir;
}

static void say_unused(struct context *context, int r)
{
	log_line(LOG_LEVEL_DEBUG, "%s/" FILTER_CACHE ": not used: %s", context->root,
		 strerror(-r));
}

static int look_up(struct context *context, const struct spec *spec,
		   struct seccomp_filter *ret_filter, struct err *e)
{
	struct filter_key key = filter_key(spec, salt(context->arena));
	autofd cache = open_cache(context);
	int r = cache < 0 ? cache : filter_cache_read(cache, &key, context->arena, ret_filter);

	if (r == 0) {
		seccomp_tell(context->arena, spec);
		return 0;
	}
	if (r != -ENOENT)
		say_unused(context, r);
	r = seccomp_make(context->arena, spec, ret_filter, e);
	if (r < 0 || cache < 0)
		return r;
	r = filter_cache_write(cache, &key, ret_filter);
	if (r < 0)
		say_unused(context, r);
	return 0;
}

int filter_provide(struct context *context, const struct spec *spec,
		   const struct container *container, struct request *request, struct err *e)
{
	struct seccomp_filter *filter = arena_alloc(context->arena, sizeof *filter);
	int r;

	if (request->filter || !seccomp_is_wanted(spec))
		return 0;
	r = look_up(context, spec, filter, e);
	if (r < 0)
		return r;
	r = filter_file_write(container->dir, OWN_FILTER, filter);
	if (r < 0)
		log_line(LOG_LEVEL_DEBUG, "%s/%s/" OWN_FILTER ": %s", context->root, container->id,
			 strerror(-r));
	request->filter = filter;
	return 0;
}

int filter_recall(struct context *context, const struct spec *spec,
		  const struct container *container, struct request *request, struct err *e)
{
	struct seccomp_filter *filter = arena_alloc(context->arena, sizeof *filter);
	int r;

	if (request->filter || !seccomp_is_wanted(spec))
		return 0;
	r = filter_file_read(container->dir, OWN_FILTER, context->arena, filter);
	if (r < 0)
		r = look_up(context, spec, filter, e);
	if (r == 0)
		request->filter = filter;
	return r;
}

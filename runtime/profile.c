/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/profile.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/text.h"
#include "runtime/config.h"
#include "spec/load.h"
#include "spec/names.h"
#include "spec/spec.h"

int profile_load(struct arena *arena, const char *path, const struct spec_seccomp **ret_profile,
		 const char **ret_pointer, struct err *e)
{
	bool standard = str_equal(path, "-");
	autofd file = standard ? -1 : open(path, O_RDONLY | O_CLOEXEC);
	struct problems problems;
	int r;

	if (!standard && file < 0)
		return err_set(e, errno, "%s: open", path);
	r = spec_load_profile(arena, standard ? STDIN_FILENO : file, &problems, ret_profile,
			      ret_pointer, e);
	if (r < 0)
		return err_prefix(e, "%s", path);
	config_warn(arena_printf(arena, "%s: ", path), &problems);
	return 0;
}

static bool has_name(const struct strings *names, const char *name)
{
	for (size_t i = 0; i < names->count; i++)
		if (str_equal(names->items[i], name))
			return true;
	return false;
}

/* Both let the call happen. */
static bool lets_pass(enum seccomp_action action)
{
	return action == SECCOMP_ALLOW || action == SECCOMP_LOG;
}

/* The rule that decides on a call whatever its arguments are. */
static const struct spec_seccomp_rule *decides(const struct spec_seccomp *p, const char *name)
{
	for (size_t i = 0; i < p->rule_count; i++)
		if (!p->rules[i].arg_count && has_name(&p->rules[i].names, name))
			return &p->rules[i];
	return NULL;
}

static bool is_missing(const struct spec_seccomp *base, const char *name)
{
	const struct spec_seccomp_rule *rule = decides(base, name);

	if (!rule)
		return !lets_pass(base->default_action);
	if (!lets_pass(rule->action) && rule->action != SECCOMP_NOTIFY)
		log_line(LOG_LEVEL_WARNING, "%s was called, but /syscalls/%zu has %s for it: kept",
			 name, (size_t)(rule - base->rules),
			 name_of(seccomp_actions, rule->action));
	return false;
}

static struct strings missing_calls(struct arena *arena, const struct spec_seccomp *base,
				    const struct name_set *calls)
{
	const char **items = arena_array(arena, calls->count + 1, sizeof *items);
	size_t count = 0;

	for (size_t i = 0; i < calls->count; i++)
		if (is_missing(base, calls->items[i]))
			items[count++] = calls->items[i];
	return (struct strings){ items, count };
}

static struct strings all_archs(struct arena *arena, const struct strings *own,
				const struct name_set *seen)
{
	const char **items = arena_array(arena, own->count + seen->count, sizeof *items);
	size_t count = 0;

	for (size_t i = 0; i < own->count; i++)
		items[count++] = own->items[i];
	for (size_t i = 0; i < seen->count; i++)
		if (!has_name(own, seen->items[i]))
			items[count++] = seen->items[i];
	return (struct strings){ items, count };
}

const struct spec_seccomp *profile_extend(struct arena *arena, const struct spec_seccomp *base,
					  const struct seen *seen)
{
	static const struct spec_seccomp empty = { .default_action = SECCOMP_ERRNO };
	struct spec_seccomp *profile = arena_alloc(arena, sizeof *profile);
	struct spec_seccomp_rule *rules;
	struct strings missing;

	base = base ? base : &empty;
	missing = missing_calls(arena, base, &seen->calls);
	rules = arena_array(arena, base->rule_count + 1, sizeof *rules);
	*profile = *base;
	profile->present = true;
	profile->architectures = all_archs(arena, &base->architectures, &seen->archs);
	profile->rules = rules;
	for (size_t i = 0; i < base->rule_count; i++)
		rules[i] = base->rules[i];
	if (missing.count)
		rules[profile->rule_count++] =
			(struct spec_seccomp_rule){ .names = missing, .action = SECCOMP_ALLOW };
	return profile;
}

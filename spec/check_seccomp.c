/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/check.h"
#include "spec/reader.h"
#include "spec/spec.h"

/* A system call can return 4095 too, but libseccomp refuses that. */
enum { ERRNO_LARGEST = 4094 };

static bool takes_errno(enum seccomp_action action)
{
	return action == SECCOMP_ERRNO || action == SECCOMP_TRACE;
}

bool uses_notify(const struct spec_seccomp *seccomp)
{
	for (size_t i = 0; i < seccomp->rule_count; i++)
		if (seccomp->rules[i].action == SECCOMP_NOTIFY)
			return true;
	return false;
}

static bool default_notify(const void *subject)
{
	return ((const struct spec_seccomp *)subject)->default_action == SECCOMP_NOTIFY;
}

static bool default_errno_unused(const void *subject)
{
	const struct spec_seccomp *seccomp = subject;

	return seccomp->has_default_errno_ret && !takes_errno(seccomp->default_action);
}

static bool default_errno_large(const void *subject)
{
	const struct spec_seccomp *seccomp = subject;

	return seccomp->default_action == SECCOMP_ERRNO &&
	       seccomp->default_errno_ret > ERRNO_LARGEST;
}

static bool notify_without_listener(const void *subject)
{
	const struct spec_seccomp *seccomp = subject;

	return uses_notify(seccomp) && !seccomp->listener_path;
}

static bool listener_without_notify(const void *subject)
{
	const struct spec_seccomp *seccomp = subject;

	return seccomp->listener_path && !uses_notify(seccomp);
}

static bool metadata_without_listener(const void *subject)
{
	const struct spec_seccomp *seccomp = subject;

	return seccomp->listener_metadata && !seccomp->listener_path;
}

static const struct rule seccomp_rules[] = {
	{ default_notify, "/defaultAction",
	  "must not be SCMP_ACT_NOTIFY: nothing could run until someone answers" },
	{ default_errno_unused, "/defaultErrnoRet",
	  "needs the defaultAction SCMP_ACT_ERRNO or SCMP_ACT_TRACE", "/defaultAction" },
	{ default_errno_large, "/defaultErrnoRet", "must be an errno, from 0 to 4094",
	  "/defaultAction" },
	{ notify_without_listener, "/listenerPath",
	  "is required where SCMP_ACT_NOTIFY is used: someone has to answer" },
	{ listener_without_notify, "/listenerPath",
	  "is ignored: no rule has the action SCMP_ACT_NOTIFY", "/syscalls", true },
	{ metadata_without_listener, "/listenerMetadata", "needs listenerPath", "/listenerPath" },
	{ NULL },
};

static const struct text_rule seccomp_texts[] = {
	{ is_absolute, offsetof(struct spec_seccomp, listener_path), "/listenerPath",
	  "must be an absolute path" },
	{ NULL },
};

static void check_rule(struct reader *r, const char *prefix,
		       const struct spec_seccomp_rule *rule)
{

	if (!rule->names.count)
		broken(r, prefix, "must name a system call", "/names");
	for (size_t k = 0; k < rule->names.count; k++)
		if (!*rule->names.items[k])
			broken(r, prefix, "must not be empty", "/names/%zu", k);
	if (in_doubt(r, arena_printf(r->arena, "%s/action", prefix)))
		return;
	if (rule->has_errno_ret && !takes_errno(rule->action))
		broken(r, prefix, "needs the action SCMP_ACT_ERRNO or SCMP_ACT_TRACE",
		       "/errnoRet");
	if (rule->action == SECCOMP_ERRNO && rule->errno_ret > ERRNO_LARGEST)
		broken(r, prefix, "must be an errno, from 0 to 4094", "/errnoRet");
}

void check_seccomp(struct reader *r, const char *prefix, const struct spec_seccomp *seccomp)
{
	if (!seccomp->present)
		return;
	check_texts(r, prefix, seccomp_texts, seccomp);
	check_rules(r, prefix, seccomp_rules, seccomp);
	for (size_t i = 0; i < seccomp->rule_count; i++)
		check_rule(r, arena_printf(r->arena, "%s/syscalls/%zu", prefix, i),
			   &seccomp->rules[i]);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/check.h"

#include <ctype.h>
#include <linux/sched.h>
#include <stdlib.h>
#include <string.h>

#include "base/bitlist.h"
#include "base/text.h"
#include "spec/names.h"
#include "spec/reader.h"
#include "spec/spec.h"

/* IFNAMSIZ with its NUL. */
enum { INTERFACE_MAX = 15, HOST_NAME_LONGEST = 64 };

static void report(struct reader *r, bool warning, const char *pointer, const char *text)
{
	if (in_doubt(r, pointer))
		return;
	if (warning)
		say_warning_at(r, pointer, "%s", text);
	else
		say_error_at(r, pointer, "%s", text);
}

void broken(struct reader *r, const char *prefix, const char *text, const char *fmt, ...)
{
	const char *below;
	va_list args;

	va_start(args, fmt);
	below = arena_vprintf(r->arena, fmt, args);
	va_end(args);
	report(r, false, arena_printf(r->arena, "%s%s", prefix, below), text);
}

void doubtful(struct reader *r, const char *prefix, const char *text, const char *fmt, ...)
{
	const char *below;
	va_list args;

	va_start(args, fmt);
	below = arena_vprintf(r->arena, fmt, args);
	va_end(args);
	report(r, true, arena_printf(r->arena, "%s%s", prefix, below), text);
}

static bool needs_doubtful(struct reader *r, const char *prefix, const struct rule *rule)
{
	return rule->needs && in_doubt(r, arena_printf(r->arena, "%s%s", prefix, rule->needs));
}

void check_rules(struct reader *r, const char *prefix, const struct rule *rule,
		 const void *subject)
{
	for (; rule->fails; rule++)
		if (rule->fails(subject) && !needs_doubtful(r, prefix, rule))
			report(r, rule->warning,
			       arena_printf(r->arena, "%s%s", prefix, rule->pointer), rule->text);
}

void check_texts(struct reader *r, const char *prefix, const struct text_rule *rule,
		 const void *subject)
{
	for (; rule->is_fine; rule++) {
		const char *text;

		memcpy(&text, (const char *)subject + rule->offset, sizeof text);
		if (text && !rule->is_fine(text))
			report(r, rule->warning,
			       arena_printf(r->arena, "%s%s", prefix, rule->pointer), rule->text);
	}
}

bool is_absolute(const char *path)
{
	return *path == '/';
}

bool is_one_line(const char *text)
{
	return !strchr(text, '\n');
}

bool has_no_dot_dot(const char *path)
{
	for (const char *c = path; *c; c += strspn(c, "/")) {
		size_t length = strcspn(c, "/");

		if (length == 2 && c[0] == '.' && c[1] == '.')
			return false;
		c += length;
	}
	return true;
}

bool is_number_list(const char *text)
{
	autobuf mask = { 0 };

	return bitlist_parse(text, &mask) == 0;
}

bool is_interface_name(const char *name)
{
	if (!*name || strlen(name) > INTERFACE_MAX || strcmp(name, ".") == 0 ||
	    strcmp(name, "..") == 0)
		return false;
	for (; *name; name++)
		if (*name == '/' || *name == ':' || isspace((unsigned char)*name))
			return false;
	return true;
}

/* 1.MINOR.PATCH, then nothing, "-pre-release" or "+build". */
static bool is_version_1(const char *text)
{
	if (!str_starts(text, "1."))
		return false;
	text += 2;
	for (int part = 0; part < 2; part++) {
		size_t digits = strspn(text, "0123456789");

		if (!digits || (digits > 1 && *text == '0'))
			return false;
		text += digits;
		if (part == 0 && *text++ != '.')
			return false;
	}
	return !*text || ((*text == '-' || *text == '+') && text[1]);
}

static bool newer_version(const void *subject)
{
	const struct spec *spec = subject;

	return spec->oci_version && str_starts(spec->oci_version, "1.") &&
	       strtoul(spec->oci_version + 2, NULL, 10) > 3;
}

static bool hostname_without_uts(const void *subject)
{
	const struct spec *spec = subject;

	return spec->hostname && !spec_has_namespace(spec, NS_UTS);
}

static bool domainname_without_uts(const void *subject)
{
	const struct spec *spec = subject;

	return spec->domainname && !spec_has_namespace(spec, NS_UTS);
}

/* sched(7): who has a deadline cannot fork, unless the child is to have none. */
static bool deadline_cannot_fork(const void *subject)
{
	const struct spec *spec = subject;
	const struct spec_scheduler *s = &spec->process.scheduler;

	return spec->hooks[HOOK_START_CONTAINER].count && s->present &&
	       s->policy == SCHED_DEADLINE && !(s->flags & SCHED_FLAG_RESET_ON_FORK);
}

static const struct rule config_rules[] = {
	{ newer_version, "/ociVersion",
	  "is newer than 1.3: what later versions added is ignored", .warning = true },
	{ hostname_without_uts, "/hostname",
	  "needs a uts namespace in linux.namespaces: without one it would be the host's name "
	  "that changes",
	  "/linux/namespaces" },
	{ domainname_without_uts, "/domainname",
	  "needs a uts namespace in linux.namespaces: without one it would be the host's name "
	  "that changes",
	  "/linux/namespaces" },
	{ deadline_cannot_fork, "/process/scheduler/flags",
	  "must have SCHED_FLAG_RESET_ON_FORK where there are startContainer hooks: a process "
	  "with a deadline cannot fork",
	  "/process/scheduler" },
	{ NULL },
};

static bool is_not_empty(const char *text)
{
	return *text;
}

static bool fits_uts(const char *name)
{
	return strlen(name) <= HOST_NAME_LONGEST;
}

static const struct text_rule config_texts[] = {
	{ is_version_1, offsetof(struct spec, oci_version), "/ociVersion",
	  "must be a version 1.x.y of the specification" },
	{ is_not_empty, offsetof(struct spec, root.path), "/root/path", "must not be empty" },
	{ fits_uts, offsetof(struct spec, hostname), "/hostname",
	  "must not be longer than 64 bytes" },
	{ fits_uts, offsetof(struct spec, domainname), "/domainname",
	  "must not be longer than 64 bytes" },
	{ NULL },
};

void check_mounts(struct reader *r, const struct spec *spec)
{
	for (size_t i = 0; i < spec->mount_count; i++) {
		const struct spec_mount *m = &spec->mounts[i];

		if (m->destination && !*m->destination)
			broken(r, "/mounts", "must not be empty", "/%zu/destination", i);
		else if (m->destination && !is_absolute(m->destination))
			doubtful(r, "/mounts", "should be absolute: it is taken as below \"/\"",
				 "/%zu/destination", i);
		check_mount_mappings(r, i, m);
	}
}

static void check_hook(struct reader *r, const char *kind, size_t i, const struct spec_hook *hook)
{
	if (hook->path && !is_absolute(hook->path))
		broken(r, "/hooks/", "must be an absolute path", "%s/%zu/path", kind, i);
	for (size_t k = 0; k < hook->env.count; k++)
		if (!strchr(hook->env.items[k], '='))
			doubtful(r, "/hooks/", "is not of the form NAME=VALUE", "%s/%zu/env/%zu",
				 kind, i, k);
}

static void check_hooks(struct reader *r, const struct spec *spec)
{
	for (size_t kind = 0; kind < HOOK_KINDS; kind++)
		for (size_t i = 0; i < spec->hooks[kind].count; i++)
			check_hook(r, name_of(hook_names, kind), i,
				   &spec->hooks[kind].items[i]);
}

void check_config(struct reader *r, const struct spec *spec)
{
	check_texts(r, "", config_texts, spec);
	check_rules(r, "", config_rules, spec);
	check_mounts(r, spec);
	check_hooks(r, spec);
	if (spec->process.present)
		check_process(r, "/process", &spec->process);
	check_namespaces(r, spec);
	check_linux(r, spec);
	check_sysctl(r, spec);
	check_annotations(r, spec);
	check_resources(r, "/linux/resources", &spec->linux.resources);
	check_seccomp(r, "/linux/seccomp", &spec->linux.seccomp);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/names.h"
#include "spec/spec.h"
#include "spec/tables.h"

/* struct winsize counts in unsigned shorts. */
static const struct field console_fields[] = {
	{ "height", parse_integer, AT(spec_process, console_height), REQUIRED, ANY_U16 },
	{ "width", parse_integer, AT(spec_process, console_width), REQUIRED, ANY_U16 },
	{ NULL },
};
static const struct object console_object = { sizeof(struct spec_process), console_fields };

static const struct field user_fields[] = {
	{ "uid", parse_integer, AT(spec_user, uid), EXPECTED, ANY_ID },
	{ "gid", parse_integer, AT(spec_user, gid), EXPECTED, ANY_ID },
	{ "umask", parse_integer, AT(spec_user, umask), HAS(spec_user, has_umask),
	  WITHIN(0, 0777) },
	{ "additionalGids", parse_gids, LIST(spec_user, additional_gids, additional_gid_count),
	  ANY_ID },
	{ "username", parse_foreign, .note = "it is for another platform" },
	{ NULL },
};
static const struct object user_object = { sizeof(struct spec_user), user_fields };

#define CAPABILITIES(set) \
	{ #set, parse_capabilities, AT(spec_capabilities, set), .names = capability_names }
static const struct field capability_fields[] = {
	CAPABILITIES(bounding),
	CAPABILITIES(effective),
	CAPABILITIES(inheritable),
	CAPABILITIES(permitted),
	CAPABILITIES(ambient),
	{ NULL },
};
static const struct object capabilities_object = {
	sizeof(struct spec_capabilities), capability_fields, HAS_PRESENT(spec_capabilities),
};

/* The type is kept as text and as number. */
static bool parse_rlimit(struct reader *r, const struct step *at, const struct field *f,
			 const json_t *json, char *base)
{
	const struct field number = {
		NULL, NULL, AT(spec_rlimit, resource), REQUIRED, .names = f->names,
	};

	return parse_enum(r, at, &number, json, base) && parse_text(r, at, f, json, base);
}
static const struct field rlimit_fields[] = {
	{ "type", parse_rlimit, AT(spec_rlimit, type), REQUIRED, .names = rlimit_names },
	{ "soft", parse_integer, AT(spec_rlimit, soft), REQUIRED, ANY_U64 },
	{ "hard", parse_integer, AT(spec_rlimit, hard), REQUIRED, ANY_U64 },
	{ NULL },
};
static const struct object rlimit_object = { sizeof(struct spec_rlimit), rlimit_fields };

static const struct field scheduler_fields[] = {
	{ "policy", parse_enum, AT(spec_scheduler, policy), REQUIRED,
	  .names = scheduler_policies },
	{ "nice", parse_integer, AT(spec_scheduler, nice), WITHIN(-20, 19) },
	{ "priority", parse_integer, AT(spec_scheduler, priority), ANY_I32 },
	{ "flags", parse_bits, AT(spec_scheduler, flags), .names = scheduler_flags },
	{ "runtime", parse_integer, AT(spec_scheduler, runtime), ANY_U64 },
	{ "deadline", parse_integer, AT(spec_scheduler, deadline), ANY_U64 },
	{ "period", parse_integer, AT(spec_scheduler, period), ANY_U64 },
	{ NULL },
};
static const struct object scheduler_object = {
	sizeof(struct spec_scheduler), scheduler_fields, HAS_PRESENT(spec_scheduler),
};

static const struct field io_priority_fields[] = {
	{ "class", parse_enum, AT(spec_io_priority, class), REQUIRED, .names = io_classes },
	{ "priority", parse_integer, AT(spec_io_priority, priority), EXPECTED, WITHIN(0, 7) },
	{ NULL },
};
static const struct object io_priority_object = {
	sizeof(struct spec_io_priority), io_priority_fields, HAS_PRESENT(spec_io_priority),
};

static const struct field affinity_fields[] = {
	{ "initial", parse_text, AT(spec_cpu_affinity, initial) },
	{ "final", parse_text, AT(spec_cpu_affinity, final) },
	{ NULL },
};
static const struct object affinity_object = { sizeof(struct spec_cpu_affinity), affinity_fields };

static const struct field process_fields[] = {
	{ "terminal", parse_bool, AT(spec_process, terminal) },
	{ "consoleSize", parse_object, .object = &console_object,
	  HAS(spec_process, has_console_size) },
	{ "user", parse_object, AT(spec_process, user), .object = &user_object },
	{ "args", parse_texts, LIST(spec_process, args.items, args.count), .need = REQUIRED },
	{ "commandLine", parse_foreign, .note = "it is for another platform" },
	{ "env", parse_texts, LIST(spec_process, env.items, env.count) },
	{ "cwd", parse_text, AT(spec_process, cwd), REQUIRED },
	{ "capabilities", parse_object, AT(spec_process, capabilities),
	  .object = &capabilities_object },
	{ "rlimits", parse_list, LIST(spec_process, rlimits, rlimit_count),
	  .object = &rlimit_object },
	{ "noNewPrivileges", parse_bool, AT(spec_process, no_new_privileges) },
	{ "apparmorProfile", parse_text, AT(spec_process, apparmor_profile) },
	{ "selinuxLabel", parse_text, AT(spec_process, selinux_label) },
	{ "oomScoreAdj", parse_integer, AT(spec_process, oom_score_adj),
	  HAS(spec_process, has_oom_score_adj), WITHIN(-1000, 1000) },
	{ "scheduler", parse_object, AT(spec_process, scheduler), .object = &scheduler_object },
	{ "ioPriority", parse_object, AT(spec_process, io_priority),
	  .object = &io_priority_object },
	{ "execCPUAffinity", parse_object, AT(spec_process, exec_cpu_affinity),
	  .object = &affinity_object },
	{ NULL },
};
const struct object process_object = {
	sizeof(struct spec_process), process_fields, HAS_PRESENT(spec_process),
};

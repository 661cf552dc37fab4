/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/names.h"
#include "spec/spec.h"
#include "spec/tables.h"

/* Six registers carry the arguments of a system call. */
static const struct field arg_fields[] = {
	{ "index", parse_integer, AT(spec_seccomp_arg, index), REQUIRED, WITHIN(0, 5) },
	{ "value", parse_integer, AT(spec_seccomp_arg, value), REQUIRED, ANY_U64 },
	{ "valueTwo", parse_integer, AT(spec_seccomp_arg, value_two), ANY_U64 },
	{ "op", parse_enum, AT(spec_seccomp_arg, op), REQUIRED, .names = seccomp_operators },
	{ NULL },
};
static const struct object arg_object = { sizeof(struct spec_seccomp_arg), arg_fields };

/* A filter returns 16 bits of data beside its action. */
static const struct field rule_fields[] = {
	{ "names", parse_texts, LIST(spec_seccomp_rule, names.items, names.count),
	  .need = REQUIRED },
	{ "action", parse_enum, AT(spec_seccomp_rule, action), REQUIRED,
	  .names = seccomp_actions },
	{ "errnoRet", parse_integer, AT(spec_seccomp_rule, errno_ret),
	  HAS(spec_seccomp_rule, has_errno_ret), ANY_U16 },
	{ "args", parse_list, LIST(spec_seccomp_rule, args, arg_count), .object = &arg_object },
	{ NULL },
};
static const struct object rule_object = { sizeof(struct spec_seccomp_rule), rule_fields };

static const struct field seccomp_fields[] = {
	{ "defaultAction", parse_enum, AT(spec_seccomp, default_action), REQUIRED,
	  .names = seccomp_actions },
	{ "defaultErrnoRet", parse_integer, AT(spec_seccomp, default_errno_ret),
	  HAS(spec_seccomp, has_default_errno_ret), ANY_U16 },
	{ "architectures", parse_texts,
	  LIST(spec_seccomp, architectures.items, architectures.count),
	  .names = seccomp_architectures },
	{ "flags", parse_texts, LIST(spec_seccomp, flags.items, flags.count),
	  .names = seccomp_flags },
	{ "listenerPath", parse_text, AT(spec_seccomp, listener_path) },
	{ "listenerMetadata", parse_text, AT(spec_seccomp, listener_metadata) },
	{ "syscalls", parse_list, LIST(spec_seccomp, rules, rule_count),
	  .object = &rule_object },
	{ NULL },
};
const struct object seccomp_object = {
	sizeof(struct spec_seccomp), seccomp_fields, HAS_PRESENT(spec_seccomp),
};

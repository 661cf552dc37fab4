/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The document of features.md and features-linux.md: what a runtime can do, for engines.
 */
#pragma once
#include <stddef.h>

struct pair;
struct strbuf;

/* What other rooms know. Lists end with NULL. */
struct features {
	const char *const *mount_options;
	const char *const *seccomp_actions, *const *seccomp_operators;
	const char *const *seccomp_architectures;
	const char *const *seccomp_known_flags, *const *seccomp_supported_flags;
	const struct pair *annotations; /* versions */
	size_t annotation_count;
};
void features_document(const struct features *, struct strbuf *ret_json);

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The features document (features.md, features-linux.md). Pure.
 *
 * Invariant: every list comes from a table that the code runs on: those of spec/names.h are taken
 * here, the other rooms' are handed in.
 */
#pragma once
#include <stdbool.h>

struct strbuf;

struct features {
	/* NULL-terminated, of other rooms */
	const char *const *mount_options;
	const char *const *seccomp_actions, *const *seccomp_operators, *const *seccomp_archs,
		*const *seccomp_known_flags, *const *seccomp_supported_flags;
	const char *const *unsafe_annotations;
	/* what this version does */
	bool systemd, rdma, idmap, net_devices, memory_policy, intel_rdt;
	const char *version, *commit, *libseccomp; /* commit NULL: unknown */
};
/* Appends the document, indented, with a newline at its end. */
void features_print(const struct features *, struct strbuf *ret_json);

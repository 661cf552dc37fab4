/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Seccomp profiles as files of their own.
 */
#pragma once
#include <stddef.h>

struct arena;
struct err;
struct spec_seccomp;
struct strbuf;

/* A linux.seccomp object or the one of a config.json, "-": on standard input. Warnings are logged. *ret_pointer:
 * where in the file it is, "" or "/linux/seccomp". */
int profile_load(struct arena *, const char *path, const struct spec_seccomp **ret_profile,
		 const char **ret_pointer, struct err *e);

/* Names without repetition. */
struct name_set {
	const char **items;
	size_t count;
};
/* What was seen of a container. */
struct seen {
	struct name_set calls, archs;
};
/* The least profile that allows what was seen, and all that base allows: its rules stay as they are. base NULL: an
 * empty one that denies all. A call that base denies by a rule of its own stays denied: that is
 * a warning in the log. */
const struct spec_seccomp *profile_extend(struct arena *, const struct spec_seccomp *base,
					  const struct seen *);
/* As JSON, a linux.seccomp object. */
void profile_print(const struct spec_seccomp *, struct strbuf *ret_json);

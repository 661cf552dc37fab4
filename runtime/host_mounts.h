/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mounts that the host lane makes for init to attach: detached, so that nobody has seen them before
 * their ids are mapped.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"

struct err;

/* A copy of what is mounted at path; flags as of OP_TREE. */
int host_tree(const char *path, uint64_t flags, int *ret_mount, struct err *e);

/* A new file system; options are "key=value", or "key" for a flag. */
struct host_fs {
	const char *type, *source;
	struct strings options;
	unsigned attributes; /* MOUNT_ATTR_... */
};
int host_fs(const struct host_fs *, int *ret_mount, struct err *e);

/* Maps the ids of a mount, or of it and all below it. Errors name the file system, and the kernel
 * from which on it can do that. */
int host_idmap(int mount, int userns, bool recursive, struct err *e);

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The mounts of a container that come from outside. In an image they are but names, here those
 * that config.json calls them by, so that a restore finds their sources in its own config.json,
 * wherever the bundle is by then.
 */
#pragma once
#include "runtime/wire.h"

struct arena;
struct container;
struct context;
struct err;
struct spec;

/* Of the running container: mount point -> name. A list of struct criu_mount. */
int criu_mounts_dump(struct context *, const struct container *, const struct spec *,
		     struct wire_list *ret_mounts, struct err *e);
/* For a container to be made: name -> source. */
int criu_mounts_restore(struct context *, const struct container *, const struct spec *,
			struct wire_list *ret_mounts, struct err *e);
/* Which of them an image has, in a file in it: the log of a failed restore does not name them. */
int criu_mounts_save(struct arena *, int image, const struct wire_list *mounts, struct err *e);
/* Whether all that an image has are among those of the container to be made. */
int criu_mounts_check(struct arena *, int image, const struct wire_list *mounts, struct err *e);
/* Makes the mount points that the root file system lacks: CRIU expects all to be there. */
int criu_mounts_prepare(struct context *, const struct container *, const struct spec *,
			struct err *e);
/* The index of the mount that the text speaks of, by its destination; -1 none. */
long criu_mount_named(const struct spec *, const char *text);

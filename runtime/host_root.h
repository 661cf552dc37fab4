/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The root of a container without a mount namespace (config-linux.md, namespaces: it inherits the runtime's). It is made
 * in ROOT/ID/root, and what the config mounts is in there.
 *
 * Invariant: root.path itself stays as it is, so several containers can have the same; what is in ROOT/ID/root is
 * mounted by tare only, and gone before the state directory is removed.
 */
#pragma once
#include <stdint.h>

struct arena;
struct container;
struct err;
struct spec;

/* Makes the place; *ret_path is its host path, or NULL for a spec with a mount namespace. */
int host_root_prepare(struct arena *, const char *root, const struct container *, const struct spec *,
		      const char **ret_path, struct err *e);
/* ROOT/ID/root: for an exec, and for a plan that is only printed. */
const char *host_root_path(struct arena *, const char *root, const char *id);
/* What is mounted at path, with all below, at place: *ret_mount. Propagation (MS_SLAVE or MS_PRIVATE) of those mounts. */
int host_root_mount(const char *path, const char *place, uint64_t propagation, int *ret_mount, struct err *e);
/* Takes off what is mounted there, whoever uses it still (MNT_DETACH), and the place. Absent is success. */
int host_root_remove(const struct container *, struct err *e);

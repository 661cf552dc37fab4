/* SPDX-License-Identifier: Apache-2.0 */
/*
 * User namespaces that exist to map the ids of mounts: made by a child that ends as soon as a
 * descriptor keeps its namespace.
 */
#pragma once

struct err;
struct host;

/* uids and gids: lines of uid_map and gid_map. */
int userns_make(const struct host *, const char *uids, const char *gids, int *ret_userns,
		struct err *e);

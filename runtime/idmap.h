/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The id maps of a new user namespace (user_namespaces(7)): written by tare where
 * it may, by newuidmap(1) and newgidmap(1) where an unprivileged user has sub-ids.
 */
#pragma once
#include <sys/types.h>

struct err;
struct host;

/* file: "uid_map", "gid_map" or "setgroups"; text: its lines. */
int idmap_write(const struct host *, pid_t pid, const char *file, const char *text, struct err *e);

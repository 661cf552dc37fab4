/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The processes of a container.
 */
#pragma once
#include <stddef.h>
#include <sys/types.h>

struct container;
struct context;
struct err;

struct pids {
	pid_t *items;
	size_t count;
};
/* All of its cgroup, as tare sees their ids, in the arena; none when the cgroup is gone. -EOPNOTSUPP for a container
 * without a cgroup. The host must have been probed. */
int container_processes(struct context *, const struct container *, struct pids *ret_pids,
			struct err *e);

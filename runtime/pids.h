/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The processes of a container.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct container;
struct context;
struct err;

struct pids {
	pid_t *items;
	size_t count;
};
/* All of its cgroup, or without one of its pid namespace, as tare sees their ids, in the arena; none when it has ended.
 * -EOPNOTSUPP for a container with neither. The host must have been probed. */
int container_processes(struct context *, const struct container *, struct pids *ret_pids,
			struct err *e);
/* Whether there is something to tell them by. */
bool container_tells_processes(const struct container *);

/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/join.h"

#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/stat.h>

#include "runtime/state.h"

static bool same_user_namespace(pid_t pid)
{
	char path[64];
	struct stat own, its;

	snprintf(path, sizeof path, "/proc/%d/ns/user", pid);
	return stat("/proc/self/ns/user", &own) == 0 && stat(path, &its) == 0 &&
	       own.st_dev == its.st_dev && own.st_ino == its.st_ino;
}

uint32_t namespaces_to_join(const struct container *container)
{
	uint32_t join = container->namespaces;

	if (join & CLONE_NEWUSER && same_user_namespace(container->pid))
		join &= ~(uint32_t)CLONE_NEWUSER;
	return join;
}

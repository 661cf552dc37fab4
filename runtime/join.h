/* SPDX-License-Identifier: Apache-2.0 */
/* What a process joins that enters a container: for exec.c and mounts.c. */
#pragma once
#include <stdint.h>

struct container;

/* CLONE_NEW* of the container's namespaces; the user namespace only if it is not the caller's own,
 * which setns(2) refuses. */
uint32_t namespaces_to_join(const struct container *);

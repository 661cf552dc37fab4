/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a container's cgroup knows of a death: the kernel's OOM killer and a refused fork leave no
 * other word.
 */
#pragma once

struct cgroup_toll;
struct container;
struct context;

/* Fills container->reached, of one that has stopped. */
void died_figures(struct context *, struct container *);
/* What the container met already ahead of a process that joins it. */
void died_before(struct context *, const struct container *, struct cgroup_toll *ret_toll);
/* A warning in the log when a program that ended with this status, not 0, may have met a limit of
 * the container's cgroup since `before` (NULL: ever). */
void died_tell(struct context *, const struct container *, const struct cgroup_toll *before,
	       int status);

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a container's cgroup knows of a death: the kernel's OOM killer and a refused fork leave no
 * other word.
 */
#pragma once

struct container;
struct context;

/* Fills container->reached, of one that has stopped. */
void died_figures(struct context *, struct container *);
/* A warning in the log when a program that ended with this status, not 0, may have met a limit of
 * the cgroup (NULL: none). */
void died_tell(struct context *, const char *id, const char *cgroup, int status);

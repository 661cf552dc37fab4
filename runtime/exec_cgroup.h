/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which cgroup a process of `exec` is born in.
 *
 * Invariant: it is the container's own or one below it, whatever --cgroup says.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct arena;
struct container;
struct context;
struct err;
struct strings;

/* asked: the values of --cgroup, [CONTROLLER:]PATH below the container's; the last counts. Without
 * one it is the container's, or that of its init where a service manager inside has divided the
 * container's into parts: the kernel lets no process into such a cgroup itself. A container without
 * a cgroup gives a NULL path and leaves *ret_fd. */
int exec_cgroup(struct context *, const struct container *, const struct strings *asked,
		const char **ret_path, int *ret_fd, struct err *e);
/* The v2 path of a process. */
int process_cgroup(struct arena *, pid_t pid, const char **ret_path, struct err *e);
/* The path of the v2 line of the text of /proc/PID/cgroup: its start in text, *ret_length without
 * the newline; NULL when there is none. Pure. */
const char *v2_line(const char *text, size_t *ret_length);
/* Whether one of the parts of path is "..". Pure. */
bool climbs(const char *path);

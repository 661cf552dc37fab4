/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Intel RDT through the resctrl file system (config-linux.md#intelrdt, the kernel's
 * Documentation/filesystems/resctrl.rst). root is a descriptor of its mount.
 *
 * Invariant: a group that was there before is never removed, and never changed but by
 * resctrl_change(), which a user asks for; one that tare made for a container ends with it.
 */
#pragma once
#include <stdbool.h>
#include <sys/types.h>

#include "base/text.h"

struct arena;
struct err;

/* Opens the mount: -ENODEV with a hint when there is none. */
int resctrl_open(int *ret_root, struct err *e);

/* The group to join, "." for the root group. */
struct resctrl_group {
	const char *name;
	struct strings schemata; /* lines in the order to write them */
	bool must_exist;         /* a closID without schemata names a group the administrator made */
};
/* Makes the group and writes its schemata; one that exists must have these schemata already. */
int resctrl_make(int root, const struct resctrl_group *, struct err *e);
/* Makes mon_groups/ID in the group. */
int resctrl_monitor(int root, const char *group, const char *id, struct err *e);
/* Puts a process into the group, and into its monitoring group unless monitor is NULL. */
int resctrl_join(int root, const char *group, const char *monitor, pid_t pid, struct err *e);
/* The same for all threads of processes that run. */
int resctrl_move(int root, const char *group, const pid_t *pids, size_t count, struct err *e);
/* Writes lines into the schemata of a group in use: all or, on failure, none. *ret_before: the lines
 * that take them back. */
int resctrl_change(struct arena *, int root, const struct resctrl_group *,
		   struct strings *ret_before, struct err *e);
/* The line for a resource ("L3") in the text of a schemata file, without blanks around; NULL if there is none. Pure. */
const char *resctrl_line(struct arena *, const char *schemata, const char *resource);
/* Removes a group (monitor NULL) or a monitoring group in it; absent is success. */
int resctrl_remove(int root, const char *group, const char *monitor, struct err *e);
/* Whether a line asks for what the text of a schemata file holds already. Pure. */
bool resctrl_matches(const char *schemata, const char *line);

/* SPDX-License-Identifier: Apache-2.0 */
/* /proc/PID/mountinfo (proc(5)), line by line. Pure. */
#pragma once
#include <stdbool.h>

struct arena;

struct mount_line {
	unsigned long id;
	const char *device; /* "8:1" */
	const char *point;  /* where it is mounted, as a path and not as the file writes it */
};
/* Takes the next line that can be understood off *text: false when there is none. */
bool mount_line_next(struct arena *, const char **text, struct mount_line *ret_line);

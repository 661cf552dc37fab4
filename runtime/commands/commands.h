/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The front ends: one function a command, each from options to one operation and what it prints.
 * Only these and main.c know of standard output.
 */
#pragma once
#include <sys/types.h>

#include "base/text.h"

struct context;
struct err;
struct invocation;
struct options;

typedef int command_function(struct invocation *, struct err *e);
command_function command_create, command_run, command_start, command_exec, command_state,
	command_list, command_ps, command_kill, command_mounts, command_pause, command_resume, command_delete,
	command_update, command_events, command_stats, command_spec, command_validate,
	command_plan, command_seccomp, command_features, command_completion, command_checkpoint,
	command_restore;

/* --interval in milliseconds, or the standard. */
int interval_of(const struct options *, int standard, int *ret_ms, struct err *e);

/* Writes text to standard output. 0, or -errno: a full disk or a closed pipe is a failure. */
int print_text(const struct strbuf *, struct err *e);

/* What --regex makes of a container argument: calls act for each id it matches, or for the one id
 * that it is. Goes on behind a failure; e has the first one. */
struct selection {
	struct invocation *invocation;
	int (*act)(struct invocation *, const char *id, struct err *e);
};
int for_selected(const struct selection *, struct err *e);

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs host-side hooks (config.md#posix-platform-hooks): prestart, createRuntime, poststart,
 * poststop. A hook gets exactly its env (none if absent), the bundle as working
 * directory, the state document on standard input, no other descriptor of ours. What it writes to
 * standard error without a file for it goes to the log, for --debug.
 */
#pragma once
#include <fcntl.h>
#include <stddef.h>

struct err;

/* Annotations that name a file for what hooks write; how it is opened. */
#define HOOK_STDOUT "run.oci.hooks.stdout"
#define HOOK_STDERR "run.oci.hooks.stderr"
enum { HOOK_OUTPUT_FLAGS = O_WRONLY | O_CREAT | O_APPEND | O_NOCTTY, HOOK_OUTPUT_MODE = 0644 };

struct hook_run {
	const char *name;        /* "/hooks/poststart/0" */
	const char *path;
	char *const *argv, *const *envp; /* NULL-terminated */
	int timeout;             /* seconds, 0 none */
	const char *cwd;
	int state;               /* sealed memfd with the state document */
	int container;           /* pidfd of the process whose end ends the hook too, -1 none */
	int interrupt, program;  /* interrupt_fd(), interrupt_program() */
	const char *stdout_file, *stderr_file; /* run.oci.hooks.stdout/.stderr, or NULL */
};
/* 0 when the hook exited 0. Else e names the hook, its exit status or signal or timeout, and the
 * last line it wrote to standard error. The hook and what it started are killed at the timeout. */
int hook_run(const struct hook_run *, struct err *e);

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What callers ask to be told about a new process: --pid-file and --pidfd-socket.
 */
#pragma once
#include <sys/types.h>

struct context;
struct err;

/* Writes the number, without a newline, so that no reader ever sees half of it: new file, then
 * rename. */
int write_pid_file(const char *path, pid_t pid, struct err *e);
/* Connects to the unix socket and sends the pidfd with SCM_RIGHTS. what: the option that named it, for errors. */
int send_pidfd(const struct context *, const char *what, const char *socket_path, int pidfd,
	       struct err *e);

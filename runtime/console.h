/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Terminals: sending a pty master to --console-socket, and the proxy between the
 * user's terminal and a container's in the foreground.
 */
#pragma once
#include <sys/types.h>

struct context;
struct err;

/* Connects to the unix socket at path and sends master with SCM_RIGHTS and its name as the payload
 * (runc's form). */
int console_send(const struct context *, const char *path, int master, struct err *e);

/* The foreground: waits for the process, forwards signals, and copies between the
 * user's terminal and the master until both are drained. */
struct foreground {
	pid_t pid;
	int pidfd;
	int master;       /* -1: no terminal of the container's own */
	int notify;       /* socket to proxy sd_notify messages from, -1 none */
	const char *notify_to; /* NOTIFY_SOCKET of the caller */
	struct died_watch *watch; /* looked at when its cgroup's processes end; NULL none */
};
/* *ret_status: 0..255, 128+n for signal n. The user's terminal is restored on every path, also when
 * a signal ends tare or suspends it. Signals must have been blocked by foreground_prepare() before
 * the process was made. */
int foreground_wait(const struct foreground *, int *ret_status, struct err *e);
/* Blocks what will be forwarded or acted on. Who makes a process for others to run in gives it an
 * empty mask. */
int foreground_prepare(struct err *e);

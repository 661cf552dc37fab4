/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sd_notify(3) through the container's wall: the workload writes to /run/notify/notify.sock, which
 * is ROOT/ID/notify/notify.sock; tare passes readiness on to the NOTIFY_SOCKET it was started with.
 *
 * Invariant: only READY=1 and STATUS= lines pass, with MAINPID of the container's init as the host
 * sees it: a workload cannot speak for another unit's process.
 */
#pragma once
#include <stdbool.h>
#include <sys/types.h>

struct arena;
struct container;
struct err;

/* The caller's NOTIFY_SOCKET, or NULL. */
const char *notify_socket(void);
/* Makes ROOT/ID/notify for the bind mount; *ret_dir is its host path. */
int notify_prepare(struct arena *, const char *root, const struct container *, const char **ret_dir,
		   struct err *e);
/* Binds the socket in it: *ret_socket. */
int notify_bind(const struct container *, int *ret_socket, struct err *e);
/* Takes one datagram and passes on what may pass; *ret_ready is set when READY=1 was in it. */
void notify_forward(int socket, const char *to, pid_t pid, bool *ret_ready);
/* Forwards until READY=1 or the end of the process. */
int notify_wait(int socket, const char *to, pid_t pid, int pidfd, struct err *e);

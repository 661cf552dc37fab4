/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/peer.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "base/err.h"
#include "base/fd.h"
#include "base/file.h"
#include "runtime/interrupt.h"
#include "runtime/unix.h"

/* Nothing tells that a backlog has room but connect(2) itself, which no other descriptor wakes: it is called for a
 * slice of the time, and the signals are looked for between them. */
enum { PATIENCE_S = 10, SLICE_MS = 100, SLICES = PATIENCE_S * 1000 / SLICE_MS };

static int look_for_signal(const struct context *context, struct err *e)
{
	struct pollfd signals = { .fd = interrupt_fd(context), .events = POLLIN };

	return poll(&signals, 1, 0) > 0 ? interrupt_take(signals.fd, e) : 0;
}

static int explain(const struct peer_message *m, const char *call, int code, struct err *e)
{
	if (code != EAGAIN)
		return err_set(e, code, "%s %s: %s", m->what, m->path, call);
	return err_say(e, ETIMEDOUT, "%s %s: %s: who listens there has taken nothing for %d s", m->what,
		       m->path, call, PATIENCE_S);
}

static int reach(const struct context *context, const struct peer_message *m, struct err *e)
{
	int fd = -EAGAIN;

	for (int i = 0; i < SLICES && fd == -EAGAIN; i++) {
		int r = look_for_signal(context, e);

		if (r < 0)
			return err_prefix(e, "%s %s: connect", m->what, m->path);
		fd = unix_connect_within(m->path, SLICE_MS);
	}
	return fd < 0 ? explain(m, "connect", -fd, e) : fd;
}

/* The descriptor goes with the first byte; a signal may part what follows from it. */
static int say(int peer, const struct peer_message *m)
{
	const struct timeval patience = { .tv_sec = PATIENCE_S };
	ssize_t n;

	if (setsockopt(peer, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience) < 0)
		return -errno;
	n = socket_send_fd(peer, m->bytes, m->length, m->fd);
	return n < 0 ? (int)n
		     : fd_write_all(peer, (const char *)m->bytes + n, m->length - (size_t)n);
}

int peer_tell(const struct context *context, const struct peer_message *m, struct err *e)
{
	autofd peer = reach(context, m, e);
	int r;

	if (peer < 0)
		return peer;
	r = say(peer, m);
	return r < 0 ? explain(m, "sendmsg", -r, e) : 0;
}

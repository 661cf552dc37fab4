/* SPDX-License-Identifier: Apache-2.0 */
/* The start gate: where a created container waits for `start`. */
#include <linux/prctl.h>

#include "init/init.h"

static long peer_uid(int socket)
{
	struct peer peer = { 0 };
	int length = sizeof peer;
	long r = SYS(getsockopt, socket, SOCKET_LEVEL, SOCKET_PEERCRED, &peer, &length);

	return r < 0 ? r : (long)peer.uid;
}

/* One caller: 1 when it said go. Who hangs up only wanted to know whether we wait;
 * one who speaks otherwise is of another build, and learns of it by our hanging up. */
static int take_caller(struct init *in, int caller, long host)
{
	struct report message;
	autofd trace = -1, fd = -1;
	int fds[RECEIVED];
	long n;

	if (peer_uid(caller) != host)
		return 0;
	n = receive(caller, &message, fds);
	fd = fds[RECEIVED_STATE];
	trace = fds[RECEIVED_TRACE];
	if (n != sizeof message || message.kind != REPORT_GO || message.number != PLAN_GATE)
		return 0;
	if (fd >= 0) {
		fd_close(&in->state);
		in->state = fd;
		fd = -1;
	}
	if (trace >= 0)
		trace_take(in, trace);
	trace = -1;
	return 1;
}

static int is_transient(long error)
{
	return error == -EINTR || error == -ECONNABORTED || error == -EAGAIN;
}

int run_GATE(struct init *in, const uint64_t *arg)
{
	/* Seen from here, the one who made the socket pair has the uid that `start` must have; in
	 * a user namespace it may be no uid of the container's at all. */
	long host = peer_uid(in->sync);

	if (host < 0)
		return fail(in, CALL_socket, host, "SO_PEERCRED", NULL);
	/* What `state` and `list` know a waiting one by. */
	SYS(prctl, PR_SET_NAME, GATE_NAME);
	fd_close(&in->sync);
	for (;;) {
		autofd caller = (int)SYS(accept4, slot(in, arg[0]), 0, 0, O_CLOEXEC);

		if (caller < 0 && !is_transient(caller))
			return fail(in, CALL_accept4, caller, NULL);
		if (caller < 0 || !take_caller(in, caller, host))
			continue;
		in->sync = caller;
		caller = -1;
		break;
	}
	slot_close(in, arg[0]);
	return 0;
}

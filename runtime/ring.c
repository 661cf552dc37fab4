/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/ring.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

bool ring_wants(const struct ring *ring)
{
	return !ring->ended && ring->length < sizeof ring->bytes;
}

bool ring_offers(const struct ring *ring)
{
	return ring->length > 0 && !ring->broken;
}

static void make_room(struct ring *ring)
{
	memmove(ring->bytes, ring->bytes + ring->start, ring->length);
	ring->start = 0;
}

static bool is_transient(void)
{
	return errno == EAGAIN || errno == EINTR;
}

bool ring_read(struct ring *ring, int source)
{
	ssize_t n;

	make_room(ring);
	n = read(source, ring->bytes + ring->length, sizeof ring->bytes - ring->length);
	if (n < 0 && is_transient())
		return false;
	/* A pty master says EIO when the last one has closed the other side. */
	ring->ended = n <= 0;
	if (n > 0 && !ring->broken)
		ring->length += (size_t)n;
	return true;
}

void ring_suit(struct ring *ring, int sink)
{
	struct stat st;

	if (fstat(sink, &st) < 0 || fcntl(sink, F_GETFL) & O_NONBLOCK)
		return;
	ring->sends = S_ISSOCK(st.st_mode);
	ring->most = S_ISFIFO(st.st_mode) ? PIPE_BUF : 0;
}

void ring_write(struct ring *ring, int sink)
{
	size_t length = ring->most && ring->most < ring->length ? ring->most : ring->length;
	const char *bytes = ring->bytes + ring->start;
	ssize_t n = ring->sends ? send(sink, bytes, length, MSG_DONTWAIT | MSG_NOSIGNAL)
				: write(sink, bytes, length);

	if (n < 0 && is_transient())
		return;
	ring->broken = n < 0;
	ring->start += n < 0 ? ring->length : (size_t)n;
	ring->length -= n < 0 ? ring->length : (size_t)n;
}

bool ring_put(struct ring *ring, const void *bytes, size_t length)
{
	if (sizeof ring->bytes - ring->length < length)
		return false;
	make_room(ring);
	memcpy(ring->bytes + ring->length, bytes, length);
	ring->length += length;
	return true;
}

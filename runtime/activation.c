/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/activation.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/err.h"

/* The sockets are ours to pass on only when LISTEN_PID names us, or nobody (engines that forget
 * it). */
static bool is_for_us(void)
{
	const char *text = getenv("LISTEN_PID");
	uint64_t pid;

	return !text || (parse_u64(text, INT_MAX, &pid) == 0 && (pid_t)pid == getpid());
}

static uint32_t listen_fds(void)
{
	const char *text = getenv("LISTEN_FDS");
	uint64_t count;

	if (!text || !is_for_us() || parse_u64(text, INT_MAX / 2, &count) < 0)
		return 0;
	return (uint32_t)count;
}

static struct strings environment(struct arena *arena, uint32_t count)
{
	const char **items = arena_array(arena, 3, sizeof *items);
	const char *names = getenv("LISTEN_FDNAMES");

	items[0] = arena_printf(arena, "LISTEN_FDS=%u", count);
	items[1] = "LISTEN_PID=1";
	if (names)
		items[2] = arena_printf(arena, "LISTEN_FDNAMES=%s", names);
	return (struct strings){ items, names ? 3 : 2 };
}

/* All of tare's own are close-on-exec; what came through an execve cannot be. */
static int check_given(uint32_t count, struct err *e)
{
	for (uint32_t fd = 3; fd < 3 + count; fd++) {
		int flags = fcntl((int)fd, F_GETFD);

		if (flags < 0 || (flags & FD_CLOEXEC))
			return err_set(e, EBADF,
				       "--preserve-fds and LISTEN_FDS ask for descriptor %u", fd);
	}
	return 0;
}

int activation_probe(struct arena *arena, uint32_t preserve_fds,
		     struct activation *ret_activation, struct err *e)
{
	uint32_t sockets = listen_fds(), all;
	struct activation found = { 0 };
	int r;

	if (__builtin_add_overflow(preserve_fds, sockets, &all) || all > INT_MAX - 3)
		return err_say(e, EINVAL, "--preserve-fds %u is too large", preserve_fds);
	r = check_given(all, e);
	if (r < 0)
		return r;
	found.preserve_fds = all;
	if (sockets)
		found.env = environment(arena, sockets);
	*ret_activation = found;
	return 0;
}

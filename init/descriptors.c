/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which descriptors are ours, which are the workload's. Everything is close-on-exec from the start,
 * before any filter could deny close_range(2); all that is opened later is so from birth.
 */
#include <linux/close_range.h>

#include "init/init.h"

enum { FIRST = 3 };

void fd_close(int *fd)
{
	if (*fd >= 0)
		SYS(close, *fd);
	*fd = -1;
}

int slot(const struct init *in, uint64_t number)
{
	int fd = number < in->plan->slot_count ? in->slots[number] : -1;

	return fd < 0 ? -EBADF : fd;
}

void slot_close(struct init *in, uint64_t number)
{
	fd_close(&in->slots[number]);
	in->attached[number / 32] &= ~(1u << number % 32);
	if (in->link_slot == number)
		in->link_slot = PLAN_NO_SLOT;
}

void slot_fill(struct init *in, uint64_t number, int fd)
{
	slot_close(in, number);
	in->slots[number] = fd;
}

static int is_ours(const struct init *in, int fd)
{
	int ours = fd == in->sync;

	for (uint32_t i = 0; i < in->plan->slot_count; i++)
		ours |= fd == in->slots[i];
	return ours;
}

/* A number that the caller did not have open must not become one of ours in the workload. */
static int preserved_are_foreign(struct init *in)
{
	struct digits digits;

	for (uint32_t i = 0; i < in->plan->preserve_fds; i++)
		if (is_ours(in, (int)(FIRST + i)) || SYS(fcntl, FIRST + i, F_GETFD) < 0)
			return FAIL(in, none, -EBADF, "descriptor ", decimal(&digits, FIRST + i),
				    " is to be preserved, but it is not open");
	return 0;
}

int descriptors_take(struct init *in)
{
	const int32_t *given = (const void *)((const char *)in->plan + in->plan->slots);
	long r = SYS(close_range, FIRST, ~0u, CLOSE_RANGE_CLOEXEC);

	for (uint32_t i = 0; i < in->plan->slot_count; i++)
		in->slots[i] = given[i];
	return r < 0 ? fail(in, CALL_close_range, r, NULL) : preserved_are_foreign(in);
}

int descriptors_give(struct init *in)
{
	struct digits digits;

	for (uint32_t i = 0; i < in->plan->preserve_fds; i++) {
		long r = SYS(fcntl, FIRST + i, F_SETFD, 0);

		if (r < 0)
			return FAIL(in, none, r, "descriptor ", decimal(&digits, FIRST + i),
				    " cannot be preserved");
	}
	return 0;
}

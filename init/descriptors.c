/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which descriptors are ours, which are the workload's. Everything is close-on-exec from the start,
 * before any filter could deny close_range(2); all that is opened later is so from birth.
 */
#include <linux/close_range.h>

#include "init/init.h"

enum { FIRST = 3, ROOM = 40 };
#define NO_MORE (~0u)

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

void slot_leave(struct init *in, uint64_t number)
{
	in->slots[number] = -1;
	in->attached[number / 32] &= ~(1u << number % 32);
	in->directories[number / 32] &= ~(1u << number % 32);
	if (in->link_slot == number)
		in->link_slot = PLAN_NO_SLOT;
}

void slot_close(struct init *in, uint64_t number)
{
	fd_close(&in->slots[number]);
	slot_leave(in, number);
}

void slot_fill(struct init *in, uint64_t number, int fd)
{
	slot_leave(in, number);
	in->slots[number] = fd;
}

/* The first of ours that is not below `from`, or NO_MORE. */
static unsigned next_ours(const struct init *in, unsigned from)
{
	const int others[] = { in->sync, in->state, in->root, in->parent };
	unsigned next = NO_MORE;

	for (size_t i = 0; i < sizeof others / sizeof *others; i++)
		if (others[i] >= 0 && (unsigned)others[i] >= from && (unsigned)others[i] < next)
			next = (unsigned)others[i];
	for (uint32_t i = 0; i < in->plan->slot_count; i++)
		if (in->slots[i] >= 0 && (unsigned)in->slots[i] >= from &&
		    (unsigned)in->slots[i] < next)
			next = (unsigned)in->slots[i];
	return next;
}

void descriptors_tidy(struct init *in)
{
	unsigned from = FIRST + in->plan->preserve_fds, next = 0;

	for (; next != NO_MORE; from = next + 1) {
		next = next_ours(in, from);
		if (next > from)
			SYS(close_range, from, next == NO_MORE ? next : next - 1, 0);
	}
	in->untidy = 0;
}

/* With what the lane holds open they fit a limit of 64 open files. */
int descriptors_left(struct init *in, int fd)
{
	in->untidy |= fd >= FIRST + (int)in->plan->preserve_fds + ROOM;
	return fd;
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

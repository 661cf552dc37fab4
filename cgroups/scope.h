/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A container's cgroup as a scope of systemd. systemd makes one around a process only, so the
 * caller lends it one of its own until the container's init is born in there.
 *
 * Invariant: every call is bounded in time. No migration by tare: systemd moves the process lent,
 * nothing else ever moves.
 */
#pragma once
#include <stdbool.h>
#include <sys/types.h>

#include "base/text.h"

struct arena;
struct err;

struct scope {
	const char *unit; /* "tare-ID.scope" */
	bool user;        /* of the user's manager */
};

/* Starts the scope around process pid, with properties as in unit.h, and waits until it is. A failed
 * unit of this name is cleared away first; one that is active is -EEXIST. */
int scope_start(struct arena *, const struct scope *, const struct strings *properties, pid_t pid,
		struct err *e);
/* Changes properties, and returns when systemd has written what follows from them. */
int scope_set(struct arena *, const struct scope *, const struct strings *properties,
	      struct err *e);
/* Has systemd move process pid into a cgroup below the unit's own, "" for itself. */
int scope_attach(const struct scope *, const char *below, pid_t pid, struct err *e);
/* Ends the unit; one that is gone is success. */
int scope_stop(const struct scope *, struct err *e);

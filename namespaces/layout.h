/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who makes which namespace, decided once for the three places that act on it.
 *
 * Mostly clone3() makes all new ones, a new user namespace first among them, and init joins the
 * others. That does not do where a user namespace must own what can only be had behind it:
 *
 * - A user namespace is joined: what is new must be made inside it.
 * - A user namespace is new and others are joined: inside it init would have no right to join them.
 *
 * Then nothing is new in clone3() and init makes the namespaces itself ("late"); a process that
 * made pid or time namespaces is not in them, only its child is, hence FORK.
 *
 * Where a user namespace and a time namespace with offsets are new, init makes and enters the latter
 * (CLOCKS): offsets are written to a time namespace that has no process yet, and its owner must be
 * there before it.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

struct compile;
struct err;
struct spec;

struct ns_layout {
	uint64_t cloned;   /* CLONE_NEW* for clone3() */
	uint64_t unshared; /* for init, behind the user namespace */
	bool user_joined;  /* by init */
	bool user_made;    /* by init */
	bool host_offsets; /* the host lane makes the time namespace, with its offsets */
	bool own_offsets;  /* init makes it and writes them */
	bool late_offsets; /* init makes it, the host lane writes the offsets */
};
struct ns_layout ns_layout(const struct spec *);

/* Whether groups can be set in the user namespace: root where tare runs may write any map. */
bool ns_groups_allowed(const struct compile *);
/* Whether the annotation run.oci.keep_original_groups asks for the groups that tare has. */
bool ns_groups_kept(const struct compile *);
/* The text for timens_offsets, in the arena. */
const char *ns_time_offsets(const struct compile *);
/* ID_MAP steps for both maps. */
int ns_map_steps(struct compile *, struct err *e);
/* "/linux/namespaces/2 (network, /run/netns/x)". */
const char *ns_why(const struct compile *, unsigned kind);
/* Where OPEN_NS of a joined namespace put it, or PLAN_NO_SLOT: slots are allotted in the order of
 * enum ns_kind, ahead of all others. */
uint64_t ns_slot(const struct spec *, unsigned kind);

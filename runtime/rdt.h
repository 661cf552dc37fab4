/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The class of service (Intel RDT) of a container that runs: its limits changed, and what it uses.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"

struct arena;
struct container;
struct context;
struct err;

/* What rdt_change() did, for rdt_take_back(). */
struct rdt_change {
	int root;              /* owned; -1: nothing was done */
	const char *group;
	struct strings before; /* lines of its schemata */
	bool made;
};
#define RDT_CHANGE_NONE { .root = -1 }
/* Gives the container's class these schemata, for all that are in it. A container without a class gets
 * one of its own, with all its processes. All or, on failure, nothing. */
int rdt_change(struct context *, struct container *, const struct strings *schemata,
	       struct rdt_change *ret_change, struct err *e);
void rdt_take_back(struct context *, struct container *, const struct rdt_change *);
void rdt_change_close(struct rdt_change *);
#define autordt __attribute__((cleanup(rdt_change_close))) struct rdt_change

/* The figures of one cache. */
struct rdt_node {
	uint64_t total, local; /* bytes of memory traffic */
	uint64_t occupancy;    /* bytes of the cache */
};
/* What the file system tells of the container's class; NULL: it knows no such resource. */
struct rdt_figures {
	const char *mask;                        /* of the whole cache, hexadecimal */
	uint64_t least_bits, cache_classes;
	const char *cache_of_root, *cache;       /* lines of schemata */
	bool bandwidth_known;
	uint64_t granularity, linear_delay, least_bandwidth, bandwidth_classes;
	const char *bandwidth_of_root, *bandwidth;
	bool counts_traffic, counts_occupancy;
	const struct rdt_node *nodes;
	size_t node_count;
};
/* NULL for a container without a class, or where the file system is not mounted. */
const struct rdt_figures *rdt_figures(struct arena *, const struct container *);

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A container as a unit of systemd: its name, its place, its properties as texts such as
 * "MemoryMax=uint64 1048576" (the value in variant.h's format; "NAME?=..." is left out where systemd
 * does not know the property). Pure.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

struct arena;
struct cgroup_limits;
struct err;
struct host;
struct pair;
struct strbuf;
struct strings;

struct unit {
	const char *name;  /* "cri-containerd-ID.scope" */
	const char *slice; /* "kubepods.slice", "-.slice" */
	const char *path;  /* v2 path of its cgroup: the slice's name has its own place in it */
};
/* "slice:prefix:name" (an empty slice is the manager's usual one), or NULL for the default, of container id. */
int unit_of(struct arena *, const struct host *, const char *cgroups_path, const char *id,
	    struct unit *ret_unit, struct err *e);
/* A growing list of properties. */
struct unit_properties {
	struct arena *arena;
	const char **items;
	size_t count;
};
void unit_property(struct unit_properties *, const char *text);
/* Those that say what the limits say, so that systemd never writes anything else. */
void unit_limit_properties(const struct cgroup_limits *, struct unit_properties *ret_properties);
/* Those of an annotation org.systemd.property.NAME; another annotation has none. */
int unit_annotation(const struct pair *, struct unit_properties *ret_properties, struct err *e);
/* The properties in the wire format, a(sv). optional: with those that systemd may not know. */
int unit_properties_write(struct arena *, const struct strings *properties, bool optional,
			  struct strbuf *body, struct err *e);

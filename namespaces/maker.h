/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One of mounts[] while its steps are made: private to mounts.c, filesystem.c, given.c and
 * idmaps.c. Pure.
 *
 * Invariant: what maker_begin() lets pass has a destination other than the root and options that
 * fit its type; whether it is a new file system or shows a place of the host is decided.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "namespaces/mount_options.h"
#include "plan/format.h"
#include "spec/spec.h"

struct compile;
struct err;

/* What is special about a type of file system. */
struct fs_type {
	const char *name;
	const char *real; /* the type to mount, where the name is an old one */
	uint64_t target_flags;
	bool labelled;        /* takes linux.mountLabel */
	bool made;            /* with its namespace, by the kernel */
	bool late_readonly;   /* "ro" waits for the end: things are made in it until then */
	bool own;             /* each mount has a superblock of its own, which a remount can change */
	bool likes_target;    /* has the mode of what it covers unless mode= says other */
	enum ns_kind owner;   /* mountable only by the owner of a namespace of this kind ... */
	const char *instance; /* ... and otherwise the host's instance is shown, from here */
};

/* Whose ids a mount shows: a user namespace with these maps, or one that is joined. */
struct mount_maps {
	bool wanted;
	const char *uids, *gids; /* as lines of uid_map and gid_map; NULL: the joined one's */
};

struct maker {
	struct compile *c;
	const struct spec_mount *mount;
	size_t index;
	struct mount_options options;
	struct mount_maps maps;
	const struct fs_type *type;
	const char *why, *path; /* path: the destination, absolute */
	uint64_t slot;
	bool waits; /* "ro" comes at the end */
	struct err *e;
};

/* mounts[index]. */
int maker_begin(struct compile *, size_t index, struct maker *ret_maker, struct err *e);
/* Whether mounts[] are to be made: a mount namespace that is joined at create has its mounts. */
bool mounts_are_ours(const struct compile *);
bool maker_is_cgroup(const struct maker *);
/* A bind mount's source, absolute: NULL when there is none. */
const char *maker_source(const struct maker *);
/* TREE flags of a bind mount. */
uint64_t maker_tree_flags(const struct maker *);

/* filesystem.c */
/* The attributes of a new file system's mount; "ro" is not among them if it waits. */
uint64_t maker_new_attrs(const struct maker *);
/* What fsconfig(2) is told: the mount's own options, flags of the superblock, a label if there is one. */
struct strings maker_fs_options(const struct maker *, uint64_t attrs, const char *label);
/* FS or HOST_FS into maker.slot. */
int maker_fs_steps(struct maker *, enum plan_lane, enum plan_op);
/* linux.mountLabel as a file system's option, "context=LABEL"; NULL when there is none. */
int label_option(const struct compile *, const char **ret_option, struct err *e);

/* idmaps.c */
/* Fills maps from the mount's fields, its options, or the container's own user namespace. */
int maker_maps(struct maker *);

/* given.c */
/* The slot that the host lane fills for a step with this why, or PLAN_NO_SLOT. */
uint64_t given_slot(const struct compile *, const char *why);
/* A copy of a host's mount is as much in contact with the host as those in the new namespace. */
void given_propagation(struct compile *, const char *why, uint64_t slot);
#define NOTIFY_WHY "NOTIFY_SOCKET"

/* devices.c */
const char *device_why(const struct compile *, size_t index);

/* rootfs.c */
const char *rootfs_why(const struct compile *);
/* Host lane: the root of a container that inherits the mount namespace. */
void rootfs_on_host(struct compile *);
/* MS_... that the mounts of the new mount namespace get. */
uint64_t rootfs_propagation(const struct spec *);

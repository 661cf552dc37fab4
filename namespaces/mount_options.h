/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mounts[].options (config.md#linux-mount-options) -> what is to be done. One table has every name
 * that runc and crun know; any other is data for the file system. Pure.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"

struct arena;
struct err;
struct spec_mount;

/* MOUNT_ATTR_* to set and to clear, as mount_setattr(2) takes them. */
struct mount_attrs {
	uint64_t set, clear;
};

struct mount_options {
	bool bind;             /* "bind", "rbind", or type "bind" */
	bool recursive;        /* "rbind" */
	bool remount;
	bool copy_up;          /* tmpcopyup */
	bool has_idmap;
	bool idmap_recursive;  /* "ridmap" */
	size_t idmap_index;    /* of the option that asked for it */
	const char *idmap;     /* "uids=0-1-10;gids=@0-1-10", NULL without */
	struct mount_attrs top; /* for the mount itself */
	struct mount_attrs all; /* r-forms: for all below it too */
	struct strings super;  /* flags of the superblock, in fsconfig(2)'s words: "sync" */
	uint64_t tree_flags;   /* TREE_... of plan/format.h, AT_RECURSIVE not among them */
	uint64_t target_flags; /* TARGET_... */
	const uint64_t *propagations; /* MS_SHARED and kin, with MS_REC; in the order given */
	size_t propagation_count;
	struct strings data;   /* "size=65536k", "newinstance": for the file system */
	const size_t *data_index; /* which option each of data came from */
};

/* mounts[index]. Errors point at /mounts/INDEX/options/M. */
int mount_options_parse(struct arena *, const struct spec_mount *, size_t index,
			struct mount_options *ret_options, struct err *e);

/* Every name of the table, sorted, NULL-terminated: for `features`. */
const char *const *mount_option_names(void);

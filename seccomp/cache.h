/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Compiled filters on disk: libseccomp takes longer over a profile of a few hundred calls than all the rest
 * of a container's start.
 *
 * Invariant: a file counts only when it is a regular file of this user that nobody else may open,
 * holds exactly what its header says, and its checksum is right; anything else is as
 * good as absent. A file is written under another name and renamed, so writers may race.
 */
#pragma once
#include <stdint.h>

#include "base/blake2.h"

struct arena;
struct seccomp_filter;
struct spec;

/* At most so many are kept; the oldest goes first. A filter has at most 32 KB. */
enum { FILTER_CACHE_MOST = 64 };

struct filter_key {
	uint8_t hash[BLAKE2_SIZE];
};

/* What the filter of a spec depends on: everything seccomp_make() looks at, this libseccomp, and salt: what
 * the caller is and runs on. Pure. */
struct filter_key filter_key(const struct spec *, const char *salt);

/* Opens the directory of this name below root, which must be this user's alone; make: makes it
 * when it is absent. A descriptor, or -errno. */
int filter_cache_open(int root, const char *name, int make);
/* 0, or -errno: -ENOENT when it is absent, -EBADMSG when it does not count. */
int filter_cache_read(int dir, const struct filter_key *, struct arena *,
		      struct seccomp_filter *ret_filter);
int filter_cache_write(int dir, const struct filter_key *, const struct seccomp_filter *);
/* The same for a file of any name, made for any spec: the filter of one container. */
int filter_file_read(int dir, const char *name, struct arena *, struct seccomp_filter *ret_filter);
int filter_file_write(int dir, const char *name, const struct seccomp_filter *);

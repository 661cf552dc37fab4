/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Standard input, output and error of an image: descriptors.json in it, as runc and crun write
 * it too, says what they were. A restored process gets those of whoever restores it in their
 * place.
 */
#pragma once
#include <sys/types.h>

#include "base/text.h"

struct arena;
struct err;

enum { DESCRIPTORS = 3 };

/* What CRIU calls the three, of a process: "pipe:[17]"; "file[2a:1b]" for one that lies outside of its
 * mount namespace; else a path. */
int descriptors_read(struct arena *, pid_t pid, const char *ret_names[DESCRIPTORS], struct err *e);
int descriptors_save(int image, const char *const names[DESCRIPTORS], struct err *e);
/* Those of an image; without the file, NULLs. */
int descriptors_load(struct arena *, int image, const char *ret_names[DESCRIPTORS], struct err *e);
/* Whether it is nothing that a restored process could open again. */
bool descriptor_is_external(const char *name);
/* Those that CRIU must be told of before a dump: files from outside. */
struct strings descriptors_external(struct arena *, const char *const names[DESCRIPTORS]);

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Standard input, output and error of an image: descriptors.json in it, as runc and crun write
 * it too, says what they were. A restored process gets those of whoever restores it in their
 * place.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/text.h"

struct arena;
struct err;

/* Whose descriptors, and who else may hold the other end of a pipe. */
struct descriptors_of {
	pid_t pid;
	const pid_t *all; /* of the container */
	size_t count;
	bool sockets;     /* --ext-unix-sk: unix sockets of tare's own network namespace come from outside */
	bool terminals;   /* --shell-job: so do terminals of the host */
};

enum { DESCRIPTORS = 3 };

/* What CRIU calls the three: "pipe:[17]"; "file[2a:1b]" for a file outside of the mount namespace,
 * "tty[8801:18]" for a terminal; else a path. "" for a pipe or a socket of the container's own, which is in the image. A shell that has redirected
 * one of the three holds what it was elsewhere, or its children do: that is named in its place. */
int descriptors_read(struct arena *, const struct descriptors_of *,
		     const char *ret_names[DESCRIPTORS], struct err *e);
int descriptors_save(int image, const char *const names[DESCRIPTORS], struct err *e);
/* Those of an image; without the file, NULLs. */
int descriptors_load(struct arena *, int image, const char *ret_names[DESCRIPTORS], struct err *e);
/* Whether it is nothing that a restored process could open again. */
bool descriptor_is_external(const char *name);
/* Those that CRIU must be told of before a dump: files and terminals from outside. */
struct strings descriptors_external(struct arena *, const char *const names[DESCRIPTORS]);

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * File descriptors owned by a scope. Invariant: every descriptor tare opens is
 * O_CLOEXEC from birth; only launch clears the flag, in the child, for the
 * descriptors a plan hands over.
 */
#pragma once
#include <stddef.h>
#include <sys/types.h>

/* Closes *fd if it is one, keeps errno, leaves -1. */
void fd_close(int *fd);
/* Hands *fd over: returns it and leaves -1. */
int fd_take(int *fd);

/* A descriptor that closes itself: autofd dir = open(...); */
#define autofd __attribute__((cleanup(fd_close))) int

/* free() for __attribute__((cleanup)); autofree char *line = NULL; */
void free_pointer(void *pointer);
#define autofree __attribute__((cleanup(free_pointer)))

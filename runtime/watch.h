/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Follows a running container to its end.
 */
#pragma once
#include <stdbool.h>

struct context;
struct err;
struct sample;

/* What is told of; a negative result ends the watch with it. */
struct watcher {
	void *data;
	int interval; /* ms between samples, the first at once; -1: none */
	bool once;    /* one sample, no more */
	int (*sample)(void *data, const struct sample *, struct err *e);
	int (*oom)(void *data, struct err *e); /* once for each kill, as it happens */
};
/* Returns when the container has ended. -EINVAL when it does not run. */
int container_watch(struct context *, const char *id, const struct watcher *, struct err *e);

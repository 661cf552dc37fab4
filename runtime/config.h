/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A bundle's config.json, found and read (bundle.md): used by create, run, plan
 * and validate.
 */
#pragma once
#include "spec/load.h"

struct context;

struct config {
	int fd;             /* of config.json, at any offset */
	const char *bundle; /* absolute, no symlinks */
	const char *rootfs; /* absolute, no symlinks; root.path as it stands when it does not exist */
	const struct spec *spec;
	struct problems problems;
};

/* bundle NULL: "."; config NULL: config.json in the bundle. Warnings are logged; a missing rootfs
 * is an error. */
int config_load(struct context *, const char *bundle, const char *config, struct config *ret_config,
		struct err *e);
/* The same without a look at the root file system, for plan and validate. Where the document has errors spec is what is left
 * of it (spec/sound.h), or NULL. */
int config_read(struct context *, const char *bundle, const char *config, struct config *ret_config,
		struct err *e);
void config_clear(struct config *);
/* Logs the warnings among them, the prefix in front of each. */
void config_warn(const char *prefix, const struct problems *);

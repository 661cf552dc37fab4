/* SPDX-License-Identifier: Apache-2.0 */
/*
 * config.json -> struct spec, by field tables; then the rules between fields.
 *
 * Invariant: all problems are collected, each with the JSON pointer (RFC 6901)
 * of the value at fault; parsing goes on behind a problem, and what has none can be judged further. Unknown keys are
 * warnings, unknown values of known keys are errors. The only user of
 * jansson's parser.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

struct arena;
struct err;
struct spec;
struct spec_process;
struct spec_resources;
struct spec_seccomp;

struct problem {
	bool warning;
	const char *pointer; /* "/process/args/0", "" for the whole document */
	const char *text;
};
struct problems {
	struct problem *items;
	size_t count, errors; /* errors: those that are not warnings */
	size_t untold;        /* those beyond a thousand, which are no items; then there is no rest */
	const struct spec *rest; /* of a config with errors, what is left of it (spec/sound.h); NULL: nothing */
	const char *document; /* what was read, for who wants to keep it; the arena's */
	size_t length;
};

/* Reads a whole config.json that is open at fd. 0 when *ret_spec is usable: no errors among
 * the problems. Otherwise -EINVAL with e holding the first error and how many more there are;
 * a read or JSON syntax error (with line and column) is the one problem then. */
int spec_load(struct arena *, int fd, struct problems *ret_problems,
	      const struct spec **ret_spec, struct err *e);
/* The same from memory, for tests and fuzzing. */
int spec_parse(struct arena *, const char *text, size_t length, struct problems *ret_problems,
	       const struct spec **ret_spec, struct err *e);

/* A process object alone (`exec --process FILE`). */
int spec_load_process(struct arena *, int fd, struct problems *ret_problems,
		      const struct spec_process **ret_process, struct err *e);
/* A seccomp profile: a linux.seccomp object alone, or that of a whole config.json. *ret_pointer is where it was:
 * "" or "/linux/seccomp". */
int spec_load_profile(struct arena *, int fd, struct problems *ret_problems,
		      const struct spec_seccomp **ret_profile, const char **ret_pointer,
		      struct err *e);
/* Mounts alone (`mounts add`): a list as in config.json, or an object that has it as "mounts". Only these members of
 * *ret_spec are filled. */
int spec_load_mounts(struct arena *, int fd, struct problems *ret_problems,
		     const struct spec **ret_spec, struct err *e);
/* A resources object alone (`update --resources FILE`). */
int spec_load_resources(struct arena *, int fd, struct problems *ret_problems,
			const struct spec_resources **ret_resources, struct err *e);

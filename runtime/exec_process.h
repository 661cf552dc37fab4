/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What `exec` runs: the config's process with the command line over it, or the
 * process object of --process. Pure but for reading that file.
 */
#pragma once

struct arena;
struct err;
struct exec_request;
struct spec;
struct spec_process;

/* *ret_process is complete: args, cwd, identity. */
int exec_process(struct arena *, const struct spec *, const struct exec_request *,
		 const struct spec_process **ret_process, struct err *e);
/* Strict "UID[:GID]": digits only, both in range ("", ":", "1:", ":1", "+0" and names are
 * refused). */
int parse_user(const char *text, unsigned *ret_uid, unsigned *ret_gid, struct err *e);

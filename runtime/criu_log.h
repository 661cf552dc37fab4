/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What CRIU leaves of a failure: its log.
 */
#pragma once

struct arena;
struct criu_places;
struct err;
struct spec;
struct strbuf;

/* The lines of a log that say why it failed, at most two, in one; NULL when there are none. */
const char *criu_log_errors(struct arena *, const char *log);
/* Adds to an error of CRIU's what its log (file in the work directory) says, which field that
 * concerns, what can be done about it, and where the whole log is. */
int criu_log_explain(struct arena *, const struct criu_places *, const char *file,
		     const struct spec *, struct err *e);

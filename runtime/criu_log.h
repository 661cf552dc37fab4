/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What CRIU leaves of its work: the log of a failure, and statistics.
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
/* One line on standard error, for people: only when that is a terminal. */
__attribute__((format(printf, 1, 2)))
void criu_tell(const char *fmt, ...);
/* The same with what the statistics of a dump or a restore say. */
void criu_tell_stats(struct arena *, const struct criu_places *, const char *file);

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The order of everything: which compile functions make a plan, for each kind of
 * request. Pure but for libseccomp's memfd.
 */
#pragma once

struct context;
struct err;
struct plan_header;
struct request;
struct spec;
struct spec_process;

/* Compiles and seals a plan in the context's arena. process: NULL for the spec's own. The host
 * must have been probed. 0, or -errno with the JSON pointer of the field at fault in e. */
int build_plan(struct context *, const struct spec *, const struct spec_process *process,
	       const struct request *, struct plan_header **ret_plan, struct err *e);

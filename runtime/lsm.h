/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the labels of a container ask of the kernel's security modules.
 */
#pragma once

struct context;
struct err;
struct findings;
struct spec;
struct spec_process;

/* Fails where a label is for a module that this host does not run: a container that was to be
 * confined must not start without. Finds out for the plan whether tare is confined itself. Looks at nothing
 * when there are no labels. process: what is to run, the spec's or exec's; findings: see
 * plan/findings.h. */
int lsm_probe(struct context *, const struct spec *, const struct spec_process *process,
	      struct findings *, struct err *e);

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What systemd's journal knows of a container whose scope is gone, and with it the cgroup that counted: that
 * systemd saw the OOM killer at work in the unit, by the identifier of that message (the catalog of systemd), and
 * that the kernel refused a fork there, by its text, once for a cgroup.
 *
 * Invariant: no other source of figures is ever contradicted, and nothing depends on it: without a journal, or
 * without the right to read it, nothing is known.
 */
#pragma once
#include <stddef.h>

struct context;
struct container;
struct reached;

/* Fills container->reached, of one that has stopped, below systemd, and that died_figures() found no cgroup of. The
 * counts are the least that there were; the limits are not known. Waits 3 s at most. */
void journal_figures(struct context *, struct container *);
/* Adds up what an answer of journalctl in the journal's export format tells of the cgroup and those below it. */
void journal_count(const char *answer, size_t length, const char *cgroup, struct reached *reached);

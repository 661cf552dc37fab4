/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What every operation of the runtime takes: where the state is, and what the
 * host is like. Nothing in runtime/ but main.c and the command rows knows
 * argv or prints to stdout; nothing exits; no globals.
 */
#pragma once
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "plan/request.h"

struct trace;

struct context {
	struct arena *arena;  /* of the command: everything dies with it */
	const char *root;     /* absolute state root, /run/tare or $XDG_RUNTIME_DIR/tare */
	int root_fd;          /* opened on first use by state_root(), -1 before */
	struct host host;     /* filled by host_probe() on first use */
	bool host_probed;
	bool cgroup_probed;   /* host.cgroup_mount is filled */
	bool userns_probed;   /* host.in_userns is filled: asked for first, to find the root */
	enum cgroup_manager manager;
	bool debug;
	struct trace *trace;  /* runtime/trace.h; NULL: none */
	struct {
		bool known;
		uint64_t set; /* bit n - 1: signal n */
	} ignored;            /* by the caller: interrupt_ignored() */
	struct {
		bool on;
		int fd, program;
		sigset_t before;
	} interrupt;          /* runtime/interrupt.h; zero: signals act as they like */
};

/* Probes the host once. 0 or -errno. */
int host_probe(struct context *, struct err *e);
/* has_terminal, rows and columns, for who makes a terminal. */
void host_probe_terminal(struct context *);
/* Only host.cgroup_mount, for commands that look at a cgroup that is there. */
void host_probe_cgroup(struct context *);

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of this room share and nobody else needs.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/text.h"
#include "plan/request.h"

struct arena;
struct err;
struct spec_device_rule;
struct spec_memory;
struct spec_resources;

/* Reads /proc/self/cgroup: own_cgroup and hybrid. Pure. */
void cgroup_parse_own(struct arena *, const char *text, struct host *ret_host);
/* Where the slices of a manager begin. own: the v2 path of a process; of the system's manager that is
 * process 1's, "/init.scope"; of a user's any, which may be inside of his "user@1000.service". Pure. */
const char *cgroup_manager_root(struct arena *, const char *own, bool user, uid_t uid);
/* The words of a list such as cgroup.controllers. Pure. */
struct strings cgroup_split(struct arena *, const char *text);

/* One value for one file, and the field it came from. */
struct cgroup_limit {
	const char *file, *value;
	const char *why; /* "/linux/resources/memory/limit (memory.max)" */
};
struct findings;
struct cgroup_limits {
	struct arena *arena;
	struct findings *findings; /* see plan/findings.h */
	struct cgroup_limit *items;
	size_t count, size;
};
/* pointer: below /linux/resources. */
void cgroup_limit_add(struct cgroup_limits *, const char *pointer, const char *file,
		      const char *value);
/* Translates everything but devices, in the order it has to be written. Pure. */
int cgroup_limits_of(const struct spec_resources *, struct cgroup_limits *ret_limits,
		     struct err *e);
/* The parts of it. */
void cgroup_list_limits(const struct spec_resources *, struct cgroup_limits *ret_limits);
int cgroup_unified_limits(const struct spec_resources *, struct cgroup_limits *ret_limits,
			  struct err *e);
int cgroup_refuse_v1(const struct spec_resources *, struct findings *, struct err *e);
/* Names of controllers; room for one a limit is the caller's to have made. */
struct cgroup_names {
	const char **items;
	size_t count;
};
struct strings cgroup_name_list(const struct cgroup_names *);
bool cgroup_has_name(const struct strings *list, const char *name, size_t length);
/* Appends the controllers that the limits need. Limits that ask for nothing of a controller that is
 * not there are dropped, others refused. Pure. */
int cgroup_needed_controllers(struct arena *, const struct host *, struct cgroup_limits *,
			      struct cgroup_names *ret_names, struct err *e);
/* Whether a cgroup does without the controller what the limit says. */
bool cgroup_limit_is_neutral(const struct cgroup_limit *);
/* The controller of a file: its name up to the first dot, with its length; 0 for cgroup.*. */
size_t cgroup_controller_of(const char *file);

/* Whether memory.checkBeforeUpdate says anything, and of which limit. Pure. */
bool cgroup_asks_for_check(const struct spec_memory *, uint64_t *ret_limit);
/* Fills what resources leave unsaid but need beside what they say, from what is in force: the other
 * half of cpu.max, the memory limit that swap is counted from, cpu.idle. */
void cgroup_fill_from(struct arena *, int cgroup, const struct spec_resources *,
		      struct spec_resources *ret_filled);
/* What has to be written to file to take back a write of value to it; text is what it held before.
 * NULL: nothing can. Pure. */
const char *cgroup_undo_text(struct arena *, const char *file, const char *value,
			     const char *text);
/* Whether a file holds a line for each of several keys (devices), so that a write is about one. */
bool cgroup_file_is_keyed(const char *file);
/* Whether value is a tighter limit than text, what the file holds. Pure. */
bool cgroup_value_lowers(const char *file, const char *value, const char *text);
/* cpu.shares (2..262144) to cpu.weight (1..10000); 0 for 0. Pure. */
unsigned cgroup_cpu_weight(uint64_t shares);
/* blkio weight (10..1000) to io.weight (1..10000). Pure. */
unsigned cgroup_io_weight(unsigned weight);

/* The rules of the spec with tare's default rules behind them. Pure. */
size_t cgroup_device_rules(struct arena *, const struct spec_resources *,
			   const struct spec_device_rule **ret_rules);
/* "allow c 1:3 rwm". */
const char *cgroup_device_text(struct arena *, const struct spec_device_rule *);
/* Compiles rules to a BPF_PROG_TYPE_CGROUP_DEVICE program: struct bpf_insn[]. *ret_size in
 * bytes, 0 when the rules allow everything and no program is needed. Pure. */
void cgroup_device_program(struct arena *, const struct spec_device_rule *rules, size_t count,
			   const void **ret_program, size_t *ret_size);

/*
 * Walks a tree of cgroups with one descriptor at a time, so that neither its depth nor its
 * width costs stack or descriptors. Going up by ".." is safe: cgroup v2 has no rename.
 */
struct cgroup_walk {
	int dir;        /* where the walk is; owned */
	unsigned depth; /* below where it began */
	ino_t left;     /* the child it came up from, 0: none yet */
};
int cgroup_walk_begin(int cgroup, struct cgroup_walk *ret_walk);
/* Goes down into the next child: 1, 0 when there is none, or -errno. */
int cgroup_walk_down(struct cgroup_walk *);
/* Goes up: 1, 0 at the beginning, or -errno. */
int cgroup_walk_up(struct cgroup_walk *);
/* The name of the child with this inode: 1, 0 when it is gone, or -errno. */
int cgroup_child_name(int dir, ino_t inode, char name[256]);
void cgroup_walk_end(struct cgroup_walk *);
#define autowalk __attribute__((cleanup(cgroup_walk_end))) struct cgroup_walk

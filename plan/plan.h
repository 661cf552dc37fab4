/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Builds, seals, checks and prints plans (plan/format.h). Data only: makes no
 * system call.
 *
 * Invariant: what plan_seal() returns passes plan_check(). A builder that ran
 * out of slots or size remembers it and fails in plan_seal(), so the compile
 * functions need no error path of their own for it.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"
#include "plan/format.h"

struct arena;
struct err;

struct plan_lane_steps {
	struct plan_step *items;
	size_t count, size;
};
/* A plan under construction; a zeroed one is valid, plan_clear() may be called twice. */
struct plan {
	struct plan_lane_steps host, init;
	struct plan_lane_steps later; /* init steps for the time when the root has been entered */
	struct strbuf bytes;  /* strings, lists and blobs */
	uint32_t slot_count, sync_count;
	/* Well-known slots + 1; 0 = not made yet. All mounts use mount_slot and target_slot. */
	uint32_t root_slot, procfs_slot, null_slot, empty_slot, gate_slot, init_slot;
	uint32_t mount_slot, target_slot;
	uint32_t preserve_fds; /* copied into the header by plan_seal() */
	bool failed;
};

/* Each returns what goes into arg[] of a step. NULL texts and empty lists give 0. */
uint64_t plan_str(struct plan *, const char *text);
uint64_t plan_list(struct plan *, const struct strings *);
uint64_t plan_blob(struct plan *, const void *bytes, size_t length);
uint64_t plan_slot(struct plan *); /* a new slot's number */
/* The number of a well-known slot, &plan->root_slot and its neighbours; allotted at first use. */
uint64_t plan_slot_of(struct plan *, uint32_t *known);

/* Appends a step. why is "/mounts/3 (destination /dev/shm)": the JSON pointer of the field that
 * caused it, then what the reader needs to find the object; NULL: caused by no field. */
struct plan_step *plan_add(struct plan *, enum plan_lane, enum plan_op, const char *why,
			   const uint64_t args[PLAN_ARGS]);
#define PLAN_HOST(plan, op, why, ...) \
	plan_add(plan, LANE_HOST, op, why, (const uint64_t[PLAN_ARGS]){ __VA_ARGS__ })
#define PLAN_INIT(plan, op, why, ...) \
	plan_add(plan, LANE_INIT, op, why, (const uint64_t[PLAN_ARGS]){ __VA_ARGS__ })
/* Init steps that are known early but run behind PIVOT: kept, and appended by plan_add_later(). */
void plan_later(struct plan *, enum plan_op op, const char *why, const uint64_t args[PLAN_ARGS]);
void plan_add_later(struct plan *);
/* A text that a plan_str() of this plan stands for. */
const char *plan_built_text(const struct plan *, uint64_t offset);
/* Adds the next SYNC to both lanes. */
void plan_sync(struct plan *, enum plan_direction, const char *why);
void plan_clear(struct plan *);
#define autoplan __attribute__((cleanup(plan_clear))) struct plan

/* Lays the plan out as one block in the arena. 0 or -E2BIG and what plan_check() returns. */
int plan_seal(struct plan *, struct arena *, struct plan_header **ret_plan, struct err *e);

/* Proves a block (8-aligned) well-formed: sizes, offsets, strings, lanes, slots filled before use,
 * SYNC pairs in the same order, exactly one CLONE, a RELEASE where a user namespace waits for it,
 * the init lane ends in EXEC or DONE. 0 or -EINVAL. */
int plan_check(const void *block, size_t size, struct err *e);

/* Facts about opcodes and calls. */
const char *plan_op_name(unsigned op);
const char *plan_call_name(unsigned call);
const char *plan_arg_name(unsigned op, unsigned arg, size_t *ret_length); /* NULL behind the last */
enum plan_arg plan_arg_kind(unsigned op, unsigned arg);

/* Reading a sealed plan. */
const struct plan_step *plan_steps(const struct plan_header *, enum plan_lane, size_t *ret_count);
const char *plan_text(const struct plan_header *, uint64_t offset); /* NULL for 0 */
/* The number of strings in a list, and one of them. */
size_t plan_list_count(const struct plan_header *, uint64_t list);
const char *plan_list_item(const struct plan_header *, uint64_t list, size_t index);
/* Copies a list into the arena as a NULL-terminated vector. */
char **plan_vector(const struct plan_header *, uint64_t list, struct arena *);

/* Text: a step a line, columns "lane  op  why  arg=value ...". JSON: one document. */
void plan_print(const struct plan_header *, struct strbuf *);
void plan_print_json(const struct plan_header *, struct strbuf *);
/* The arguments of one step as a JSON object. */
void plan_print_args(const struct plan_header *, const struct plan_step *, struct strbuf *);

/* SPDX-License-Identifier: Apache-2.0 */
/* A small plan that has a bit of everything. */
#pragma once
#include "base/arena.h"
#include "base/err.h"
#include "plan/plan.h"

/* A whole lane pair with every kind of argument in it. */
void sample_build(struct plan *);
/* The same, sealed; fails the test when it cannot be. */
struct plan_header *sample_plan(struct arena *);
/* The least that is a plan: CLONE and EXEC, around what the test adds. */
void sample_host(struct plan *);
void sample_end(struct plan *);
/* The first step of this opcode in the lane, to be damaged. */
struct plan_step *sample_step(struct plan_header *, enum plan_lane, enum plan_op);

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A bundle that is only looked at: what `plan` and `validate` share.
 */
#pragma once
#include "runtime/config.h"

struct err;
struct findings;
struct invocation;
struct plan_header;

/* The host: what --assume says, or what it is. */
int bundle_host(struct invocation *, struct err *e);
/* The plan that `create` would execute. findings: see plan/findings.h. */
int bundle_plan(struct invocation *, const struct config *, struct findings *findings,
		struct plan_header **ret_plan, struct err *e);

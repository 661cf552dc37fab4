/* SPDX-License-Identifier: Apache-2.0 */
/* From a piece of config.json to the printed steps of one compile function. */
#pragma once
#include "base/arena.h"
#include "base/err.h"
#include "plan/plan.h"
#include "plan/request.h"

struct compiled {
	struct arena arena;
	struct strbuf text;   /* the steps, blanks squeezed: "init umask - mode=022\n" */
	struct err e;         /* filled when a function failed */
	int status;
	struct host host;     /* root on a unified hierarchy unless changed before compile() */
	struct request request;
};
void compiled_init(struct compiled *);
void compiled_clear(struct compiled *);
#define autocompiled __attribute__((cleanup(compiled_clear))) struct compiled

/* linux_members: what goes into "linux", JSON with single quotes for double ones, after a config that has
 * the least, and top_members likewise for the whole; both may be "". The functions end with NULL. */
void compile(struct compiled *, const char *top_members, const char *linux_members,
	     compile_function *const *functions);
/* Fail with the text shown. */
void must_have(const struct compiled *, const char *part);
void must_lack(const struct compiled *, const char *part);
void must_fail(const struct compiled *, const char *part);

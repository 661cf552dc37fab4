/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes a bad config of a good one and looks at what is said of it.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "spec/load.h"

struct spec;

/* One edit of tests/golden/spec/good/full.json, which has every field and no problem. */
struct mutation {
	const char *at;      /* the pointer of what is changed or added */
	const char *json;    /* what it becomes, any text; NULL: it is removed */
	const char *pointer; /* of the problem to expect, NULL: at */
	const char *text;    /* in the problem's text; NULL: no problem at all */
	bool warning;
};
/* Fails the test unless each row of a table (ended by a row without `at`) gives its problem, at
 * its place, and no error beside it. */
void mutate_all(const struct mutation *);

/* A parsed text. */
struct parsed {
	struct arena arena;
	struct problems problems;
	const struct spec *spec; /* NULL when there were errors */
	char message[1000];      /* of the error */
};
void parse_string(const char *text, struct parsed *ret_parsed);
/* path: below tests/. */
void parse_file(const char *path, struct parsed *ret_parsed);
char *read_test_file(struct arena *, const char *path);
/* The first problem at pointer, or NULL. */
const struct problem *problem_at(const struct problems *, const char *pointer);

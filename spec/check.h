/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rules that no single field can show: between fields, or on what a text says. Each concern is
 * a file of its own (check_*.c).
 *
 * Invariant: a rule that fails reports at the field that should change. A rule keeps silent where
 * the reader already found what it looks at to be wrong, so that one mistake is one problem.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>

struct reader;
struct spec;
struct spec_mount;
struct spec_process;
struct spec_resources;
struct spec_seccomp;

void check_config(struct reader *, const struct spec *);
/* Each of mounts[] by itself. */
void check_mounts(struct reader *, const struct spec *);
void check_mount_mappings(struct reader *, size_t index, const struct spec_mount *);
/* prefix: "/process", or "" for a document that is a process alone. The same for resources. */
void check_process(struct reader *, const char *prefix, const struct spec_process *);
void check_resources(struct reader *, const char *prefix, const struct spec_resources *);
void check_seccomp(struct reader *, const char *prefix, const struct spec_seccomp *);
/* Whether a rule has the action SCMP_ACT_NOTIFY. */
bool uses_notify(const struct spec_seccomp *);
void check_namespaces(struct reader *, const struct spec *);
void check_linux(struct reader *, const struct spec *);
void check_sysctl(struct reader *, const struct spec *);
void check_annotations(struct reader *, const struct spec *);

/* A rule as a row; a table ends with a row whose test is NULL. */
struct rule {
	bool (*fails)(const void *subject);
	const char *pointer; /* below the subject's own */
	const char *text;
	const char *needs;   /* another place it looks at: silent while that is in doubt */
	bool warning;
};
void check_rules(struct reader *, const char *prefix, const struct rule *, const void *subject);

/* A rule on the text at an offset of the subject; a table ends with a row whose test is NULL. */
struct text_rule {
	bool (*is_fine)(const char *text); /* not asked for an absent text */
	size_t offset;
	const char *pointer, *text;
	bool warning;
};
void check_texts(struct reader *, const char *prefix, const struct text_rule *,
		 const void *subject);

/* Tests on texts. */
bool is_absolute(const char *path);
bool is_one_line(const char *text);
bool has_no_dot_dot(const char *path); /* as a component */
bool is_number_list(const char *text); /* "0-3,7" */
bool is_interface_name(const char *name);

/* Reports at prefix + the pointer that fmt makes, unless that place is in doubt. */
__attribute__((format(printf, 4, 5)))
void broken(struct reader *, const char *prefix, const char *text, const char *fmt, ...);
/* The same as a warning. */
__attribute__((format(printf, 4, 5)))
void doubtful(struct reader *, const char *prefix, const char *text, const char *fmt, ...);

/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "spec/annotations.h"
#include "spec/check.h"
#include "spec/reader.h"
#include "spec/spec.h"

const struct annotation annotations_known[] = {
	{ "org.criu.config", ANNOTATION_UNSAFE },
	{ "org.systemd.property.", ANNOTATION_UNSAFE },
	{ "run.oci.hooks.stdout", ANNOTATION_UNSAFE },
	{ "run.oci.hooks.stderr", ANNOTATION_UNSAFE },
	{ "run.oci.keep_original_groups", ANNOTATION_UNSAFE },
	{ "run.oci.mount_context_type", ANNOTATION_PLAIN },
	{ "run.oci.pidfd_receiver", ANNOTATION_UNSAFE },
	{ "run.oci.seccomp_bpf_data", ANNOTATION_UNSAFE },
	{ "run.oci.seccomp_fail_unknown_syscall", ANNOTATION_PLAIN },
	{ "run.oci.systemd.force_cgroup_v1", ANNOTATION_IGNORED },
	{ "run.oci.systemd.subgroup", ANNOTATION_IGNORED,
	  "has no effect: the container is in the scope's own cgroup" },
	{ "run.oci.delegate-cgroup", ANNOTATION_IGNORED,
	  "has no effect: the container's cgroup is its user's where it has a cgroup namespace "
	  "and mounts cgroups writable" },
	{ "run.oci.seccomp.receiver", ANNOTATION_REFUSED },
	{ "run.oci.seccomp.plugins", ANNOTATION_REFUSED },
	{ "run.oci.handler", ANNOTATION_REFUSED },
	{ "module.wasm.image/variant", ANNOTATION_IGNORED },
	{ "krun.", ANNOTATION_IGNORED },
	{ NULL, ANNOTATION_PLAIN, NULL },
};

static bool is_named(const struct annotation *row, const char *key)
{
	size_t length = strlen(row->name);

	return row->name[length - 1] == '.' ? strncmp(row->name, key, length) == 0
					    : strcmp(row->name, key) == 0;
}

static const struct annotation *find(const char *key)
{
	const struct annotation *row = annotations_known;

	while (row->name && !is_named(row, key))
		row++;
	return row;
}

static void check_annotation(struct reader *r, const struct pair *pair)
{
	const struct annotation *row = find(pair->key);
	const char *token = pointer_token(r->arena, pair->key);

	if (row->kind == ANNOTATION_REFUSED)
		broken(r, "/annotations",
		       "is for another runtime: without it the container would not be "
		       "what it relies on",
		       "/%s", token);
	/* An empty value asks for nothing: engines send run.oci.systemd.subgroup so. */
	if (row->kind == ANNOTATION_IGNORED && *pair->value)
		doubtful(r, "/annotations",
			 row->instead ? row->instead
				      : "is for another runtime: it has no effect",
			 "/%s", token);
}

void check_annotations(struct reader *r, const struct spec *spec)
{
	for (size_t i = 0; i < spec->annotations.count; i++)
		check_annotation(r, &spec->annotations.items[i]);
}

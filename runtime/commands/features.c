/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/feature_list.h"

#include "base/arena.h"
#include "namespaces/mount_options.h"
#include "runtime/command.h"
#include "runtime/commands/commands.h"
#include "runtime/context.h"
#include "runtime/version.h"
#include "seccomp/seccomp.h"
#include "spec/spec.h"

enum { ANNOTATIONS_MAX = 4 };

static size_t version_annotations(struct arena *arena, struct pair annotations[ANNOTATIONS_MAX])
{
	size_t count = 0;

	annotations[count++] = (struct pair){ "run.oci.tare.version", version_number() };
	if (version_commit())
		annotations[count++] = (struct pair){ "run.oci.tare.commit", version_commit() };
	annotations[count++] = (struct pair){ "run.oci.tare.checkpoint.enabled", "true" };
	annotations[count++] = (struct pair){ "io.github.seccomp.libseccomp.version",
					      seccomp_library_version(arena) };
	return count;
}

int command_features(struct invocation *in, struct err *e)
{
	struct pair annotations[ANNOTATIONS_MAX];
	struct features features = {
		.mount_options = mount_option_names(),
		.seccomp_actions = seccomp_action_names(),
		.seccomp_operators = seccomp_operator_names(),
		.seccomp_architectures = seccomp_arch_names(),
		.seccomp_known_flags = seccomp_known_flags(),
		.seccomp_supported_flags = seccomp_supported_flags(),
		.annotations = annotations,
	};
	autobuf out = { 0 };

	features.annotation_count = version_annotations(in->context->arena, annotations);
	features_document(&features, &out);
	return print_text(&out, e);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"
#include "namespaces/mount_options.h"
#include "runtime/command.h"
#include "runtime/commands/commands.h"
#include "runtime/context.h"
#include "runtime/version.h"
#include "seccomp/seccomp.h"
#include "spec/features.h"

/* Annotations of config.json that make tare act on the host. */
static const char *const unsafe_annotations[] = {
	"run.oci.hooks.stderr",
	"run.oci.hooks.stdout",
	NULL,
};

int command_features(struct invocation *in, struct err *e)
{
	autobuf text = { 0 };
	const struct features features = {
		.mount_options = mount_option_names(),
		.seccomp_actions = seccomp_action_names(),
		.seccomp_operators = seccomp_operator_names(),
		.seccomp_archs = seccomp_arch_names(),
		.seccomp_known_flags = seccomp_known_flags(),
		.seccomp_supported_flags = seccomp_supported_flags(),
		.unsafe_annotations = unsafe_annotations,
		.rdma = true,
		.net_devices = true,
		.memory_policy = true,
		.version = version_number(),
		.commit = version_commit(),
		.libseccomp = seccomp_library_version(in->context->arena),
	};

	features_print(&features, &text);
	return print_text(&text, e);
}

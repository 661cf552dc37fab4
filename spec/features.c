/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/features.h"

#include <jansson.h>
#include <stdlib.h>

#include "base/text.h"
#include "spec/names.h"

static json_t *list(const char *const *texts)
{
	json_t *array = json_array();

	for (; texts && *texts; texts++)
		json_array_append_new(array, json_string(*texts));
	return array;
}

static json_t *names(const struct name_value *table)
{
	json_t *array = json_array();

	for (; table->name; table++)
		json_array_append_new(array, json_string(table->name));
	return array;
}

static json_t *enabled(bool value)
{
	return json_pack("{s:b}", "enabled", value);
}

static json_t *seccomp(const struct features *f)
{
	return json_pack("{s:b, s:o, s:o, s:o, s:o, s:o}", "enabled", 1, "actions",
			 list(f->seccomp_actions), "operators", list(f->seccomp_operators), "archs",
			 list(f->seccomp_archs), "knownFlags", list(f->seccomp_known_flags),
			 "supportedFlags", list(f->seccomp_supported_flags));
}

static json_t *memory_policy(void)
{
	return json_pack("{s:o, s:o}", "modes", names(memory_policy_modes), "flags",
			 names(memory_policy_flags));
}

static json_t *linux_features(const struct features *f)
{
	json_t *object = json_pack(
		"{s:o, s:o, s:{s:b, s:b, s:b, s:b, s:b}, s:o, s:o, s:o, s:{s:o}, s:o}",
		"namespaces", names(namespace_names), "capabilities", names(capability_names),
		"cgroup", "v1", 0, "v2", 1, "systemd", f->systemd, "systemdUser", f->systemd,
		"rdma", f->rdma, "seccomp", seccomp(f), "apparmor", enabled(true), "selinux",
		enabled(true), "mountExtensions", "idmap", enabled(f->idmap), "netDevices",
		enabled(f->net_devices));

	json_object_set_new(object, "intelRdt",
			    json_pack("{s:b, s:b, s:b}", "enabled", f->intel_rdt, "schemata",
				      f->intel_rdt, "monitoring", f->intel_rdt));
	if (f->memory_policy)
		json_object_set_new(object, "memoryPolicy", memory_policy());
	return object;
}

static json_t *annotations(const struct features *f)
{
	json_t *object = json_pack("{s:s, s:s}", "io.github.seccomp.libseccomp.version",
				   f->libseccomp, "run.oci.tare.version", f->version);

	if (f->commit)
		json_object_set_new(object, "run.oci.tare.commit", json_string(f->commit));
	return object;
}

void features_print(const struct features *f, struct strbuf *ret_json)
{
	json_t *document = json_pack(
		"{s:s, s:s, s:o, s:o, s:o, s:o, s:o}", "ociVersionMin", "1.0.0", "ociVersionMax",
		"1.3.0", "hooks", names(hook_names), "mountOptions", list(f->mount_options), "linux",
		linux_features(f), "annotations", annotations(f),
		"potentiallyUnsafeConfigAnnotations", list(f->unsafe_annotations));
	char *text = json_dumps(document, JSON_INDENT(4));

	strbuf_add(ret_json, text);
	strbuf_add(ret_json, "\n");
	free(text);
	json_decref(document);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/feature_list.h"

#include <jansson.h>

#include "base/fd.h"
#include "base/memory.h"
#include "base/text.h"
#include "spec/annotations.h"
#include "spec/names.h"
#include "spec/spec.h"

static json_t *list_of(const char *const *names)
{
	json_t *list = json_array();

	for (; *names; names++)
		json_array_append_new(list, json_string(*names));
	return list;
}

static json_t *table_of(const struct name_value *table)
{
	json_t *list = json_array();

	for (; table->name; table++)
		json_array_append_new(list, json_string(table->name));
	return list;
}

static json_t *enabled(bool is)
{
	return json_pack("{s:b}", "enabled", is);
}

static json_t *seccomp(const struct features *f)
{
	return json_pack("{s:b, s:o, s:o, s:o, s:o, s:o}", "enabled", true,
			 "actions", list_of(f->seccomp_actions),
			 "operators", list_of(f->seccomp_operators),
			 "archs", list_of(f->seccomp_architectures),
			 "knownFlags", list_of(f->seccomp_known_flags),
			 "supportedFlags", list_of(f->seccomp_supported_flags));
}

static json_t *cgroup(void)
{
	return json_pack("{s:b, s:b, s:b, s:b, s:b}", "v1", false, "v2", true, "systemd", true,
			 "systemdUser", true, "rdma", true);
}

static json_t *memory_policy(void)
{
	return json_pack("{s:o, s:o}", "modes", table_of(memory_policy_modes),
			 "flags", table_of(memory_policy_flags));
}

static json_t *linux_features(const struct features *f)
{
	json_t *object = json_pack("{s:o, s:o}", "namespaces", table_of(namespace_names),
				   "capabilities", table_of(capability_names));

	json_object_set_new(object, "cgroup", cgroup());
	json_object_set_new(object, "seccomp", seccomp(f));
	json_object_set_new(object, "apparmor", enabled(true));
	json_object_set_new(object, "selinux", enabled(true));
	json_object_set_new(object, "memoryPolicy", memory_policy());
	json_object_set_new(object, "intelRdt",
			    json_pack("{s:b, s:b, s:b}", "enabled", 1, "schemata", 1,
				      "monitoring", 1));
	json_object_set_new(object, "mountExtensions", json_pack("{s:o}", "idmap", enabled(true)));
	json_object_set_new(object, "netDevices", enabled(true));
	return object;
}

static json_t *annotations(const struct features *f)
{
	json_t *object = json_object();

	for (size_t i = 0; i < f->annotation_count; i++)
		json_object_set_new(object, f->annotations[i].key,
				    json_string(f->annotations[i].value));
	return object;
}

static json_t *unsafe_annotations(void)
{
	json_t *list = json_array();

	for (const struct annotation *row = annotations_known; row->name; row++)
		if (row->kind == ANNOTATION_UNSAFE)
			json_array_append_new(list, json_string(row->name));
	return list;
}

void features_document(const struct features *f, struct strbuf *ret_json)
{
	json_t *object = json_pack("{s:s, s:s, s:o, s:o, s:o, s:o, s:o}", "ociVersionMin", "1.0.0",
				   "ociVersionMax", "1.3.0", "hooks", table_of(hook_names),
				   "mountOptions", list_of(f->mount_options), "linux",
				   linux_features(f), "annotations", annotations(f),
				   "potentiallyUnsafeConfigAnnotations",
				   unsafe_annotations());
	autofree char *text = json_dumps(object, JSON_INDENT(2));

	json_decref(object);
	if (!text)
		memory_out();
	strbuf_add(ret_json, text);
	strbuf_add(ret_json, "\n");
}

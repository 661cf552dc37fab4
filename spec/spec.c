/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/spec.h"

#include <string.h>

const char *spec_annotation(const struct spec *spec, const char *key)
{
	for (size_t i = 0; i < spec->annotations.count; i++)
		if (strcmp(spec->annotations.items[i].key, key) == 0)
			return spec->annotations.items[i].value;
	return NULL;
}

bool spec_has_namespace(const struct spec *spec, enum ns_kind kind)
{
	return spec->linux.namespaces[kind].present;
}

bool spec_new_namespace(const struct spec *spec, enum ns_kind kind)
{
	const struct spec_namespace *ns = &spec->linux.namespaces[kind];

	return ns->present && !ns->path;
}

bool spec_joined_namespace(const struct spec *spec, enum ns_kind kind)
{
	return spec_has_namespace(spec, kind) && !spec_new_namespace(spec, kind);
}

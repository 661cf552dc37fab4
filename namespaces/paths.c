/* SPDX-License-Identifier: Apache-2.0 */
#include "namespaces/paths.h"

#include <string.h>

#include "base/arena.h"

const char *path_absolute(struct arena *arena, const char *path)
{
	return *path == '/' ? path : arena_printf(arena, "/%s", path);
}

/* Leaves out slashes and "." components; *ret_length is 0 at the end. */
static const char *component(const char *path, size_t *ret_length)
{
	size_t length;

	do {
		path += strspn(path, "/");
		length = strcspn(path, "/");
		path += length;
	} while (length == 1 && path[-1] == '.');
	*ret_length = length;
	return path - length;
}

bool path_is(const char *path, const char *clean)
{
	for (;;) {
		size_t a, b;

		path = component(path, &a);
		clean = component(clean, &b);
		if (a != b || memcmp(path, clean, a) != 0)
			return false;
		if (!a)
			return true;
		path += a;
		clean += b;
	}
}

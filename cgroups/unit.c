/* SPDX-License-Identifier: Apache-2.0 */
#include "cgroups/unit.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/text.h"
#include "plan/request.h"

enum { UNIT_NAME_MOST = 255 };

static bool ends_with(const char *text, const char *end)
{
	size_t length = strlen(text), own = strlen(end);

	return length >= own && strcmp(text + length - own, end) == 0;
}

/* What unit names may not hold is escaped as systemd-escape(1) does: ids may have a '+'. */
static const char *escaped(struct arena *arena, const char *text)
{
	autobuf out = { 0 };

	strbuf_add(&out, "");
	for (; *text; text++)
		if (isalnum((unsigned char)*text) || strchr(":-_.\\@", *text))
			strbuf_add_bytes(&out, text, 1);
		else
			strbuf_addf(&out, "\\x%02x", (unsigned char)*text);
	return arena_strdup(arena, out.text);
}

/* "a-b.slice" is inside of "a.slice". */
static const char *slice_path(struct arena *arena, const char *slice)
{
	size_t length = strlen(slice) - strlen(".slice");
	autobuf out = { 0 };

	strbuf_add(&out, "");
	if (strcmp(slice, "-.slice") == 0)
		return "";
	for (size_t i = 1; i <= length; i++)
		if (i == length || slice[i] == '-')
			strbuf_addf(&out, "/%.*s.slice", (int)i, slice);
	return arena_strdup(arena, out.text);
}

static const char *slice_fault(const char *slice)
{
	if (strcmp(slice, "-.slice") == 0)
		return NULL;
	if (!ends_with(slice, ".slice") || strcmp(slice, ".slice") == 0)
		return "does not end in \".slice\"";
	if (strchr(slice, '/'))
		return "has a '/' in it";
	if (*slice == '-' || strstr(slice, "--") || strstr(slice, "-.slice"))
		return "has an empty part beside a '-'";
	return NULL;
}

/* The parts of "slice:prefix:name"; the name may have colons of its own. */
static int split(struct arena *arena, const char *path, const char *parts[3], struct err *e)
{
	const char *first = strchr(path, ':'), *second = first ? strchr(first + 1, ':') : NULL;

	if (!second || strchr(path, '/') || !second[1]) {
		err_say(e, EINVAL, "/linux/cgroupsPath: expected \"slice:prefix:name\" for the "
				   "systemd cgroup manager, got \"%s\"", path);
		return err_hint(e, "a path such as \"/a/b\" is for --cgroup-manager=cgroupfs");
	}
	parts[0] = arena_strndup(arena, path, (size_t)(first - path));
	parts[1] = arena_strndup(arena, first + 1, (size_t)(second - first - 1));
	parts[2] = second + 1;
	return 0;
}

static int check(const struct unit *unit, struct err *e)
{
	const char *fault = slice_fault(unit->slice);

	if (fault)
		return err_say(e, EINVAL, "/linux/cgroupsPath: slice \"%s\" %s", unit->slice, fault);
	if (ends_with(unit->name, ".slice.scope"))
		return err_say(e, EINVAL, "/linux/cgroupsPath: \"%s\" names a slice: those hold "
					  "other units, no processes", unit->name);
	if (strlen(unit->name) > UNIT_NAME_MOST)
		return err_say(e, ENAMETOOLONG, "/linux/cgroupsPath: the unit's name \"%.40s...\" is "
						"longer than %d bytes", unit->name, UNIT_NAME_MOST);
	return 0;
}

int unit_of(struct arena *arena, const struct host *host, const char *cgroups_path, const char *id,
	    struct unit *ret_unit, struct err *e)
{
	const char *parts[3] = { "", "tare", id };
	struct unit unit;
	int r = cgroups_path && *cgroups_path ? split(arena, cgroups_path, parts, e) : 0;

	if (r < 0)
		return r;
	unit.slice = *parts[0] ? parts[0] : host->user_manager ? "user.slice" : "system.slice";
	unit.name = arena_printf(arena, "%s%s%s.scope", escaped(arena, parts[1]),
				 *parts[1] ? "-" : "", escaped(arena, parts[2]));
	r = check(&unit, e);
	if (r < 0)
		return r;
	unit.path = arena_printf(arena, "%s%s/%s", host->manager_root ? host->manager_root : "",
				 slice_path(arena, unit.slice), unit.name);
	*ret_unit = unit;
	return 0;
}

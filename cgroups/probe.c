/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/vfs.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/file.h"
#include "cgroups/cgroup.h"
#include "cgroups/internal.h"

/* Where a cgroup v2 tree may be: alone, or beside v1 controllers. */
static const char *const mount_points[] = { "/sys/fs/cgroup", "/sys/fs/cgroup/unified" };

const char *cgroup_find_mount(void)
{
	struct statfs fs;

	for (size_t i = 0; i < sizeof mount_points / sizeof *mount_points; i++)
		if (statfs(mount_points[i], &fs) == 0 && fs.f_type == CGROUP2_SUPER_MAGIC)
			return mount_points[i];
	return NULL;
}

void cgroup_parse_own(struct arena *arena, const char *text, struct host *ret_host)
{
	const char *line = text;

	while (*line) {
		size_t length = strcspn(line, "\n");
		const char *names = memchr(line, ':', length);

		if (length >= 3 && strncmp(line, "0::", 3) == 0)
			ret_host->own_cgroup = arena_strndup(arena, line + 3, length - 3);
		else if (names && names[1] != ':' && !str_starts(names + 1, "name="))
			ret_host->hybrid = true;
		line += length + (line[length] == '\n');
	}
	/* "/.." is a place above the root of this cgroup namespace: nothing can be made there. */
	if (!ret_host->own_cgroup || str_starts(ret_host->own_cgroup, "/.."))
		ret_host->own_cgroup = "/";
}

struct strings cgroup_split(struct arena *arena, const char *text)
{
	const char **items = arena_array(arena, strlen(text) / 2 + 1, sizeof *items);
	struct strings list = { items, 0 };

	for (text += strspn(text, " \n"); *text; text += strspn(text, " \n")) {
		size_t length = strcspn(text, " \n");

		items[list.count++] = arena_strndup(arena, text, length);
		text += length;
	}
	return list;
}

int cgroup_probe(struct arena *arena, struct host *ret_host, struct err *e)
{
	const char *mount = cgroup_find_mount();
	autobuf own = { 0 }, controllers = { 0 };
	const char *file;
	int r = file_read_short(AT_FDCWD, "/proc/self/cgroup", 1 << 20, &own);

	if (r < 0)
		return err_set(e, -r, "/proc/self/cgroup");
	ret_host->hybrid = false;
	ret_host->own_cgroup = NULL;
	cgroup_parse_own(arena, own.text, ret_host);
	ret_host->cgroup_mount = mount;
	ret_host->controllers = (struct strings){ 0 };
	if (!mount)
		return 0;
	file = arena_printf(arena, "%s/cgroup.controllers", mount);
	r = file_read_short(AT_FDCWD, file, 1 << 16, &controllers);
	if (r < 0)
		return err_set(e, -r, "%s", file);
	ret_host->controllers = cgroup_split(arena, controllers.text);
	return 0;
}

const char *cgroup_manager_root(struct arena *arena, const char *own, bool user, uid_t uid)
{
	const char *service = arena_printf(arena, "/user@%u.service", (unsigned)uid);
	const char *at = strstr(own, user ? service : "/init.scope");
	size_t length = user ? strlen(service) : 0;

	if (at && (!at[strlen(user ? service : "/init.scope")] || (user && at[length] == '/')))
		return arena_strndup(arena, own, (size_t)(at - own) + length);
	return user ? arena_printf(arena, "/user.slice/user-%u.slice%s", (unsigned)uid, service)
		    : "";
}

/* The number outside of this user namespace, which is in the manager's name. */
static uid_t outer_uid(uid_t uid)
{
	autobuf map = { 0 };
	autoarena arena = { 0 };
	struct strings words;
	uint64_t inside, outside;

	if (file_read(AT_FDCWD, "/proc/self/uid_map", 1 << 16, &map) < 0 || !map.text)
		return uid;
	words = cgroup_split(&arena, map.text);
	if (words.count < 2 || parse_u64(words.items[0], UINT32_MAX, &inside) < 0 ||
	    parse_u64(words.items[1], UINT32_MAX, &outside) < 0 || inside != uid)
		return uid;
	return (uid_t)outside;
}

void cgroup_probe_manager(struct arena *arena, struct host *host)
{
	struct host first = { .own_cgroup = "/" };
	autobuf text = { 0 };

	if (file_read(AT_FDCWD, "/proc/1/cgroup", 1 << 20, &text) == 0 && text.text)
		cgroup_parse_own(arena, text.text, &first);
	host->manager_root =
		cgroup_manager_root(arena, host->user_manager ? host->own_cgroup : first.own_cgroup,
				    host->user_manager, outer_uid(host->uid));
}

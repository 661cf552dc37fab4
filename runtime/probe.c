/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/probe.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/err.h"
#include "base/file.h"
#include "cgroups/cgroup.h"
#include "runtime/context.h"

/* Only the initial user namespace maps all ids onto themselves, in one line. */
static bool is_identity(const char *map)
{
	static const char *const words[] = { "0", "0", "4294967295" };

	for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
		size_t length = strlen(words[i]);

		map += strspn(map, " ");
		if (strcspn(map, " \n") != length || strncmp(map, words[i], length) != 0)
			return false;
		map += length;
	}
	return strcmp(map, "\n") == 0;
}

static bool in_userns(void)
{
	autobuf map = { 0 };

	if (file_read_short(AT_FDCWD, "/proc/self/uid_map", 4096, &map) < 0)
		return false;
	return !map.text || !is_identity(map.text); /* without text nothing is mapped yet */
}

bool probe_in_userns(struct context *context)
{
	if (!context->host.in_userns && !context->userns_probed)
		context->host.in_userns = in_userns();
	context->userns_probed = true;
	return context->host.in_userns;
}

/* user_namespaces(7): what is denied there is denied in all user namespaces below. */
static bool groups_denied(void)
{
	autobuf text = { 0 };

	return file_read(AT_FDCWD, "/proc/self/setgroups", 64, &text) == 0 && text.text &&
	       str_starts(text.text, "deny");
}

enum { TERMINAL_GROUP = 5 };

/* Whether a map, lines of "INSIDE OUTSIDE COUNT", has the id. Its text is taken apart. */
static bool map_has(char *map, uint64_t id)
{
	char *rest = map;

	for (;;) {
		const char *inside = strtok_r(rest, " \n", &rest);
		const char *outside = strtok_r(rest, " \n", &rest);
		const char *length = strtok_r(rest, " \n", &rest);
		uint64_t first, count;

		if (!inside || !outside || !length)
			return false;
		if (parse_u64(inside, UINT32_MAX, &first) == 0 &&
		    parse_u64(length, UINT32_MAX, &count) == 0 && id >= first && id - first < count)
			return true;
	}
}

static bool no_terminal_group(void)
{
	autobuf map = { 0 };

	return file_read(AT_FDCWD, "/proc/self/gid_map", 1 << 16, &map) == 0 && map.text &&
	       !map_has(map.text, TERMINAL_GROUP);
}

static int has_sys_admin(bool *ret_has, struct err *e)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];

	if (syscall(SYS_capget, &head, data) < 0)
		return err_set(e, errno, "cannot read the capabilities of tare: capget");
	*ret_has = data[CAP_TO_INDEX(CAP_SYS_ADMIN)].effective & CAP_TO_MASK(CAP_SYS_ADMIN);
	return 0;
}

void host_probe_terminal(struct context *context)
{
	struct winsize size = { 0 };

	context->host.has_terminal = ioctl(STDIN_FILENO, TIOCGWINSZ, &size) == 0;
	context->host.rows = size.ws_row;
	context->host.columns = size.ws_col;
}

/* Root that is the system's, be it in a container with a systemd of its own, has the system's manager. */
static bool has_user_manager(const struct host *host)
{
	return !host->root && (host->uid || getenv("XDG_RUNTIME_DIR") ||
			       getenv("DBUS_SESSION_BUS_ADDRESS"));
}

static void probe_manager(struct arena *arena, struct host *host)
{
	if (host->manager != MANAGER_SYSTEMD)
		return;
	host->user_manager = has_user_manager(host);
	cgroup_probe_manager(arena, host);
}

static int probe(struct context *context, struct err *e)
{
	struct host host = { .uid = (uid_t)getauxval(AT_EUID), .gid = (gid_t)getauxval(AT_EGID) };
	bool sys_admin = false;
	int r;

	host.in_userns = probe_in_userns(context);
	r = has_sys_admin(&sys_admin, e);
	if (r == 0)
		r = cgroup_probe(context->arena, &host, e);
	if (r < 0)
		return r;
	host.root = sys_admin && !host.in_userns;
	host.groups_denied = host.in_userns && groups_denied();
	host.no_terminal_group = host.in_userns && no_terminal_group();
	host.manager = context->manager;
	probe_manager(context->arena, &host);
	context->host = host;
	context->host_probed = true;
	return 0;
}

void host_probe_cgroup(struct context *context)
{
	if (context->host_probed || context->cgroup_probed)
		return;
	context->host.cgroup_mount = cgroup_find_mount();
	context->cgroup_probed = true;
}

int host_probe(struct context *context, struct err *e)
{
	return context->host_probed ? 0 : probe(context, e);
}

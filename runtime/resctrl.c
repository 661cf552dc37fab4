/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/resctrl.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/file.h"

enum { RESCTRL_MAGIC = 0x7655821, SCHEMATA_MAX = 1 << 16 };

int resctrl_open(int *ret_root, struct err *e)
{
	autofd root = open("/sys/fs/resctrl", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct statfs fs;

	if (root < 0 || fstatfs(root, &fs) < 0 || fs.f_type != RESCTRL_MAGIC) {
		err_say(e, ENODEV, "no resctrl file system at /sys/fs/resctrl");
		return err_hint(e, "the processor and the kernel need Intel RDT, then: mount -t "
				   "resctrl resctrl /sys/fs/resctrl");
	}
	*ret_root = fd_take(&root);
	return 0;
}

static size_t skip_blanks(const char *text)
{
	return strspn(text, " \t");
}

/* The line of a schemata file for the same resource ("L3:"), behind its name; NULL if there is none. */
static const char *find_resource(const char *schemata, const char *line, size_t name)
{
	for (const char *at = schemata; at && *at; at = strchr(at, '\n')) {
		at += strspn(at, "\n");
		at += skip_blanks(at);
		if (strncmp(at, line, name) == 0)
			return at + name;
	}
	return NULL;
}

/* "0=7f0": masks of the kernel have leading zeros, those of configs may not. */
static bool same_value(const char *a, const char *b)
{
	a += strspn(a, "0");
	b += strspn(b, "0");
	return strcspn(a, ";\n") == strcspn(b, ";\n") && strncmp(a, b, strcspn(a, ";\n")) == 0;
}

static bool has_domain(const char *domains, const char *domain)
{
	size_t id = strcspn(domain, "=");
	size_t end = strcspn(domains, "\n");

	for (const char *at = domains; at < domains + end; at += strcspn(at, ";\n") + 1)
		if (strncmp(at, domain, id) == 0 && at[id] == '=')
			return same_value(at + id + 1, domain + id + 1);
	return false;
}

bool resctrl_matches(const char *schemata, const char *line)
{
	const char *colon = strchr(line, ':');
	const char *domains = colon ? find_resource(schemata, line, (size_t)(colon + 1 - line)) : NULL;

	if (!domains)
		return false;
	for (const char *at = colon + 1; *at; at += strcspn(at, ";"), at += *at == ';')
		if (!has_domain(domains, at))
			return false;
	return true;
}

static int open_group(int root, const char *name)
{
	int fd = openat(root, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

static int check_existing(int group, const struct resctrl_group *wanted, struct err *e)
{
	autobuf schemata = { 0 };
	int r;

	if (!wanted->schemata.count)
		return 0;
	r = file_read(group, "schemata", SCHEMATA_MAX, &schemata);
	if (r < 0)
		return err_set(e, -r, "resctrl group %s: schemata", wanted->name);
	for (size_t i = 0; i < wanted->schemata.count; i++)
		if (!resctrl_matches(schemata.text, wanted->schemata.items[i]))
			return err_say(e, EEXIST, "resctrl group %s exists with other schemata than "
						  "\"%s\"", wanted->name, wanted->schemata.items[i]);
	return 0;
}

/* The file system keeps in a file of its root what it had against the last write. */
static int refused(int root, const struct resctrl_group *wanted, const char *line, int code,
		   struct err *e)
{
	autobuf words = { 0 };

	err_set(e, code, "resctrl group %s: write %s to schemata", wanted->name, line);
	if (file_read(root, "info/last_cmd_status", SCHEMATA_MAX, &words) < 0 || !words.length ||
	    str_starts(words.text, "ok"))
		return -code;
	return err_hint(e, "%.*s", (int)strcspn(words.text, "\n"), words.text);
}

static int write_line(int group, const char *text)
{
	autobuf line = { 0 };

	strbuf_addf(&line, "%s\n", text);
	return file_write(group, "schemata", line.text);
}

static int write_schemata(int root, int group, const struct resctrl_group *wanted, struct err *e)
{
	for (size_t i = 0; i < wanted->schemata.count; i++) {
		int r = write_line(group, wanted->schemata.items[i]);

		if (r < 0)
			return refused(root, wanted, wanted->schemata.items[i], -r, e);
	}
	return 0;
}

static int make_new(int root, const struct resctrl_group *wanted, struct err *e)
{
	autofd group = -1;
	int r;

	if (wanted->must_exist)
		return err_say(e, ENOENT, "resctrl group %s does not exist", wanted->name);
	if (mkdirat(root, wanted->name, 0755) < 0)
		return err_set(e, errno, "resctrl group %s: mkdir", wanted->name);
	group = open_group(root, wanted->name);
	r = group < 0 ? err_set(e, -group, "resctrl group %s", wanted->name)
		      : write_schemata(root, group, wanted, e);
	if (r < 0)
		unlinkat(root, wanted->name, AT_REMOVEDIR);
	return r;
}

int resctrl_make(int root, const struct resctrl_group *wanted, struct err *e)
{
	autofd group = open_group(root, wanted->name);

	if (group >= 0)
		return check_existing(group, wanted, e);
	if (group != -ENOENT)
		return err_set(e, -group, "resctrl group %s", wanted->name);
	return make_new(root, wanted, e);
}

/* "GROUP/mon_groups/ID", below the root of resctrl. */
static int monitor_path(char path[PATH_MAX], const char *group, const char *id)
{
	int n = snprintf(path, PATH_MAX, "%s/mon_groups/%s", group, id);

	return n < PATH_MAX ? 0 : -ENAMETOOLONG;
}

int resctrl_monitor(int root, const char *group, const char *id, struct err *e)
{
	char path[PATH_MAX];
	int r = monitor_path(path, group, id);

	if (r == 0 && mkdirat(root, path, 0755) < 0)
		r = -errno;
	return r < 0 ? err_set(e, -r, "resctrl monitoring group %s: mkdir", id) : 0;
}

static int add_task(int root, const char *directory, pid_t pid, struct err *e)
{
	autofd group = open_group(root, directory);
	char text[16];
	int r = group;

	snprintf(text, sizeof text, "%d\n", pid);
	if (group >= 0)
		r = file_write(group, "tasks", text);
	return r < 0 ? err_set(e, -r, "resctrl group %s: write to tasks", directory) : 0;
}

int resctrl_join(int root, const char *group, const char *monitor, pid_t pid, struct err *e)
{
	char path[PATH_MAX];
	int r = add_task(root, group, pid, e);

	if (r < 0 || !monitor)
		return r;
	r = monitor_path(path, group, monitor);
	return r < 0 ? err_set(e, -r, "resctrl monitoring group %s", monitor)
		     : add_task(root, path, pid, e);
}

/* One that ends meanwhile needs no class. */
static int add_threads(int root, const char *group, pid_t pid, struct err *e)
{
	char path[32];
	struct dirent *entry;
	DIR *threads;
	int r = 0;

	snprintf(path, sizeof path, "/proc/%d/task", pid);
	threads = opendir(path);
	while (threads && r == 0 && (entry = readdir(threads))) {
		pid_t thread = (pid_t)strtol(entry->d_name, NULL, 10);

		r = thread > 0 ? add_task(root, group, thread, e) : 0;
		r = r == -ESRCH ? 0 : r;
	}
	if (threads)
		closedir(threads);
	return r;
}

int resctrl_move(int root, const char *group, const pid_t *pids, size_t count, struct err *e)
{
	int r = 0;

	for (size_t i = 0; i < count && r == 0; i++)
		r = add_threads(root, group, pids[i], e);
	return r;
}

const char *resctrl_line(struct arena *arena, const char *schemata, const char *resource)
{
	size_t length = strlen(resource);

	for (const char *at = schemata; at && *at; at = strchr(at, '\n')) {
		at += strspn(at, " \t\n");
		if (strncmp(at, resource, length) == 0)
			return arena_strndup(arena, at, strcspn(at, "\n"));
	}
	return NULL;
}

/* The lines that are there for the resources of those wanted. */
static struct strings lines_before(struct arena *arena, const struct resctrl_group *wanted,
				   const char *schemata)
{
	const char **lines = arena_array(arena, wanted->schemata.count + 1, sizeof *lines);
	size_t count = 0;

	for (size_t i = 0; i < wanted->schemata.count; i++) {
		const char *line = wanted->schemata.items[i];
		const char *name = arena_strndup(arena, line, strcspn(line, ":"));

		lines[count] = resctrl_line(arena, schemata, arena_printf(arena, "%s:", name));
		count += lines[count] != NULL;
	}
	return (struct strings){ lines, count };
}

int resctrl_change(struct arena *arena, int root, const struct resctrl_group *wanted,
		   struct strings *ret_before, struct err *e)
{
	autofd group = open_group(root, wanted->name);
	autobuf schemata = { 0 };
	struct strings before;
	int r = group < 0 ? group : file_read(group, "schemata", SCHEMATA_MAX, &schemata);

	if (r < 0)
		return err_set(e, -r, "resctrl group %s: schemata", wanted->name);
	before = lines_before(arena, wanted, schemata.text);
	r = write_schemata(root, group, wanted, e);
	for (size_t i = 0; r < 0 && i < before.count; i++)
		write_line(group, before.items[i]);
	if (r == 0)
		*ret_before = before;
	return r;
}

int resctrl_remove(int root, const char *group, const char *monitor, struct err *e)
{
	char path[PATH_MAX];
	int r = monitor ? monitor_path(path, group, monitor) : 0;

	if (r == 0 && unlinkat(root, monitor ? path : group, AT_REMOVEDIR) < 0 && errno != ENOENT)
		r = -errno;
	return r < 0 ? err_set(e, -r, "resctrl group %s: rmdir", monitor ? monitor : group) : 0;
}

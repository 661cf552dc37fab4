/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/file.h"
#include "cgroups/cgroup.h"
#include "cgroups/internal.h"

enum { SMALL = 1 << 20 };

int cgroup_open(const struct host *host, const char *path, int *ret_fd, struct err *e)
{
	autoarena arena = { 0 };
	int fd;

	if (!host->cgroup_mount)
		return err_say(e, ENODEV, "cgroup v2 is not mounted");
	fd = openat(AT_FDCWD, arena_printf(&arena, "%s%s", host->cgroup_mount, path),
		  O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return err_set(e, errno, "open cgroup %s", path);
	*ret_fd = fd;
	return 0;
}

/* What a refusal most often means, by the beginning of the file's name. */
static const struct refusal {
	const char *file;
	int code;
	const char *hint;
} refusals[] = {
	{ "cpuset.", EINVAL, "not all of them are among those of the cgroup above" },
	{ "cpuset.", ERANGE, "this host has fewer" },
	{ "cpuset.", ENOSPC, "this kernel leaves no cgroup that has processes without a mask of its own" },
	{ "cpu.max.burst", EINVAL, "it may not be greater than the quota" },
	{ "cpu.max", EINVAL, "the quota is at least 1000, the period from 1000 to 1000000 us" },
	{ "io.", ENODEV, "there is no such block device, or it is a partition" },
	{ "io.weight", EOPNOTSUPP, "this device shares by no weights: it takes the scheduler bfq, or "
				   "io.cost, which io.cost.qos of the root cgroup enables" },
	{ "hugetlb.", ENOENT, "this host has no such page size" },
	{ "rdma.", ENODEV, "there is no such RDMA device" },
	{ "", ENOENT, "this kernel's cgroups have no such file" },
	{ "", ENODEV, "the cgroup was removed" },
	{ "", EACCES, "the file is read-only here, or not delegated" },
};

static int explain(int code, const char *file, const char *value, struct err *e)
{
	err_set(e, code, "%s: cannot write \"%.*s\"", file, (int)strcspn(value, "\n"), value);
	for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++)
		if (refusals[i].code == code && str_starts(file, refusals[i].file))
			return err_hint(e, "%s", refusals[i].hint);
	return -code;
}

/* The first of the files that is there. A missing value is that of the file before. */
static int write_choice(int cgroup, char *files, char *values, struct err *e)
{
	const char *file = strsep(&files, "|"), *value = strsep(&values, "|");
	int r = file_write(cgroup, file, value);

	while (r == -ENOENT && files) {
		file = strsep(&files, "|");
		value = values ? strsep(&values, "|") : value;
		r = *file ? file_write(cgroup, file, value) : 0;
	}
	return r < 0 ? explain(-r, file, value, e) : 0;
}

int cgroup_write(int cgroup, const char *file, const char *value, struct err *e)
{
	autoarena arena = { 0 };
	int r;

	if (strchr(file, '|'))
		return write_choice(cgroup, arena_strdup(&arena, file),
				    arena_strdup(&arena, value), e);
	r = file_write(cgroup, file, value);
	return r < 0 ? explain(-r, file, value, e) : 0;
}

int cgroup_read(struct arena *arena, int cgroup, const char *file, const char **ret_text,
		struct err *e)
{
	autobuf text = { 0 };
	int r = file_read(cgroup, file, SMALL, &text);

	if (r < 0)
		return err_set(e, -r, "read %s", file);
	if (text.length && text.text[text.length - 1] == '\n')
		text.length--;
	*ret_text = arena_strndup(arena, text.text, text.length);
	return 0;
}

int cgroup_check_usage(int cgroup, uint64_t limit, struct err *e)
{
	autoarena arena = { 0 };
	const char *text;
	uint64_t usage;
	int r = cgroup_read(&arena, cgroup, "memory.current", &text, e);

	if (r < 0 || parse_u64(text, UINT64_MAX, &usage) < 0 || usage <= limit)
		return r < 0 ? r : 0;
	return err_say(e, EBUSY, "a limit of %llu bytes is less than the %llu in use",
		       (unsigned long long)limit, (unsigned long long)usage);
}

/* The number behind key in lines of "KEY NUMBER"; 0 if it is not there. */
static unsigned long long count_of(const struct strings *words, const char *key)
{
	for (size_t i = 0; i + 1 < words->count; i += 2)
		if (str_equal(words->items[i], key))
			return strtoull(words->items[i + 1], NULL, 10);
	return 0;
}

/* What a death may have come from, the likeliest first. Rows of one file stand together. */
static const struct cause {
	const char *file, *key, *text;
} causes[CGROUP_CAUSES] = {
	{ "memory.events", "oom_kill", "memory limit reached: OOM kills: " },
	{ "memory.events", "oom", "memory limit reached: allocations that failed: " },
	{ "pids.events", "max", "pids.max reached: forks that failed: " },
};

void cgroup_toll(int cgroup, struct cgroup_toll *ret_toll)
{
	autoarena arena = { 0 };
	struct strings words = { 0 };
	const char *text;
	struct err ignored;

	for (size_t i = 0; i < CGROUP_CAUSES; i++) {
		if (i == 0 || !str_equal(causes[i].file, causes[i - 1].file))
			words = cgroup_read(&arena, cgroup, causes[i].file, &text, &ignored) < 0
					? (struct strings){ 0 }
					: cgroup_split(&arena, text);
		ret_toll->counts[i] = count_of(&words, causes[i].key);
	}
}

const char *cgroup_toll_text(struct arena *arena, const struct cgroup_toll *before,
			     const struct cgroup_toll *now)
{
	for (size_t i = 0; i < CGROUP_CAUSES; i++) {
		unsigned long long earlier = before ? before->counts[i] : 0;

		if (now->counts[i] > earlier)
			return arena_printf(arena, "%s%llu", causes[i].text,
					    now->counts[i] - earlier);
	}
	return NULL;
}

const char *cgroup_why(struct arena *arena, int cgroup, const struct cgroup_toll *before)
{
	struct cgroup_toll now;

	cgroup_toll(cgroup, &now);
	return cgroup_toll_text(arena, before, &now);
}

/* config-linux.md#cgroup-ownership: where the kernel has no list of its own. */
#define DELEGATE_DEFAULT "cgroup.procs\ncgroup.subtree_control\ncgroup.threads\n"

int cgroup_own(int cgroup, uid_t uid, struct err *e)
{
	autoarena arena = { 0 };
	autobuf text = { 0 };
	struct strings files;

	if (file_read(AT_FDCWD, "/sys/kernel/cgroup/delegate", SMALL, &text) < 0)
		strbuf_add(&text, DELEGATE_DEFAULT);
	files = cgroup_split(&arena, text.text);
	if (fchown(cgroup, uid, (gid_t)-1) < 0)
		return err_set(e, errno, "chown of the cgroup to %u", uid);
	for (size_t i = 0; i < files.count; i++)
		if (!strchr(files.items[i], '/') &&
		    fchownat(cgroup, files.items[i], uid, (gid_t)-1, AT_SYMLINK_NOFOLLOW) < 0 &&
		    errno != ENOENT)
			return err_set(e, errno, "chown of %s to %u", files.items[i], uid);
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/file.h"
#include "cgroups/cgroup.h"
#include "cgroups/internal.h"

enum { SMALL = 1 << 16, DIRECTORY = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC };

/* A place on the way down. */
struct place {
	const char *path;  /* the whole */
	size_t length;     /* of the part that dir is */
	int dir;           /* owned */
	unsigned made;     /* directories made so far, the last ones of that part */
	bool vanished;     /* it failed because another tare removed what it found empty */
};

static void place_clear(struct place *p)
{
	fd_close(&p->dir);
}

static bool is_optional(const char *name)
{
	return name[strlen(name) - 1] == '?';
}

/* " +cpu +memory" of those in controllers that are not among enabled yet. */
static void missing(const struct strings *controllers, const struct strings *enabled,
		    bool optional, struct strbuf *ret_text)
{
	for (size_t i = 0; i < controllers->count; i++) {
		const char *name = controllers->items[i];
		size_t length = strlen(name) - is_optional(name);
		bool there = false;

		for (size_t k = 0; k < enabled->count && !there; k++)
			there = strlen(enabled->items[k]) == length &&
				strncmp(enabled->items[k], name, length) == 0;
		if (!there && (optional || !is_optional(name)))
			strbuf_addf(ret_text, "%s+%.*s", ret_text->length ? " " : "", (int)length,
				    name);
	}
}

/* What the kernel means by refusing cgroup.subtree_control. */
static const struct refusal {
	int code;
	const char *hint;
} refusals[] = {
	{ EBUSY, "this cgroup has processes of its own, and cgroup v2 hands controllers on "
		 "only from cgroups without: choose a linux.cgroupsPath elsewhere" },
	{ EOPNOTSUPP, "it, or a cgroup above it, is threaded, and cannot hold cgroups of whole "
		      "processes: choose a linux.cgroupsPath elsewhere" },
	{ ENOENT, "its cgroup.controllers does not have them: they have to be enabled further up" },
	{ EACCES, "it belongs to someone else: have it delegated (systemd: Delegate=yes)" },
	{ EPERM, "it belongs to someone else: have it delegated (systemd: Delegate=yes)" },
	{ EROFS, "cgroup v2 is mounted read-only here: mount it writable, or do without a cgroup by "
		 "--cgroup-manager=disabled" },
	{ EINVAL, "the cpu controller refuses while there are real-time processes" },
};

static int explain(const char *path, size_t length, int code, const char *what, struct err *e)
{
	err_set(e, code, "cgroup %.*s: %s", length ? (int)length : 1, path, what);
	for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++)
		if (refusals[i].code == code)
			return err_hint(e, "%s", refusals[i].hint);
	return -code;
}

/* Controllers that threads can be limited by, such as pids, the kernel hands on from a cgroup with
 * processes too: that makes this cgroup "domain threaded", and those below it unfit for processes. */
static bool would_be_threaded(const struct place *p)
{
	autobuf type = { 0 }, processes = { 0 };

	return file_read_short(p->dir, "cgroup.type", SMALL, &type) == 0 &&
	       strcmp(type.text, "domain\n") == 0 &&
	       file_read(p->dir, "cgroup.procs", 1 << 26, &processes) == 0 && processes.length;
}

/* Nothing of what is optional where what is needed is refused. */
static int hand_on(const struct place *p, const char *all, const char *needed)
{
	if (would_be_threaded(p))
		return *needed ? -EBUSY : 0;
	if (file_write(p->dir, "cgroup.subtree_control", all) == 0 || !*needed)
		return 0;
	return file_write(p->dir, "cgroup.subtree_control", needed);
}

/* Reads first: a write costs the kernel a walk of the whole tree below. */
static int enable(struct place *p, const struct strings *controllers, struct err *e)
{
	autobuf text = { 0 }, all = { 0 }, needed = { 0 };
	autoarena arena = { 0 };
	struct strings enabled;
	int r;

	if (!controllers->count)
		return 0;
	r = file_read_short(p->dir, "cgroup.subtree_control", SMALL, &text);
	if (r < 0) {
		p->vanished = r == -ENOENT || r == -ENODEV;
		return explain(p->path, p->length, -r, "cannot read cgroup.subtree_control", e);
	}
	enabled = cgroup_split(&arena, text.text);
	missing(controllers, &enabled, true, &all);
	missing(controllers, &enabled, false, &needed);
	r = all.length ? hand_on(p, all.text, needed.length ? needed.text : "") : 0;
	if (r == 0)
		return 0;
	p->vanished = r == -ENODEV;
	return explain(p->path, p->length, -r,
		       arena_printf(&arena, "cannot write \"%s\" to cgroup.subtree_control",
				    needed.text), e);
}

/* What cannot be entered is not counted as made. */
static void take_back(const struct place *p, const char *name)
{
	int error = errno;

	unlinkat(p->dir, name, AT_REMOVEDIR);
	errno = error;
}

static int step_failed(struct place *p, size_t end, const char *what, struct err *e)
{
	p->vanished = errno == ENOENT || errno == ENODEV;
	return explain(p->path, end, errno, what, e);
}

static int step_down(struct place *p, const char *name, size_t length, struct err *e)
{
	size_t end = (size_t)(name + length - p->path);
	char text[256];
	autofd next = -1;
	bool made;

	snprintf(text, sizeof text, "%.*s", (int)length, name);
	made = mkdirat(p->dir, text, 0755) == 0;
	if (!made && errno != EEXIST)
		return step_failed(p, end, "mkdir", e);
	next = openat(p->dir, text, DIRECTORY);
	if (next < 0 && made)
		take_back(p, text);
	if (next < 0)
		return step_failed(p, end, "open", e);
	fd_close(&p->dir);
	p->dir = fd_take(&next);
	p->length = end;
	p->made += made;
	return 0;
}

static int walk(struct place *p, const struct strings *controllers, struct err *e)
{
	const char *name = p->path + 1;
	int r = 0;

	while (*name && r == 0) {
		size_t length = strcspn(name, "/");

		r = enable(p, controllers, e);
		if (r == 0)
			r = step_down(p, name, length, e);
		name += length + (name[length] == '/');
	}
	return r;
}

/* Takes back what was made. */
static void unmake(const struct host *host, const struct place *p)
{
	autoarena arena = { 0 };
	char *full = arena_printf(&arena, "%s%.*s", host->cgroup_mount, (int)p->length, p->path);

	for (unsigned i = 0; i < p->made && rmdir(full) == 0; i++)
		*strrchr(full, '/') = '\0';
}

bool cgroup_is_ours(int cgroup)
{
	return faccessat(cgroup, "cgroup.procs", W_OK, AT_EACCESS) == 0;
}

/* A new one is frozen from the start when one above is: nobody could even end what is made in there. */
static int check_thawed(const struct place *p, struct err *e)
{
	bool frozen = false;

	if (cgroup_frozen(p->dir, &frozen, e) < 0)
		return err_prefix(e, "cgroup %s", p->path);
	if (!frozen)
		return 0;
	err_say(e, EBUSY, "cgroup %s: container's cgroup unexpectedly frozen", p->path);
	return err_hint(e, p->made ? "one above it is: what would start in it would never run"
				   : "what would start in it would never run");
}

/* One that was there before must be fit to be born into. */
static int check_fit(const struct place *p, struct err *e)
{
	bool populated = false;
	int r;

	if (!cgroup_is_ours(p->dir))
		return explain(p->path, p->length, errno, "cgroup.procs", e);
	r = cgroup_populated(p->dir, &populated, e);
	if (r < 0)
		return err_prefix(e, "cgroup %s", p->path);
	if (!populated)
		return 0;
	err_say(e, EBUSY, "cgroup %s: container's cgroup is not empty", p->path);
	return err_hint(e, "processes that are no container of tare's live in it: choose another "
			   "linux.cgroupsPath");
}

static int check_domain(const struct place *p, struct err *e)
{
	autobuf type = { 0 };

	if (file_read_short(p->dir, "cgroup.type", SMALL, &type) < 0 ||
	    str_starts(type.text, "domain\n") || str_starts(type.text, "domain threaded"))
		return 0;
	err_say(e, EOPNOTSUPP, "cgroup %s: its type is %.*s", p->path,
		(int)strcspn(type.text, "\n"), type.text);
	return err_hint(e, "a cgroup above is threaded or has processes of its own, and cannot "
			   "hold cgroups of whole processes: choose a linux.cgroupsPath elsewhere");
}

static int make_once(const struct host *host, struct place *p, const struct strings *controllers,
		     struct err *e)
{
	int r;

	p->dir = openat(AT_FDCWD, host->cgroup_mount, DIRECTORY);
	if (p->dir < 0)
		return err_set(e, errno, "open %s", host->cgroup_mount);
	r = walk(p, controllers, e);
	if (r == 0)
		r = check_domain(p, e);
	if (r == 0 && !p->made)
		r = check_fit(p, e);
	return r < 0 ? r : check_thawed(p, e);
}

int cgroup_make(const struct host *host, const char *path, const struct strings *controllers,
		int *ret_fd, unsigned *ret_made, struct err *e)
{
	enum { ATTEMPTS = 100 };
	__attribute__((cleanup(place_clear))) struct place p = { .dir = -1 };
	int r = -1;

	if (!host->cgroup_mount)
		return err_say(e, ENODEV, "cgroup v2 is not mounted");
	/* Each attempt but the last ended because someone else's container went away meanwhile. */
	for (int i = 0; i < ATTEMPTS && r < 0; i++) {
		place_clear(&p);
		p = (struct place){ .path = path, .dir = -1 };
		r = make_once(host, &p, controllers, e);
		if (r < 0)
			unmake(host, &p);
		if (r < 0 && !p.vanished)
			return r;
	}
	if (r < 0)
		return r;
	*ret_fd = fd_take(&p.dir);
	*ret_made = p.made;
	return 0;
}

int cgroup_enable(const struct host *host, const char *path, const struct strings *controllers,
		  struct err *e)
{
	__attribute__((cleanup(place_clear))) struct place p = { .path = path, .dir = -1 };
	int r;

	p.dir = openat(AT_FDCWD, host->cgroup_mount, DIRECTORY);
	if (p.dir < 0)
		return err_set(e, errno, "open %s", host->cgroup_mount);
	r = walk(&p, controllers, e);
	if (!p.made)
		return r;
	unmake(host, &p);
	return err_say(e, ENOENT, "cgroup %s was removed meanwhile", path);
}

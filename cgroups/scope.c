/* SPDX-License-Identifier: Apache-2.0 */
#include "cgroups/scope.h"

#include <errno.h>
#include <string.h>

#include "base/arena.h"
#include "base/err.h"
#include "cgroups/bus.h"
#include "cgroups/unit.h"

enum { START_TIMEOUT = 30000, STOP_TIMEOUT = 30000 };

/* A job as it was begun and as it ended, whichever of both is heard of first. */
struct job {
	const char *unit;
	uint32_t call;
	char path[128];   /* "" until the call is answered */
	char ended[128];  /* path of the last job of this unit that ended */
	char result[32];
};

static void copy(char *to, size_t size, const char *from)
{
	size_t length = strlen(from);

	length = length < size ? length : size - 1;
	memcpy(to, from, length);
	to[length] = '\0';
}

/* JobRemoved(u id, o job, s unit, s result) */
static void job_removed(struct job *job, struct bus_message *m)
{
	const char *path, *unit;

	bus_get(&m->body, 4);
	path = bus_get_string(&m->body);
	unit = bus_get_string(&m->body);
	if (m->body.failed || strcmp(unit, job->unit) != 0)
		return;
	copy(job->ended, sizeof job->ended, path);
	copy(job->result, sizeof job->result, bus_get_string(&m->body));
}

/* What systemd's answers mean. */
static const struct meaning {
	const char *name;
	int code;
} meanings[] = {
	{ "org.freedesktop.systemd1.UnitExists", EEXIST },
	{ "org.freedesktop.systemd1.NoSuchUnit", ENOENT },
	{ "org.freedesktop.DBus.Error.AccessDenied", EACCES },
	{ "org.freedesktop.DBus.Error.InteractiveAuthorizationRequired", EACCES },
	{ "org.freedesktop.DBus.Error.PropertyReadOnly", ENOTSUP },
	{ "org.freedesktop.DBus.Error.UnknownProperty", ENOTSUP },
	{ "org.freedesktop.DBus.Error.InvalidArgs", ENOTSUP },
};

static int refused(const char *member, const char *unit, struct bus_message *m, struct err *e)
{
	const char *words = strcmp(m->signature, "s") == 0 ? bus_get_string(&m->body) : "";
	int code = EIO;

	for (size_t i = 0; i < sizeof meanings / sizeof *meanings; i++)
		if (strcmp(m->error, meanings[i].name) == 0)
			code = meanings[i].code;
	return err_say(e, code, "systemd: %s %s: %.400s (%.100s)", member, unit, words, m->error);
}

/* Waits for the answer to a call; signals of jobs on the way are noted. */
static int wait_reply(struct bus *bus, const char *member, uint32_t call, struct job *job,
		      struct bus_message *ret_reply, struct err *e)
{
	for (;;) {
		int r = bus_receive(bus, ret_reply, e);

		if (r < 0)
			return err_prefix(e, "%s %s", member, job->unit);
		if (ret_reply->type == BUS_SIGNAL && strcmp(ret_reply->member, "JobRemoved") == 0)
			job_removed(job, ret_reply);
		if (ret_reply->type == BUS_ERROR && ret_reply->reply_serial <= call)
			return refused(member, job->unit, ret_reply, e);
		if (ret_reply->type == BUS_RETURN && ret_reply->reply_serial == call)
			return 0;
	}
}

static int wait_job(struct bus *bus, const char *member, uint32_t call, struct job *job,
		    struct err *e)
{
	struct bus_message m;
	int r = wait_reply(bus, member, call, job, &m, e);

	if (r < 0)
		return r;
	copy(job->path, sizeof job->path, bus_get_string(&m.body));
	while (strcmp(job->path, job->ended) != 0) {
		r = bus_receive(bus, &m, e);
		if (r < 0)
			return err_prefix(e, "%s %s", member, job->unit);
		if (m.type == BUS_SIGNAL && strcmp(m.member, "JobRemoved") == 0)
			job_removed(job, &m);
	}
	if (strcmp(job->result, "done") != 0)
		return err_say(e, EIO, "systemd: %s %s: the job ended as \"%s\"", member, job->unit,
			       job->result);
	return 0;
}

/* One call that takes a unit and perhaps a mode, without a job to wait for. */
static int simple_call(struct bus *bus, const char *member, const char *unit, struct err *e)
{
	autobuf body = { 0 };
	struct job job = { .unit = unit };
	struct bus_message m;
	uint32_t call;

	bus_put_string(&body, unit);
	call = bus_call_manager(bus, member, "s", &body);
	return wait_reply(bus, member, call, &job, &m, e);
}

/* StartTransientUnit(s name, s mode, a(sv) properties, a(sa(sv)) aux) */
static int start_body(struct arena *arena, const struct scope *scope,
		      const struct strings *properties, bool optional, struct strbuf *body,
		      struct err *e)
{
	size_t none;
	int r;

	bus_put_string(body, scope->unit);
	bus_put_string(body, "fail");
	r = unit_properties_write(arena, properties, optional, body, e);
	if (r < 0)
		return r;
	none = bus_array_begin(body, 8);
	bus_array_end(body, none, 8);
	return 0;
}

static int start_once(struct arena *arena, struct bus *bus, const struct scope *scope,
		      const struct strings *properties, bool optional, struct err *e)
{
	static const char member[] = "StartTransientUnit";
	autobuf body = { 0 };
	struct job job = { .unit = scope->unit };
	int r = start_body(arena, scope, properties, optional, &body, e);

	if (r < 0)
		return r;
	return wait_job(bus, member, bus_call_manager(bus, member, "ssa(sv)a(sa(sv))", &body), &job,
			e);
}

static struct strings with_pid(struct arena *arena, const struct strings *properties, pid_t pid)
{
	const char **items = arena_array(arena, properties->count + 1, sizeof *items);

	memcpy(items, properties->items, properties->count * sizeof *items);
	items[properties->count] = arena_printf(arena, "PIDs=[uint32 %d]", pid);
	return (struct strings){ items, properties->count + 1 };
}

int scope_start(struct arena *arena, const struct scope *scope, const struct strings *properties,
		pid_t pid, struct err *e)
{
	struct strings all = with_pid(arena, properties, pid);
	autobus bus = BUS_NONE;
	struct err ignored;
	int r = bus_open(scope->user, START_TIMEOUT, &bus, e);

	if (r < 0)
		return r;
	r = start_once(arena, &bus, scope, &all, true, e);
	if (r == -ENOTSUP)
		r = start_once(arena, &bus, scope, &all, false, e);
	/* What a failed unit leaves is in the way of the next of its name. */
	if (r == -EEXIST && simple_call(&bus, "ResetFailedUnit", scope->unit, &ignored) == 0)
		r = start_once(arena, &bus, scope, &all, true, e);
	return r == -EEXIST ? err_hint(e, "systemctl%s status %s says whose it is",
				       scope->user ? " --user" : "", scope->unit)
			    : r;
}

/* SetUnitProperties(s name, b runtime, a(sv) properties) */
static int set_once(struct arena *arena, struct bus *bus, const struct scope *scope,
		    const struct strings *properties, bool optional, struct err *e)
{
	static const char member[] = "SetUnitProperties";
	struct job job = { .unit = scope->unit };
	struct bus_message m;
	autobuf body = { 0 };
	int r;

	bus_put_string(&body, scope->unit);
	bus_put(&body, true, 4);
	r = unit_properties_write(arena, properties, optional, &body, e);
	if (r < 0)
		return r;
	return wait_reply(bus, member, bus_call_manager(bus, member, "sba(sv)", &body), &job, &m,
			  e);
}

int scope_set(struct arena *arena, const struct scope *scope, const struct strings *properties,
	      struct err *e)
{
	autobus bus = BUS_NONE;
	int r;

	if (!properties->count)
		return 0;
	r = bus_open(scope->user, START_TIMEOUT, &bus, e);
	if (r == 0)
		r = set_once(arena, &bus, scope, properties, true, e);
	if (r == -ENOTSUP)
		r = set_once(arena, &bus, scope, properties, false, e);
	/* systemd answers first and writes the files before it reads its next message: the answer
	 * to that says that they are written. */
	return r < 0 ? r : simple_call(&bus, "GetUnit", scope->unit, e);
}

/* AttachProcessesToUnit(s name, s cgroup below, au pids) */
int scope_attach(const struct scope *scope, const char *below, pid_t pid, struct err *e)
{
	static const char member[] = "AttachProcessesToUnit";
	struct job job = { .unit = scope->unit };
	struct bus_message m;
	autobuf body = { 0 };
	autobus bus = BUS_NONE;
	size_t pids;
	int r = bus_open(scope->user, START_TIMEOUT, &bus, e);

	if (r < 0)
		return r;
	bus_put_string(&body, scope->unit);
	bus_put_string(&body, below);
	pids = bus_array_begin(&body, 4);
	bus_put(&body, (uint32_t)pid, 4);
	bus_array_end(&body, pids, 4);
	return wait_reply(&bus, member, bus_call_manager(&bus, member, "ssau", &body), &job, &m, e);
}

/* StopUnit(s name, s mode). A unit whose processes are all dead may be gone at any moment. */
int scope_stop(const struct scope *scope, struct err *e)
{
	static const char member[] = "StopUnit";
	struct job job = { .unit = scope->unit };
	struct err ignored;
	autobuf body = { 0 };
	autobus bus = BUS_NONE;
	int r = bus_open(scope->user, STOP_TIMEOUT, &bus, e);

	if (r < 0)
		return r;
	bus_put_string(&body, scope->unit);
	bus_put_string(&body, "replace");
	r = wait_job(&bus, member, bus_call_manager(&bus, member, "ss", &body), &job, e);
	if (r == 0) /* an annotation may have systemd keep what failed */
		simple_call(&bus, "ResetFailedUnit", scope->unit, &ignored);
	return r == -ENOENT ? 0 : r;
}

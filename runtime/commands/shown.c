/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/commands/shown.h"

#include <pwd.h>
#include <stddef.h>

#include "base/arena.h"
#include "runtime/context.h"
#include "runtime/died.h"

/* The name now, not at creation: `list` answers whose container it is. Thousands are mostly of one. */
static const char *owner_name(struct arena *arena, uid_t uid, const struct shown *last)
{
	const struct passwd *row;

	if (last && last->container.owner_uid == uid)
		return last->container.owner;
	row = getpwuid(uid);
	return row ? arena_strdup(arena, row->pw_name) : arena_printf(arena, "%u", uid);
}

int shown_load(struct context *context, const char *id, const struct shown *last,
	       struct shown *ret_shown, struct err *e)
{
	struct shown shown;
	int r = container_load(context, id, false, &shown.container, e);

	if (r < 0)
		return r;
	shown.container.owner = owner_name(context->arena, shown.container.owner_uid, last);
	r = container_status(context, &shown.container, &shown.status, e);
	if (r < 0) {
		shown_clear(&shown);
		return r;
	}
	if (shown.status == STATUS_STOPPED)
		died_figures(context, &shown.container);
	*ret_shown = shown;
	return 0;
}

void shown_clear(struct shown *shown)
{
	container_close(&shown->container);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/reach.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/fd.h"
#include "namespaces/namespaces.h"
#include "runtime/context.h"
#include "runtime/helper.h"
#include "spec/spec.h"

enum { NOBODY = 65534 };

/* Who the container's root is on the host; where that is not known, someone without rights. */
static uint32_t root_of(const struct id_mappings *maps)
{
	for (size_t i = 0; i < maps->count; i++)
		if (maps->items[i].container_id == 0)
			return maps->items[i].host_id;
	return NOBODY;
}

static bool become(uint32_t uid, uint32_t gid)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	const struct __user_cap_data_struct none[2] = { { 0 } };

	return syscall(SYS_setgroups, 0, NULL) == 0 && syscall(SYS_setresgid, gid, gid, gid) == 0 &&
	       syscall(SYS_setresuid, uid, uid, uid) == 0 && syscall(SYS_capset, &head, none) == 0;
}

struct question {
	const struct strings *places;
	const struct spec_linux *spec;
};

/* In the helper: one byte a place. Only what the right to search is missing for counts: init says
 * best what else is wrong. */
static void try_all(void *argument, int link)
{
	const struct question *q = argument;
	bool became = become(root_of(&q->spec->uid_mappings), root_of(&q->spec->gid_mappings));

	for (size_t i = 0; became && i < q->places->count; i++) {
		autofd fd = open(q->places->items[i], O_PATH | O_CLOEXEC);
		char answer = fd < 0 && errno == EACCES;

		if (write(link, &answer, 1) != 1)
			break;
	}
}

static int collect(struct arena *arena, const struct strings *places, int answers,
		   struct strings *ret_unreachable, struct err *e)
{
	const char **items = arena_array(arena, places->count, sizeof *items);
	size_t count = 0;

	for (size_t i = 0; i < places->count; i++) {
		char answer;

		if (read(answers, &answer, 1) != 1)
			return err_say(e, EIO, "cannot find out what the container's root can "
					       "reach: the probe ended early");
		if (answer)
			items[count++] = places->items[i];
	}
	*ret_unreachable = (struct strings){ items, count };
	return 0;
}

static int probe(struct arena *arena, const struct spec *spec, struct request *request,
		 struct err *e)
{
	struct strings places = host_places(arena, spec, request);
	struct question question = { &places, &spec->linux };
	autohelper helper = HELPER_NONE;
	int r = helper_begin(&helper, 0, try_all, &question, e);

	return r < 0 ? r : collect(arena, &places, helper.link, &request->unreachable, e);
}

int reach_probe(struct context *context, const struct spec *spec, struct request *request,
		struct err *e)
{
	/* Whoever is not root has no more rights than what they make. */
	if (!context->host.root || !spec_has_namespace(spec, NS_USER) ||
	    !spec_new_namespace(spec, NS_MOUNT))
		return 0;
	return probe(context->arena, spec, request, e);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/reach.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/sys.h"
#include "namespaces/namespaces.h"
#include "runtime/context.h"
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

/* In the child: one byte a place. Only what the right to search is missing for counts: init says
 * best what else is wrong. */
__attribute__((noreturn))
static void try_all(const struct strings *places, const struct spec_linux *spec, int answers)
{
	bool became = become(root_of(&spec->uid_mappings), root_of(&spec->gid_mappings));

	for (size_t i = 0; became && i < places->count; i++) {
		autofd fd = open(places->items[i], O_PATH | O_CLOEXEC);
		char answer = fd < 0 && errno == EACCES;

		if (write(answers, &answer, 1) != 1)
			break;
	}
	_exit(0);
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
	int pair[2], pidfd = -1, r;
	struct clone_args args = {
		.flags = CLONE_PIDFD,
		.pidfd = (uintptr_t)&pidfd,
		.exit_signal = SIGCHLD,
	};
	autofd answers = -1, writing = -1, child = -1;
	pid_t pid;

	if (pipe2(pair, O_CLOEXEC) < 0)
		return err_set(e, errno, "pipe2");
	answers = pair[0];
	writing = pair[1];
	pid = sys_clone3(&args);
	if (pid == 0)
		try_all(&places, &spec->linux, writing);
	if (pid < 0)
		return err_set(e, errno, "clone3");
	child = pidfd;
	fd_close(&writing);
	r = collect(arena, &places, answers, &request->unreachable, e);
	waitid(P_PIDFD, (id_t)child, &(siginfo_t){ 0 }, WEXITED);
	return r;
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

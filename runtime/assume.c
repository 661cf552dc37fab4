/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <string.h>

#include "base/err.h"
#include "runtime/context.h"
#include "runtime/probe.h"

static const char *const all_controllers[] = {
	"cpuset", "cpu", "io", "memory", "hugetlb", "pids", "rdma", "misc",
};

/* Of the user that assume_rootless() stands for. */
#define USER_ROOT "/user.slice/user-1000.slice/user@1000.service"

static void assume_root(struct host *host)
{
	host->root = true;
	host->uid = 0;
	host->gid = 0;
}

static void assume_rootless(struct host *host)
{
	host->root = false;
	host->uid = 1000;
	host->gid = 1000;
}

/* Root of a user namespace: uid 0 there, without privileges over the host. */
static void assume_userns(struct host *host)
{
	host->root = false;
	host->in_userns = true;
	host->uid = 0;
	host->gid = 0;
}

static void assume_unified(struct host *host)
{
	host->cgroup_mount = "/sys/fs/cgroup";
	host->own_cgroup = "/";
	host->hybrid = false;
	host->controllers = (struct strings){ all_controllers,
					      sizeof all_controllers / sizeof *all_controllers };
}

static void assume_hybrid(struct host *host)
{
	host->cgroup_mount = "/sys/fs/cgroup/unified";
	host->own_cgroup = "/";
	host->hybrid = true;
	host->controllers = (struct strings){ 0 };
}

static void assume_confined(struct host *host)
{
	host->confined = true;
}

static void assume_terminal(struct host *host)
{
	host->has_terminal = true;
	host->rows = 24;
	host->columns = 80;
}

static void assume_systemd(struct host *host)
{
	host->manager = MANAGER_SYSTEMD;
}

static void assume_disabled(struct host *host)
{
	host->manager = MANAGER_DISABLED;
}

static const struct fact {
	const char *word;
	void (*assume)(struct host *);
} facts[] = {
	{ "root", assume_root },     { "rootless", assume_rootless },
	{ "userns", assume_userns }, { "unified", assume_unified },
	{ "hybrid", assume_hybrid }, { "terminal", assume_terminal },
	{ "confined", assume_confined },
	{ "systemd", assume_systemd }, { "disabled", assume_disabled },
};

static const struct fact *fact_find(const char *word, size_t length)
{
	for (size_t i = 0; i < sizeof facts / sizeof *facts; i++)
		if (strlen(facts[i].word) == length && strncmp(facts[i].word, word, length) == 0)
			return &facts[i];
	return NULL;
}

static int assume_words(struct host *host, const char *words, struct err *e)
{
	size_t length;

	for (;; words += length + 1) {
		const struct fact *fact;

		length = strcspn(words, ",");
		fact = fact_find(words, length);
		if (!fact)
			return err_say(e, EINVAL, "--assume: unknown fact \"%.*s\"", (int)length,
				       words);
		fact->assume(host);
		if (!words[length])
			return 0;
	}
}

int host_assume(struct context *context, const char *words, struct err *e)
{
	struct host host = { 0 };
	int r;

	assume_root(&host);
	assume_unified(&host);
	host.manager = context->manager;
	r = *words ? assume_words(&host, words, e) : 0;
	if (r < 0)
		return r;
	host.user_manager = host.manager == MANAGER_SYSTEMD && !host.root;
	host.manager_root = host.user_manager ? USER_ROOT : "";
	context->host = host;
	context->host_probed = true;
	return 0;
}

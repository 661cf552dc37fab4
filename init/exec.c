/* SPDX-License-Identifier: Apache-2.0 */
/* The last step. */
#include <linux/mman.h>

#include "init/init.h"

enum { HOME_SIZE = 512 };

/* One block for both vectors, HOME's text and the program's path: it costs pages only as far as
 * they reach. */
static void *block_make(struct init *in, size_t pointers)
{
	size_t size = pointers * sizeof(char *) + HOME_SIZE + PATH_SIZE;
	long at = SYS(mmap, 0, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (at < 0 && at > -4096) {
		fail(in, CALL_mmap, at, NULL);
		return NULL;
	}
	return (void *)at;
}

static const char **vector_fill(const struct init *in, uint64_t list, const char **items)
{
	uint32_t count = list_count(in, list);

	for (uint32_t i = 0; i < count; i++)
		items[i] = list_item(in, list, i);
	items[count] = NULL;
	return items + count;
}

static int has_home(const struct init *in, uint64_t env)
{
	int found = 0;

	for (uint32_t i = 0; i < list_count(in, env); i++)
		found |= text_after(list_item(in, env, i), "HOME=") != NULL;
	return found;
}

/* Without PROGRAM the first argument is a path. */
static const char *path_fill(const struct init *in, const char *first, char *to)
{
	struct line path = { to, 0, PATH_SIZE };

	if (!in->program)
		return first ? first : "";
	program_path(in, &path);
	return to;
}

int exec_foresee(struct init *in, const struct plan_step *step)
{
	uint64_t argv = step->arg[0], env = step->arg[1];
	size_t pointers = list_count(in, argv) + (size_t)list_count(in, env) + 3;
	const char **block = block_make(in, pointers), **end, **envp;
	char *home;

	if (!block)
		return -1;
	home = (char *)(block + pointers);
	envp = vector_fill(in, argv, block) + 1;
	end = vector_fill(in, env, envp);
	if (step->arg[2] && !has_home(in, env)) {
		home_find(in, in->uid, home, HOME_SIZE);
		*end++ = home;
		*end = NULL;
	}
	in->path = path_fill(in, block[0], home + HOME_SIZE);
	in->argv = (char *const *)block;
	in->envp = (char *const *)envp;
	SYS(umask, in->umask);
	return 0;
}

int exec_prepare(struct init *in, const struct plan_step *step)
{
	if (!in->argv && exec_foresee(in, step) < 0)
		return -1;
	if (descriptors_give(in) < 0)
		return -1;
	in->is_prepared = 1;
	return report(in, REPORT_EXEC, 0);
}

/* The work was the steps themselves; the host hears of its end as it does of execve's. */
int run_DONE(struct init *in, const uint64_t *arg)
{
	if (report(in, REPORT_EXEC, 0) < 0)
		return -1;
	leave(0);
}

int run_EXEC(struct init *in, const uint64_t *arg)
{
	if (!in->is_prepared && exec_prepare(in, in->step) < 0)
		return -1;
	return exec_explain(in, in->path, SYS(execve, in->path, in->argv, in->envp));
}

/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Compares the printed plan of each config with what was written down: plan/CASE/config.json and
 * plan/CASE/plan.txt. A user would lose what a config says whenever a change of the code makes another
 * plan of it unseen. A refused config has "error: ..." for its plan.
 *
 * plan/CASE/request, if it is there, has words that change the circumstances: assume=FACTS (as for
 * `tare plan --assume`), config=FILE (in place of config.json), unreachable=PATH (for the container's root; up
 * to four) and those of the table below.
 * With TARE_GOLDEN_UPDATE set the plans are written anew; then read the difference before it is committed.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/text.h"
#include "plan/plan.h"
#include "runtime/build.h"
#include "runtime/context.h"
#include "runtime/probe.h"
#include "spec/load.h"
#include "spec/spec.h"

enum { TEXT_MAX = 1 << 20 };

struct golden {
	struct arena arena;
	struct context context;
	struct request request;
	const char *assume, *config, *unreachable[4];
	int dir;
};

static void golden_clear(struct golden *g)
{
	arena_clear(&g->arena);
	fd_close(&g->dir);
}

static void as_run(struct request *request)
{
	request->kind = REQUEST_RUN;
}

static void as_exec(struct request *request)
{
	request->kind = REQUEST_EXEC;
	request->join = CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWNET;
	request->cgroup = "/tare/ID";
}

static void without_pivot(struct request *request)
{
	request->no_pivot = true;
}

static void without_keyring(struct request *request)
{
	request->no_new_keyring = true;
}

static void with_notify(struct request *request)
{
	static const char *const env[] = { "NOTIFY_SOCKET=/run/notify/notify.sock" };

	request->notify_dir = "/run/tare/ID/notify";
	request->extra_env = (struct strings){ env, 1 };
}

static const struct word {
	const char *name;
	void (*apply)(struct request *);
} words[] = {
	{ "run", as_run },
	{ "exec", as_exec },
	{ "no-pivot", without_pivot },
	{ "no-new-keyring", without_keyring },
	{ "notify", with_notify },
};

static bool complain(const char *text, const char *object)
{
	fprintf(stderr, "%s %s\n", text, object);
	return false;
}

static void add_unreachable(struct golden *g, const char *path)
{
	g->unreachable[g->request.unreachable.count++] = path;
	g->request.unreachable.items = g->unreachable;
}

static bool apply_word(struct golden *g, const char *word)
{
	if (str_starts(word, "assume="))
		g->assume = word + strlen("assume=");
	else if (str_starts(word, "config="))
		g->config = word + strlen("config=");
	else if (str_starts(word, "unreachable=") && g->request.unreachable.count < 4)
		add_unreachable(g, word + strlen("unreachable="));
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (strcmp(words[i].name, word) == 0) {
			words[i].apply(&g->request);
			return true;
		}
	return strchr(word, '=');
}

static bool read_request(struct golden *g)
{
	autobuf text = { 0 };
	char *rest, *word;

	if (file_read(g->dir, "request", TEXT_MAX, &text) < 0)
		return true;
	rest = arena_strdup(&g->arena, text.text);
	while ((word = strtok_r(rest, " \n", &rest)))
		if (!apply_word(g, word))
			return complain("request: unknown word", word);
	return true;
}

static const struct spec *read_spec(struct golden *g, struct err *e)
{
	autobuf text = { 0 };
	struct problems problems = { 0 };
	const struct spec *spec = NULL;
	int r = file_read(g->dir, g->config, TEXT_MAX, &text);

	if (r < 0)
		err_set(e, -r, "%s", g->config);
	else
		spec_parse(&g->arena, text.text, text.length, &problems, &spec, e);
	return spec;
}

/* How many instructions a filter has depends on the version of libseccomp. */
static void blur_programs(struct strbuf *text)
{
	static const char after[] = " instructions]";
	autobuf blurred = { 0 };
	const char *from = text->text, *end, *start;

	while ((end = strstr(from, after))) {
		for (start = end; *start != '['; start--)
			;
		strbuf_add_bytes(&blurred, from, (size_t)(start - from));
		strbuf_add(&blurred, "[program]");
		from = end + strlen(after);
	}
	strbuf_add(&blurred, from);
	strbuf_clear(text);
	*text = blurred;
	blurred = (struct strbuf){ 0 };
}

static int build(struct golden *g, struct strbuf *text, struct err *e)
{
	struct plan_header *plan;
	const struct spec *spec = NULL;
	int r = host_assume(&g->context, g->assume, e);

	if (r == 0)
		spec = read_spec(g, e);
	if (!spec)
		return -EINVAL;
	g->request.host_root = "/run/tare/ID/root";
	g->request.rootfs = *spec->root.path == '/'
				    ? spec->root.path
				    : arena_printf(&g->arena, "/bundle/%s", spec->root.path);
	r = build_plan(&g->context, spec, NULL, &g->request, &plan, e);
	if (r == 0)
		plan_print(plan, text);
	return r;
}

static void make_plan(struct golden *g, struct strbuf *text)
{
	struct err e = { 0 };

	g->context.arena = &g->arena;
	g->request.id = "ID";
	g->request.bundle = "/bundle";
	g->request.init_pidfd = -1;
	if (build(g, text, &e) < 0)
		strbuf_addf(text, "error: %s\n", e.text);
	blur_programs(text);
}

static void show_difference(const char *name, const char *expected, const char *found)
{
	unsigned line = 1;
	size_t e, f;

	for (;; line++, expected += e + !!expected[e], found += f + !!found[f]) {
		e = strcspn(expected, "\n");
		f = strcspn(found, "\n");
		if (e != f || memcmp(expected, found, e) != 0 || !*expected || !*found)
			break;
	}
	fprintf(stderr, "%s/plan.txt:%u\n  expected: %.*s\n  found:    %.*s\n", name, line, (int)e,
		expected, (int)f, found);
}

static bool compare(struct golden *g, const char *name, const struct strbuf *found)
{
	autobuf expected = { 0 };

	if (getenv("TARE_GOLDEN_UPDATE"))
		return file_replace(g->dir, "plan.txt", 0644, found->text, found->length) == 0;
	if (file_read(g->dir, "plan.txt", TEXT_MAX, &expected) < 0)
		return complain("no plan.txt in", name);
	if (str_equal(expected.text, found->text))
		return true;
	show_difference(name, expected.text, found->text);
	return false;
}

static bool run_case(int parent, const char *name)
{
	__attribute__((cleanup(golden_clear))) struct golden g = {
		.assume = "root,unified",
		.config = "config.json",
		.dir = openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC),
		.context.root_fd = -1,
	};
	autobuf found = { 0 };
	bool good = g.dir >= 0 && read_request(&g);

	if (good)
		make_plan(&g, &found);
	good = good && compare(&g, name, &found);
	printf("%s %s\n", good ? "ok    " : "not ok", name);
	return good;
}

static int is_case(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

int main(int argc, char **argv)
{
	autofd dir = argc == 2 ? open(argv[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	struct dirent **cases;
	int count = dir < 0 ? -1 : scandir(argv[1], &cases, is_case, alphasort);
	bool good = count > 0;

	for (int i = 0; i < count; i++) {
		good &= run_case(dir, cases[i]->d_name);
		free(cases[i]);
	}
	if (count >= 0)
		free(cases);
	return good ? 0 : 1;
}

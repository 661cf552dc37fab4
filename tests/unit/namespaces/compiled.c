/* SPDX-License-Identifier: Apache-2.0 */
#include "compiled.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
#include <cmocka.h>

#include "spec/load.h"
#include "spec/spec.h"

void compiled_init(struct compiled *c)
{
	*c = (struct compiled){
		.host = { .root = true, .cgroup_mount = "/sys/fs/cgroup", .own_cgroup = "/" },
		.request = { .kind = REQUEST_CREATE,
			     .id = "c1",
			     .bundle = "/bundle",
			     .rootfs = "/bundle/rootfs",
			     .host_root = "/run/tare/c1/root" },
	};
}

void compiled_clear(struct compiled *c)
{
	strbuf_clear(&c->text);
	arena_clear(&c->arena);
}

static const struct spec *parse(struct compiled *c, const char *top, const char *members)
{
	const struct spec *spec = NULL;
	struct problems problems = { 0 };
	const char *root = strstr(top, "'root'") ? "" : "'root':{'path':'rootfs'},";
	char *text = arena_printf(&c->arena,
				  "{'ociVersion':'1.3.0',%s"
				  "'process':{'cwd':'/','args':['sh'],'user':{'uid':0,'gid':0}}"
				  "%s%s,'linux':{%s}}",
				  root, *top ? "," : "", top, members);

	for (char *p = text; *p; p++)
		if (*p == '\'')
			*p = '"';
	spec_parse(&c->arena, text, strlen(text), &problems, &spec, &c->e);
	return spec;
}

/* Columns are for people; tests compare words. */
static void squeeze(struct strbuf *text)
{
	size_t to = 0;

	for (size_t from = 0; from < text->length; from++)
		if (text->text[from] != ' ' || !to || text->text[to - 1] != ' ')
			text->text[to++] = text->text[from];
	text->length = to;
	text->text[to] = '\0';
}

/* What is around the steps so that they are a plan; taken off the text again. */
static int print(struct compiled *c, struct plan *plan)
{
	static const char *const argv[] = { "sh" };
	const struct strings list = { argv, 1 };
	struct plan_header *sealed;
	uint64_t flags = 0;
	int r;

	for (size_t i = 0; i < plan->host.count; i++)
		flags |= plan->host.items[i].op == OP_CLONE;
	if (!flags)
		PLAN_HOST(plan, OP_CLONE, NULL, 0);
	PLAN_INIT(plan, OP_EXEC, NULL, plan_list(plan, &list), 0, 0);
	r = plan_seal(plan, &c->arena, &sealed, &c->e);
	if (r == 0)
		plan_print(sealed, &c->text);
	if (r == 0)
		squeeze(&c->text);
	return r;
}

void compile(struct compiled *c, const char *top, const char *members,
	     compile_function *const *functions)
{
	autoplan plan = { 0 };
	struct compile with = {
		.plan = &plan,
		.arena = &c->arena,
		.spec = parse(c, top, members),
		.request = &c->request,
		.host = &c->host,
	};

	if (!with.spec)
		fail_msg("config: %s", c->e.text);
	with.process = &with.spec->process;
	for (; *functions && c->status == 0; functions++)
		c->status = (*functions)(&with, &c->e);
	if (c->status == 0)
		c->status = print(c, &plan);
}

void must_have(const struct compiled *c, const char *part)
{
	if (c->status < 0 || !strstr(c->text.text, part))
		fail_msg("no \"%s\" in\n%s%s", part, c->status < 0 ? c->e.text : "",
			 c->status < 0 ? "" : c->text.text);
}

void must_lack(const struct compiled *c, const char *part)
{
	if (c->status < 0 || strstr(c->text.text, part))
		fail_msg("\"%s\" in\n%s", part, c->status < 0 ? c->e.text : c->text.text);
}

void must_fail(const struct compiled *c, const char *part)
{
	if (c->status >= 0 || !strstr(c->e.text, part))
		fail_msg("not \"%s\" but\n%s", part, c->status < 0 ? c->e.text : c->text.text);
}

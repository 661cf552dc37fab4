/* SPDX-License-Identifier: Apache-2.0 */
#include "spec/load.h"

#include <errno.h>
#include <string.h>

#include "base/err.h"
#include "base/file.h"
#include "spec/check.h"
#include "spec/document.h"
#include "spec/reader.h"
#include "spec/settle.h"
#include "spec/sound.h"
#include "spec/spec.h"
#include "spec/tables.h"

/* A hundred times the largest config an engine is known to write. */
enum { CONFIG_MAX = 8 * 1024 * 1024 };

/* One kind of document: how it is read, checked and settled, and what is left of it with errors. */
struct kind {
	const struct object *object;
	void (*check)(struct reader *, const void *);
	void (*settle)(void *);
	const struct spec *(*rest)(void *, const struct problems *);
};

static void check_whole(struct reader *r, const void *spec)
{
	check_config(r, spec);
}

static void check_process_alone(struct reader *r, const void *process)
{
	check_process(r, "", process);
}

static void check_resources_alone(struct reader *r, const void *resources)
{
	check_resources(r, "", resources);
}

static void check_profile_alone(struct reader *r, const void *profile)
{
	check_seccomp(r, "", profile);
}

static void check_mounts_alone(struct reader *r, const void *spec)
{
	check_mounts(r, spec);
}

static const struct spec *rest_of_config(void *spec, const struct problems *problems)
{
	sound_config(spec, problems);
	settle_config(spec);
	return spec;
}

static const struct kind mounts_kind = { &mounts_object, check_mounts_alone, NULL, NULL };
static const struct kind profile_kind = { &seccomp_object, check_profile_alone, NULL, NULL };
static const struct kind config_kind = { &config_object, check_whole, settle_config, rest_of_config };
static const struct kind process_kind = { &process_object, check_process_alone, settle_process,
					  NULL };
static const struct kind resources_kind = { &resources_object, check_resources_alone, NULL, NULL };

static int first_error(const struct kind *kind, const struct problems *problems, struct err *e)
{
	const char *where = kind->rest ? ": tare validate names them" : "";
	const struct problem *p = problems->items;

	while (p->warning)
		p++;
	if (*p->pointer)
		err_say(e, EINVAL, "%s: %s", p->pointer, p->text);
	else
		err_say(e, EINVAL, "%s", p->text);
	if (problems->errors == 2)
		err_hint(e, "and 1 more error%s", where);
	else if (problems->errors > 2)
		err_hint(e, "and %zu more errors%s", problems->errors - 1, where);
	return -EINVAL;
}

static void parse_kind(struct reader *r, const struct kind *kind, const json_t *json, void *target)
{
	fields_parse(r, NULL, kind->object, json, target);
	/* Rules have nothing to say about a document that is not even an object. */
	if (json_is_object(json))
		kind->check(r, target);
	if (!r->problems->errors && kind->settle)
		kind->settle(target);
	else if (r->problems->errors && !r->problems->untold && kind->rest && json_is_object(json))
		r->problems->rest = kind->rest(target, r->problems);
}

static int parse_text_as(struct arena *arena, const struct kind *kind, const char *text,
			 size_t length, struct problems *ret_problems, const void **ret_target,
			 struct err *e)
{
	void *target = arena_alloc(arena, kind->object->size);
	struct reader r = { .arena = arena, .problems = ret_problems };
	json_t *json;

	*ret_problems = (struct problems){ 0 };
	if (document_parse(&r, text, length, &json) == 0) {
		parse_kind(&r, kind, json, target);
		json_decref(json);
	}
	ret_problems->document = r.text;
	ret_problems->length = length;
	if (ret_problems->errors)
		return first_error(kind, ret_problems, e);
	*ret_target = target;
	return 0;
}

static int read_failure(struct arena *arena, int code, struct problems *ret_problems,
			struct err *e)
{
	struct reader r = { .arena = arena, .problems = ret_problems };

	*ret_problems = (struct problems){ 0 };
	if (code == EFBIG)
		err_say(e, EFBIG, "larger than %d MiB", CONFIG_MAX / (1024 * 1024));
	else
		err_set(e, code, "cannot read");
	say_error_at(&r, "", "%s", e->text);
	return -code;
}

static int load_as(struct arena *arena, const struct kind *kind, int fd,
		   struct problems *ret_problems, const void **ret_target, struct err *e)
{
	autobuf text = { 0 };
	int r = fd_read_all(fd, CONFIG_MAX, &text);

	if (r < 0)
		return read_failure(arena, -r, ret_problems, e);
	return parse_text_as(arena, kind, text.text ? text.text : "", text.length, ret_problems,
			     ret_target, e);
}

int spec_parse(struct arena *arena, const char *text, size_t length, struct problems *ret_problems,
	       const struct spec **ret_spec, struct err *e)
{
	const void *target;
	int r = parse_text_as(arena, &config_kind, text, length, ret_problems, &target, e);

	if (r == 0)
		*ret_spec = target;
	return r;
}

int spec_load(struct arena *arena, int fd, struct problems *ret_problems,
	      const struct spec **ret_spec, struct err *e)
{
	const void *target;
	int r = load_as(arena, &config_kind, fd, ret_problems, &target, e);

	if (r == 0)
		*ret_spec = target;
	return r;
}

int spec_load_process(struct arena *arena, int fd, struct problems *ret_problems,
		      const struct spec_process **ret_process, struct err *e)
{
	const void *target;
	int r = load_as(arena, &process_kind, fd, ret_problems, &target, e);

	if (r == 0)
		*ret_process = target;
	return r;
}

int spec_load_resources(struct arena *arena, int fd, struct problems *ret_problems,
			const struct spec_resources **ret_resources, struct err *e)
{
	const void *target;
	int r = load_as(arena, &resources_kind, fd, ret_problems, &target, e);

	if (r == 0)
		*ret_resources = target;
	return r;
}

/* What is no JSON at all is neither: the error is the same. */
static bool is_profile(struct arena *arena, const struct strbuf *text)
{
	struct problems ignored = { 0 };
	struct reader r = { .arena = arena, .problems = &ignored };
	json_t *json;
	bool found;

	if (document_parse(&r, text->text, text->length, &json) < 0)
		return false;
	found = json_object_get(json, "defaultAction") != NULL;
	json_decref(json);
	return found;
}

static int parse_profile(struct arena *arena, const struct strbuf *text,
			 struct problems *ret_problems, const struct spec_seccomp **ret_profile,
			 const char **ret_pointer, struct err *e)
{
	bool alone = is_profile(arena, text);
	const void *target;
	int r = parse_text_as(arena, alone ? &profile_kind : &config_kind, text->text, text->length,
			      ret_problems, &target, e);

	if (r < 0)
		return r;
	*ret_profile = alone ? target : &((const struct spec *)target)->linux.seccomp;
	*ret_pointer = alone ? "" : "/linux/seccomp";
	return 0;
}

int spec_load_profile(struct arena *arena, int fd, struct problems *ret_problems,
		      const struct spec_seccomp **ret_profile, const char **ret_pointer,
		      struct err *e)
{
	autobuf text = { 0 };
	int r = fd_read_all(fd, CONFIG_MAX, &text);

	if (r < 0)
		return read_failure(arena, -r, ret_problems, e);
	return parse_profile(arena, &text, ret_problems, ret_profile, ret_pointer, e);
}

static bool is_list(const struct strbuf *text)
{
	size_t blank = text->text ? strspn(text->text, " \t\r\n") : 0;

	return text->text && text->text[blank] == '[';
}

int spec_load_mounts(struct arena *arena, int fd, struct problems *ret_problems,
		     const struct spec **ret_spec, struct err *e)
{
	autobuf text = { 0 }, object = { 0 };
	int r = fd_read_all(fd, CONFIG_MAX, &text);
	const void *target;
	bool list = is_list(&text);

	if (r < 0)
		return read_failure(arena, -r, ret_problems, e);
	strbuf_add(&object, list ? "{\"mounts\":" : "");
	strbuf_add_bytes(&object, text.text ? text.text : "", text.length);
	strbuf_add(&object, list ? "}" : "");
	r = parse_text_as(arena, &mounts_kind, object.text ? object.text : "", object.length,
			  ret_problems, &target, e);
	if (r == 0)
		*ret_spec = target;
	return r;
}

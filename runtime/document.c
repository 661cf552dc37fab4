/* SPDX-License-Identifier: Apache-2.0 */
#include <jansson.h>

#include "base/fd.h"
#include "base/memory.h"
#include "base/text.h"
#include "runtime/state.h"
#include "spec/spec.h"

/* state.json was written by then, so every text is known to be UTF-8. */
static json_t *annotations(const struct container *c)
{
	json_t *object = json_object();

	for (size_t i = 0; i < c->annotation_count; i++)
		json_object_set_new(object, c->annotations[i].key,
				    json_string_nocheck(c->annotations[i].value));
	return object;
}

/* A stopped container has no process: what was its pid may be anyone's by now. */
static json_int_t visible_pid(const struct container *c, enum status status)
{
	return status == STATUS_STOPPED ? 0 : c->pid;
}

static void set_text(json_t *object, const char *key, const char *text)
{
	json_object_set_new(object, key, json_string_nocheck(text ? text : ""));
}

static json_t *document_for_hooks(const struct container *c, enum status status)
{
	json_t *object = json_object();

	set_text(object, "ociVersion", c->oci_version);
	set_text(object, "id", c->id);
	set_text(object, "status", status_names[status]);
	json_object_set_new(object, "pid", json_integer(visible_pid(c, status)));
	set_text(object, "bundle", c->bundle);
	json_object_set_new(object, "annotations", annotations(c));
	return object;
}

/* Limits beyond int64_t are none. */
static void set_reached(json_t *object, const char *key, const char *count_key, uint64_t count,
			uint64_t limit)
{
	json_t *member;

	if (!count)
		return;
	member = json_object();
	json_object_set_new(member, count_key, json_integer((json_int_t)count));
	if (limit <= INT64_MAX)
		json_object_set_new(member, "limit", json_integer((json_int_t)limit));
	json_object_set_new(object, key, member);
}

/* What may have ended it. */
static void add_reached(json_t *object, const struct reached *r)
{
	json_t *limits = json_object();

	set_reached(limits, "memory", "oomKills", r->oom_kills, r->memory_limit);
	set_reached(limits, "pids", "refusedForks", r->refused_forks, r->pids_limit);
	if (json_object_size(limits))
		json_object_set(object, "limitsReached", limits);
	json_decref(limits);
}

static json_t *document_for_people(const struct container *c, enum status status)
{
	json_t *object = json_object();

	set_text(object, "ociVersion", c->oci_version);
	set_text(object, "id", c->id);
	json_object_set_new(object, "pid", json_integer(visible_pid(c, status)));
	set_text(object, "status", status_names[status]);
	set_text(object, "bundle", c->bundle);
	set_text(object, "rootfs", c->rootfs);
	set_text(object, "created", c->created);
	if (c->annotation_count > 0)
		json_object_set_new(object, "annotations", annotations(c));
	set_text(object, "owner", c->owner);
	add_reached(object, &c->reached);
	return object;
}

void container_document(const struct container *c, enum status status, bool pretty,
			struct strbuf *ret_json)
{
	json_t *object = pretty ? document_for_people(c, status) : document_for_hooks(c, status);
	autofree char *text = json_dumps(object, pretty ? JSON_INDENT(2) : JSON_COMPACT);

	json_decref(object);
	if (!text)
		memory_out();
	strbuf_add(ret_json, text);
}

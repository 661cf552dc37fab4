/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/state_file.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/text.h"
#include "runtime/state.h"
#include "spec/quick.h"
#include "spec/spec.h"

static void release(json_t **json)
{
	json_decref(*json);
}
#define autojson __attribute__((cleanup(release))) json_t

enum kind { TEXT, OPTIONAL_TEXT, BOOL, OPTIONAL_BOOL, U32, U64, PID, STATUS, PAIRS, KINDS };

/* The members of state.json in the order they are written. */
static const struct member {
	const char *key;
	enum kind kind;
	size_t offset;
} members[] = {
	{ "ociVersion", TEXT, offsetof(struct container, oci_version) },
	{ "id", TEXT, offsetof(struct container, id) },
	{ "pid", PID, offsetof(struct container, pid) },
	{ "status", STATUS, offsetof(struct container, saved) },
	{ "bundle", TEXT, offsetof(struct container, bundle) },
	{ "rootfs", TEXT, offsetof(struct container, rootfs) },
	{ "created", TEXT, offsetof(struct container, created) },
	{ "owner", OPTIONAL_TEXT, offsetof(struct container, owner) },
	{ "ownerUid", U32, offsetof(struct container, owner_uid) },
	{ "startTime", U64, offsetof(struct container, start_time) },
	{ "pidfdInode", U64, offsetof(struct container, pidfd_inode) },
	{ "cgroup", OPTIONAL_TEXT, offsetof(struct container, cgroup) },
	{ "unit", OPTIONAL_TEXT, offsetof(struct container, unit) },
	{ "userUnit", OPTIONAL_TEXT, offsetof(struct container, user_unit) },
	{ "resctrl", OPTIONAL_TEXT, offsetof(struct container, resctrl) },
	{ "monitored", OPTIONAL_TEXT, offsetof(struct container, monitored) },
	{ "rdtClass", OPTIONAL_TEXT, offsetof(struct container, rdt_class) },
	{ "namespaces", U32, offsetof(struct container, namespaces) },
	{ "terminal", BOOL, offsetof(struct container, terminal) },
	{ "noNewKeyring", OPTIONAL_BOOL, offsetof(struct container, no_new_keyring) },
	{ "noPoststop", OPTIONAL_BOOL, offsetof(struct container, no_poststop) },
	{ "annotations", PAIRS, offsetof(struct container, annotations) },
};
enum { MEMBERS = sizeof members / sizeof *members };

/* Each returns a new value, or NULL when a text is not UTF-8. */
static json_t *print_text(const struct container *c, const void *value)
{
	const char *const *text = value;

	return json_string(*text ? *text : "");
}

static json_t *print_optional(const struct container *c, const void *value)
{
	const char *const *text = value;

	return *text ? json_string(*text) : json_null();
}

static json_t *print_bool(const struct container *c, const void *value)
{
	return json_boolean(*(const bool *)value);
}

static json_t *print_u32(const struct container *c, const void *value)
{
	return json_integer(*(const uint32_t *)value);
}

static json_t *print_u64(const struct container *c, const void *value)
{
	return json_integer((json_int_t) * (const uint64_t *)value);
}

static json_t *print_pid(const struct container *c, const void *value)
{
	return json_integer(*(const pid_t *)value);
}

static json_t *print_status(const struct container *c, const void *value)
{
	return json_string(status_names[*(const enum status *)value]);
}

static json_t *print_pairs(const struct container *c, const void *value)
{
	json_t *object = json_object();

	for (size_t i = 0; i < c->annotation_count; i++) {
		const struct pair *pair = &c->annotations[i];

		if (json_object_set_new(object, pair->key, json_string(pair->value)) == 0)
			continue;
		json_decref(object);
		return NULL;
	}
	return object;
}

/* Each returns false when the JSON value is of another type or out of range. */
static bool parse_text(struct arena *arena, const json_t *json, struct container *c, void *ret)
{
	const char **text = ret;

	if (!json_is_string(json))
		return false;
	*text = arena_strdup(arena, json_string_value(json));
	return true;
}

static bool parse_optional(struct arena *arena, const json_t *json, struct container *c, void *ret)
{
	return !json || json_is_null(json) || parse_text(arena, json, c, ret);
}

static bool parse_bool(struct arena *arena, const json_t *json, struct container *c, void *ret)
{
	*(bool *)ret = json_is_true(json);
	return json_is_boolean(json);
}

/* What older builds did not write is false. */
static bool parse_optional_bool(struct arena *arena, const json_t *json, struct container *c,
				void *ret)
{
	return !json || parse_bool(arena, json, c, ret);
}

static bool parse_number(const json_t *json, json_int_t max, json_int_t *ret)
{
	*ret = json_integer_value(json);
	return json_is_integer(json) && *ret >= 0 && *ret <= max;
}

static bool parse_u32(struct arena *arena, const json_t *json, struct container *c, void *ret)
{
	json_int_t number;

	if (!parse_number(json, UINT32_MAX, &number))
		return false;
	*(uint32_t *)ret = (uint32_t)number;
	return true;
}

static bool parse_number64(struct arena *arena, const json_t *json, struct container *c, void *ret)
{
	json_int_t number;

	if (!parse_number(json, INT64_MAX, &number))
		return false;
	*(uint64_t *)ret = (uint64_t)number;
	return true;
}

static bool parse_pid(struct arena *arena, const json_t *json, struct container *c, void *ret)
{
	json_int_t number;

	if (!parse_number(json, INT32_MAX, &number))
		return false;
	*(pid_t *)ret = (pid_t)number;
	return true;
}

static bool parse_state(struct arena *arena, const json_t *json, struct container *c, void *ret)
{
	return json_is_string(json) && status_parse(json_string_value(json), ret) == 0;
}

static bool parse_pairs(struct arena *arena, const json_t *json, struct container *c, void *ret)
{
	json_t *object = (json_t *)(uintptr_t)json; /* jansson iterates without const */
	struct pair *pairs = arena_array(arena, json_object_size(json), sizeof *pairs);
	const char *key;
	json_t *value;
	size_t count = 0;

	if (json && !json_is_object(json))
		return false;
	json_object_foreach(object, key, value) {
		if (!json_is_string(value))
			return false;
		pairs[count++] = (struct pair){ arena_strdup(arena, key),
						arena_strdup(arena, json_string_value(value)) };
	}
	*(const struct pair **)ret = pairs;
	c->annotation_count = count;
	return true;
}

static const struct kind_row {
	const char *must;
	json_t *(*print)(const struct container *, const void *value);
	bool (*parse)(struct arena *, const json_t *, struct container *, void *ret);
} kinds[KINDS] = {
	[TEXT] = { "a string", print_text, parse_text },
	[OPTIONAL_TEXT] = { "a string or null", print_optional, parse_optional },
	[BOOL] = { "true or false", print_bool, parse_bool },
	[OPTIONAL_BOOL] = { "true or false", print_bool, parse_optional_bool },
	[U32] = { "a number of 32 bits", print_u32, parse_u32 },
	[U64] = { "a number of 63 bits", print_u64, parse_number64 },
	[PID] = { "a process id", print_pid, parse_pid },
	[STATUS] = { "a status", print_status, parse_state },
	[PAIRS] = { "an object of strings", print_pairs, parse_pairs },
};

int state_print(const struct container *c, struct strbuf *ret_json, struct err *e)
{
	autojson *object = json_object();
	autofree char *text = NULL;

	for (size_t i = 0; i < MEMBERS; i++) {
		const struct member *m = &members[i];
		const void *value = (const char *)c + m->offset;

		if (json_object_set_new(object, m->key, kinds[m->kind].print(c, value)) < 0)
			return err_say(e, EILSEQ, "state.json: %s is not UTF-8, which JSON "
						  "cannot hold",
				       m->key);
	}
	text = json_dumps(object, JSON_INDENT(1));
	if (!text)
		return err_set(e, ENOMEM, "state.json");
	strbuf_add(ret_json, text);
	strbuf_add(ret_json, "\n");
	return 0;
}

int state_parse(struct arena *arena, const char *json, size_t length,
		struct container *ret_container,
		struct err *e)
{
	struct container c = *ret_container;
	json_error_t error;
	autojson *object;

	/* Otherwise jansson would open /dev/urandom; an address is random enough for what only tare writes. */
	json_object_seed((size_t)(uintptr_t)&c >> 4 | 1);
	object = quick_parse(arena, json, length);
	if (!object)
		object = json_loadb(json, length, JSON_REJECT_DUPLICATES, &error);
	if (!object)
		return err_say(e, EBADMSG, "line %d, column %d: %s", error.line, error.column,
			       error.text);
	if (!json_is_object(object))
		return err_say(e, EBADMSG, "must be an object");
	for (size_t i = 0; i < MEMBERS; i++) {
		const struct member *m = &members[i];
		const struct kind_row *kind = &kinds[m->kind];

		if (!kind->parse(arena, json_object_get(object, m->key), &c,
		    (char *)&c + m->offset))
			return err_say(e, EBADMSG, "\"%s\" must be %s", m->key, kind->must);
	}
	*ret_container = c;
	return 0;
}

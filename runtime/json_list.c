/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/json_list.h"

#include <errno.h>
#include <jansson.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/file.h"
#include "base/json.h"

enum { FILE_MAX = 1 << 20 };

int json_list_save(int dir, const char *name, const struct strings *list, struct err *e)
{
	autobuf text = { 0 };
	int r;

	strbuf_add(&text, "[");
	for (size_t i = 0; i < list->count; i++) {
		strbuf_add(&text, i ? "," : "");
		json_add_string(&text, list->items[i] ? list->items[i] : "");
	}
	strbuf_add(&text, "]");
	r = file_replace(dir, name, 0600, text.text, text.length);
	return r < 0 ? err_set(e, -r, "cannot write %s", name) : 0;
}

static struct strings take(struct arena *arena, const json_t *json)
{
	size_t count = json_array_size(json);
	const char **items = arena_array(arena, count + 1, sizeof *items);

	for (size_t i = 0; i < count; i++) {
		const char *text = json_string_value(json_array_get(json, i));

		items[i] = text ? arena_strdup(arena, text) : NULL;
	}
	return (struct strings){ items, count };
}

int json_list_load(struct arena *arena, int dir, const char *name, struct strings *ret_list,
		   struct err *e)
{
	autobuf text = { 0 };
	json_t *json;
	int r = file_read(dir, name, FILE_MAX, &text);

	if (r < 0 && r != -ENOENT)
		return err_set(e, -r, "cannot read %s", name);
	json = r < 0 ? json_array() : json_loads(text.text, 0, NULL);
	if (!json_is_array(json)) {
		json_decref(json);
		return err_say(e, EBADMSG, "%s is damaged", name);
	}
	*ret_list = take(arena, json);
	json_decref(json);
	return 0;
}

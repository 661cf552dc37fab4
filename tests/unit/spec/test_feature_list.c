/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>

#include "base/text.h"
#include "spec/feature_list.h"
#include "spec/spec.h"

static json_t *document(void)
{
	static const char *const one[] = { "one", "two", NULL };
	static const struct pair annotations[] = { { "version", "1" } };
	autobuf text = { 0 };
	json_t *json;

	features_document(&(struct features){ one, one, one, one, one, one, annotations, 1 }, &text);
	json = json_loads(text.text, JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(json);
	return json;
}

static json_t *at(json_t *json, const char *const *keys)
{
	for (; *keys; keys++)
		json = json_object_get(json, *keys);
	return json;
}

#define AT(json, ...) at(json, (const char *const[]){ __VA_ARGS__, NULL })

/* Engines decide by these what they ask for: an absent one is taken for "cannot". */
static void has_every_list(void **state)
{
	static const struct {
		const char *keys[4];
		size_t count;
	} cases[] = {
		{ { "hooks" }, 6 },
		{ { "mountOptions" }, 2 },
		{ { "linux", "namespaces" }, 8 },
		{ { "linux", "capabilities" }, 41 },
		{ { "linux", "seccomp", "actions" }, 2 },
		{ { "linux", "seccomp", "operators" }, 2 },
		{ { "linux", "seccomp", "archs" }, 2 },
		{ { "linux", "seccomp", "knownFlags" }, 2 },
		{ { "linux", "seccomp", "supportedFlags" }, 2 },
		{ { "linux", "memoryPolicy", "modes" }, 7 },
		{ { "linux", "memoryPolicy", "flags" }, 3 },
	};
	json_t *json = document();

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		assert_int_equal(json_array_size(at(json, cases[i].keys)), cases[i].count);
	assert_string_equal(json_string_value(AT(json, "ociVersionMax")), "1.3.0");
	assert_string_equal(json_string_value(AT(json, "annotations", "version")), "1");
	json_decref(json);
}

/* What is refused at create must not be promised here. */
static void promises_nothing_more(void **state)
{
	static const char *const refused[][5] = {
		{ "linux", "cgroup", "v1" },
	};
	json_t *json = document();

	for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
		assert_true(json_is_false(at(json, refused[i])));
	json_decref(json);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(has_every_list),
		cmocka_unit_test(promises_nothing_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/text.h"
#include "spec/load.h"
#include "spec/spec.h"
#include "spec/template.h"

struct made {
	struct arena arena;
	struct strbuf text;
	const struct spec *spec;
};

static struct made make(bool rootless)
{
	struct made m = { 0 };
	struct problems problems = { 0 };
	struct err e;

	spec_template(rootless, 1000, 1001, &m.text);
	assert_int_equal(spec_parse(&m.arena, m.text.text, m.text.length, &problems, &m.spec, &e), 0);
	assert_int_equal(problems.count, 0);
	return m;
}

static void clear(struct made *m)
{
	strbuf_clear(&m->text);
	arena_clear(&m->arena);
}

/* The first document a new user has must be without a fault, and contained. */
static void for_root(void **state)
{
	struct made m = make(false);

	assert_int_equal(m.spec->mount_count, 7);
	assert_true(m.spec->root.readonly);
	assert_true(m.spec->process.no_new_privileges);
	assert_int_equal(m.spec->linux.resources.device_count, 1);
	assert_false(m.spec->linux.resources.devices[0].allow);
	assert_int_equal(m.spec->linux.masked_paths.count, 12);
	for (enum ns_kind kind = 0; kind < NS_KINDS; kind++)
		assert_int_equal(spec_new_namespace(m.spec, kind), kind != NS_USER && kind != NS_TIME);
	clear(&m);
}

/* Without privileges whatever needs them must not be asked for. */
static void for_a_user(void **state)
{
	struct made m = make(true);

	assert_int_equal(m.spec->mount_count, 6);
	assert_true(spec_new_namespace(m.spec, NS_USER));
	assert_false(spec_has_namespace(m.spec, NS_NETWORK));
	assert_int_equal(m.spec->linux.uid_mappings.count, 1);
	assert_int_equal(m.spec->linux.uid_mappings.items[0].host_id, 1000);
	assert_int_equal(m.spec->linux.gid_mappings.items[0].host_id, 1001);
	assert_false(m.spec->linux.resources.present);
	clear(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(for_root),
		cmocka_unit_test(for_a_user),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

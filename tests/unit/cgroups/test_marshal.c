/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/text.h"
#include "cgroups/marshal.h"

static void call_of(const char *signature, const struct strbuf *body, struct strbuf *ret_bytes)
{
	const struct bus_call call = { "org.example.Name", "/org/example", "org.example.Interface",
				       "Member", signature, body };

	bus_put_call(ret_bytes, 7, &call);
}

/* A call that systemd cannot read is a connection that it closes without a word. */
static void calls(void **state)
{
	autobuf body = { 0 }, bytes = { 0 };
	struct bus_message m;

	bus_put_string(&body, "unit");
	bus_put(&body, 1, 4);
	call_of("su", &body, &bytes);
	assert_int_equal(bus_message_size(bytes.text, bytes.length), bytes.length);
	assert_int_equal(bus_message_parse(bytes.text, bytes.length, &m), 0);
	assert_int_equal(m.type, BUS_CALL);
	assert_string_equal(m.member, "Member");
	assert_string_equal(m.signature, "su");
	assert_string_equal(bus_get_string(&m.body), "unit");
	assert_int_equal(bus_get(&m.body, 4), 1);
	assert_false(m.body.failed);
	bus_get(&m.body, 4);
	assert_true(m.body.failed);
}

static void no_body(void **state)
{
	autobuf bytes = { 0 };
	struct bus_message m;

	call_of("", NULL, &bytes);
	assert_int_equal(bytes.length % 8, 0);
	assert_int_equal(bus_message_parse(bytes.text, bytes.length, &m), 0);
	assert_string_equal(m.signature, "");
	assert_int_equal(m.body.length, 0);
}

/* Messages come in pieces. */
static void sizes(void **state)
{
	autobuf bytes = { 0 };

	call_of("", NULL, &bytes);
	for (size_t i = 0; i < bytes.length; i++)
		assert_int_equal(bus_message_size(bytes.text, i), i < 16 ? 0 : (long)bytes.length);
	bytes.text[3] = 2;
	assert_int_equal(bus_message_size(bytes.text, bytes.length), -EPROTO);
	bytes.text[3] = 1;
	bytes.text[0] = 'x';
	assert_int_equal(bus_message_size(bytes.text, bytes.length), -EPROTO);
	bytes.text[0] = 'l';
	bytes.text[7] = '\x7f'; /* a body of 2 GB */
	assert_int_equal(bus_message_size(bytes.text, bytes.length), -EPROTO);
}

/* Whatever answers on the socket, tare must neither read beyond it nor loop. */
static void damaged(void **state)
{
	autobuf body = { 0 }, bytes = { 0 };
	struct bus_message m;

	bus_put_string(&body, "unit");
	call_of("s", &body, &bytes);
	for (size_t i = 0; i < bytes.length; i++) {
		for (unsigned value = 0; value < 256; value++) {
			char kept = bytes.text[i];

			bytes.text[i] = (char)value;
			if (bus_message_parse(bytes.text, bytes.length, &m) == 0)
				bus_get_string(&m.body);
			bytes.text[i] = kept;
		}
	}
	for (size_t i = 0; i < bytes.length; i++)
		assert_int_equal(bus_message_parse(bytes.text, i, &m), -EPROTO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(calls),
		cmocka_unit_test(no_body),
		cmocka_unit_test(sizes),
		cmocka_unit_test(damaged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/text.h"
#include "runtime/command.h"
#include "runtime/usage.h"

/* Help that wraps in the terminal, or runs words together, is not read. */
static void fits_a_terminal(void **state)
{
	for (const struct command *command = commands; command->name; command++) {
		autobuf text = { 0 };

		usage_text(command, &text);
		for (const char *line = text.text; *line; line += strcspn(line, "\n") + 1) {
			assert_true(strcspn(line, "\n") <= 80);
			assert_true(line[0] != ' ' || strchr(line, '\n')[-1] != ' ');
		}
	}
}

/* Every option that is not hidden is told of, and no hidden one is. */
static void tells_of_every_option(void **state)
{
	for (const struct command *command = commands; command->name; command++) {
		autobuf text = { 0 }, option = { 0 };

		usage_text(command, &text);
		for (const struct option_row *row = command->options; row->name; row++) {
			strbuf_clear(&option);
			strbuf_addf(&option, " --%s%s", row->name, row->argument ? "=" : " ");
			assert_int_equal(strstr(text.text, option.text) == NULL, row->hidden);
		}
		assert_non_null(strstr(text.text, "-h, --help"));
	}
}

/* A letter or a name that is there twice would reach the first option only. */
static void no_option_twice(void **state)
{
	for (const struct command *command = commands; command->name; command++)
		for (const struct option_row *a = command->options; a->name; a++) {
			assert_int_not_equal(a->letter, 'h');
			for (const struct option_row *b = a + 1; b->name; b++) {
				assert_string_not_equal(a->name, b->name);
				assert_true(!a->letter || a->letter != b->letter);
			}
		}
}

/* The list of commands is where a new user begins. */
static void lists_commands(void **state)
{
	autobuf text = { 0 };

	usage_text(NULL, &text);
	for (const struct command *command = commands; command->name; command++) {
		autobuf line = { 0 };

		strbuf_addf(&line, "\n  %-11s %s\n", command->name, command->summary);
		assert_int_equal(strstr(text.text, line.text) == NULL, command->hidden);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fits_a_terminal),
		cmocka_unit_test(tells_of_every_option),
		cmocka_unit_test(no_option_twice),
		cmocka_unit_test(lists_commands),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

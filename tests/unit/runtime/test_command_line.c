/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/err.h"
#include "runtime/command.h"
#include "runtime/command_line.h"

enum { WORDS = 8 };

#define ROW(name, letter, kind, field, argument) \
	{ name, letter, OPTION_##kind, offsetof(struct options, field), argument, "", false }

static const struct option_row rows[] = {
	ROW("bundle", 'b', TEXT, bundle, "DIR"),
	ROW("format", 'f', TEXT, format, "table|json"),
	ROW("user", 'u', WORD, user, "UID"),
	ROW("env", 'e', LIST, env, "NAME=VALUE"),
	ROW("preserve-fds", 0, NUMBER, preserve_fds, "N"),
	ROW("tty", 't', FLAG, tty, NULL),
	ROW("detach", 'd', FLAG, detach, NULL),
	ROW("no-new-privs", 0, CHOICE, no_new_privs, NULL),
	ROW("version", 'v', FLAG, version, NULL),
	ROW("", 'V', FLAG, version, NULL),
	{ .name = NULL },
};

struct parsed {
	struct arena arena;
	struct options options;
	struct err e;
	int result, first, argc;
	char *argv[WORDS + 2];
};

static struct parsed parse(bool stops, const char *const words[WORDS])
{
	struct parsed p = { .argc = 1, .argv = { "tare" } };

	for (; p.argc <= WORDS && words[p.argc - 1]; p.argc++)
		p.argv[p.argc] = arena_strdup(&p.arena, words[p.argc - 1]);
	p.result = command_line_parse(&p.arena, rows, stops, p.argc, p.argv, &p.options, &p.first,
				      &p.e);
	return p;
}

#define PARSE(stops, ...) parse(stops, (const char *const[WORDS]){ __VA_ARGS__ })

/* Engines write options in each of these forms, containerd long ones with one dash; one that is not
 * understood makes every call fail. */
static void forms_of_text(void **state)
{
	static const char *const forms[][WORDS] = {
		{ "--bundle", "/b" }, { "--bundle=/b" }, { "-b", "/b" }, { "-b/b" }, { "-tb", "/b" },
		{ "-bundle", "/b" }, { "-bundle=/b" }, { "-b=/b" },
	};

	for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
		struct parsed p = parse(false, forms[i]);

		assert_int_equal(p.result, 0);
		assert_string_equal(p.options.bundle, "/b");
		assert_int_equal(p.first, p.argc);
		arena_clear(&p.arena);
	}
}

/* A script's --pid-file "$FILE" works with runc when there is no file; an empty --user must not become root. */
static void empty_texts_are_not_given(void **state)
{
	static const char *const forms[][WORDS] = {
		{ "--bundle", "" }, { "--bundle=" }, { "-b", "" }, { "-b", "/b", "-b", "" },
	};

	for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
		struct parsed p = parse(false, forms[i]);

		assert_int_equal(p.result, 0);
		assert_null(p.options.bundle);
		arena_clear(&p.arena);
	}
}

static void empty_words_stay(void **state)
{
	struct parsed p = PARSE(false, "--user", "");

	assert_int_equal(p.result, 0);
	assert_string_equal(p.options.user, "");
	arena_clear(&p.arena);
}

/* A flag written "=false" must not switch on what the caller wants off. */
static void flags_take_a_value(void **state)
{
	static const struct {
		const char *word;
		bool on;
	} cases[] = {
		{ "--tty", true },	{ "-t", true },		{ "--tty=true", true },
		{ "--tty=1", true },	{ "--tty=T", true },	{ "--tty=TRUE", true },
		{ "--tty=false", false }, { "--tty=0", false }, { "--tty=f", false },
		{ "--tty=False", false }, { "-t=true", true },	{ "-t=false", false },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct parsed p = PARSE(false, cases[i].word);

		assert_int_equal(p.result, 0);
		assert_int_equal(p.options.tty, cases[i].on);
		arena_clear(&p.arena);
	}
}

/* --no-new-privs=false overrides config.json, its absence does not: the three must differ. */
static void choices_know_absence(void **state)
{
	static const struct {
		const char *word;
		enum choice choice;
	} cases[] = {
		{ "--tty", CHOICE_NONE },
		{ "--no-new-privs", CHOICE_YES },
		{ "--no-new-privs=true", CHOICE_YES },
		{ "--no-new-privs=false", CHOICE_NO },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct parsed p = PARSE(false, cases[i].word);

		assert_int_equal(p.result, 0);
		assert_int_equal(p.options.no_new_privs, cases[i].choice);
		arena_clear(&p.arena);
	}
}

/* The second -e must not replace the first, nor may their order change. */
static void lists_keep_all(void **state)
{
	struct parsed p = PARSE(true, "-e", "A=1", "--env=B=2", "-eC=", "-e=D=4", "id", "-e=E");

	assert_int_equal(p.result, 0);
	assert_int_equal(p.options.env.count, 4);
	assert_string_equal(p.options.env.items[0], "A=1");
	assert_string_equal(p.options.env.items[1], "B=2");
	assert_string_equal(p.options.env.items[2], "C=");
	assert_string_equal(p.options.env.items[3], "D=4");
	assert_string_equal(p.argv[p.first + 1], "-e=E");
	arena_clear(&p.arena);
}

/* Options behind the container's name count too, as users write them. */
static void options_behind_arguments(void **state)
{
	struct parsed p = PARSE(false, "id", "--tty", "KILL", "-b=/b");

	assert_int_equal(p.result, 0);
	assert_true(p.options.tty);
	assert_string_equal(p.options.bundle, "/b");
	assert_int_equal(p.argc - p.first, 2);
	assert_string_equal(p.argv[p.first], "id");
	assert_string_equal(p.argv[p.first + 1], "KILL");
	arena_clear(&p.arena);
}

/* `exec ID ls -t` must give -t to ls, not to tare. */
static void stops_at_the_program(void **state)
{
	struct parsed p = PARSE(true, "-d", "id", "ls", "-t", "--", "-x");

	assert_int_equal(p.result, 0);
	assert_true(p.options.detach);
	assert_false(p.options.tty);
	assert_int_equal(p.argc - p.first, 5);
	assert_string_equal(p.argv[p.first + 2], "-t");
	arena_clear(&p.arena);
}

/* An id may begin with a dash when "--" goes before it. */
static void double_dash_ends_options(void **state)
{
	struct parsed p = PARSE(false, "-t", "--", "-t");

	assert_int_equal(p.result, 0);
	assert_int_equal(p.argc - p.first, 1);
	assert_string_equal(p.argv[p.first], "-t");
	arena_clear(&p.arena);
}

/* Every command has --help, without a row of its own; crun's users write -V. */
static void help_and_letters(void **state)
{
	static const char *const helps[][WORDS] = { { "--help" }, { "-h" }, { "id", "-h" } };
	struct parsed version = PARSE(true, "-V");

	for (size_t i = 0; i < sizeof helps / sizeof *helps; i++) {
		struct parsed p = parse(false, helps[i]);

		assert_int_equal(p.result, 0);
		assert_true(p.options.help);
		arena_clear(&p.arena);
	}
	assert_true(version.options.version);
	arena_clear(&version.arena);
}

/* What tare does not understand is said in one line that names it, and never guessed. */
static void refusals(void **state)
{
	static const struct {
		const char *words[WORDS];
		const char *text;
	} cases[] = {
		{ { "--bogus" }, "unknown option --bogus" },
		{ { "--bogus=1" }, "unknown option --bogus=1" },
		{ { "-z" }, "unknown option -z" },
		{ { "-tz" }, "unknown option -z" },
		{ { "-det" }, "unknown option -det" },
		{ { "-bundl", "/b" }, "unknown option -bundl" },
		{ { "--bundle" }, "option --bundle needs an argument: DIR" },
		{ { "-b" }, "option --bundle needs an argument: DIR" },
		{ { "--tty=maybe" }, "--tty: \"maybe\" is neither true nor false" },
		{ { "--tty=" }, "--tty: \"\" is neither true nor false" },
		{ { "-V", "--no-new-privs=2" }, "--no-new-privs: \"2\" is neither true nor false" },
		{ { "--format=yaml" }, "--format: \"yaml\" is not one of table|json" },
		{ { "--format", "jso" }, "--format: \"jso\" is not one of table|json" },
		{ { "--format", "" }, "--format: \"\" is not one of table|json" },
		{ { "--format", "table|json" }, "--format: \"table|json\" is not one of table|json" },
		{ { "--preserve-fds=-1" }, "--preserve-fds: \"-1\" is not a number" },
		{ { "--preserve-fds=+1" }, "--preserve-fds: \"+1\" is not a number" },
		{ { "--preserve-fds=1x" }, "--preserve-fds: \"1x\" is not a number" },
		{ { "--preserve-fds=4294967296" }, "--preserve-fds: \"4294967296\" is not a number" },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct parsed p = parse(false, cases[i].words);

		assert_true(p.result < 0);
		assert_non_null(strstr(p.e.text, cases[i].text));
		arena_clear(&p.arena);
	}
}

/* The words of a choice, each of them. */
static void words(void **state)
{
	static const char *const good[] = { "table", "json" };

	for (size_t i = 0; i < 2; i++) {
		struct parsed p = PARSE(false, "-f", good[i]);

		assert_int_equal(p.result, 0);
		assert_string_equal(p.options.format, good[i]);
		arena_clear(&p.arena);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(forms_of_text),	   cmocka_unit_test(flags_take_a_value),
		cmocka_unit_test(choices_know_absence),	   cmocka_unit_test(lists_keep_all),
		cmocka_unit_test(options_behind_arguments), cmocka_unit_test(stops_at_the_program),
		cmocka_unit_test(double_dash_ends_options), cmocka_unit_test(help_and_letters),
		cmocka_unit_test(refusals),		   cmocka_unit_test(words),
		cmocka_unit_test(empty_texts_are_not_given), cmocka_unit_test(empty_words_stay),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/command_line.h"

#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <string.h>

#include "base/arena.h"
#include "base/err.h"
#include "runtime/command.h"

const struct option_row help_option = {
	"help", 'h', OPTION_FLAG, offsetof(struct options, help), NULL, "print this text and exit",
	false,
};

/* Values of getopt_long() beyond those of any letter; the row's index is added. */
enum { ROW_VALUE = 0x100 };

struct parser {
	struct arena *arena;
	const struct option_row **rows; /* with --help, NULL behind the last */
	struct option *longs;
	char *letters;
	struct options *options;
};

static const struct name_value bools[] = {
	{ "true", true }, { "false", false }, { "1", true },  { "0", false },   { "t", true },
	{ "f", false },   { "T", true },      { "F", false }, { "TRUE", true }, { "FALSE", false },
	{ "True", true }, { "False", false }, { NULL, 0 },
};

int bool_parse(const char *text, bool *ret_value)
{
	const struct name_value *row = name_find(bools, text);

	if (!row)
		return -EINVAL;
	*ret_value = row->value;
	return 0;
}

static const char *row_title(struct arena *arena, const struct option_row *row)
{
	return *row->name ? arena_printf(arena, "--%s", row->name)
			  : arena_printf(arena, "-%c", row->letter);
}

static int set_bool(struct parser *p, const struct option_row *row, const char *text, bool *ret_on,
		    struct err *e)
{
	*ret_on = true;
	if (!text || bool_parse(text, ret_on) == 0)
		return 0;
	return err_say(e, EINVAL, "%s: \"%s\" is neither true nor false", row_title(p->arena, row),
		       text);
}

static int set_flag(struct parser *p, const struct option_row *row, const char *text, struct err *e)
{
	return set_bool(p, row, text, (bool *)((char *)p->options + row->offset), e);
}

static int set_choice(struct parser *p, const struct option_row *row, const char *text,
		      struct err *e)
{
	enum choice *choice = (enum choice *)((char *)p->options + row->offset);
	bool on;
	int r = set_bool(p, row, text, &on, e);

	if (r == 0)
		*choice = on ? CHOICE_YES : CHOICE_NO;
	return r;
}

static bool is_one_of(const char *words, const char *text)
{
	size_t length = strlen(text);

	for (;; words++) {
		size_t word = strcspn(words, "|");

		if (word == length && strncmp(words, text, length) == 0)
			return true;
		words += word;
		if (!*words)
			return false;
	}
}

static int set_word(struct parser *p, const struct option_row *row, const char *text, struct err *e)
{
	if (strchr(row->argument, '|') && !is_one_of(row->argument, text))
		return err_say(e, EINVAL, "%s: \"%s\" is not one of %s", row_title(p->arena, row),
			       text, row->argument);
	*(const char **)((char *)p->options + row->offset) = text;
	return 0;
}

static int set_text(struct parser *p, const struct option_row *row, const char *text, struct err *e)
{
	int r = set_word(p, row, text, e);

	if (r == 0 && !*text)
		*(const char **)((char *)p->options + row->offset) = NULL;
	return r;
}

static int set_number(struct parser *p, const struct option_row *row, const char *text,
		      struct err *e)
{
	int r = parse_u64(text, INT_MAX, (uint64_t *)((char *)p->options + row->offset));

	if (r < 0)
		return err_say(e, -r, "%s: \"%s\" is not a number from 0 to %d",
			       row_title(p->arena, row), text, INT_MAX);
	return 0;
}

static int set_list(struct parser *p, const struct option_row *row, const char *text, struct err *e)
{
	struct strings *list = (struct strings *)((char *)p->options + row->offset);
	const char **items = arena_array(p->arena, list->count + 1, sizeof *items);

	if (list->count)
		memcpy(items, list->items, list->count * sizeof *items);
	items[list->count] = text;
	*list = (struct strings){ items, list->count + 1 };
	return 0;
}

static const struct kind_row {
	int has_argument;
	const char *letter_suffix; /* in getopt's string */
	int (*set)(struct parser *, const struct option_row *, const char *text, struct err *);
} kinds[] = {
	[OPTION_FLAG] = { optional_argument, "", set_flag },
	[OPTION_CHOICE] = { optional_argument, "", set_choice },
	[OPTION_TEXT] = { required_argument, ":", set_text },
	[OPTION_WORD] = { required_argument, ":", set_word },
	[OPTION_NUMBER] = { required_argument, ":", set_number },
	[OPTION_LIST] = { required_argument, ":", set_list },
};

static void parser_init(struct parser *p, const struct option_row *rows, bool stops)
{
	struct option *next;
	char *letter;
	size_t count = 0;

	while (rows[count].name)
		count++;
	p->rows = arena_array(p->arena, count + 2, sizeof *p->rows);
	for (size_t i = 0; i < count; i++)
		p->rows[i] = &rows[i];
	p->rows[count] = &help_option;
	next = p->longs = arena_array(p->arena, count + 2, sizeof *p->longs);
	letter = p->letters = arena_alloc(p->arena, 2 * count + 6);
	letter = stpcpy(letter, stops ? "+:" : ":");
	for (size_t i = 0; i <= count; i++) {
		const struct option_row *row = p->rows[i];
		const struct kind_row *kind = &kinds[row->kind];

		if (*row->name)
			*next++ = (struct option){ row->name, kind->has_argument, NULL,
						   ROW_VALUE + (int)i };
		if (row->letter) {
			*letter++ = row->letter;
			letter = stpcpy(letter, kind->letter_suffix);
		}
	}
}

static const struct option_row *row_of(const struct parser *p, int value)
{
	if (value >= ROW_VALUE)
		return p->rows[value - ROW_VALUE];
	for (const struct option_row **row = p->rows; *row; row++)
		if ((*row)->letter == value)
			return *row;
	return NULL;
}

static int refuse(const struct parser *p, int code, const char *word, struct err *e)
{
	const struct option_row *row = optopt ? row_of(p, optopt) : NULL;

	if (code == ':' && row)
		return err_say(e, EINVAL, "option %s needs an argument: %s",
			       row_title(p->arena, row), row->argument);
	if (optopt && optopt < ROW_VALUE)
		return err_say(e, EINVAL, "unknown option -%c", optopt);
	return err_say(e, EINVAL, "unknown option %s", word);
}

/* A name in full behind one dash is as good as behind two, as for Go's flag package, which containerd
 * relies on; a part of one is not: "-n" is a typing error and not --no-pivot. */
static bool is_part_of_name(const struct option_row *row, const char *word)
{
	size_t length = strlen(row->name);

	return word[1] != '-' &&
	       (strncmp(word + 1, row->name, length) != 0 || !strchr("=", word[1 + length]));
}

static int take(struct parser *p, int code, const char *word, struct err *e)
{
	const struct option_row *row = code == '?' || code == ':' ? NULL : row_of(p, code);

	if (!row)
		return refuse(p, code, word, e);
	if (code >= ROW_VALUE && is_part_of_name(row, word))
		return err_say(e, EINVAL, "unknown option %s", word);
	return kinds[row->kind].set(p, row, optarg, e);
}

static bool is_option(const char *word)
{
	return word[0] == '-' && word[1];
}

/* "-f=json" as Go's flag package has it: getopt would take it for an abbreviation of some name, or for the
 * value "=json". Only the word that getopt looks at next, for others may be values. */
static void spell_out(struct parser *p, bool stops, int argc, char **argv)
{
	const struct option_row *row;
	int at = optind ? optind : 1;

	while (!stops && at < argc && !is_option(argv[at]))
		at++;
	if (at >= argc || !is_option(argv[at]) || argv[at][2] != '=')
		return;
	row = row_of(p, argv[at][1]);
	if (row && *row->name)
		argv[at] = arena_printf(p->arena, "--%s%s", row->name, argv[at] + 2);
}

static int next_code(struct parser *p, bool stops, int argc, char **argv)
{
	spell_out(p, stops, argc, argv);
	return getopt_long_only(argc, argv, p->letters, p->longs, NULL);
}

int command_line_parse(struct arena *arena, const struct option_row *rows, bool stops, int argc,
		       char **argv, struct options *ret_options, int *ret_first, struct err *e)
{
	struct parser parser = { .arena = arena, .options = ret_options };
	int code, r = 0;

	parser_init(&parser, rows, stops);
	optind = 0; /* both libcs start anew at 0 */
	opterr = 0;
	while (r >= 0 && (code = next_code(&parser, stops, argc, argv)) != -1)
		r = take(&parser, code, argv[optind - (optarg == argv[optind - 1] ? 2 : 1)], e);
	if (r < 0)
		return r;
	*ret_first = optind;
	return 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/usage.h"

#include <string.h>

#include "base/text.h"
#include "runtime/command.h"

enum { HELP_COLUMN = 30, WIDTH = 80 };

static void pad_to(struct strbuf *out, size_t column, size_t at)
{
	if (at + 2 > column) {
		strbuf_add(out, "\n");
		at = 0;
	}
	strbuf_addf(out, "%*s", (int)(column - at), "");
}

/* Words of text from HELP_COLUMN on, broken before WIDTH. */
static void wrap(struct strbuf *out, const char *text)
{
	size_t at = HELP_COLUMN;

	while (*text) {
		size_t word = strcspn(text, " ");

		if (at > HELP_COLUMN && at + 1 + word > WIDTH) {
			strbuf_addf(out, "\n%*s", HELP_COLUMN, "");
			at = HELP_COLUMN;
		} else if (at > HELP_COLUMN) {
			strbuf_add(out, " ");
			at++;
		}
		strbuf_add_bytes(out, text, word);
		at += word;
		text += word + strspn(text + word, " ");
	}
	strbuf_add(out, "\n");
}

static void option_line(struct strbuf *out, const struct option_row *row)
{
	size_t start = out->length;

	if (row->hidden)
		return;
	if (row->letter)
		strbuf_addf(out, "  -%c, --%s", row->letter, row->name);
	else
		strbuf_addf(out, "      --%s", row->name);
	if (row->argument)
		strbuf_addf(out, "=%s", row->argument);
	pad_to(out, HELP_COLUMN, out->length - start);
	wrap(out, row->help);
}

static void option_lines(struct strbuf *out, const struct option_row *rows)
{
	strbuf_add(out, "\nOptions:\n");
	for (; rows->name; rows++)
		option_line(out, rows);
	option_line(out, &help_option);
}

static void command_lines(struct strbuf *out)
{
	strbuf_add(out, "\nCommands:\n");
	for (const struct command *command = commands; command->name; command++)
		if (!command->hidden)
			strbuf_addf(out, "  %-11s %s\n", command->name, command->summary);
}

void usage_text(const struct command *command, struct strbuf *out)
{
	if (!command) {
		strbuf_add(out, "Usage: tare [OPTION]... COMMAND [ARGUMENT]...\n"
				"A low-level OCI container runtime.\n");
		command_lines(out);
		option_lines(out, global_options);
		strbuf_add(
			out,
			"\n`tare COMMAND --help` tells about a command, tare(1) about the rest.\n");
		return;
	}
	strbuf_addf(out, "Usage: tare %s [OPTION]...%s%s\n", command->name,
		    *command->arguments ? " " : "", command->arguments);
	strbuf_addf(out, "%c%s.\n", command->summary[0] & ~0x20, command->summary + 1);
	option_lines(out, command->options);
}

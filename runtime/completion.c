/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/completion.h"

#include "base/text.h"
#include "runtime/command.h"

/* What does not depend on the rows. bash makes a word of its own of the "=" in --option=value. */
static const char head[] =
	"# bash completion for tare; `tare completion bash` prints it\n"
	"\n"
	"_tare_argument()\n"
	"{\n"
	"\tcase $1 in\n"
	"\tDIR) mapfile -t COMPREPLY < <(compgen -d -- \"$2\") ;;\n"
	"\tFILE | SOCKET) mapfile -t COMPREPLY < <(compgen -f -- \"$2\") ;;\n"
	"\tCONTAINER)\n"
	"\t\tmapfile -t COMPREPLY < <(compgen -W \\\n"
	"\t\t\t\"$(tare \"${@:3}\" list --quiet 2>/dev/null)\" -- \"$2\")\n"
	"\t\t;;\n"
	"\t*\"|\"*) mapfile -t COMPREPLY < <(compgen -W \"${1//|/ }\" -- \"$2\") ;;\n"
	"\tesac\n"
	"}\n"
	"\n";

static const char body[] =
	"_tare()\n"
	"{\n"
	"\tlocal i kind command=\"\"\n"
	"\tlocal current=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]}\n"
	"\tlocal -a root=()\n"
	"\tCOMPREPLY=()\n"
	"\tif [[ $current == = ]]; then\n"
	"\t\tcurrent=\n"
	"\telif [[ $before == = ]]; then\n"
	"\t\tbefore=${COMP_WORDS[COMP_CWORD-2]}\n"
	"\tfi\n"
	"\tfor ((i = 1; i < COMP_CWORD; i++)); do\n"
	"\t\tif [[ ${COMP_WORDS[i]} == = ]]; then\n"
	"\t\t\tcontinue\n"
	"\t\telif [[ -n $(_tare_option : \"${COMP_WORDS[i]}\") ]]; then\n"
	"\t\t\t[[ ${COMP_WORDS[i+1]} == = ]] && ((i++))\n"
	"\t\t\t[[ ${COMP_WORDS[i]} == --root || ${COMP_WORDS[i-1]} == --root ]] &&\n"
	"\t\t\t\troot=(--root \"${COMP_WORDS[i+1]}\")\n"
	"\t\t\t((i++))\n"
	"\t\telif [[ ${COMP_WORDS[i]} != -* ]]; then\n"
	"\t\t\tcommand=${COMP_WORDS[i]}\n"
	"\t\t\tbreak\n"
	"\t\tfi\n"
	"\tdone\n"
	"\tkind=$(_tare_option \"$command:\" \"$before\")\n"
	"\tif [[ -n $kind ]]; then\n"
	"\t\t_tare_argument \"$kind\" \"$current\"\n"
	"\telif [[ $current == -* ]]; then\n"
	"\t\tmapfile -t COMPREPLY < <(compgen -W \\\n"
	"\t\t\t\"$(_tare_options \"$command\")\" -- \"$current\")\n"
	"\telif [[ -z $command ]]; then\n"
	"\t\tmapfile -t COMPREPLY < <(compgen -W \"$(_tare_commands)\" -- \"$current\")\n"
	"\telse\n"
	"\t\t_tare_argument \"$(_tare_positional \"$command\")\" \"$current\" \"${root[@]}\"\n"
	"\tfi\n"
	"}\n"
	"complete -o filenames -F _tare tare\n";

static void add_commands(struct strbuf *out)
{
	strbuf_add(out, "_tare_commands()\n{\n\techo \"");
	for (const struct command *command = commands; command->name; command++)
		if (!command->hidden)
			strbuf_addf(out, "%s ", command->name);
	strbuf_add(out, "\"\n}\n\n");
}

static void add_option_names(struct strbuf *out, const char *command, const struct option_row *rows)
{
	strbuf_addf(out, "\t\"%s\") echo \"--help", command);
	for (; rows->name; rows++)
		if (!rows->hidden)
			strbuf_addf(out, " --%s", rows->name);
	strbuf_add(out, "\" ;;\n");
}

static void add_options(struct strbuf *out)
{
	strbuf_add(out, "_tare_options()\n{\n\tcase $1 in\n");
	add_option_names(out, "", global_options);
	for (const struct command *command = commands; command->name; command++)
		add_option_names(out, command->name, command->options);
	strbuf_add(out, "\tesac\n}\n\n");
}

static void add_option_kinds(struct strbuf *out, const char *command, const struct option_row *rows)
{
	for (; rows->name; rows++) {
		if (!rows->argument || !*rows->name)
			continue;
		strbuf_addf(out, "\t\"%s:--%s\"", command, rows->name);
		if (rows->letter)
			strbuf_addf(out, " | \"%s:-%c\"", command, rows->letter);
		strbuf_addf(out, ") echo \"%s\" ;;\n", rows->argument);
	}
}

/* Which options are followed by an argument, and by what: "COMMAND:" and the option. */
static void add_kinds(struct strbuf *out)
{
	strbuf_add(out, "_tare_option()\n{\n\tcase $1$2 in\n");
	add_option_kinds(out, "", global_options);
	for (const struct command *command = commands; command->name; command++)
		add_option_kinds(out, command->name, command->options);
	strbuf_add(out, "\tesac\n}\n\n");
}

static void add_positionals(struct strbuf *out)
{
	strbuf_add(out, "_tare_positional()\n{\n\tcase $1 in\n");
	for (const struct command *command = commands; command->name; command++)
		if (str_starts(command->arguments + (*command->arguments == '['), "CONTAINER"))
			strbuf_addf(out, "\t%s) echo CONTAINER ;;\n", command->name);
	strbuf_add(out, "\tesac\n}\n\n");
}

void completion_bash(struct strbuf *out)
{
	strbuf_add(out, head);
	add_commands(out);
	add_options(out);
	add_kinds(out);
	add_positionals(out);
	strbuf_add(out, body);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/command.h"
#include "runtime/commands/commands.h"
#include "runtime/commands/shown.h"
#include "runtime/context.h"
#include "runtime/journal.h"

int command_state(struct invocation *in, struct err *e)
{
	autobuf text = { 0 };
	struct shown shown;
	int r = shown_load(in->context, in->argv[0], NULL, &shown, e);

	if (r < 0)
		return r;
	/* list does not: it would ask once for each. */
	if (shown.status == STATUS_STOPPED)
		journal_figures(in->context, &shown.container);
	container_document(&shown.container, shown.status, true, &text);
	strbuf_add(&text, "\n");
	shown_clear(&shown);
	return print_text(&text, e);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include <unistd.h>

#include "base/err.h"
#include "base/file.h"
#include "runtime/commands/commands.h"

int print_text(const struct strbuf *text, struct err *e)
{
	int r = fd_write_all(STDOUT_FILENO, text->text ? text->text : "", text->length);

	return r < 0 ? err_set(e, -r, "standard output: write") : 0;
}

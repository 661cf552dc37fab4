/* SPDX-License-Identifier: Apache-2.0 */
#include "base/memory.h"

#include <stdlib.h>
#include <unistd.h>

_Noreturn void memory_out(void)
{
	static const char line[] = "tare: out of memory\n";

	ssize_t ignored = write(STDERR_FILENO, line, sizeof line - 1);

	(void)ignored;
	_exit(EXIT_FAILURE);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* A library that an image brings along: whoever loads it leaves a file where PRELOADED_MARK says. */
#include <fcntl.h>
#include <unistd.h>

__attribute__((constructor))
static void leave_mark(void)
{
	close(open(PRELOADED_MARK, O_WRONLY | O_CREAT, 0644));
}

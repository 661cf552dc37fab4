/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/console.h"

#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include "runtime/peer.h"

int console_send(const struct context *context, const char *path, int master, struct err *e)
{
	char name[32] = "/dev/ptmx";
	struct peer_message message = { "--console-socket", path, name, 0, master };
	unsigned number;

	if (ioctl(master, TIOCGPTN, &number) == 0)
		snprintf(name, sizeof name, "/dev/pts/%u", number);
	message.length = strlen(name);
	return peer_tell(context, &message, e);
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/console.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "base/err.h"
#include "base/fd.h"
#include "base/file.h"
#include "runtime/unix.h"

int console_send(const char *path, int master, struct err *e)
{
	autofd peer = unix_connect(AT_FDCWD, path, SOCK_STREAM);
	char name[32] = "/dev/ptmx";
	unsigned number;
	ssize_t n;

	if (peer < 0)
		return err_set(e, -peer, "--console-socket %s: connect", path);
	if (ioctl(master, TIOCGPTN, &number) == 0)
		snprintf(name, sizeof name, "/dev/pts/%u", number);
	n = socket_send_fd(peer, name, strlen(name), master);
	return n < 0 ? err_set(e, (int)-n, "--console-socket %s: sendmsg", path) : 0;
}

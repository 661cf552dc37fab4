/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/terminal.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"

bool terminal_is_ours(int fd)
{
	pid_t group = tcgetpgrp(fd);

	/* No terminal, or one that does no job control for us. */
	return group <= 0 || group == getpgrp();
}

/* Set at once rather than behind pending output, which a stalled reader would hold back. */
static bool set_modes(const struct termios *modes)
{
	return tcsetattr(STDIN_FILENO, TCSANOW, modes) == 0;
}

void terminal_enter(struct terminal *terminal)
{
	struct termios raw;

	if (!terminal_is_ours(STDIN_FILENO))
		return;
	if (!terminal->raw && tcgetattr(STDIN_FILENO, &terminal->saved) < 0)
		return;
	raw = terminal->saved;
	cfmakeraw(&raw);
	terminal->raw = set_modes(&raw);
}

void terminal_leave(struct terminal *terminal)
{
	if (terminal->raw && terminal_is_ours(STDIN_FILENO))
		set_modes(&terminal->saved);
	terminal->raw = false;
}

void terminal_copy_size(int master)
{
	struct winsize size;

	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (ioctl(fd, TIOCGWINSZ, &size) == 0) {
			if (size.ws_row || size.ws_col)
				ioctl(master, TIOCSWINSZ, &size);
			return;
		}
}

/* O_NONBLOCK belongs to the open file, which the shell shares: set there it would stay when tare is
 * killed. Terminals and pipes can be opened anew. A file must not be: its offset would be lost. */
int terminal_open_output(void)
{
	autofd fd = -1;
	struct stat st;

	if (fstat(STDOUT_FILENO, &st) == 0 && (S_ISCHR(st.st_mode) || S_ISFIFO(st.st_mode)))
		fd = open("/proc/self/fd/1", O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
	return fd_take(&fd);
}

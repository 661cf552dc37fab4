/* SPDX-License-Identifier: Apache-2.0 */
/* HOME from the container's /etc/passwd, read as the untrusted file it is. */
#include "init/init.h"

enum { LINE_SIZE = 1024, FILE_MAX = 4 << 20 };

/* name:password:uid:gid:comment:home:shell; the field's text, ended in place, or NULL. */
static char *field(char *line, int number)
{
	char *end;

	for (; number; number--) {
		char *colon = (char *)text_find(line, ':');

		if (!colon)
			return NULL;
		line = colon + 1;
	}
	end = (char *)text_find(line, ':');
	if (end)
		*end = '\0';
	return line;
}

static int take_line(char *line, uint32_t uid, struct line *ret_home)
{
	char *home = field(line, 5), *id = field(line, 2);

	if (!home || !id || home[0] != '/' || decimal_parse(id) != uid)
		return 0;
	if (strlen(home) + sizeof "HOME=" > ret_home->size)
		return 0;
	line_add(ret_home, "HOME=");
	line_add(ret_home, home);
	return 1;
}

/* Takes the whole lines of text; *length is what is left of the last. 1: found. */
static int take_lines(char *text, size_t *length, uint32_t uid, struct line *ret_home)
{
	char *line = text, *end;

	text[*length] = '\0';
	while ((end = (char *)text_find(line, '\n'))) {
		*end = '\0';
		if (take_line(line, uid, ret_home))
			return 1;
		line = end + 1;
	}
	*length = strlen(line);
	memmove(text, line, *length);
	return 0;
}

static int file_scan(int fd, uint32_t uid, struct line *ret_home)
{
	char text[LINE_SIZE + 2];
	size_t length = 0, total = 0;
	long n;

	while ((n = SYS(read, fd, text + length, LINE_SIZE - length)) > 0) {
		length += (size_t)n;
		total += (size_t)n;
		if (take_lines(text, &length, uid, ret_home))
			return 1;
		if (length == LINE_SIZE) /* no line of a sane passwd is that long */
			length = 0;
		if (total > FILE_MAX)
			return 0;
	}
	if (n < 0 || !length)
		return 0;
	text[length++] = '\n';
	return take_lines(text, &length, uid, ret_home);
}

void home_find(struct init *in, uint32_t uid, char *ret_text, size_t size)
{
	struct line home = { ret_text, 0, size };
	int fd = path_open(in, "/etc/passwd", O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);
	struct statx st;

	if (fd >= 0 && sys_statx(fd, &st) == 0 && is_kind(&st, S_IFREG) &&
	    file_scan(fd, uid, &home))
		return;
	home.length = 0;
	line_add(&home, "HOME=/");
}

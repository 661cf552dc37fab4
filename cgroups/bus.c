/* SPDX-License-Identifier: Apache-2.0 */
#include "cgroups/bus.h"

#include <ctype.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/deadline.h"
#include "base/err.h"
#include "base/fd.h"

#define SYSTEMD "org.freedesktop.systemd1"
#define DAEMON "org.freedesktop.DBus"

/* An address is a path, or '@' and the name of an abstract socket. Where too many wait already to be
 * accepted, connect(2) waits too: as long as a send would. */
static int connect_to(const char *address, int timeout)
{
	const struct timeval patience = { timeout / 1000, timeout % 1000 * 1000 };
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	size_t length = strlen(address);
	autofd fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	if (length >= sizeof to.sun_path)
		return -ENAMETOOLONG;
	memcpy(to.sun_path, address, length);
	if (*address == '@')
		to.sun_path[0] = '\0';
	length += offsetof(struct sockaddr_un, sun_path) + (*address != '@');
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
	if (connect(fd, (const struct sockaddr *)&to, (socklen_t)length) == 0)
		return fd_take(&fd);
	return errno == EAGAIN ? -ETIMEDOUT : -errno;
}

/* Where a manager listens; the first that answers is taken. %s is XDG_RUNTIME_DIR. */
static const struct place {
	bool user, daemon;
	const char *variable; /* of the environment, holding addresses; NULL: path */
	const char *path;
} places[] = {
	{ false, false, NULL, "/run/systemd/private" },
	{ false, true, "DBUS_SYSTEM_BUS_ADDRESS", NULL },
	{ false, true, NULL, "/run/dbus/system_bus_socket" },
	{ true, false, NULL, "%s/systemd/private" },
	{ true, true, "DBUS_SESSION_BUS_ADDRESS", NULL },
	{ true, true, NULL, "%s/bus" },
};

/* Copies a value up to the next separator, its %XX resolved. */
static void unescape(const char *from, char *to, size_t size)
{
	size_t at = 0;
	char digits[3] = "";

	while (*from && !strchr(",;", *from) && at + 1 < size) {
		bool coded = *from == '%' && isxdigit((unsigned char)from[1]) &&
			     isxdigit((unsigned char)from[2]);

		if (coded)
			memcpy(digits, from + 1, 2);
		to[at++] = coded ? (char)strtol(digits, NULL, 16) : *from;
		from += coded ? 3 : 1;
	}
	to[at] = '\0';
}

/* The first of "unix:path=/run/user/1000/bus,guid=...;unix:abstract=..." that is a socket here. */
static bool socket_of(const char *addresses, char *ret_address, size_t size)
{
	static const char path[] = "unix:path=", abstract[] = "unix:abstract=";

	for (const char *at = addresses; at && *at; at = strchr(at, ';') ? strchr(at, ';') + 1
									  : NULL) {
		if (str_starts(at, path)) {
			unescape(at + sizeof path - 1, ret_address, size);
			return true;
		}
		if (str_starts(at, abstract)) {
			*ret_address = '@';
			unescape(at + sizeof abstract - 1, ret_address + 1, size - 1);
			return true;
		}
	}
	return false;
}

static bool address_of(const struct place *place, char *ret_address, size_t size)
{
	const char *directory = getenv("XDG_RUNTIME_DIR");

	if (place->variable)
		return socket_of(getenv(place->variable), ret_address, size);
	if (place->user && (!directory || *directory != '/'))
		return false;
	if (place->user)
		snprintf(ret_address, size, "%s%s", directory, place->path + 2);
	else
		snprintf(ret_address, size, "%s", place->path);
	return true;
}

static int no_manager(bool user, const char *last, int code, struct err *e)
{
	if (user && !*last) {
		err_say(e, ENOENT, "systemd: no way to the user's manager: neither XDG_RUNTIME_DIR "
				   "nor DBUS_SESSION_BUS_ADDRESS is set");
		return err_hint(e, "log in, or loginctl enable-linger USER; or use "
				   "--cgroup-manager=cgroupfs");
	}
	err_set(e, code, "systemd: cannot connect to %s", last);
	return err_hint(e, user ? "is the user's manager running (loginctl enable-linger USER)? "
				  "--cgroup-manager=cgroupfs does without"
				: "is systemd process 1 here? --cgroup-manager=cgroupfs does without");
}

static int find_manager(bool user, int timeout, int *ret_fd, bool *ret_daemon, struct err *e)
{
	char address[sizeof((struct sockaddr_un *)0)->sun_path + 64] = "";
	int fd = -ENOENT;

	for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
		if (places[i].user != user || !address_of(&places[i], address, sizeof address))
			continue;
		fd = connect_to(address, timeout);
		if (fd == -ETIMEDOUT)
			break; /* it is there, and will not be quicker elsewhere */
		if (fd < 0)
			continue;
		*ret_fd = fd;
		*ret_daemon = places[i].daemon;
		return 0;
	}
	return no_manager(user, address, -fd, e);
}

static uint32_t call(struct bus *bus, const struct bus_call *what)
{
	bus_put_call(&bus->out, ++bus->serial, what);
	return bus->serial;
}

static void greet_daemon(struct bus *bus)
{
	autobuf rule = { 0 };
	struct bus_call hello = { DAEMON, "/org/freedesktop/DBus", DAEMON, "Hello", "", NULL };
	struct bus_call match = { DAEMON, "/org/freedesktop/DBus", DAEMON, "AddMatch", "s", &rule };

	call(bus, &hello);
	bus_put_string(&rule, "type='signal',sender='" SYSTEMD "',interface='" SYSTEMD
			      ".Manager',member='JobRemoved'");
	call(bus, &match);
}

/* Which call notices it is chance. */
static int failed(const struct bus *bus, const char *call, struct err *e)
{
	if (errno == EPIPE || errno == ECONNRESET)
		return err_say(e, ECONNRESET, "systemd: the connection was closed%s",
			       bus->greeted ? "" : " without a greeting");
	return err_set(e, errno, "systemd: %s", call);
}

int bus_open(bool user, int timeout, struct bus *ret_bus, struct err *e)
{
	/* Without a name of its own it is the socket's credentials that count: the only id that
	 * is right in every user namespace. */
	static const char greeting[] = "\0AUTH EXTERNAL\r\nDATA\r\nBEGIN\r\n";
	struct bus bus = BUS_NONE;
	int r = find_manager(user, timeout, &bus.fd, &bus.daemon, e);

	if (r < 0)
		return r;
	bus.deadline = deadline_after(timeout);
	if (send(bus.fd, greeting, sizeof greeting - 1, MSG_NOSIGNAL | MSG_DONTWAIT) < 0) {
		failed(&bus, "send", e);
		fd_close(&bus.fd);
		return -e->code;
	}
	if (bus.daemon)
		greet_daemon(&bus);
	*ret_bus = bus;
	return 0;
}

void bus_close(struct bus *bus)
{
	fd_close(&bus->fd);
	strbuf_clear(&bus->out);
	strbuf_clear(&bus->in);
}

uint32_t bus_call_manager(struct bus *bus, const char *member, const char *signature,
			  const struct strbuf *body)
{
	const struct bus_call what = { SYSTEMD, "/org/freedesktop/systemd1", SYSTEMD ".Manager",
				       member, signature, body };

	return call(bus, &what);
}

static int wait_for(struct bus *bus, short events, struct err *e)
{
	struct pollfd p = { .fd = bus->fd, .events = events };
	int left, n;

	/* Who talks all the time of other things does not answer either. */
	do {
		left = deadline_left(bus->deadline);
		n = left ? poll(&p, 1, left) : 0;
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return err_set(e, errno, "systemd: poll");
	return n ? 0 : err_say(e, ETIMEDOUT, "systemd: no answer in time");
}

static int send_all(struct bus *bus, struct err *e)
{
	size_t sent = 0;

	while (sent < bus->out.length) {
		ssize_t n = send(bus->fd, bus->out.text + sent, bus->out.length - sent,
				 MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0 && errno != EAGAIN && errno != EINTR)
			return failed(bus, "send", e);
		if (n < 0 && errno == EAGAIN && wait_for(bus, POLLOUT, e) < 0)
			return -e->code;
		sent += n > 0 ? (size_t)n : 0;
	}
	bus->out.length = 0;
	return 0;
}

static int receive_some(struct bus *bus, struct err *e)
{
	char bytes[4096];
	ssize_t n;

	if (wait_for(bus, POLLIN, e) < 0)
		return -e->code;
	n = recv(bus->fd, bytes, sizeof bytes, MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n == 0)
		errno = ECONNRESET;
	if (n <= 0)
		return failed(bus, "receive", e);
	strbuf_add_bytes(&bus->in, bytes, (size_t)n);
	return 0;
}

/* Drops what is done with; what is left begins at the buffer's start, as alignment wants it. */
static void drop_taken(struct bus *bus)
{
	if (!bus->taken)
		return;
	bus->in.length -= bus->taken;
	memmove(bus->in.text, bus->in.text + bus->taken, bus->in.length);
	bus->taken = 0;
}

/* "DATA\r\nOK 0123...\r\n" is in front of the first message. */
static int read_greeting(struct bus *bus, struct err *e)
{
	while (!bus->greeted) {
		char *end = bus->in.length ? memmem(bus->in.text, bus->in.length, "\r\n", 2) : NULL;

		if (!end && bus->in.length > 1024)
			return err_say(e, EPROTO, "systemd: this is no bus");
		if (!end) {
			if (receive_some(bus, e) < 0)
				return -e->code;
			continue;
		}
		if (strncmp(bus->in.text, "REJECTED", 8) == 0 ||
		    strncmp(bus->in.text, "ERROR", 5) == 0)
			return err_say(e, EACCES, "systemd: refused to talk to this user: %.*s",
				       (int)(end - bus->in.text), bus->in.text);
		bus->greeted = strncmp(bus->in.text, "OK", 2) == 0;
		bus->taken = (size_t)(end - bus->in.text) + 2;
		drop_taken(bus);
	}
	return 0;
}

int bus_receive(struct bus *bus, struct bus_message *ret_message, struct err *e)
{
	long size;

	/* systemd leaves alone what comes in one read with the greeting: calls wait for its answer. */
	if (read_greeting(bus, e) < 0 || send_all(bus, e) < 0)
		return -e->code;
	drop_taken(bus);
	for (;;) {
		size = bus_message_size(bus->in.text, bus->in.length);
		if (size < 0)
			return err_say(e, EPROTO, "systemd: what came is no message");
		if (size && bus->in.length >= (size_t)size)
			break;
		if (receive_some(bus, e) < 0)
			return -e->code;
	}
	bus->taken = (size_t)size;
	if (bus_message_parse(bus->in.text, bus->taken, ret_message) < 0)
		return err_say(e, EPROTO, "systemd: a message that is none");
	return 0;
}

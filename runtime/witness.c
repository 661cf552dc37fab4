/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/witness.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fd.h"
#include "base/file.h"

static void note(struct calls *calls, const struct seccomp_data *data)
{
	for (size_t i = 0; i < calls->count; i++)
		if (calls->items[i].number == data->nr && calls->items[i].arch == data->arch)
			return;
	if (calls->count < CALLS_MOST)
		calls->items[calls->count++] = (struct call){ data->arch, data->nr };
}

/* tare-init is of the native architecture, whose execve this is. */
static bool starts_program(const struct seccomp_data *data)
{
	return data->nr == SYS_execve || data->nr == SYS_execveat;
}

/* A caller that died meanwhile is ENOENT, at either call: there is nothing to answer. */
static void pass_one(const struct witness *w, int listener, bool *started)
{
	struct seccomp_notif request = { 0 };
	struct seccomp_notif_resp answer = { .flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE };

	if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &request) < 0)
		return;
	*started |= starts_program(&request.data);
	note(*started ? w->by_program : w->by_init, &request.data);
	answer.id = request.id;
	ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &answer);
}

static void pass_all(const struct witness *w, int listener)
{
	struct pollfd watched = { .fd = listener, .events = POLLIN };
	bool started = false;

	while (poll(&watched, 1, -1) > 0 || errno == EINTR) {
		if (watched.revents & POLLIN)
			pass_one(w, listener, &started);
		else if (watched.revents & (POLLHUP | POLLERR))
			return;
	}
}

/* The state document is read to its end, or its sender would fail. */
static int take_listener(int server)
{
	autofd connection = accept4(server, NULL, NULL, SOCK_CLOEXEC);
	autofd listener = -1;
	char block[4096];

	if (connection < 0 ||
	    socket_receive_fd(connection, block, sizeof block, &listener) < 0)
		return -1;
	while (read(connection, block, sizeof block) > 0)
		continue;
	return fd_take(&listener);
}

/* A run that fails before it has a listener lets the leash go. */
static void serve(const struct witness *w, int server)
{
	struct pollfd watched[] = { { .fd = server, .events = POLLIN },
				    { .fd = w->leash, .events = POLLIN } };
	autofd listener = -1;

	while (poll(watched, 2, -1) < 0 && errno == EINTR)
		continue;
	if (!(watched[0].revents & POLLIN))
		return;
	listener = take_listener(server);
	if (listener >= 0)
		pass_all(w, listener);
}

static struct calls *share(void)
{
	void *at = mmap(NULL, sizeof(struct calls), PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	return at == MAP_FAILED ? NULL : at;
}

/* A session of its own: what the user sends to the foreground is for the container. */
_Noreturn static void be_agent(struct witness *w, int server, int leash)
{
	fd_close(&w->leash);
	w->leash = leash;
	setsid();
	serve(w, server);
	_exit(0);
}

int witness_begin(int server, struct witness *ret_witness, struct err *e)
{
	struct witness w = { share(), share(), -1 };
	int ends[2];
	pid_t pid;

	if (!w.by_init || !w.by_program)
		return err_set(e, ENOMEM, "the agent that records: mmap");
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
		return err_set(e, errno, "the agent that records: socketpair");
	w.leash = ends[0];
	pid = fork();
	if (pid == 0)
		be_agent(&w, server, ends[1]);
	fd_close(&ends[1]);
	if (pid < 0) {
		witness_clear(&w);
		return err_set(e, errno, "the agent that records: fork");
	}
	*ret_witness = w;
	return 0;
}

void witness_wait(struct witness *w)
{
	char byte;

	shutdown(w->leash, SHUT_WR);
	while (read(w->leash, &byte, 1) < 0 && errno == EINTR)
		continue;
}

void witness_clear(struct witness *w)
{
	struct calls *const shared[] = { w->by_init, w->by_program };

	fd_close(&w->leash);
	for (size_t i = 0; i < 2; i++)
		if (shared[i])
			munmap(shared[i], sizeof *shared[i]);
	w->by_init = w->by_program = NULL;
}

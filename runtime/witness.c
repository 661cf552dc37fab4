/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/witness.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fd.h"
#include "base/file.h"

enum { LISTENERS_MOST = 256 };
enum { LINK, SERVER };

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
	calls_note(*started ? w->by_program : w->by_init, request.data.arch, request.data.nr);
	answer.id = request.id;
	ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &answer);
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

/* One for the container's process and all that descend from it, one for each exec. */
struct listeners {
	size_t count;
	struct pollfd fds[2 + LISTENERS_MOST]; /* the link and the server come first */
	bool started[2 + LISTENERS_MOST];
};

static void add_listener(struct listeners *l)
{
	size_t at = 2 + l->count;
	int fd = take_listener(l->fds[SERVER].fd);

	if (fd < 0)
		return;
	l->fds[at] = (struct pollfd){ .fd = fd, .events = POLLIN };
	l->started[at] = false;
	l->count++;
}

/* The last takes its place. */
static void drop_listener(struct listeners *l, size_t at)
{
	size_t last = 1 + l->count--;

	fd_close(&l->fds[at].fd);
	l->fds[at] = l->fds[last];
	l->started[at] = l->started[last];
}

/* From the last to the first, as one that ends is replaced by the last. */
static void hear(const struct witness *w, struct listeners *l)
{
	for (size_t at = 1 + l->count; at > 1; at--) {
		if (l->fds[at].revents & POLLIN)
			pass_one(w, l->fds[at].fd, &l->started[at]);
		else if (l->fds[at].revents & (POLLHUP | POLLERR))
			drop_listener(l, at);
	}
}

/* Until the run is over, which tare says by the link, and with it all processes that were watched. Behind that nobody
 * is awaited: a run may have failed before it had a listener. */
static void serve(const struct witness *w, int server, int link)
{
	struct listeners l = { .fds = { [LINK] = { .fd = link, .events = POLLIN },
					[SERVER] = { .fd = server, .events = POLLIN } } };

	while (l.count || l.fds[LINK].fd >= 0) {
		l.fds[SERVER].events = l.count < LISTENERS_MOST ? POLLIN : 0;
		if (poll(l.fds, 2 + l.count, -1) < 0)
			continue;
		hear(w, &l);
		if (l.fds[SERVER].revents & POLLIN)
			add_listener(&l);
		if (l.fds[LINK].revents)
			l.fds[LINK].fd = -1;
	}
}

static struct calls *share(void)
{
	void *at = mmap(NULL, sizeof(struct calls), PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	return at == MAP_FAILED ? NULL : at;
}

struct post {
	const struct witness *witness;
	int server;
};

/* A session of its own: what the user sends to the foreground is for the container. */
static void be_agent(void *argument, int link)
{
	const struct post *post = argument;

	setsid();
	serve(post->witness, post->server, link);
}

int witness_begin(int server, struct witness *ret_witness, struct err *e)
{
	struct witness w = { share(), share(), HELPER_NONE };
	struct post post = { &w, server };
	int r = 0;

	if (!w.by_init || !w.by_program)
		r = err_set(e, ENOMEM, "mmap");
	if (r == 0)
		r = helper_begin(&w.agent, 0, be_agent, &post, e);
	if (r < 0) {
		witness_clear(&w);
		return err_prefix(e, "the agent that records");
	}
	*ret_witness = w;
	return 0;
}

void witness_wait(struct witness *w)
{
	helper_end(&w->agent);
}

void witness_clear(struct witness *w)
{
	struct calls *const shared[] = { w->by_init, w->by_program };

	helper_end(&w->agent);
	for (size_t i = 0; i < 2; i++)
		if (shared[i])
			munmap(shared[i], sizeof *shared[i]);
	w->by_init = w->by_program = NULL;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/criu.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/log.h"
#include "base/sys.h"
#include "base/text.h"
#include "runtime/context.h"
#include "runtime/interrupt.h"

enum { TICK = 500 /* ms */ };
enum { SOCKET_AT = 3, SPARE_FIRST = 64, RESPONSE_MAX = 1 << 16, ERRORS_MAX = 1 << 14 };

const char *criu_find(struct arena *arena, const char *name)
{
	const char *path = getenv("PATH");

	if (!path || !*path)
		path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
	while (*path) {
		size_t length = strcspn(path, ":");
		char *file = arena_printf(arena, "%.*s/%s", (int)length, path, name);

		if (*file == '/' && faccessat(AT_FDCWD, file, X_OK, AT_EACCESS) == 0)
			return file;
		path += length;
		path += *path == ':';
	}
	return NULL;
}

/* What the child needs, made ahead of it: there only system calls are allowed. */
struct birth {
	const char *program;
	const struct criu_place *place;
	const struct criu_handed *handed;
	int socket, errors;
	bool steadfast;
};

/* Nothing that is mounted here reaches the host, and what the host mounts still comes here: a mount
 * that was a slave of the host's, the root foremost, becomes one again. no_new_privs is inherited
 * by all that is restored; CRIU itself restores it from version 4 on only. */
static bool enter_place(const struct criu_place *place)
{
	struct mount_attr slave = { .propagation = MS_SLAVE };
	int flags = CLONE_NEWNS | (place->own_cgroup_namespace ? CLONE_NEWCGROUP : 0);
	autofd root = -1;

	if (unshare(flags) < 0 || sys_mount_setattr(AT_FDCWD, "/", AT_RECURSIVE, &slave) < 0)
		return false;
	root = sys_open_tree(AT_FDCWD, place->root,
			     OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE);
	return root >= 0 &&
	       sys_move_mount(root, "", AT_FDCWD, place->root, MOVE_MOUNT_F_EMPTY_PATH) == 0 &&
	       (!place->no_new_privileges || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
}

/* A descriptor of tare's would lead to the mount in tare's own namespace, where CRIU may not mount. */
static bool send_work(const struct birth *b)
{
	autofd work = open(b->place->work_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return work >= 0 && socket_send_fd(b->socket, "", 1, work) == 1;
}

/* First out of the way, then to their places: one may stand where another wants to. */
static bool hand_over(const struct birth *b)
{
	int socket = fcntl(b->socket, F_DUPFD_CLOEXEC, SPARE_FIRST);
	int moved[16];
	size_t count = 0;

	for (; b->handed[count].fd >= 0 && count < 16; count++) {
		moved[count] = fcntl(b->handed[count].fd, F_DUPFD_CLOEXEC, SPARE_FIRST);
		if (moved[count] < 0)
			return false;
	}
	for (size_t i = 0; i < count; i++)
		if (dup2(moved[i], b->handed[i].at) < 0)
			return false;
	/* Standard input stays: a job of a shell is restored on its terminal. */
	return dup2(socket, SOCKET_AT) >= 0 && dup2(STDERR_FILENO, STDOUT_FILENO) >= 0 &&
	       sys_close_range(SPARE_FIRST, ~0u, 0) == 0;
}

__attribute__((noreturn))
static void become_criu(const struct birth *b)
{
	static const int keys[] = { SIGINT, SIGQUIT, SIGHUP };
	char number[] = { '0' + SOCKET_AT, '\0' };
	char *argv[] = { (char *)"criu", (char *)"swrk", number, NULL };
	sigset_t none;

	sigemptyset(&none);
	for (int i = 1; i < NSIG; i++)
		sys_default_signal(i);
	sigprocmask(SIG_SETMASK, &none, NULL);
	/* A dump that is cut short would leave CRIU's code in the container's processes: the keys
	 * that interrupt tare are not for it. */
	if (b->steadfast)
		setpgid(0, 0);
	/* At the terminal of a restore they reach CRIU as well. What they end is for tare to say; what is
	 * restored gets its own dispositions. */
	if (b->place)
		for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
			signal(keys[i], SIG_IGN);
	dup2(b->errors, STDERR_FILENO);
	if ((!b->place || (enter_place(b->place) && send_work(b))) &&
	    sys_close_range(SOCKET_AT, ~0u, CLOSE_RANGE_CLOEXEC) == 0 && hand_over(b))
		execve(b->program, argv, environ);
	dprintf(STDERR_FILENO, "before criu runs: %s\n", strerror(errno));
	_exit(127);
}

static int make_process(const struct birth *b, struct criu *criu, struct err *e)
{
	int cgroup = b->place ? b->place->cgroup : -1, pidfd = -1;
	struct clone_args args = {
		.flags = CLONE_PIDFD | (cgroup >= 0 ? CLONE_INTO_CGROUP : 0),
		.pidfd = (uintptr_t)&pidfd,
		.exit_signal = SIGCHLD,
		.cgroup = cgroup >= 0 ? (uint64_t)cgroup : 0,
	};
	pid_t pid = sys_clone3(&args);

	if (pid == 0)
		become_criu(b);
	if (pid < 0)
		return err_set(e, errno, "criu: clone3");
	criu->pid = pid;
	criu->pidfd = pidfd;
	return 0;
}

void criu_clear(struct criu *criu)
{
	/* Behind its answer it ends by itself, when nobody listens any more. */
	bool answered = criu->socket < 0;

	fd_close(&criu->socket);
	if (criu->pidfd >= 0) {
		if (!answered)
			sys_pidfd_send_signal(criu->pidfd, SIGKILL);
		waitid(P_PIDFD, (id_t)criu->pidfd, &(siginfo_t){ 0 }, WEXITED);
	}
	fd_close(&criu->pidfd);
	fd_close(&criu->errors);
	fd_close(&criu->work);
}

static int send_request(struct criu *criu, const struct criu_request *request, struct err *e)
{
	autobuf bytes = { 0 };

	wire_encode(criu_request_fields, request, &bytes);
	if (send(criu->socket, bytes.text, bytes.length, MSG_NOSIGNAL) == (ssize_t)bytes.length)
		return 0;
	return err_set(e, errno, "criu: send");
}

/* The last line that says something, of what CRIU wrote while it had no log yet. */
static const char *last_words(struct criu *criu)
{
	autobuf text = { 0 };
	char *line = NULL, *rest;

	if (lseek(criu->errors, 0, SEEK_SET) < 0 ||
	    fd_read_all(criu->errors, ERRORS_MAX, &text) < 0)
		return NULL;
	rest = text.text;
	for (char *at; (at = strsep(&rest, "\n"));)
		if (*at)
			line = at;
	return line ? arena_strdup(criu->arena, line) : NULL;
}

/* The end of the socket: it has died. */
static int died(struct criu *criu, struct err *e)
{
	siginfo_t info = { 0 };
	const char *words;

	fd_close(&criu->socket);
	waitid(P_PIDFD, (id_t)criu->pidfd, &info, WEXITED | WNOWAIT);
	if (info.si_code == CLD_EXITED)
		err_say(e, EREMOTEIO, "criu exited with status %d and no answer", info.si_status);
	else
		err_say(e, EREMOTEIO, "criu was killed by signal %d (%s)", info.si_status,
			strsignal(info.si_status));
	words = last_words(criu);
	return words ? err_hint(e, "%s", words) : -e->code;
}

/* The first message of a CRIU in a place, from before it runs. */
static int take_work(struct criu *criu, struct err *e)
{
	char byte;
	ssize_t n = socket_receive_fd(criu->socket, &byte, sizeof byte, &criu->work);

	if (n == 0 || n == -ECONNRESET)
		return died(criu, e);
	return n < 0 ? err_set(e, (int)-n, "criu: recvmsg") : 0;
}

int criu_start(const struct context *context, const struct criu_place *place,
	       const struct criu_handed *handed, struct criu *ret_criu, struct err *e)
{
	static const struct criu_handed nothing = { -1, -1 };
	autocriu criu = CRIU_NONE;
	struct birth birth = { .program = criu_find(context->arena, "criu"),
			       .place = place,
			       .handed = handed ? handed : &nothing,
			       .steadfast = !place && !context->interrupt.on };
	autofd theirs = -1;
	int pair[2], r;

	if (!birth.program) {
		err_say(e, ENOENT, "criu: executable file not found in $PATH");
		return err_hint(e, "checkpoint and restore need CRIU: the package criu");
	}
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return err_set(e, errno, "criu: socketpair");
	criu.context = context;
	criu.arena = context->arena;
	criu.socket = pair[0];
	birth.socket = theirs = pair[1];
	birth.errors = criu.errors = sys_memfd_create("criu-errors", MFD_CLOEXEC);
	if (criu.errors < 0)
		return err_set(e, errno, "criu: memfd_create");
	r = make_process(&birth, &criu, e);
	fd_close(&theirs);
	if (r == 0 && place)
		r = take_work(&criu, e);
	if (r < 0)
		return r;
	*ret_criu = criu;
	criu = (struct criu)CRIU_NONE;
	return 0;
}

static int wait_for_word(struct criu *criu, struct err *e)
{
	int r;

	if (criu->resumed)
		return 0;
	if (!criu->tick)
		return interrupt_wait(criu->context, criu->socket, e);
	while ((r = interrupt_wait_for(criu->context, criu->socket, TICK, e)) == -ETIMEDOUT)
		criu->tick(criu->tick_data);
	return r;
}

static int receive(struct criu *criu, struct criu_response *ret_response, int *ret_fd, struct err *e)
{
	static const struct criu_response empty;
	char *bytes = arena_alloc(criu->arena, RESPONSE_MAX);
	ssize_t n;

	if (wait_for_word(criu, e) < 0)
		return -e->code;
	n = socket_receive_fd(criu->socket, bytes, RESPONSE_MAX, ret_fd);
	if (n == 0 || n == -ECONNRESET)
		return died(criu, e);
	if (n < 0)
		return err_set(e, (int)-n, "criu: recvmsg");
	*ret_response = empty;
	if (wire_decode(criu->arena, criu_response_fields, bytes, (size_t)n, ret_response) < 0)
		return err_say(e, EPROTO, "criu: its answer is damaged");
	return 0;
}

static int answer(struct criu *criu, const struct criu_response *notification, int fd,
		  criu_notified *notified, void *data, struct err *e)
{
	const char *script = notification->notify.script ? notification->notify.script : "";
	struct criu_request reply = { .type = CRIU_NOTIFY };
	struct err unsent;
	/* Who asked for none may be told all the same. */
	int r = notified ? notified(data, script, (pid_t)notification->notify.pid, fd, e) : 0;

	log_line(LOG_LEVEL_DEBUG, "criu: %s (process %d)", script, (int)notification->notify.pid);
	criu->resumed |= str_equal(script, "pre-resume");
	reply.notify_success = r == 0;
	if (send_request(criu, &reply, r < 0 ? &unsent : e) < 0 && r == 0)
		return -e->code;
	return r;
}

static int refused(const struct criu_response *response, struct err *e)
{
	if (response->message && *response->message)
		return err_say(e, EREMOTEIO, "criu: %s", response->message);
	if (response->error)
		return err_say(e, EREMOTEIO, "criu: %s", strerror((int)response->error));
	return err_say(e, EREMOTEIO, "criu has failed");
}

static void log_request(const struct criu_request *request)
{
	autobuf text = { 0 };
	char *rest, *line;

	if (!log_enabled(LOG_LEVEL_DEBUG))
		return;
	strbuf_add(&text, "");
	wire_print(criu_request_fields, request, &text);
	rest = text.text;
	while ((line = strsep(&rest, "\n")))
		if (*line)
			log_line(LOG_LEVEL_DEBUG, "criu request: %s", line);
}

/* A notification that was not to tare's liking decides; CRIU then only says that it stopped. */
static int converse(struct criu *criu, criu_notified *notified, void *data,
		    struct criu_response *ret_response, struct err *e)
{
	struct err *later = e, ignored;
	int result = 0;

	for (;;) {
		autofd fd = -1;
		int r = receive(criu, ret_response, &fd, later);

		if (r < 0)
			return result < 0 ? result : r;
		if (ret_response->type != CRIU_NOTIFY) {
			fd_close(&criu->socket);
			return result;
		}
		r = answer(criu, ret_response, fd, notified, data, later);
		if (r < 0 && result == 0) {
			result = r;
			later = &ignored;
		}
	}
}

int criu_ask(struct criu *criu, const struct criu_request *request, criu_notified *notified,
	     void *data, struct criu_response *ret_response, struct err *e)
{
	struct criu_response response;
	int r;

	log_request(request);
	r = send_request(criu, request, e);
	if (r == 0)
		r = converse(criu, notified, data, &response, e);
	if (r < 0)
		return r;
	if (!response.success)
		return refused(&response, e);
	*ret_response = response;
	return 0;
}

static int ask_once(const struct context *context, const struct criu_request *request,
		    struct criu_response *ret_response, struct err *e)
{
	autocriu criu = CRIU_NONE;
	int r = criu_start(context, NULL, NULL, &criu, e);

	return r < 0 ? r : criu_ask(&criu, request, NULL, NULL, ret_response, e);
}

int criu_check_features(const struct context *context, const struct criu_features *wanted, struct err *e)
{
	struct criu_request request = { .type = CRIU_FEATURE_CHECK, .features = *wanted };
	struct criu_response response;
	int r = ask_once(context, &request, &response, e);

	if (r < 0)
		return err_prefix(e, "what this kernel can do for CRIU");
	if (wanted->mem_track && !response.features.mem_track)
		return err_say(e, EOPNOTSUPP, "--pre-dump: this kernel does not track which pages "
					      "are written (CONFIG_MEM_SOFT_DIRTY)");
	if (wanted->lazy_pages && !response.features.lazy_pages)
		return err_say(e, EOPNOTSUPP, "--lazy-pages: this kernel's userfaultfd does not do, "
					      "or CRIU was built without it");
	return 0;
}

int criu_check_version(const struct context *context, int least, const char *what, struct err *e)
{
	struct criu_request request = { .type = CRIU_VERSION };
	struct criu_response response;
	int r = ask_once(context, &request, &response, e);
	int64_t have;

	if (r < 0)
		return err_prefix(e, "which version of CRIU there is");
	have = response.version.major * 10000 + response.version.minor * 100 +
	       response.version.sublevel;
	if (have >= least)
		return 0;
	return err_say(e, EOPNOTSUPP, "%s needs CRIU %d.%d, this is %d.%d", what, least / 10000,
		       least / 100 % 100, (int)response.version.major, (int)response.version.minor);
}

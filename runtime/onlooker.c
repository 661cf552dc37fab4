/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/onlooker.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/text.h"
#include "runtime/pids.h"

/* PTRACE_GET_SYSCALL_INFO of ptrace(2), as far as it is looked at: libraries differ in its name. */
struct syscall_info {
	uint8_t op, pad[3];
	uint32_t arch;
	uint64_t instruction, stack, number, args[6];
};
enum { OP_ENTRY = 1, CALL_STOP = SIGTRAP | 0x80 };

/* Through the kernel's own interface, for the C libraries disagree on the type of the first argument. */
static long trace(int request, pid_t thread, unsigned long address, void *data)
{
	return syscall(SYS_ptrace, request, thread, address, data);
}

/* Already traced by this process: a thread whose parent was seen to make it. */
static bool is_ours(pid_t thread)
{
	siginfo_t info;

	return waitid(P_PID, (id_t)thread, &info, WSTOPPED | WEXITED | WNOHANG | WNOWAIT | __WALL) ==
	       0;
}

static bool is_dead(pid_t thread)
{
	autobuf text = { 0 };
	const char *state = NULL;
	char path[64];
	int error = errno;

	snprintf(path, sizeof path, "/proc/%d/stat", (int)thread);
	if (file_read(AT_FDCWD, path, 4096, &text) == 0 && text.text)
		state = strrchr(text.text, ')');
	errno = error;
	return !state || strchr("ZX", state[2]);
}

static int seize(pid_t thread, bool *ret_new, struct err *e)
{
	unsigned long options = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK |
				PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC;

	if (is_ours(thread))
		return 0;
	if (trace(PTRACE_SEIZE, thread, 0, (void *)options) == 0) {
		*ret_new = true;
		trace(PTRACE_INTERRUPT, thread, 0, NULL);
		return 0;
	}
	if (errno == ESRCH || is_dead(thread))
		return 0;
	err_set(e, errno, "process %d: ptrace", (int)thread);
	return err_hint(e, "somebody else may trace it, or kernel.yama.ptrace_scope forbids it");
}

static void close_dir(DIR **stream)
{
	if (*stream)
		closedir(*stream);
}

static int seize_threads(pid_t process, bool *ret_new, struct err *e)
{
	__attribute__((cleanup(close_dir))) DIR *stream = NULL;
	struct dirent *entry;
	uint64_t thread;
	char path[64];
	int r = 0;

	snprintf(path, sizeof path, "/proc/%d/task", (int)process);
	stream = opendir(path);
	while (stream && r == 0 && (entry = readdir(stream)))
		if (parse_u64(entry->d_name, INT32_MAX, &thread) == 0)
			r = seize((pid_t)thread, ret_new, e);
	return r;
}

int onlooker_seize(const struct pids *pids, bool *ret_new, struct err *e)
{
	bool new = false;
	int r = 0;

	for (size_t i = 0; i < pids->count && r == 0; i++)
		r = seize_threads(pids->items[i], &new, e);
	*ret_new = new;
	return r;
}

static void note(struct onlooker *o, uint32_t arch, int32_t number)
{
	o->started |= number == SYS_execve || number == SYS_execveat;
	calls_note(o->started ? &o->by_program : &o->by_init, arch, number);
}

static void note_entry(struct onlooker *o, pid_t thread)
{
	struct syscall_info info = { 0 };

	if (trace(PTRACE_GET_SYSCALL_INFO, thread, sizeof info, &info) >= 0 && info.op == OP_ENTRY)
		note(o, info.arch, (int32_t)info.number);
}

/* The call that a thread was waiting in when it was seized: some go on with restart_syscall(2), under which nobody
 * could know them. */
static void note_pending(struct onlooker *o, pid_t thread)
{
	struct syscall_info info = { 0 };
	autobuf text = { 0 };
	uint64_t number;
	char path[64];

	snprintf(path, sizeof path, "/proc/%d/syscall", (int)thread);
	if (trace(PTRACE_GET_SYSCALL_INFO, thread, sizeof info, &info) < 0 ||
	    file_read(AT_FDCWD, path, 4096, &text) < 0 || !text.text)
		return;
	text.text[strcspn(text.text, " \n")] = '\0';
	if (parse_u64(text.text, INT32_MAX, &number) == 0)
		note(o, info.arch, (int32_t)number);
}

static bool stops_group(int signal)
{
	return signal == SIGSTOP || signal == SIGTSTP || signal == SIGTTIN || signal == SIGTTOU;
}

/* Lets a stopped thread go on, to its next call; a signal that it was about to get, it gets. */
static void go_on(struct onlooker *o, pid_t thread, int status)
{
	int signal = WSTOPSIG(status), event = status >> 16;

	if (signal == CALL_STOP)
		note_entry(o, thread);
	if (event == PTRACE_EVENT_STOP)
		note_pending(o, thread);
	if (event == PTRACE_EVENT_STOP && stops_group(signal))
		trace(PTRACE_LISTEN, thread, 0, NULL);
	else
		trace(PTRACE_SYSCALL, thread, 0,
		      (void *)(long)(event || signal == CALL_STOP ? 0 : signal));
}

/* Whether any is left. */
static bool attend(struct onlooker *o)
{
	int status;
	pid_t thread;

	while ((thread = waitpid(-1, &status, WNOHANG | __WALL)) > 0)
		if (WIFSTOPPED(status))
			go_on(o, thread, status);
	return thread == 0;
}

static int listen_for(struct err *e)
{
	sigset_t set;
	int fd;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	fd = signalfd(-1, &set, SFD_CLOEXEC);
	return fd < 0 ? err_set(e, errno, "signalfd") : fd;
}

static bool is_told_to_end(int signals)
{
	struct signalfd_siginfo info;

	return read(signals, &info, sizeof info) == (ssize_t)sizeof info &&
	       info.ssi_signo != SIGCHLD;
}

/* The kernel lets go of all that are traced when tare ends, which is soon. */
int onlooker_watch(struct onlooker *o, struct err *e)
{
	autofd signals = listen_for(e);

	if (signals < 0)
		return signals;
	dprintf(STDERR_FILENO, "tare: recording; Ctrl-C ends it, and the container goes on\n");
	while (attend(o) && !is_told_to_end(signals))
		continue;
	return 0;
}

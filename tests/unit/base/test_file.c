/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/file.h"
#include "base/text.h"

struct place {
	char path[64];
	int dir;
};

static int make_place(void **state)
{
	struct place *place = calloc(1, sizeof *place);

	strcpy(place->path, "/tmp/test-file-XXXXXX");
	if (!mkdtemp(place->path))
		return -1;
	place->dir = open(place->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	*state = place;
	return place->dir < 0 ? -1 : 0;
}

static int drop_place(void **state)
{
	struct place *place = *state;
	int r = dir_remove_tree(AT_FDCWD, place->path);

	close(place->dir);
	free(place);
	return r;
}

static void put(int dir, const char *name, const char *text)
{
	autofd fd = openat(dir, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
}

static bool exists(int dir, const char *name)
{
	return faccessat(dir, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

/* A state file larger than one read must come back whole. */
static void whole_files_are_read(void **state)
{
	int (*const readers[])(int, const char *, size_t, struct strbuf *) = { file_read,
									       file_read_short };
	struct place *place = *state;
	autobuf text = { 0 };
	char large[10001];

	memset(large, 'x', 10000);
	large[10000] = '\0';
	put(place->dir, "large", large);
	for (size_t i = 0; i < sizeof readers / sizeof *readers; i++) {
		assert_int_equal(readers[i](place->dir, "large", 10000, &text), 0);
		assert_string_equal(text.text, large);
		put(place->dir, "none", "");
		assert_int_equal(readers[i](place->dir, "none", 10, &text), 0);
		assert_int_equal(text.length, 0);
		assert_string_equal(text.text, "");
	}
}

/* A device or an endless file named by mistake must not fill the memory. */
static void too_large_is_refused(void **state)
{
	autobuf text = { 0 };

	strbuf_add(&text, "before");
	assert_int_equal(file_read(AT_FDCWD, "/dev/zero", 1 << 20, &text), -EFBIG);
	assert_int_equal(file_read(AT_FDCWD, "/nonexistent", 10, &text), -ENOENT);
	assert_string_equal(text.text, "before");
}

/* A kernel file that takes only part of a value has not taken it. */
static void one_write_and_only_into_what_exists(void **state)
{
	struct place *place = *state;
	autobuf text = { 0 };

	assert_int_equal(file_write(place->dir, "absent", "x"), -ENOENT);
	assert_false(exists(place->dir, "absent"));
	put(place->dir, "there", "");
	assert_int_equal(file_write(place->dir, "there", "12"), 0);
	assert_int_equal(file_read(place->dir, "there", 10, &text), 0);
	assert_string_equal(text.text, "12");
	assert_int_equal(file_write(AT_FDCWD, "/dev/full", "x"), -ENOSPC);
}

/* State is replaced whole: a reader sees the old or the new, and the mode keeps others out. */
static void replacing_leaves_one_file(void **state)
{
	struct place *place = *state;
	autobuf text = { 0 };
	struct stat st;

	assert_int_equal(file_replace(place->dir, "f", 0600, "one", 3), 0);
	assert_int_equal(fstatat(place->dir, "f", &st, 0), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(file_replace(place->dir, "f", 0600, "two!", 4), 0);
	assert_int_equal(file_read(place->dir, "f", 10, &text), 0);
	assert_string_equal(text.text, "two!");
	assert_int_equal(unlinkat(place->dir, "f", 0), 0);
	/* No temporary file: the directory is empty now. */
	assert_int_equal(unlinkat(AT_FDCWD, place->path, AT_REMOVEDIR), 0);
	assert_int_equal(mkdir(place->path, 0700), 0);
}

/* A full disk must leave the old state, not an empty one. */
static void failed_replacement_leaves_the_old(void **state)
{
	struct place *place = *state;
	const struct rlimit none = { 4, 4096 };
	struct rlimit old;
	autobuf text = { 0 };
	int r;

	put(place->dir, "f", "old");
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &(struct rlimit){ none.rlim_cur, old.rlim_max }),
			 0);
	r = file_replace(place->dir, "f", 0600, "longer", 6);
	setrlimit(RLIMIT_FSIZE, &old);
	assert_int_equal(r, -EFBIG);
	assert_int_equal(file_read(place->dir, "f", 10, &text), 0);
	assert_string_equal(text.text, "old");
	assert_int_equal(unlinkat(place->dir, "f", 0), 0);
	assert_int_equal(rmdir(place->path), 0);
	assert_int_equal(mkdir(place->path, 0700), 0);
}

/* A symlink in the way is replaced, not written through. */
static void replacing_does_not_follow(void **state)
{
	struct place *place = *state;
	autobuf text = { 0 };

	put(place->dir, "victim", "safe");
	assert_int_equal(symlinkat("victim", place->dir, "f"), 0);
	assert_int_equal(file_replace(place->dir, "f", 0600, "new", 3), 0);
	assert_int_equal(file_read(place->dir, "victim", 10, &text), 0);
	assert_string_equal(text.text, "safe");
}

/* The state root is made on first use, with all that leads to it. */
static void paths_are_made(void **state)
{
	struct place *place = *state;

	assert_int_equal(dir_make_path(place->dir, "a/b//c/", 0700), 0);
	assert_true(exists(place->dir, "a/b/c"));
	assert_int_equal(dir_make_path(place->dir, "a/b/c", 0700), 0);
	put(place->dir, "file", "");
	assert_int_equal(dir_make_path(place->dir, "file", 0700), -ENOTDIR);
	assert_int_equal(dir_make_path(place->dir, "file/x", 0700), -ENOTDIR);
	assert_int_equal(symlinkat("a", place->dir, "link"), 0);
	assert_int_equal(dir_make_path(place->dir, "link/d", 0700), 0);
	assert_true(exists(place->dir, "a/d"));
}

/* delete removes a container's directory whatever is in it, and nothing that it points to. */
static void trees_are_removed_without_following(void **state)
{
	struct place *place = *state;

	assert_int_equal(dir_make_path(place->dir, "keep/inner", 0700), 0);
	put(place->dir, "keep/file", "x");
	assert_int_equal(dir_make_path(place->dir, "gone/a/b/c", 0700), 0);
	for (int i = 0; i < 100; i++) {
		char name[32];

		snprintf(name, sizeof name, "gone/a/b/%d", i);
		put(place->dir, name, "");
	}
	assert_int_equal(symlinkat("../keep", place->dir, "gone/link"), 0);
	assert_int_equal(dir_remove_tree(place->dir, "gone"), 0);
	assert_false(exists(place->dir, "gone"));
	assert_true(exists(place->dir, "keep/file"));
	assert_int_equal(symlinkat("keep", place->dir, "link"), 0);
	assert_int_equal(dir_remove_tree(place->dir, "link"), 0);
	assert_true(exists(place->dir, "keep/inner"));
	assert_int_equal(dir_remove_tree(place->dir, "absent"), 0);
}

/* A console or a pidfd travels with its message, and is closed on execve from birth. */
static void descriptor_travels(void **state)
{
	int pair[2], got = -1;
	char bytes[16] = { 0 };
	struct stat sent, received;

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	assert_int_equal(socket_send_fd(pair[0], "hi", 2, pair[0]), 2);
	assert_int_equal(socket_receive_fd(pair[1], bytes, sizeof bytes, &got), 2);
	assert_string_equal(bytes, "hi");
	assert_true(fcntl(got, F_GETFD) & FD_CLOEXEC);
	fstat(pair[0], &sent);
	fstat(got, &received);
	assert_int_equal(sent.st_ino, received.st_ino);
	close(got);
	assert_int_equal(socket_send_fd(pair[0], "x", 1, -1), 1);
	assert_int_equal(socket_receive_fd(pair[1], bytes, sizeof bytes, &got), 1);
	assert_int_equal(got, -1);
	close(pair[1]);
	assert_int_equal(socket_send_fd(pair[0], "x", 1, -1), -EPIPE);
	close(pair[0]);
}

static void send_several(int socket, const int *fds, size_t count)
{
	char control[CMSG_SPACE(8 * sizeof(int))] = { 0 };
	struct iovec io = { .iov_base = (char[]){ 'x' }, .iov_len = 1 };
	struct msghdr message = { .msg_iov = &io,
				  .msg_iovlen = 1,
				  .msg_control = control,
				  .msg_controllen = CMSG_SPACE(count * sizeof(int)) };
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);

	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(count * sizeof(int));
	memcpy(CMSG_DATA(header), fds, count * sizeof(int));
	assert_int_equal(sendmsg(socket, &message, 0), 1);
}

static int next_free(void)
{
	int fd = dup(0);

	close(fd);
	return fd;
}

/* A peer that sends more than was agreed must not fill our table with its descriptors. */
static void more_than_one_is_refused_and_closed(void **state)
{
	int pair[2], got = -1, before;
	const int fds[] = { 0, 1, 2, 0 };
	char byte;

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	before = next_free();
	for (size_t count = 2; count <= 4; count++) {
		send_several(pair[0], fds, count);
		assert_int_equal(socket_receive_fd(pair[1], &byte, 1, &got), -EPROTO);
		assert_int_equal(got, -1);
		assert_int_equal(next_free(), before);
	}
	close(pair[0]);
	close(pair[1]);
}

/* Hooks and tare-init read it: whoever holds it must not be able to change what the next one
 * reads. */
static void sealed_is_sealed(void **state)
{
	autofd fd = memfd_sealed("test", "content", 7);
	autobuf text = { 0 };

	assert_true(fd >= 0);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	assert_int_equal(fd_read_all(fd, 100, &text), 0);
	assert_string_equal(text.text, "content");
	assert_int_equal(pwrite(fd, "x", 1, 0), -1);
	assert_int_equal(errno, EPERM);
	assert_int_equal(ftruncate(fd, 0), -1);
	assert_int_equal(ftruncate(fd, 100), -1);
	assert_int_equal(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(whole_files_are_read, make_place, drop_place),
		cmocka_unit_test(too_large_is_refused),
		cmocka_unit_test_setup_teardown(one_write_and_only_into_what_exists, make_place,
						drop_place),
		cmocka_unit_test_setup_teardown(replacing_leaves_one_file, make_place, drop_place),
		cmocka_unit_test_setup_teardown(failed_replacement_leaves_the_old, make_place,
						drop_place),
		cmocka_unit_test_setup_teardown(replacing_does_not_follow, make_place, drop_place),
		cmocka_unit_test_setup_teardown(paths_are_made, make_place, drop_place),
		cmocka_unit_test_setup_teardown(trees_are_removed_without_following, make_place,
						drop_place),
		cmocka_unit_test(descriptor_travels),
		cmocka_unit_test(more_than_one_is_refused_and_closed),
		cmocka_unit_test(sealed_is_sealed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

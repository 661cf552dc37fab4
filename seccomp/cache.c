/* SPDX-License-Identifier: Apache-2.0 */
#include "seccomp/cache.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/text.h"
#include "seccomp/seccomp.h"

enum { PROGRAM_MOST = BPF_MAXINSNS * sizeof(struct sock_filter), NAME_SIZE = 2 * BLAKE2_SIZE + 1 };

/* What precedes the program in a file. */
struct header {
	char magic[8];
	uint32_t flags, size; /* of the program, in bytes */
	uint8_t key[BLAKE2_SIZE];
	uint8_t checksum[BLAKE2_SIZE]; /* of all the above and the program */
};

static const char magic[8] = "tareBPF1";
static const struct filter_key no_key;

static void checksum(const struct header *h, const void *program, uint8_t ret_digest[BLAKE2_SIZE])
{
	struct blake2 b = blake2_begin();

	blake2_add(&b, h, offsetof(struct header, checksum));
	blake2_add(&b, program, h->size);
	blake2_end(&b, ret_digest);
}

static bool is_ours(int fd, mode_t type, mode_t mode, struct stat *ret_stat)
{
	return fstat(fd, ret_stat) == 0 && (ret_stat->st_mode & S_IFMT) == type &&
	       ret_stat->st_uid == geteuid() && (ret_stat->st_mode & 07777) == mode;
}

int filter_cache_open(int root, const char *name, int make)
{
	autofd dir = -1;
	struct stat st;

	if (make && mkdirat(root, name, 0700) < 0 && errno != EEXIST)
		return -errno;
	dir = openat(root, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dir < 0)
		return -errno;
	return is_ours(dir, S_IFDIR, 0700, &st) ? fd_take(&dir) : -EPERM;
}

static bool is_whole(const struct header *h, size_t size, const struct filter_key *key)
{
	return memcmp(h->magic, magic, sizeof magic) == 0 &&
	       memcmp(h->key, key->hash, sizeof h->key) == 0 && h->size > 0 &&
	       h->size % sizeof(struct sock_filter) == 0 && size == sizeof *h + h->size;
}

/* The header's length is a multiple of an instruction's, so what follows it is aligned. */
static int take(const struct strbuf *file, const struct filter_key *key, struct arena *arena,
		struct seccomp_filter *ret_filter)
{
	uint8_t digest[BLAKE2_SIZE];
	struct header h;
	char *program;

	if (file->length < sizeof h)
		return -EBADMSG;
	memcpy(&h, file->text, sizeof h);
	if (!is_whole(&h, file->length, key))
		return -EBADMSG;
	checksum(&h, file->text + sizeof h, digest);
	if (memcmp(digest, h.checksum, sizeof digest) != 0)
		return -EBADMSG;
	program = arena_alloc(arena, h.size);
	memcpy(program, file->text + sizeof h, h.size);
	*ret_filter = (struct seccomp_filter){ program, h.size, h.flags };
	return 0;
}

/* Whatever lies under the name: never waits for a fifo, never follows a link. */
static int read_file(int dir, const char *name, const struct filter_key *key, struct arena *arena,
		     struct seccomp_filter *ret_filter)
{
	autofd fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	const off_t most = sizeof(struct header) + PROGRAM_MOST;
	autobuf text = { 0 };
	struct stat st;
	int r;

	if (fd < 0)
		return -errno;
	if (!is_ours(fd, S_IFREG, 0600, &st) || st.st_size > most)
		return -EBADMSG;
	r = fd_read_all(fd, (size_t)most, &text);
	return r < 0 ? r : take(&text, key, arena, ret_filter);
}

static int write_file(int dir, const char *name, const struct filter_key *key,
		      const struct seccomp_filter *filter)
{
	struct header h = { .flags = filter->flags, .size = (uint32_t)filter->size };
	autobuf text = { 0 };

	memcpy(h.magic, magic, sizeof magic);
	memcpy(h.key, key->hash, sizeof h.key);
	checksum(&h, filter->program, h.checksum);
	strbuf_add_bytes(&text, &h, sizeof h);
	strbuf_add_bytes(&text, filter->program, filter->size);
	return file_replace(dir, name, 0600, text.text, text.length);
}

static void name_of_key(const struct filter_key *key, char ret_name[NAME_SIZE])
{
	for (size_t i = 0; i < sizeof key->hash; i++)
		snprintf(ret_name + 2 * i, 3, "%02x", key->hash[i]);
}

static void close_dir(DIR **stream)
{
	if (*stream)
		closedir(*stream);
}

struct oldest {
	char name[256];
	struct timespec time;
	size_t count;
};

static bool is_older(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec != b->tv_sec ? a->tv_sec < b->tv_sec : a->tv_nsec < b->tv_nsec;
}

/* What a writer that was killed left behind counts like any other file. */
static void look_at(int dir, const char *name, struct oldest *o)
{
	struct stat st;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(st.st_mode))
		return;
	if (o->count++ > 0 && !is_older(&st.st_mtim, &o->time))
		return;
	o->time = st.st_mtim;
	snprintf(o->name, sizeof o->name, "%s", name);
}

static int find_oldest(int dir, struct oldest *ret_oldest)
{
	int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	__attribute__((cleanup(close_dir))) DIR *stream = fd < 0 ? NULL : fdopendir(fd);
	struct oldest o = { 0 };
	struct dirent *entry;

	if (!stream) {
		fd_close(&fd);
		return -EIO;
	}
	while ((entry = readdir(stream)))
		look_at(dir, entry->d_name, &o);
	*ret_oldest = o;
	return 0;
}

/* One file is written at a time, so one that goes is enough, but for writers who race. */
static void make_room(int dir)
{
	struct oldest o = { 0 };

	while (find_oldest(dir, &o) == 0 && o.count > FILTER_CACHE_MOST)
		if (unlinkat(dir, o.name, 0) < 0 && errno != ENOENT)
			return;
}

int filter_cache_read(int dir, const struct filter_key *key, struct arena *arena,
		      struct seccomp_filter *ret_filter)
{
	char name[NAME_SIZE];

	name_of_key(key, name);
	return read_file(dir, name, key, arena, ret_filter);
}

int filter_cache_write(int dir, const struct filter_key *key, const struct seccomp_filter *filter)
{
	char name[NAME_SIZE];
	int r;

	name_of_key(key, name);
	r = write_file(dir, name, key, filter);
	if (r == 0)
		make_room(dir);
	return r;
}

int filter_file_read(int dir, const char *name, struct arena *arena,
		     struct seccomp_filter *ret_filter)
{
	return read_file(dir, name, &no_key, arena, ret_filter);
}

int filter_file_write(int dir, const char *name, const struct seccomp_filter *filter)
{
	return write_file(dir, name, &no_key, filter);
}

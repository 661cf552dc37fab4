/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Paths below the container's root. The kernel resolves each as a whole with the root as its limit,
 * so whatever a racing rename or symlink does, the outcome is a place below the root. What is
 * missing is made one component at a time, by descriptor, and then the whole is resolved again.
 */
#include "init/init.h"

enum { TRIES = 1000, COMPONENTS = 255 };

static int open_how(int dir, const char *path, struct open_how how)
{
	long r = -EAGAIN;

	/* EAGAIN: a rename or mount elsewhere in the tree came between. */
	for (int i = 0; r == -EAGAIN && i < TRIES; i++)
		r = SYS(openat2, dir, path, &how, sizeof how);
	return (int)r;
}

static int root(struct init *in)
{
	if (in->root < 0)
		in->root = (int)SYS(openat, AT_FDCWD, "/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	return in->root;
}

int path_open(struct init *in, const char *path, uint64_t flags, uint64_t resolve)
{
	return descriptors_left(in, open_how(root(in), path, (struct open_how){
		.flags = flags | O_CLOEXEC,
		.resolve = resolve | RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
	}));
}

int name_open(int dir, const char *name, uint64_t flags)
{
	return open_how(dir, name, (struct open_how){
		.flags = flags | O_CLOEXEC | O_NOFOLLOW,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
	});
}

/* The path in init.scratch with one component in view: text[start..end). */
struct view {
	char *text;
	size_t start, end;
};

/* Takes the last component of text[0..end) into view; 0 when there is none. */
static size_t view_last(struct view *view, size_t end)
{
	while (end && view->text[end - 1] == '/')
		end--;
	view->end = view->start = end;
	while (view->start && view->text[view->start - 1] != '/')
		view->start--;
	return view->end - view->start;
}

/* Opens the directory in front of the component in view. */
static int view_open_parent(struct init *in, struct view *view, uint64_t resolve)
{
	char first = view->text[view->start];
	int dir;

	view->text[view->start] = '\0';
	dir = path_open(in, view->start ? view->text : "/", O_PATH | O_DIRECTORY, resolve);
	view->text[view->start] = first;
	return dir;
}

/* Moves the view to the first component whose parent exists, and opens that. */
static int view_first_missing(struct init *in, struct view *view, uint64_t resolve)
{
	size_t end = strlen(view->text);

	while (view_last(view, end)) {
		int dir = view_open_parent(in, view, resolve);

		if (dir != -ENOENT)
			return dir;
		end = view->start;
	}
	return -ENOENT;
}

/* A dangling symlink stands where something is to be made: its text takes its place in the path, so
 * that what it points to is made, inside the root. */
static int view_expand(struct view *view, int dir, const char *name)
{
	char target[PATH_SIZE];
	long length = SYS(readlinkat, dir, name, target, sizeof target);
	size_t rest = strlen(view->text + view->end) + 1, at;

	if (length == -EINVAL) /* someone else made it meanwhile */
		return 0;
	if (length <= 0)
		return length ? (int)length : -ENOENT;
	at = target[0] == '/' ? 0 : view->start;
	if (at + (size_t)length + rest > PATH_SIZE)
		return -ENAMETOOLONG;
	memmove(view->text + at + length, view->text + view->end, rest);
	memcpy(view->text + at, target, (size_t)length);
	return 0;
}

static int is_last(const struct view *view)
{
	const char *rest = view->text + view->end;

	while (*rest == '/')
		rest++;
	return !*rest;
}

static long make_at(int dir, const char *name, const struct making *how, int last)
{
	if (last && how->file)
		return SYS(mknodat, dir, name, S_IFREG | (how->mode & 0666), 0);
	return SYS(mkdirat, dir, name, last ? how->mode : 0755);
}

/* Makes one component, the first that is missing. */
static int make_one(struct init *in, struct view *view, const struct making *how)
{
	int dir = view_first_missing(in, view, how->resolve);
	size_t length = view->end - view->start;
	char name[256];
	long r;

	if (dir < 0)
		return fail(in, CALL_openat2, dir, NULL);
	if (length >= sizeof name)
		return fail(in, CALL_mkdirat, -ENAMETOOLONG, NULL);
	memcpy(name, view->text + view->start, length);
	name[length] = '\0';
	r = make_at(dir, name, how, is_last(view));
	if (r == -EEXIST)
		r = how->resolve & RESOLVE_NO_SYMLINKS ? -ELOOP : view_expand(view, dir, name);
	return r < 0 ? FAIL(in, mkdirat, r, view->text) : 0;
}

/* The path may be the scratch itself. */
static int view_begin(struct init *in, struct view *view, const char *path)
{
	struct line line = { in->scratch, 0, sizeof in->scratch };

	view->text = line.text;
	if (path == line.text)
		return 0;
	line_add(&line, path);
	return path[line.length] ? -ENAMETOOLONG : 0;
}

int path_make(struct init *in, const char *path, const struct making *how)
{
	struct view view;
	int fd = view_begin(in, &view, path) < 0 ? -ENAMETOOLONG : -ENOENT;

	for (int i = 0; fd == -ENOENT && i < COMPONENTS; i++) {
		if (make_one(in, &view, how) < 0)
			return -1;
		fd = path_open(in, view.text, how->flags, how->resolve);
	}
	return fd >= 0 ? fd : FAIL(in, openat2, fd == -ENOENT ? -ELOOP : fd, path);
}

static int is_dots(const char *name)
{
	return text_equal(name, ".") || text_equal(name, "..");
}

/* Takes path apart: view->text becomes the directory, *ret_name the rest. Fails. */
static int split(struct init *in, const char *path, struct view *view, char ret_name[256])
{
	int r = view_begin(in, view, path);
	size_t length = r < 0 ? 0 : view_last(view, strlen(view->text));

	if (!length || length > 255)
		return FAIL(in, openat2, length || r < 0 ? -ENAMETOOLONG : -EINVAL, path);
	memcpy(ret_name, view->text + view->start, length);
	ret_name[length] = '\0';
	if (is_dots(ret_name))
		return FAIL(in, openat2, -EINVAL, path);
	view->text[view->start] = '\0';
	return 0;
}

void parent_forget(struct init *in)
{
	in->parent = -1;
	in->parent_path[0] = '\0';
}

/* The nodes and links of /dev come in a row: their directory is resolved once. */
static int parent_keep(struct init *in, const char *path, int fd)
{
	struct line line = { in->parent_path, 0, sizeof in->parent_path };

	parent_forget(in);
	if (fd >= 0 && strlen(path) < sizeof in->parent_path)
		line_add(&line, path);
	in->parent = fd;
	return fd;
}

int path_parent(struct init *in, const char *path, char ret_name[256])
{
	const struct making directory = { .mode = 0755, .flags = O_PATH | O_DIRECTORY };
	struct view view;
	int fd;

	if (split(in, path, &view, ret_name) < 0)
		return -1;
	if (in->parent >= 0 && view.start && text_equal(view.text, in->parent_path))
		return in->parent;
	fd = path_open(in, view.start ? view.text : "/", directory.flags, 0);
	if (fd == -ENOENT)
		fd = path_make(in, view.text, &directory);
	else if (fd < 0)
		return FAIL(in, openat2, fd, path);
	return parent_keep(in, view.text, fd);
}

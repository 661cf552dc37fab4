/* SPDX-License-Identifier: Apache-2.0 */
/* Why execve(2) refused: its errno alone hides the difference between a missing program and a
 * missing interpreter, or between a damaged file and one for another machine. */
#include <linux/elf.h>

#include "init/init.h"

enum { HEAD_SIZE = 1024, NOEXEC = 8 /* ST_NOEXEC */ };

struct program {
	struct init *in;
	const char *path;
	int fd;
	long length; /* of head */
	char head[HEAD_SIZE + 1];
};

/* errno's own words are among ours, in the lower case that engines look for. */
static int say(struct program *p, long error, const char *text, const char *more)
{
	return FAIL(p->in, none, error, "exec ", p->path, ": ", text, more);
}

static int is_missing(const char *path)
{
	autofd fd = (int)SYS(openat, AT_FDCWD, path, O_PATH | O_CLOEXEC);

	return fd == -ENOENT || fd == -ENOTDIR;
}

static int interpreter_missing(struct program *p, const char *interpreter)
{
	return FAIL(p->in, none, -ENOENT, "exec ", p->path,
		    ": no such file or directory: its interpreter ", interpreter, " was not found");
}

/* The text behind "#!" up to its first blank. */
static int explain_script(struct program *p)
{
	char *at = p->head + 2, *end;

	while (*at == ' ' || *at == '\t')
		at++;
	for (end = at; *end && *end != ' ' && *end != '\t' && *end != '\n' && *end != '\r';)
		end++;
	if (*end == '\r') {
		*end = '\0';
		return say(p, -ENOENT, "no such file or directory: its first line ends in a carriage return behind #!", at);
	}
	*end = '\0';
	return is_missing(at) ? interpreter_missing(p, at) : 0;
}

/* The file is the container's: where it says that its headers are may be anywhere. */
static const Elf64_Phdr *find_interp(const struct program *p)
{
	const Elf64_Ehdr *elf = (const void *)p->head;
	const uint64_t last = (uint64_t)p->length - sizeof(Elf64_Phdr);
	const Elf64_Phdr *header;

	for (unsigned i = 0; i < elf->e_phnum; i++) {
		uint64_t at = elf->e_phoff + i * sizeof *header;

		if (at % 8 || at > last)
			return NULL;
		header = (const void *)(p->head + at);
		if (header->p_type == PT_INTERP)
			return header;
	}
	return NULL;
}

static int explain_interp(struct program *p)
{
	const Elf64_Phdr *interp = find_interp(p);
	char path[256];
	long n;

	if (!interp)
		return 0;
	n = SYS(pread64, p->fd, path, sizeof path - 1, interp->p_offset);
	if (n <= 0)
		return 0;
	path[(uint64_t)n < interp->p_filesz ? (uint64_t)n : interp->p_filesz] = '\0';
	return is_missing(path) ? interpreter_missing(p, path) : 0;
}

static const char *machine_name(unsigned machine)
{
	static const struct {
		uint16_t machine;
		char name[12];
	} rows[] = {
		{ 3, "i386" },     { 8, "mips" },    { 20, "powerpc" },   { 21, "powerpc64" },
		{ 22, "s390x" },   { 40, "arm" },    { 62, "x86-64" },    { 183, "aarch64" },
		{ 243, "riscv" },  { 258, "loongarch" },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (rows[i].machine == machine)
			return rows[i].name;
	return "another kind of";
}

static int explain_elf(struct program *p, long error)
{
	const Elf64_Ehdr *elf = (const void *)p->head;

	if (elf->e_machine != ARCH_ELF_MACHINE && error == -ENOEXEC)
		return FAIL(p->in, none, error, "exec ", p->path,
			    ": exec format error: it is a program for ",
			    machine_name(elf->e_machine), ", this machine is ",
			    machine_name(ARCH_ELF_MACHINE));
	return elf->e_ident[EI_CLASS] == ELFCLASS64 ? explain_interp(p) : 0;
}

static int explain_content(struct program *p, long error)
{
	if (p->length >= (long)sizeof(Elf64_Ehdr) && memcmp(p->head, ELFMAG, SELFMAG) == 0)
		return explain_elf(p, error);
	if (p->head[0] == '#' && p->head[1] == '!')
		return explain_script(p);
	if (error != -ENOEXEC)
		return 0;
	return say(p, error, "exec format error: ",
		   p->length ? "it is neither a program nor a script with a #! line" : "it is empty");
}

static int explain_access(struct program *p)
{
	struct file_system fs;
	struct statx st;

	if (sys_statx(p->fd, &st) == 0 && !is_kind(&st, S_IFREG))
		return say(p, -EACCES, "permission denied: it is not a regular file", "");
	if (SYS(fstatfs, p->fd, &fs) == 0 && fs.flags & NOEXEC)
		return say(p, -EACCES, "permission denied: its file system is mounted noexec", "");
	return say(p, -EACCES, "permission denied", "");
}

static int explain_opened(struct program *p, long error)
{
	if (error == -EACCES)
		return explain_access(p);
	p->length = SYS(read, p->fd, p->head, HEAD_SIZE);
	if (p->length < 0)
		return 0;
	p->head[p->length] = '\0';
	return explain_content(p, error);
}

int exec_explain(struct init *in, const char *path, long error)
{
	_Alignas(8) struct program p = { .in = in, .path = path };
	autofd fd = (int)SYS(openat, AT_FDCWD, path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

	p.fd = fd;
	if (fd >= 0 && explain_opened(&p, error) < 0)
		return -1;
	return FAIL(in, execve, error, path);
}

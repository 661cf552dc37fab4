/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <linux/bpf.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/fd.h"
#include "base/sys.h"
#include "base/text.h"
#include "cgroups/cgroup.h"

/* How a program of ours is told from others on the same cgroup. */
#define PROGRAM_NAME "tare_devices"
/* As many as the kernel allows on one cgroup. */
enum { PROGRAMS_MOST = 64, TRIES_MOST = 16, VERIFIER_WORDS = 64 * 1024 };

static uint64_t address(const void *pointer)
{
	return (uint64_t)(uintptr_t)pointer;
}

static int load(const void *program, size_t size, char *words, size_t words_size)
{
	union bpf_attr attr = {
		.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE,
		.insns = address(program),
		.insn_cnt = (uint32_t)(size / sizeof(struct bpf_insn)),
		.license = address("Apache-2.0"),
		.prog_name = PROGRAM_NAME,
		.expected_attach_type = BPF_CGROUP_DEVICE,
		.log_level = words ? 1 : 0,
		.log_size = (uint32_t)words_size,
		.log_buf = address(words),
	};

	return sys_bpf(BPF_PROG_LOAD, &attr, sizeof attr);
}

/* The verifier's last line but its statistics says what it minds. */
static const char *last_words(char *words)
{
	char *end = strstr(words, "\nprocessed ");
	char *line;

	if (end)
		*end = '\0';
	line = strrchr(words, '\n');
	return line ? line + 1 : words;
}

static int load_failed(int code, const void *program, size_t size, struct err *e)
{
	char words[VERIFIER_WORDS] = "";

	if (code == EPERM) {
		err_set(e, code, "bpf PROG_LOAD of the device rules");
		return err_hint(e, "it takes CAP_SYS_ADMIN in the initial user namespace");
	}
	if (code == EINVAL || code == EACCES) {
		int again = load(program, size, words, sizeof words);

		fd_close(&again);
		err_set(e, code, "bpf PROG_LOAD of the device rules");
		return *words ? err_hint(e, "the verifier: %s", last_words(words)) : -code;
	}
	return err_set(e, code, "bpf PROG_LOAD of the device rules");
}

/* The programs on one cgroup, without those of the cgroups above. */
struct attached {
	uint32_t ids[PROGRAMS_MOST];
	uint32_t count;
};

static int query(int cgroup, struct attached *ret_attached, struct err *e)
{
	union bpf_attr attr = { .query = { .target_fd = (uint32_t)cgroup,
					   .attach_type = BPF_CGROUP_DEVICE,
					   .prog_ids = address(ret_attached->ids),
					   .prog_cnt = PROGRAMS_MOST } };

	if (sys_bpf(BPF_PROG_QUERY, &attr, sizeof attr) < 0)
		return err_set(e, errno, "bpf PROG_QUERY of the device programs");
	ret_attached->count = attr.query.prog_cnt;
	return 0;
}

static int program_info(int program, struct bpf_prog_info *ret_info)
{
	union bpf_attr ask = { .info = { .bpf_fd = (uint32_t)program,
					 .info_len = sizeof *ret_info,
					 .info = address(ret_info) } };

	*ret_info = (struct bpf_prog_info){ 0 };
	return sys_bpf(BPF_OBJ_GET_INFO_BY_FD, &ask, sizeof ask);
}

static int program_open(uint32_t id, struct bpf_prog_info *ret_info)
{
	union bpf_attr get = { .prog_id = id };
	autofd program = sys_bpf(BPF_PROG_GET_FD_BY_ID, &get, sizeof get);

	if (program < 0 || program_info(program, ret_info) < 0)
		return -errno;
	return fd_take(&program);
}

static void add_name(struct strbuf *names, const struct bpf_prog_info *info)
{
	strbuf_addf(names, "%s%s (id %u)", names->length ? ", " : "",
		    *info->name ? info->name : "one without a name", info->id);
}

/* The first of the programs that is ours but not `but`, -1 if none is; the names of those that are not ours. One
 * that cannot be looked at is an error: taken for another's, ours would stay beside the new one, and only what both
 * allow would be allowed. */
static int find_ours(const struct attached *attached, uint32_t but, int *ret_ours,
		     struct strbuf *others, struct err *e)
{
	autofd ours = -1;

	for (uint32_t i = 0; i < attached->count; i++) {
		struct bpf_prog_info info;
		autofd program = attached->ids[i] == but ? -ENOENT
							 : program_open(attached->ids[i], &info);

		if (program == -ENOENT) /* or it went meanwhile */
			continue;
		if (program < 0)
			return err_set(e, -program, "bpf: device program %u", attached->ids[i]);
		if (strcmp(info.name, PROGRAM_NAME) != 0)
			add_name(others, &info);
		else if (ours < 0)
			ours = fd_take(&program);
	}
	*ret_ours = fd_take(&ours);
	return 0;
}

static int look(int cgroup, uint32_t but, int *ret_ours, struct strbuf *ret_others, struct err *e)
{
	struct attached attached;
	int r = query(cgroup, &attached, e);

	strbuf_clear(ret_others);
	return r < 0 ? r : find_ours(&attached, but, ret_ours, ret_others, e);
}

static int detach(int cgroup, int program)
{
	union bpf_attr attr = { .target_fd = (uint32_t)cgroup,
				.attach_bpf_fd = (uint32_t)program,
				.attach_type = BPF_CGROUP_DEVICE };

	return sys_bpf(BPF_PROG_DETACH, &attr, sizeof attr);
}

/* In the place of old, which is -1 for none. */
static int attach(int cgroup, int program, int old)
{
	union bpf_attr attr = {
		.target_fd = (uint32_t)cgroup,
		.attach_bpf_fd = (uint32_t)program,
		.attach_type = BPF_CGROUP_DEVICE,
		.attach_flags = BPF_F_ALLOW_MULTI | (old >= 0 ? BPF_F_REPLACE : 0),
		.replace_bpf_fd = old >= 0 ? (uint32_t)old : 0,
	};

	return sys_bpf(BPF_PROG_ATTACH, &attr, sizeof attr);
}

static int attach_failed(int code, struct err *e)
{
	err_set(e, code, "bpf PROG_ATTACH of the device rules");
	return code == EPERM ? err_hint(e, "a program on this cgroup or on one above may allow no others, or "
					   "the kernel has no CONFIG_CGROUP_BPF")
			     : -code;
}

static int take_away(int cgroup, uint32_t but, struct strbuf *ret_others, struct err *e)
{
	for (;;) {
		autofd old = -1;
		int r = look(cgroup, but, &old, ret_others, e);

		if (r < 0 || old < 0)
			return r;
		if (detach(cgroup, old) < 0 && errno != ENOENT)
			return err_set(e, errno, "bpf PROG_DETACH of the device rules");
	}
}

/* Ours may go between the look and the attachment, by a tool that replaces it with its own: it is looked for again.
 * There may be two, where a tool has added a copy. */
static int replace(int cgroup, int program, struct strbuf *ret_others, struct err *e)
{
	struct bpf_prog_info info;
	int r = -ENOENT;

	for (int tries = 0; r == -ENOENT; tries++) {
		autofd old = -1;

		if (look(cgroup, 0, &old, ret_others, e) < 0)
			return -e->code;
		r = attach(cgroup, program, old) < 0 ? -errno : 0;
		if (r < 0 && (r != -ENOENT || tries == TRIES_MOST))
			return attach_failed(-r, e);
	}
	if (program_info(program, &info) < 0)
		return err_set(e, errno, "bpf OBJ_GET_INFO of the device rules");
	return take_away(cgroup, info.id, ret_others, e);
}

int cgroup_devices_attach_first(int cgroup, const void *program, size_t size, struct err *e)
{
	autofd loaded = size ? load(program, size, NULL, 0) : -1;

	if (!size)
		return 0;
	if (loaded < 0)
		return load_failed(errno, program, size, e);
	return attach(cgroup, loaded, -1) < 0 ? attach_failed(errno, e) : 0;
}

int cgroup_devices_attach(int cgroup, const void *program, size_t size, struct strbuf *ret_others,
			  struct err *e)
{
	autofd loaded = size ? load(program, size, NULL, 0) : -1;

	if (!size)
		return take_away(cgroup, 0, ret_others, e);
	if (loaded < 0)
		return load_failed(errno, program, size, e);
	return replace(cgroup, loaded, ret_others, e);
}

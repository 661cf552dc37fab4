/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <linux/bpf.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/fd.h"
#include "base/sys.h"
#include "cgroups/cgroup.h"

/* How a program of ours is told from others on the same cgroup. */
#define PROGRAM_NAME "tare_devices"
enum { PROGRAMS_MOST = 64, VERIFIER_WORDS = 64 * 1024 };

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

/* Whether id is one of ours; its descriptor if so. */
static int open_ours(uint32_t id)
{
	union bpf_attr get = { .prog_id = id };
	autofd program = sys_bpf(BPF_PROG_GET_FD_BY_ID, &get, sizeof get);
	struct bpf_prog_info info = { 0 };
	union bpf_attr ask = { .info = { .bpf_fd = (uint32_t)program,
					 .info_len = sizeof info,
					 .info = address(&info) } };

	if (program < 0 || sys_bpf(BPF_OBJ_GET_INFO_BY_FD, &ask, sizeof ask) < 0)
		return -1;
	return strcmp(info.name, PROGRAM_NAME) == 0 ? fd_take(&program) : -1;
}

/* The program an earlier call attached to this very cgroup, or -1. */
static int attached_before(int cgroup)
{
	uint32_t ids[PROGRAMS_MOST];
	union bpf_attr attr = { .query = { .target_fd = (uint32_t)cgroup,
					   .attach_type = BPF_CGROUP_DEVICE,
					   .prog_ids = address(ids),
					   .prog_cnt = PROGRAMS_MOST } };
	int found = -1;

	if (sys_bpf(BPF_PROG_QUERY, &attr, sizeof attr) < 0)
		return -1;
	for (uint32_t i = 0; i < attr.query.prog_cnt && found < 0; i++)
		found = open_ours(ids[i]);
	return found;
}

static int detach(int cgroup, int program)
{
	union bpf_attr attr = { .target_fd = (uint32_t)cgroup,
				.attach_bpf_fd = (uint32_t)program,
				.attach_type = BPF_CGROUP_DEVICE };

	return sys_bpf(BPF_PROG_DETACH, &attr, sizeof attr);
}

static int attach(int cgroup, int old, const void *program, size_t size, struct err *e)
{
	autofd loaded = load(program, size, NULL, 0);
	union bpf_attr attr = {
		.target_fd = (uint32_t)cgroup,
		.attach_bpf_fd = (uint32_t)loaded,
		.attach_type = BPF_CGROUP_DEVICE,
		.attach_flags = BPF_F_ALLOW_MULTI | (old >= 0 ? BPF_F_REPLACE : 0),
		.replace_bpf_fd = old >= 0 ? (uint32_t)old : 0,
	};

	if (loaded < 0)
		return load_failed(errno, program, size, e);
	if (sys_bpf(BPF_PROG_ATTACH, &attr, sizeof attr) == 0)
		return 0;
	err_set(e, errno, "bpf PROG_ATTACH of the device rules");
	return e->code == EPERM ? err_hint(e, "a program on a cgroup above may allow no others, or "
					      "the kernel has no CONFIG_CGROUP_BPF")
				: -e->code;
}

int cgroup_devices_attach_first(int cgroup, const void *program, size_t size, struct err *e)
{
	return size ? attach(cgroup, -1, program, size, e) : 0;
}

int cgroup_devices_attach(int cgroup, const void *program, size_t size, struct err *e)
{
	autofd old = attached_before(cgroup);

	if (size)
		return attach(cgroup, old, program, size, e);
	return old >= 0 && detach(cgroup, old) < 0
		       ? err_set(e, errno, "bpf PROG_DETACH of the device rules")
		       : 0;
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "bpf.h"

#include <stdbool.h>
#include <string.h>

enum { BROKEN = UINT32_MAX, MEMORY = 16 };

static bool compare(unsigned operation, uint32_t a, uint32_t k)
{
	switch (operation) {
	case BPF_JEQ:
		return a == k;
	case BPF_JGT:
		return a > k;
	case BPF_JGE:
		return a >= k;
	default:
		return a & k;
	}
}

static uint32_t load(const struct seccomp_data *data, uint32_t offset)
{
	uint32_t word;

	memcpy(&word, (const char *)data + offset, sizeof word);
	return word;
}

uint32_t bpf_run(const struct sock_filter *program, size_t count, const struct seccomp_data *data)
{
	uint32_t a = 0, memory[MEMORY] = { 0 };

	for (size_t i = 0; i < count; i++) {
		const struct sock_filter *f = &program[i];

		switch (f->code) {
		case BPF_LD | BPF_W | BPF_ABS:
			if (f->k % 4 || f->k >= sizeof *data)
				return BROKEN;
			a = load(data, f->k);
			break;
		case BPF_ST:
			memory[f->k % MEMORY] = a;
			break;
		case BPF_LD | BPF_MEM:
			a = memory[f->k % MEMORY];
			break;
		case BPF_ALU | BPF_AND | BPF_K:
			a &= f->k;
			break;
		case BPF_JMP | BPF_JA:
			i += f->k;
			break;
		case BPF_JMP | BPF_JEQ | BPF_K:
		case BPF_JMP | BPF_JGT | BPF_K:
		case BPF_JMP | BPF_JGE | BPF_K:
		case BPF_JMP | BPF_JSET | BPF_K:
			i += compare(BPF_OP(f->code), a, f->k) ? f->jt : f->jf;
			break;
		case BPF_RET | BPF_K:
			return f->k;
		default:
			return BROKEN;
		}
	}
	return BROKEN;
}

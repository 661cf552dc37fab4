/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A plan with any damage: plan_check() either refuses it or everything that reads plans can read it.
 * tare-init has no checks of its own behind it. The input is a list of edits, {offset, kind, value}, of a
 * plan that is built here, so that it stays of use when opcodes come and go. Built with libFuzzer
 * (-fsanitize=fuzzer, PLAN_LIBFUZZER defined) it searches; built without, it makes a fixed series of
 * random edits.
 */
#include <linux/sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/fd.h"
#include "plan/plan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void build_lanes(struct plan *plan)
{
	static const char *const words[] = { "/bin/sh", "-c", "a\nb" };
	static const char filter[24];
	const struct strings list = { words, 3 };
	uint64_t gate = plan_slot(plan), mount = plan_slot(plan), target = plan_slot(plan);

	PLAN_HOST(plan, OP_OPEN_GATE, NULL, gate);
	PLAN_HOST(plan, OP_CLONE, "/linux/namespaces", CLONE_NEWUSER);
	PLAN_HOST(plan, OP_RELEASE, NULL, 0);
	PLAN_INIT(plan, OP_ROOT, "/root/path", plan_str(plan, "/r"), 1, plan_slot(plan));
	PLAN_INIT(plan, OP_FS, "/mounts/0", plan_str(plan, "tmpfs"), 0, plan_list(plan, &list), 0,
		  mount);
	PLAN_INIT(plan, OP_TARGET, "/mounts/0", plan_str(plan, "/t"), mount, 0755, 0, target);
	PLAN_INIT(plan, OP_ATTACH, "/mounts/0", mount, target);
	plan_sync(plan, INIT_TO_HOST, NULL);
	PLAN_HOST(plan, OP_HOST_HOOK, "/hooks", plan_str(plan, "prestart"), plan_str(plan, "/h"),
		  plan_list(plan, &list), 0, 3);
	plan_sync(plan, HOST_TO_INIT, NULL);
	PLAN_INIT(plan, OP_GATE, NULL, gate);
	PLAN_INIT(plan, OP_SECCOMP, NULL, plan_blob(plan, filter, sizeof filter), 0);
	PLAN_INIT(plan, OP_EXEC, NULL, plan_list(plan, &list), plan_list(plan, &list), 1);
}

static struct plan_header *build(struct arena *arena)
{
	autoplan plan = { 0 };
	struct plan_header *sealed = NULL;
	struct err e;

	build_lanes(&plan);
	if (plan_seal(&plan, arena, &sealed, &e) < 0)
		abort();
	return sealed;
}

struct edit {
	uint16_t offset;
	uint8_t kind, value;
};

static void apply(unsigned char *block, size_t size, const struct edit *edit)
{
	size_t offset = edit->offset % size;
	uint32_t word = edit->value;

	switch (edit->kind % 4) {
	case 0:
		block[offset] = edit->value;
		break;
	case 1:
		block[offset] ^= (unsigned char)(1u << edit->value % 8);
		break;
	case 2:
		memset(block + offset, edit->value & 1 ? 0xff : 0, size - offset < 8 ? size - offset : 8);
		break;
	default:
		if (size - offset >= sizeof word)
			memcpy(block + offset, &word, sizeof word);
	}
}

static void read_lists(const struct plan_header *plan, enum plan_lane lane)
{
	size_t count;
	const struct plan_step *steps = plan_steps(plan, lane, &count);
	autoarena arena = { 0 };

	for (size_t i = 0; i < count; i++)
		for (unsigned arg = 0; arg < PLAN_ARGS; arg++)
			if (plan_arg_kind(steps[i].op, arg) == A_LIST)
				plan_vector(plan, steps[i].arg[arg], &arena);
}

/* What tare and tare-init do with a plan that passed. */
static void read_all(const struct plan_header *plan)
{
	autobuf text = { 0 }, json = { 0 };

	plan_print(plan, &text);
	plan_print_json(plan, &json);
	read_lists(plan, LANE_HOST);
	read_lists(plan, LANE_INIT);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	autoarena arena = { 0 };
	struct plan_header *plan = build(&arena);
	size_t length = plan->size;
	/* A block of exactly its size, so that a sanitizer sees a read beyond it. */
	autofree unsigned char *block = malloc(length);
	struct err e = { 0 };
	int r;

	if (!block)
		abort();
	memcpy(block, plan, length);
	for (; size >= sizeof(struct edit); size -= sizeof(struct edit)) {
		struct edit edit;

		memcpy(&edit, data, sizeof edit);
		apply(block, length, &edit);
		data += sizeof edit;
	}
	r = plan_check(block, length, &e);
	if ((r == 0) != (e.text[0] == '\0'))
		abort();
	if (r == 0)
		read_all((const struct plan_header *)(const void *)block);
	return 0;
}

#ifndef PLAN_LIBFUZZER
enum { ROUNDS = 30000, EDITS_MAX = 4 };

static uint32_t next_random(uint32_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}

int main(void)
{
	uint32_t state = 2463534242u;

	for (int i = 0; i < ROUNDS; i++) {
		uint32_t edits[EDITS_MAX];
		size_t count = next_random(&state) % EDITS_MAX + 1;

		for (size_t k = 0; k < count; k++)
			edits[k] = next_random(&state);
		LLVMFuzzerTestOneInput((const uint8_t *)edits, count * sizeof *edits);
	}
	return 0;
}
#endif

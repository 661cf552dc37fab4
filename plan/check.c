/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The proof that a block is a plan. It trusts nothing: first the frame (sizes and offsets of the
 * header), then each step by the kinds of its arguments, then the order between steps.
 */
#include "plan/plan.h"

#include <errno.h>
#include <linux/sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "plan/facts.h"

enum { MODE_MAX = 0177777, STEPS_MAX = 1 << 20 };

struct slot_set {
	uint8_t has[PLAN_SLOTS_MAX];
};
struct checker {
	const struct plan_header *plan;
	enum plan_lane lane;
	size_t index;                  /* of the step in its lane */
	struct slot_set filled, given; /* by this lane; by the host lane ahead of CLONE */
	uint32_t seen[OP_COUNT];       /* steps of each opcode, both lanes */
	uint64_t clone_flags, joined;  /* CLONE_NEW*; a mount namespace that is joined has a root */
	struct err *e;
};

__attribute__((format(printf, 3, 4)))
static int bad(struct checker *c, const struct plan_step *step, const char *fmt, ...)
{
	char text[200];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof text, fmt, args);
	va_end(args);
	return err_say(c->e, EINVAL, "plan: %s step %zu (%s): %s",
		       c->lane == LANE_HOST ? "host" : "init", c->index, plan_op_name(step->op),
		       text);
}

static bool magic_broken(const struct plan_header *h, size_t size)
{
	(void)size;
	return h->magic != PLAN_MAGIC || h->version != PLAN_VERSION || h->gate != PLAN_GATE;
}

static bool size_broken(const struct plan_header *h, size_t size)
{
	return h->size != size;
}

static bool steps_broken(const struct plan_header *h, size_t size)
{
	return h->steps % 8 || h->steps < sizeof *h || h->steps > size ||
	       h->host_count > STEPS_MAX || h->init_count > STEPS_MAX;
}

static bool slots_broken(const struct plan_header *h, size_t size)
{
	uint64_t steps = ((uint64_t)h->host_count + h->init_count) * sizeof(struct plan_step);

	return h->slots != h->steps + steps || h->slot_count > PLAN_SLOTS_MAX ||
	       h->slots + (uint64_t)h->slot_count * sizeof(int32_t) != size;
}

static bool rest_broken(const struct plan_header *h, size_t size)
{
	static const uint32_t zeros[sizeof h->reserved / sizeof *h->reserved];

	(void)size;
	return memcmp(zeros, h->reserved, sizeof zeros) != 0 || h->sync_fd < -1 ||
	       h->trace_fd < 0 ||
	       h->preserve_fds > INT32_MAX - 3;
}

/* Everything has one place, so nothing can overlap the slots, which are written to. */
static const struct frame_rule {
	bool (*broken)(const struct plan_header *, size_t size);
	const char *text;
} frame_rules[] = {
	{ magic_broken, "not a plan of this version" },
	{ size_broken, "its size is not that of the block" },
	{ steps_broken, "the steps lie outside" },
	{ slots_broken, "the slots do not follow the steps to the end" },
	{ rest_broken, "a number of the header is out of range" },
	{ NULL, NULL },
};

static int check_frame(const void *block, size_t size, struct err *e)
{
	if ((uintptr_t)block % 8 || size < sizeof(struct plan_header))
		return err_say(e, EINVAL, "plan: %zu bytes are too short or not aligned", size);
	for (const struct frame_rule *rule = frame_rules; rule->broken; rule++)
		if (rule->broken(block, size))
			return err_say(e, EINVAL, "plan: %s", rule->text);
	return 0;
}

/* Whether length bytes at offset lie between the header and the steps. */
static bool inside(const struct checker *c, uint64_t offset, uint64_t length)
{
	return offset >= sizeof *c->plan && offset <= c->plan->steps &&
	       length <= c->plan->steps - offset;
}

static bool is_string(const struct checker *c, uint64_t offset)
{
	return inside(c, offset, 1) &&
	       memchr((const char *)c->plan + offset, '\0', c->plan->steps - offset);
}

static bool is_list(const struct checker *c, uint64_t offset)
{
	uint64_t count;

	if (offset % sizeof(uint32_t) || !inside(c, offset, sizeof(uint32_t)))
		return false;
	count = plan_list_count(c->plan, offset);
	if (!count || !inside(c, offset, (count + 1) * sizeof(uint32_t)))
		return false;
	for (uint64_t i = 0; i < count; i++)
		if (!is_string(c, (uint64_t)(plan_list_item(c->plan, offset, i) -
					     (const char *)c->plan)))
			return false;
	return true;
}

static bool is_blob(const struct checker *c, uint64_t value)
{
	uint64_t offset = value & UINT32_MAX;

	return value >> 32 && offset % 8 == 0 && inside(c, offset, value >> 32);
}

/* Arguments that may be absent; all other strings, lists and blobs must be there. */
static const struct absent_row {
	uint16_t op;
	uint8_t args; /* bit n: argument n */
} absent_rows[] = {
	{ OP_CGROUP, 1 << 1 },
	{ OP_SCOPE, 1 << 4 },
	{ OP_CGROUP_DEVICES, 1 << 0 | 1 << 1 },
	{ OP_HOST_HOOK, 1 << 2 | 1 << 3 },
	{ OP_RESCTRL, 1 << 1 | 1 << 3 },
	{ OP_RESCTRL_JOIN, 1 << 1 },
	{ OP_NET_DEVICE, 1 << 1 },
	{ OP_TAKE_LISTENER, 1 << 1 },
	{ OP_KEYRING, 1 << 0 | 1 << 1 },
	{ OP_FS, 1 << 1 | 1 << 2 },
	{ OP_HOST_FS, 1 << 1 | 1 << 2 },
	{ OP_MEMORY_POLICY, 1 << 1 },
	{ OP_GROUPS, 1 << 0 },
	{ OP_PROGRAM, 1 << 1 },
	{ OP_HOOK, 1 << 2 | 1 << 3 },
	{ OP_EXEC, 1 << 1 },
};

static bool may_be_absent(unsigned op, unsigned arg)
{
	for (size_t i = 0; i < sizeof absent_rows / sizeof *absent_rows; i++)
		if (absent_rows[i].op == op)
			return absent_rows[i].args >> arg & 1;
	return false;
}

static bool check_reference(const struct checker *c, unsigned kind, uint64_t value)
{
	switch (kind) {
	case A_STR:
		return is_string(c, value);
	case A_LIST:
		return is_list(c, value);
	default:
		return is_blob(c, value);
	}
}

static int check_slot(struct checker *c, const struct plan_step *step, uint64_t slot)
{
	if (slot == PLAN_NO_SLOT)
		return 0;
	if (slot >= c->plan->slot_count)
		return bad(c, step, "slot %llu does not exist", (unsigned long long)slot);
	if (!c->filled.has[slot] && !c->given.has[slot])
		return bad(c, step, "slot %llu is used before it is filled",
			   (unsigned long long)slot);
	return 0;
}

static int fill_slot(struct checker *c, const struct plan_step *step, uint64_t slot)
{
	if (slot >= c->plan->slot_count)
		return bad(c, step, "slot %llu does not exist", (unsigned long long)slot);
	/* One that the host lane gave may be bettered: where that fails, there is the given one. */
	if (c->given.has[slot] && !(step->flags & STEP_OPTIONAL))
		return bad(c, step, "slot %llu belongs to the host lane", (unsigned long long)slot);
	c->filled.has[slot] = 1;
	return 0;
}

static bool value_in_range(unsigned kind, uint64_t value)
{
	switch (kind) {
	case A_NONE:
		return value == 0;
	case A_DIR:
		return value <= HOST_TO_INIT;
	case A_OCT:
		return value <= MODE_MAX;
	default:
		return true;
	}
}

static int check_arg(struct checker *c, const struct plan_step *step, unsigned arg)
{
	unsigned kind = plan_arg_kind(step->op, arg);
	uint64_t value = step->arg[arg];

	switch (kind) {
	case A_STR:
	case A_LIST:
	case A_BLOB:
		if (!value && may_be_absent(step->op, arg))
			return 0;
		if (!check_reference(c, kind, value))
			return bad(c, step, "argument %u lies outside the plan", arg);
		return 0;
	case A_SLOT:
		return check_slot(c, step, value);
	case A_RET:
		return 0; /* filled once the other arguments are known to be right */
	default:
		if (!value_in_range(kind, value))
			return bad(c, step, "argument %u is out of range", arg);
		return 0;
	}
}

static int fill_slots(struct checker *c, const struct plan_step *step)
{
	int r = 0;

	for (unsigned i = 0; i < PLAN_ARGS && r == 0; i++)
		if (plan_arg_kind(step->op, i) == A_RET)
			r = fill_slot(c, step, step->arg[i]);
	/* ATTACH closes its target: it names a place that is covered from then on. */
	if (r == 0 && step->op == OP_ATTACH && step->arg[1] != PLAN_NO_SLOT)
		c->filled.has[step->arg[1]] = 0;
	return r;
}

/* The status is written twice, a limit of processes that nobody can be born under when it has been. */
static bool has_two_sides(const struct plan_step *step)
{
	return step->op == OP_STATE || step->op == OP_CGROUP_WRITE;
}

/* format.h lists what comes ahead of CLONE, CLONE, and what comes behind it, in this order. */
static int check_side(struct checker *c, const struct plan_step *step)
{
	bool behind = c->seen[OP_CLONE] != 0;

	if (c->lane != LANE_HOST || has_two_sides(step))
		return 0;
	if (step->op == OP_SYNC || (step->op > OP_CLONE && step->op <= OP_TAKE_LISTENER))
		return behind ? 0 : bad(c, step, "stands ahead of the clone step");
	return behind ? bad(c, step, "stands behind the clone step") : 0;
}

/* Init steps that work below the root mount. */
static int check_root(struct checker *c, const struct plan_step *step)
{
	static const uint16_t need_root[] = {
		OP_TARGET,  OP_ATTACH, OP_COPY_UP, OP_MKNOD,
		OP_SYMLINK, OP_PIVOT,  OP_MASK,    OP_READONLY, OP_UNMOUNT,
	};

	if (c->seen[OP_ROOT] || c->seen[OP_ROOT_GIVEN] || c->seen[OP_ROOT_HELD] ||
	    c->joined & CLONE_NEWNS)
		return 0;
	for (size_t i = 0; i < sizeof need_root / sizeof *need_root; i++)
		if (need_root[i] == step->op)
			return bad(c, step, "there is no root step ahead of it");
	return 0;
}

static uint64_t filled_by(const struct plan_step *step)
{
	for (unsigned i = 0; i < PLAN_ARGS; i++)
		if (plan_arg_kind(step->op, i) == A_RET)
			return step->arg[i];
	return PLAN_NO_SLOT;
}

/* Whichever of the two steps runs, the same slot is filled and nothing else differs. */
static int check_else(struct checker *c, const struct plan_step *step)
{
	uint64_t slot = filled_by(step);

	if (!(step->flags & STEP_ELSE))
		return 0;
	if (c->lane != LANE_INIT || c->index + 1 >= c->plan->init_count || slot == PLAN_NO_SLOT ||
	    filled_by(step + 1) != slot)
		return bad(c, step, "the step behind it does not fill the same slot");
	return 0;
}

static int check_step(struct checker *c, const struct plan_step *step)
{
	const struct op_facts *facts = plan_op_facts(step->op);
	int r;

	if (!facts || !(facts->lanes & c->lane))
		return bad(c, step, "opcode %u does not belong into this lane", step->op);
	if (step->flags & ~(STEP_OPTIONAL | STEP_ELSE) || (step->why && !is_string(c, step->why)))
		return bad(c, step, "its flags or its reason are damaged");
	if (check_else(c, step) < 0)
		return -EINVAL;
	for (unsigned i = 0; i < PLAN_ARGS; i++) {
		r = check_arg(c, step, i);
		if (r < 0)
			return r;
	}
	r = check_side(c, step);
	if (r == 0)
		r = check_root(c, step);
	return r < 0 ? r : fill_slots(c, step);
}

static int check_lane(struct checker *c, enum plan_lane lane)
{
	size_t count;
	const struct plan_step *steps = plan_steps(c->plan, lane, &count);

	c->lane = lane;
	for (c->index = 0; c->index < count; c->index++) {
		const struct plan_step *step = &steps[c->index];
		int r = check_step(c, step);

		if (r < 0)
			return r;
		c->seen[step->op]++;
		if (step->op == OP_SETNS)
			c->joined |= step->arg[1];
		if (step->op == OP_CLONE) {
			c->given = c->filled;
			c->clone_flags = step->arg[0];
		}
	}
	if (lane == LANE_HOST)
		c->filled = (struct slot_set){ { 0 } };
	return 0;
}

static const struct plan_step *next_sync(const struct plan_step *steps, size_t count, size_t *at)
{
	while (*at < count)
		if (steps[(*at)++].op == OP_SYNC)
			return &steps[*at - 1];
	return NULL;
}

static int check_syncs(struct checker *c)
{
	size_t host_count, init_count, host_at = 0, init_at = 0;
	const struct plan_step *host = plan_steps(c->plan, LANE_HOST, &host_count);
	const struct plan_step *init = plan_steps(c->plan, LANE_INIT, &init_count);

	for (uint64_t number = 1;; number++) {
		const struct plan_step *h = next_sync(host, host_count, &host_at);
		const struct plan_step *i = next_sync(init, init_count, &init_at);

		if (!h && !i)
			return 0;
		if (!h || !i || h->arg[0] != number || i->arg[0] != number ||
		    h->arg[1] != i->arg[1])
			return err_say(c->e, EINVAL, "plan: the lanes do not agree about sync %llu",
				       (unsigned long long)number);
	}
}

/* Steps of the two lanes that wait for each other. */
static const uint16_t partners[][2] = {
	{ OP_FORK, OP_FORKED },
	{ OP_CONSOLE, OP_TAKE_CONSOLE },
};

static bool is_end(unsigned op)
{
	return op == OP_EXEC || op == OP_DONE;
}

static int check_counts(struct checker *c)
{
	size_t count;
	const struct plan_step *init = plan_steps(c->plan, LANE_INIT, &count);
	uint32_t releases = c->clone_flags & CLONE_NEWUSER ? 1 : 0;

	if (c->seen[OP_CLONE] != 1)
		return err_say(c->e, EINVAL, "plan: %u clone steps instead of one",
			       c->seen[OP_CLONE]);
	if (c->seen[OP_RELEASE] != releases)
		return err_say(c->e, EINVAL, "plan: release steps: %u instead of %u",
			       c->seen[OP_RELEASE], releases);
	if (c->seen[OP_EXEC] + c->seen[OP_DONE] != 1 || !is_end(init[count - 1].op))
		return err_say(c->e, EINVAL,
			       "plan: the init lane does not end in its one exec or done step");
	for (size_t i = 0; i < sizeof partners / sizeof *partners; i++)
		if (c->seen[partners[i][0]] != c->seen[partners[i][1]])
			return err_say(c->e, EINVAL, "plan: %s and %s steps are not in pairs",
				       plan_op_name(partners[i][0]), plan_op_name(partners[i][1]));
	return 0;
}

int plan_check(const void *block, size_t size, struct err *e)
{
	struct checker c = { .plan = block, .e = e };
	int r = check_frame(block, size, e);

	if (r == 0)
		r = check_lane(&c, LANE_HOST);
	if (r == 0)
		r = check_lane(&c, LANE_INIT);
	if (r == 0)
		r = check_counts(&c);
	return r < 0 ? r : check_syncs(&c);
}

/* SPDX-License-Identifier: Apache-2.0 */
/* The printed plan: text for people and golden tests, JSON for programs. */
#include "plan/plan.h"

#include <string.h>

#include "base/json.h"
#include "plan/values.h"

enum { OP_COLUMN = 19, WHY_COLUMN = 42 };

struct arg_value {
	const struct plan_header *plan;
	unsigned op, arg;
	enum plan_arg kind;
	uint64_t value;
};

static const char *const directions[] = { "init->host", "host->init" };

/* Texts are bare where that cannot be misread. */
static bool is_plain(const char *text)
{
	if (!*text || *text == '[' || *text == '#')
		return false;
	for (; *text; text++)
		if (*text <= ' ' || *text >= 0x7f || *text == '"' || *text == '\\')
			return false;
	return true;
}

static void add_text(struct strbuf *out, const char *text)
{
	if (is_plain(text))
		strbuf_add(out, text);
	else
		json_add_string(out, text);
}

static void add_list(struct strbuf *out, const struct plan_header *plan, uint64_t list)
{
	size_t count = plan_list_count(plan, list);

	strbuf_add(out, "[");
	for (size_t i = 0; i < count; i++) {
		strbuf_add(out, i ? "," : "");
		json_add_string(out, plan_list_item(plan, list, i));
	}
	strbuf_add(out, "]");
}

/* Blobs that are BPF programs, 8 bytes an instruction. */
static bool is_program(unsigned op)
{
	return op == OP_SECCOMP || op == OP_CGROUP_DEVICES;
}

static void add_blob(struct strbuf *out, const struct arg_value *v)
{
	uint64_t size = v->value >> 32;

	strbuf_addf(out, "[%llu bytes", (unsigned long long)size);
	if (is_program(v->op))
		strbuf_addf(out, ", %llu instructions", (unsigned long long)size / 8);
	strbuf_add(out, "]");
}

static void add_value(struct strbuf *out, const struct arg_value *v)
{
	switch (v->kind) {
	case A_STR:
		add_text(out, plan_text(v->plan, v->value));
		break;
	case A_LIST:
		add_list(out, v->plan, v->value);
		break;
	case A_BLOB:
		add_blob(out, v);
		break;
	case A_SLOT:
	case A_RET:
		strbuf_add(out, "#");
		strbuf_add_u64(out, v->value);
		break;
	case A_INT:
		strbuf_add_i64(out, (int64_t)v->value);
		break;
	case A_OCT:
		strbuf_addf(out, "0%llo", (unsigned long long)v->value);
		break;
	case A_DIR:
		strbuf_add(out, directions[v->value & 1]);
		break;
	default:
		plan_print_value(out, v->op, v->arg, v->value);
		break;
	}
}

static bool is_absent(const struct arg_value *v)
{
	switch (v->kind) {
	case A_STR:
	case A_LIST:
	case A_BLOB:
		return !v->value;
	case A_SLOT:
		return v->value == PLAN_NO_SLOT;
	default:
		return false;
	}
}

/* The name of argument i and its value; NULL behind the last. */
static const char *get_arg(const struct plan_header *plan, const struct plan_step *step, unsigned i,
			   size_t *ret_length, struct arg_value *ret_value)
{
	const char *name = i < PLAN_ARGS ? plan_arg_name(step->op, i, ret_length) : NULL;

	if (name)
		*ret_value = (struct arg_value){
			.plan = plan,
			.op = step->op,
			.arg = i,
			.kind = plan_arg_kind(step->op, i),
			.value = step->arg[i],
		};
	return name;
}

static void print_args(const struct plan_header *plan, const struct plan_step *step,
		       struct strbuf *out)
{
	struct arg_value v;
	const char *name;
	size_t length;

	for (unsigned i = 0; (name = get_arg(plan, step, i, &length, &v)); i++) {
		if (is_absent(&v))
			continue;
		strbuf_addf(out, " %.*s=", (int)length, name);
		add_value(out, &v);
	}
}

static void print_step(const struct plan_header *plan, const struct plan_step *step,
		       enum plan_lane lane, struct strbuf *out)
{
	const char *why = plan_text(plan, step->why);
	size_t end;

	strbuf_addf(out, "%s  %-*s %-*s", lane == LANE_HOST ? "host" : "init", OP_COLUMN,
		    plan_op_name(step->op), WHY_COLUMN, why ? why : "-");
	print_args(plan, step, out);
	if (step->flags & STEP_OPTIONAL)
		strbuf_add(out, " optional");
	if (step->flags & STEP_ELSE)
		strbuf_add(out, " else");
	for (end = out->length; out->text[end - 1] == ' '; end--)
		;
	out->length = end;
	strbuf_add(out, "\n");
}

static void print_lane(const struct plan_header *plan, enum plan_lane lane, struct strbuf *out)
{
	size_t count;
	const struct plan_step *steps = plan_steps(plan, lane, &count);

	for (size_t i = 0; i < count; i++)
		print_step(plan, &steps[i], lane, out);
}

void plan_print(const struct plan_header *plan, struct strbuf *out)
{
	print_lane(plan, LANE_HOST, out);
	print_lane(plan, LANE_INIT, out);
}

static void json_blob(struct strbuf *out, const struct arg_value *v)
{
	uint64_t size = v->value >> 32;

	strbuf_addf(out, "{\"bytes\":%llu", (unsigned long long)size);
	if (is_program(v->op))
		strbuf_addf(out, ",\"instructions\":%llu", (unsigned long long)size / 8);
	strbuf_add(out, "}");
}

/* What add_value() prints without quotation marks and JSON wants with them. */
static void json_word(struct strbuf *out, const struct arg_value *v)
{
	autobuf word = { 0 };

	add_value(&word, v);
	json_add_string(out, word.text);
}

static void json_value(struct strbuf *out, const struct arg_value *v)
{
	if (is_absent(v) && v->kind != A_LIST) {
		strbuf_add(out, "null");
		return;
	}
	switch (v->kind) {
	case A_STR:
		json_add_string(out, plan_text(v->plan, v->value));
		break;
	case A_LIST:
		add_list(out, v->plan, v->value);
		break;
	case A_BLOB:
		json_blob(out, v);
		break;
	case A_SLOT:
	case A_RET:
	case A_UINT:
		strbuf_add_u64(out, v->value);
		break;
	case A_INT:
		strbuf_add_i64(out, (int64_t)v->value);
		break;
	default:
		json_word(out, v);
		break;
	}
}

void plan_print_args(const struct plan_header *plan, const struct plan_step *step,
		     struct strbuf *out)
{
	struct arg_value v;
	const char *name;
	size_t length;

	strbuf_add(out, "{");
	for (unsigned i = 0; (name = get_arg(plan, step, i, &length, &v)); i++) {
		strbuf_add(out, i ? ",\"" : "\"");
		strbuf_add_bytes(out, name, length);
		strbuf_add(out, "\":");
		json_value(out, &v);
	}
	strbuf_add(out, "}");
}

static void json_step(const struct plan_header *plan, const struct plan_step *step,
		      struct strbuf *out)
{
	const char *why = plan_text(plan, step->why);

	strbuf_addf(out, "\n    {\"op\":\"%s\",\"why\":", plan_op_name(step->op));
	if (why)
		json_add_string(out, why);
	else
		strbuf_add(out, "null");
	strbuf_addf(out, ",\"optional\":%s,", step->flags & STEP_OPTIONAL ? "true" : "false");
	if (step->flags & STEP_ELSE)
		strbuf_add(out, "\"else\":true,");
	strbuf_add(out, "\"args\":");
	plan_print_args(plan, step, out);
	strbuf_add(out, "}");
}

static void json_lane(const struct plan_header *plan, enum plan_lane lane, const char *name,
		      struct strbuf *out)
{
	size_t count;
	const struct plan_step *steps = plan_steps(plan, lane, &count);

	strbuf_addf(out, ",\n  \"%s\": [", name);
	for (size_t i = 0; i < count; i++) {
		strbuf_add(out, i ? "," : "");
		json_step(plan, &steps[i], out);
	}
	strbuf_add(out, "\n  ]");
}

void plan_print_json(const struct plan_header *plan, struct strbuf *out)
{
	strbuf_addf(out, "{\n  \"version\": %u,\n  \"slots\": %u,\n  \"preserveFds\": %u",
		    plan->version, plan->slot_count, plan->preserve_fds);
	json_lane(plan, LANE_HOST, "host", out);
	json_lane(plan, LANE_INIT, "init", out);
	strbuf_add(out, "\n}\n");
}

/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/trace.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/json.h"
#include "base/log.h"
#include "base/sys.h"
#include "plan/plan.h"
#include "runtime/context.h"

enum { HOST_ROW = 1, INIT_ROW, MOST = 512 };

/* A place in struct trace's details. */
struct detail {
	size_t at, length;
};

struct phase {
	const char *name;
	const struct plan_step *step; /* NULL: a phase of tare's own */
	uint64_t begin;
	struct detail detail;
};

struct moment {
	uint64_t ticks;
	struct timespec time;
};

struct trace {
	const char *path, *command;
	int file;
	struct moment begin;
	struct phase phases[MOST];
	size_t count;
	const struct plan_header *plan;
	struct plan_span *spans; /* of the init lane; MAP_FAILED, NULL: none */
	/* What the viewer shows of a step that is clicked upon: most of the text, and known before its times are. */
	struct strbuf details;
	size_t detailed;             /* that many of the phases are in it */
	struct detail *init_details; /* NULL: not yet */
};

static struct moment now(void)
{
	struct moment m;

	clock_gettime(CLOCK_MONOTONIC, &m.time);
	m.ticks = sys_ticks();
	return m;
}

int trace_open(struct context *context, const char *path, const char *command, struct err *e)
{
	struct trace *trace;
	int file;

	if (!path)
		return 0;
	/* What an earlier trace left is cut off when this one is written: to free the blocks of a disk takes longer
	 * than most steps. */
	file = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOCTTY, 0600);
	if (file < 0)
		return err_set(e, errno, "--trace %s: open", path);
	trace = arena_alloc(context->arena, sizeof *trace);
	trace->path = path;
	trace->command = command;
	trace->file = file;
	trace->begin = now();
	context->trace = trace;
	trace_phase(context, "begin");
	return 0;
}

static void add(struct trace *trace, const char *name, const struct plan_step *step)
{
	if (trace->count < MOST)
		trace->phases[trace->count++] = (struct phase){ name, step, sys_ticks() };
}

void trace_phase(struct context *context, const char *name)
{
	if (context->trace)
		add(context->trace, name, NULL);
}

void trace_step(struct context *context, const struct plan_header *plan,
		const struct plan_step *step)
{
	if (!context->trace)
		return;
	context->trace->plan = plan;
	add(context->trace, plan_op_name(step->op), step);
}

int trace_share(struct context *context, const struct plan_header *plan)
{
	struct trace *trace = context->trace;
	size_t size = plan->init_count * sizeof *trace->spans;
	autofd fd = trace ? sys_memfd_create("tare-trace", MFD_CLOEXEC) : -1;

	if (fd < 0 || ftruncate(fd, (off_t)size) < 0)
		return -1;
	trace->plan = plan;
	/* Populated here, it is not the container's memory that it counts against. */
	trace->spans = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, 0);
	return trace->spans == MAP_FAILED ? -1 : fd_take(&fd);
}

/* How ticks become nanoseconds since the beginning. */
struct scale {
	uint64_t begin;
	double nanoseconds; /* of one tick */
};

static double since(const struct timespec *from, const struct timespec *to)
{
	return (double)(to->tv_sec - from->tv_sec) * 1e9 + (double)(to->tv_nsec - from->tv_nsec);
}

static struct scale scale_of(const struct trace *trace, const struct moment *end)
{
	return (struct scale){
		.begin = trace->begin.ticks,
		.nanoseconds = since(&trace->begin.time, &end->time) /
			       (double)(end->ticks - trace->begin.ticks),
	};
}

/* Init's counts come from memory that init can write to: what is before the beginning is at it. */
static int64_t at(const struct scale *scale, uint64_t ticks)
{
	int64_t passed = (int64_t)(ticks - scale->begin);

	return passed < 0 ? 0 : (int64_t)((double)passed * scale->nanoseconds);
}

/* As microseconds, the format's unit. */
static void add_time(struct strbuf *out, int64_t nanoseconds)
{
	int64_t part = nanoseconds % 1000;
	const char fraction[] = { '.', (char)('0' + part / 100), (char)('0' + part / 10 % 10),
				  (char)('0' + part % 10) };

	strbuf_add_i64(out, nanoseconds / 1000);
	strbuf_add_bytes(out, fraction, sizeof fraction);
}

static void name_row(struct strbuf *out, const char *kind, int row, const char *name)
{
	strbuf_addf(out, "{\"name\":\"%s\",\"ph\":\"M\",\"pid\":1,\"tid\":%d,\"args\":{\"name\":", kind,
		    row);
	json_add_string(out, name);
	strbuf_add(out, "}},\n");
}

/* Uses no printf, nor does add_event(): docs/performance.md. */
static struct detail detail_of(struct trace *trace, const struct plan_step *step)
{
	struct strbuf *out = &trace->details;
	size_t before = out->length;
	const char *why = plan_text(trace->plan, step->why);

	strbuf_add(out, ",\"args\":{\"field\":");
	json_add_string(out, why ? why : "");
	strbuf_add(out, ",\"arguments\":");
	plan_print_args(trace->plan, step, out);
	strbuf_add(out, "}");
	return (struct detail){ before, out->length - before };
}

static void detail_init(struct context *context, struct trace *trace)
{
	size_t count;
	const struct plan_step *steps = plan_steps(trace->plan, LANE_INIT, &count);

	trace->init_details = arena_array(context->arena, count, sizeof *trace->init_details);
	for (size_t i = 0; i < count; i++)
		trace->init_details[i] = detail_of(trace, &steps[i]);
}

void trace_prepare(struct context *context)
{
	struct trace *trace = context->trace;

	if (!trace || !trace->plan)
		return;
	for (; trace->detailed < trace->count; trace->detailed++) {
		struct phase *p = &trace->phases[trace->detailed];

		if (p->step)
			p->detail = detail_of(trace, p->step);
	}
	if (!trace->init_details)
		detail_init(context, trace);
}

struct event {
	int row;
	const char *name;
	struct plan_span span;
	struct detail detail;
};

static void add_event(const struct trace *trace, const struct scale *scale, const struct event *event,
		      struct strbuf *out)
{
	int64_t begin = at(scale, event->span.begin), end = at(scale, event->span.end);

	strbuf_add(out, "{\"name\":\"");
	strbuf_add(out, event->name);
	strbuf_add(out, "\",\"ph\":\"X\",\"pid\":1,\"tid\":");
	strbuf_add_i64(out, event->row);
	strbuf_add(out, ",\"ts\":");
	add_time(out, begin);
	strbuf_add(out, ",\"dur\":");
	add_time(out, end < begin ? 0 : end - begin);
	if (event->detail.length)
		strbuf_add_bytes(out, trace->details.text + event->detail.at, event->detail.length);
	strbuf_add(out, "},\n");
}

static void add_host(const struct trace *trace, const struct scale *scale, uint64_t end,
		     struct strbuf *out)
{
	for (size_t i = 0; i < trace->count; i++) {
		const struct phase *p = &trace->phases[i];
		uint64_t next = i + 1 < trace->count ? p[1].begin : end;
		const struct event event = { HOST_ROW, p->name, { p->begin, next }, p->detail };

		add_event(trace, scale, &event, out);
	}
}

/* The step that did not end was the last, and ended with the lane: EXEC, or one that failed. */
static void add_init(const struct trace *trace, const struct scale *scale, uint64_t end,
		     struct strbuf *out)
{
	size_t count;
	const struct plan_step *steps = plan_steps(trace->plan, LANE_INIT, &count);

	for (size_t i = 0; i < count; i++) {
		struct event event = { INIT_ROW, plan_op_name(steps[i].op), trace->spans[i],
				       trace->init_details[i] };

		if (!event.span.begin)
			continue;
		event.span.end = event.span.end ? event.span.end : end;
		add_event(trace, scale, &event, out);
	}
}

static void compose(const struct trace *trace, struct strbuf *out)
{
	struct moment end = now();
	struct scale scale = scale_of(trace, &end);

	strbuf_add(out, "{\"displayTimeUnit\":\"ns\",\"traceEvents\":[\n");
	add_host(trace, &scale, end.ticks, out);
	if (trace->spans && trace->spans != MAP_FAILED)
		add_init(trace, &scale, end.ticks, out);
	name_row(out, "thread_name", HOST_ROW, "host lane");
	name_row(out, "thread_name", INIT_ROW, "init lane");
	name_row(out, "process_name", HOST_ROW, trace->command);
	out->length -= strlen(",\n");
	strbuf_add(out, "\n]}\n");
}

/* The whole content of the file; what is no regular file has no length to cut. */
static int fill(int file, const struct strbuf *text)
{
	struct stat found;
	int r = fd_write_all(file, text->text, text->length);

	if (r < 0)
		return r;
	r = fstat(file, &found) < 0 || (S_ISREG(found.st_mode) && found.st_size > (off_t)text->length &&
					ftruncate(file, (off_t)text->length) < 0);
	return r ? -errno : 0;
}

void trace_write(struct context *context)
{
	struct trace *trace = context->trace;
	autobuf text = { 0 };
	int r;

	if (!trace)
		return;
	trace_prepare(context);
	context->trace = NULL;
	compose(trace, &text);
	strbuf_clear(&trace->details);
	r = fill(trace->file, &text);
	fd_close(&trace->file);
	if (r < 0)
		log_line(LOG_LEVEL_WARNING, "--trace %s: write: %s", trace->path, strerror(-r));
}

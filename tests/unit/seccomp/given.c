/* SPDX-License-Identifier: Apache-2.0 */
#include "given.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/text.h"
#include "spec/load.h"
#include "spec/spec.h"

enum { FILE_LARGEST = 1 << 16 };

static const struct spec_seccomp *parse(struct arena *arena, const char *text)
{
	struct problems problems = { 0 };
	const struct spec *spec;
	struct err e = { 0 };

	if (spec_parse(arena, text, strlen(text), &problems, &spec, &e) < 0)
		fail_msg("%s", e.text);
	return &spec->linux.seccomp;
}

const struct spec_seccomp *given_profile(struct arena *arena, const char *json)
{
	return parse(arena,
		     arena_printf(arena, "{\"ociVersion\":\"1.0.2\",\"root\":{\"path\":\"r\"},"
					 "\"process\":{\"user\":{\"uid\":0,\"gid\":0},"
					 "\"cwd\":\"/\","
					 "\"args\":[\"x\"]},\"linux\":{\"namespaces\":"
					 "[{\"type\":\"mount\"}],\"seccomp\":%s}}", json));
}

const struct spec_seccomp *given_file(struct arena *arena, const char *name)
{
	char *text = arena_alloc(arena, FILE_LARGEST + 1);
	FILE *stream = fopen(arena_printf(arena, "%s/%s.json", getenv("PROFILES"), name), "r");

	assert_non_null(stream);
	assert_true(fread(text, 1, FILE_LARGEST, stream) > 0);
	fclose(stream);
	return parse(arena, text);
}

struct seccomp_filter given_filter(struct arena *arena, const struct spec_seccomp *profile)
{
	struct seccomp_filter filter = { 0 };
	autobuf notes = { 0 };
	struct err e = { 0 };

	if (seccomp_compile_filter(arena, profile, &filter, &notes, &e) < 0)
		fail_msg("%s", e.text);
	return filter;
}

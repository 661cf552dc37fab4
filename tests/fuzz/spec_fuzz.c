/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as a config.json. Built with libFuzzer (-fsanitize=fuzzer, SPEC_LIBFUZZER defined) it
 * searches; built without, it replays all files of the directories that are its arguments.
 * A crash here is one that a bundle can cause in the process of an engine's administrator.
 */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/file.h"
#include "base/text.h"
#include "replay.h"
#include "spec/load.h"
#include "spec/spec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "does not hold: %s\n", what);
	abort();
}

/* What load.h promises, whatever the input. */
static void judge(int r, const struct spec *spec, const struct problems *problems,
		  const struct err *e)
{
	size_t errors = 0;

	for (size_t i = 0; i < problems->count; i++) {
		const char *pointer = problems->items[i].pointer;

		errors += !problems->items[i].warning;
		require(!*pointer || *pointer == '/', "a pointer is empty or begins with /");
		require(*problems->items[i].text, "a problem has a text");
	}
	require(errors == problems->errors || problems->untold, "errors are counted");
	require((r == 0) == (errors == 0), "success is the absence of errors");
	require((r == 0) == (spec != NULL), "there is a spec if, and only if, it is usable");
	require(r == 0 || *e->text, "a failure is explained");
}

/* What spec.h promises of a usable config. */
static void judge_spec(const struct spec *spec)
{
	require(spec->oci_version && spec->root.path, "required texts are there");
	for (size_t i = 0; i < spec->mount_count; i++)
		require(spec->mounts[i].destination, "a mount has a destination");
	if (spec->process.present)
		require(spec->process.cwd && spec->process.args.count, "a process has a program");
	for (size_t i = 0; i < spec->process.rlimit_count; i++)
		require(spec->process.rlimits[i].resource < 16, "a limit is one that exists");
	for (size_t i = 0; i < spec->linux.seccomp.rule_count; i++)
		require(spec->linux.seccomp.rules[i].action < SECCOMP_ACTIONS, "an action exists");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	autoarena arena = { 0 };
	struct problems problems = { 0 };
	const struct spec *spec = NULL;
	struct err e = { 0 };
	int r = spec_parse(&arena, (const char *)data, size, &problems, &spec, &e);

	judge(r, spec, &problems, &e);
	if (spec)
		judge_spec(spec);
	require(!spec || !problems.rest, "a rest is what errors leave");
	if (problems.rest)
		judge_spec(problems.rest);
	return 0;
}

#ifndef SPEC_LIBFUZZER
static void replay(const char *path)
{
	autobuf text = { 0 };

	require(file_read(AT_FDCWD, path, 1 << 20, &text) == 0, path);
	LLVMFuzzerTestOneInput((const uint8_t *)(text.text ? text.text : ""), text.length);
}

int main(int argc, char **argv)
{
	return replay_all(argc, argv, replay);
}
#endif

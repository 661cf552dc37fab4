/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as JSON: what quick_parse() takes has to be what jansson makes of it, for a config must not mean something
 * else than it says. Built with libFuzzer (-fsanitize=fuzzer, QUICK_LIBFUZZER defined) it searches; built without, it
 * makes a fixed series of random edits of the files of the directories that are its arguments.
 */
#include <fcntl.h>
#include <jansson.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/text.h"
#include "replay.h"
#include "spec/quick.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Of 19 digits and more quick_parse() makes a string that stands in for them. */
static bool has_long_number(const uint8_t *data, size_t size)
{
	size_t digits = 0;

	for (size_t i = 0; i < size && digits < 19; i++)
		digits = data[i] >= '0' && data[i] <= '9' ? digits + 1 : 0;
	return digits >= 19;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	autoarena arena = { 0 };
	/* Of exactly its size, so that a sanitizer sees a read beyond it. */
	autofree char *text = malloc(size + !size);
	json_t *quick, *slow;
	json_error_t error;

	if (!text)
		abort();
	memcpy(text, data, size);
	quick = quick_parse(&arena, text, size);
	slow = json_loadb(text, size, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &error);
	if (quick && !has_long_number(data, size) && !json_equal(quick, slow)) {
		fprintf(stderr, "not what jansson makes of it: %.*s\n", (int)size, text);
		abort();
	}
	json_decref(quick);
	json_decref(slow);
	return 0;
}

#ifndef QUICK_LIBFUZZER
enum { EDITS = 200 };

static void edit(struct strbuf *text)
{
	static const char bytes[] = "\"\\u00,:{}[]0123456789-e.tfn \x7f\xc3";
	size_t at = (size_t)rand() % text->length;

	switch (rand() % 3) {
	case 0:
		text->text[at] = bytes[(size_t)rand() % (sizeof bytes - 1)];
		break;
	case 1:
		memmove(text->text + at, text->text + at + 1, text->length - at - 1);
		text->length--;
		break;
	default:
		text->length = at + 1;
	}
}

static void replay(const char *path)
{
	for (unsigned seed = 0; seed < EDITS; seed++) {
		autobuf text = { 0 };

		srand(seed);
		if (file_read(AT_FDCWD, path, 1 << 20, &text) < 0)
			abort();
		for (unsigned i = 0; i < seed % 4 && text.length > 1; i++)
			edit(&text);
		LLVMFuzzerTestOneInput((const uint8_t *)(text.text ? text.text : ""), text.length);
	}
}

int main(int argc, char **argv)
{
	return replay_all(argc, argv, replay);
}
#endif

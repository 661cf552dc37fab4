/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A fuzz target that is run as a test: all files of its corpus, once.
 */
#pragma once
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/text.h"

/* An empty corpus would test nothing. */
static inline size_t replay_directory(const char *path, void (*replay)(const char *path))
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	size_t count = 0;

	while (dir && (entry = readdir(dir))) {
		autobuf file = { 0 };

		if (*entry->d_name == '.')
			continue;
		strbuf_addf(&file, "%s/%s", path, entry->d_name);
		replay(file.text);
		count++;
	}
	if (dir)
		closedir(dir);
	return count;
}

/* The directories are the arguments of main(), whose result this is. */
static inline int replay_all(int argc, char **argv, void (*replay)(const char *path))
{
	for (int i = 1; i < argc; i++)
		if (!replay_directory(argv[i], replay)) {
			fprintf(stderr, "%s: no corpus\n", argv[i]);
			return 1;
		}
	return argc > 1 ? 0 : 1;
}

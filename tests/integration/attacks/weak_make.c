/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A careless runtime's preparation of a mount target: looks whether PATH is below ROOT, and if so
 * makes NAME there, by path. Until that is somewhere else: FOUND exists. weak_make ROOT PATH NAME FOUND
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	char real[PATH_MAX], target[PATH_MAX];

	if (argc != 5)
		return 1;
	snprintf(target, sizeof target, "%s/%s", argv[2], argv[3]);
	while (access(argv[4], F_OK) < 0) {
		rmdir(target);
		if (realpath(argv[2], real) && strncmp(real, argv[1], strlen(argv[1])) == 0)
			mkdir(target, 0755);
	}
	return 0;
}

#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The distribution's own package archives as "URI SUITE COMPONENTS...", a line each, from the present one-line
# lists and deb822 files; what others have added is left out.
set -eu
# shellcheck disable=SC1091
. /etc/os-release
{
	sed -n 's/^deb  *\(\[[^]]*] *\)\{0,1\}//p' /etc/apt/sources.list \
		/etc/apt/sources.list.d/*.list 2>/dev/null || :
	awk -v RS= -v FS='\n' '{
		split("", field)
		for (i = 1; i <= NF; i++)
			if (match($i, /^[A-Za-z-]+:/))
				field[tolower(substr($i, 1, RLENGTH - 1))] = substr($i, RLENGTH + 1)
		uris = split(field["uris"], uri, " ")
		suites = split(field["suites"], suite, " ")
		for (u = 1; u <= uris; u++)
			for (s = 1; s <= suites; s++)
				print uri[u], suite[s], field["components"]
	}' /etc/apt/sources.list.d/*.sources 2>/dev/null || :
} | awk -v release="$VERSION_CODENAME" '$2 == release || index($2, release "-") == 1'

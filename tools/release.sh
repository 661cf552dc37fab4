#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Builds DIRECTORY/tare, one static binary against musl: tools/release.sh DIRECTORY.
set -eu
directory=$1
multiarch=$(gcc -print-multiarch)
tools/static-deps.sh "$directory/deps"

if [ ! -e "$directory/build.ninja" ]; then
	# Kernel headers are the system's, behind musl's own.
	cat >"$directory/musl.ini" <<-END
		[binaries]
		c = ['musl-gcc', '-idirafter', '/usr/include', '-idirafter', '/usr/include/$multiarch']
		[properties]
		pkg_config_libdir = '$PWD/$directory/deps/lib/pkgconfig'
		[built-in options]
		c_args = ['-ffunction-sections', '-fdata-sections', '-fno-asynchronous-unwind-tables']
		c_link_args = ['-static', '-s', '-Wl,--gc-sections', '-Wl,-z,norelro', '-Wl,--build-id=none']
	END
	meson setup "$directory" --native-file "$directory/musl.ini" --buildtype=minsize \
		-Dstatic_release=true -Dtests=false -Db_pie=false
fi
ninja -C "$directory"

# What the release promises; a build that breaks it is no release.
if readelf -d "$directory/tare" | grep -q NEEDED || readelf -l "$directory/tare" | grep -q DYNAMIC; then
	echo "$directory/tare: has a dynamic section" >&2
	exit 1
fi
size=$(stat -c %s "$directory/tare")
echo "$directory/tare: static, $size bytes"
[ "$size" -lt 1572864 ]

#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Builds the static libraries of the release binary with musl-gcc, from the distribution's own source
# packages: tools/static-deps.sh PREFIX. What PREFIX holds already is kept.
# The system's package lists are left alone: the source lists live in PREFIX/apt.
set -eu
prefix=$(mkdir -p "$1" && cd "$1" && pwd)
work=$prefix/src
lists=$prefix/apt
multiarch=$(gcc -print-multiarch)
log=$prefix/log

CC="musl-gcc -idirafter /usr/include -idirafter /usr/include/$multiarch"
CFLAGS="-Os -g0 -ffunction-sections -fdata-sections -fno-asynchronous-unwind-tables"
export CC CFLAGS

# apt-get with lists of its own.
sources() {
	apt-get -qq -o Dir::Etc::SourceList="$lists/sources.list" -o Dir::Etc::SourceParts=/dev/null \
		-o Dir::State::Lists="$lists/lists" -o Dir::Cache="$lists/cache" \
		-o APT::Sandbox::User=root "$@"
}

# update: the source lists, once.
update() {
	[ -e "$lists/sources.list" ] && return
	mkdir -p "$lists/lists/partial" "$lists/cache/archives/partial"
	tools/archives.sh | sed 's/^/deb-src /' >"$lists/sources.list.new"
	cp "$lists/sources.list.new" "$lists/sources.list"
	sources update || { rm "$lists/sources.list"; return 1; }
}

# fetch SOURCE-PACKAGE: unpacks it below work, as DIRECTORY-VERSION. A mirror that is behind may lack
# the distribution's part of it; the upstream archive, which apt has checked by then, is enough.
fetch() {
	update || return 1
	rm -rf "${work:?}/$1"
	mkdir -p "$work/$1"
	(cd "$work/$1" && { sources source "$1" || tar -xf "$1"_*.orig.tar.?z; } && ls -d ./*/)
}

# pkgconfig NAME VERSION LIBRARY: what meson asks for.
pkgconfig() {
	mkdir -p "$prefix/lib/pkgconfig"
	cat >"$prefix/lib/pkgconfig/$1.pc" <<-END
		prefix=$prefix
		Name: $1
		Description: $1, static, for musl
		Version: $2
		Libs: -L\${prefix}/lib -l$3
		Cflags: -I\${prefix}/include
	END
}

# version: that of the source directory we are in.
version() {
	basename "$PWD" | sed 's/.*-//'
}

build_libseccomp() {
	cd "$1"
	./configure --prefix="$prefix" --host="$(gcc -dumpmachine)" --disable-shared --enable-static
	make -C include install
	make -C src -j"$(nproc)" libseccomp.la
	cp src/.libs/libseccomp.a "$prefix/lib/"
	pkgconfig libseccomp "$(version)" seccomp
}

# Without its configure script, which the source package leaves to be generated.
build_jansson() {
	cd "$1/src"
	sed 's/@json_inline@/inline/; s/@json_have_[a-z_]*@/1/' jansson_config.h.in >jansson_config.h
	for have in STDINT_H SYS_TYPES_H UNISTD_H FCNTL_H SYS_STAT_H SYS_TIME_H SYS_PARAM_H SCHED_H \
		ENDIAN_H LOCALE_H LOCALECONV LONG_LONG_INT UNSIGNED_LONG_LONG_INT STRTOLL \
		SNPRINTF OPEN READ CLOSE GETPID GETTIMEOFDAY SCHED_YIELD ATOMIC_BUILTINS; do
		echo "#define HAVE_$have 1"
	done >jansson_private_config.h
	echo "#define INITIAL_HASHTABLE_ORDER 3" >>jansson_private_config.h
	echo "#define USE_URANDOM 1" >>jansson_private_config.h
	for source in *.c; do
		# shellcheck disable=SC2086
		$CC $CFLAGS -D_GNU_SOURCE -DHAVE_CONFIG_H -I. -c "$source"
	done
	ar rcs "$prefix/lib/libjansson.a" ./*.o
	cp jansson.h jansson_config.h "$prefix/include/"
	cd ..
	pkgconfig jansson "$(version)" jansson
}

mkdir -p "$prefix/lib" "$prefix/include" "$work"
for library in libseccomp jansson; do
	[ -e "$prefix/$library.done" ] && continue
	echo "building static $library (log: $log)"
	fetch "$library" >>"$log" 2>&1 || { tail -n 5 "$log" >&2; exit 1; }
	source=$(echo "$work/$library"/*/)
	set +e # in the condition of an if or ||, sh would go on behind a failed command
	(set -e; "build_$library" "$source") >>"$log" 2>&1
	status=$?
	set -e
	[ "$status" = 0 ] || { tail -n 25 "$log" >&2; exit 1; }
	rm -rf "${work:?}/$library"
	touch "$prefix/$library.done"
done

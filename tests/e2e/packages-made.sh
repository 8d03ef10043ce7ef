#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What packages are made of: the tarball is the same bytes wherever it is made; the library serves a
# program of somebody else's; the static programs need nothing; and each package's list of files is
# what `make install` installs. tests/vm/install.sh installs those that `make deb` makes.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
for tool in make cc pkg-config readelf; do
	command -v $tool >/dev/null || { skip "$(basename "$0" .sh)" "no $tool"; exit 77; }
done
T=$PCT_ROOT
version=$(sed -n 's/^VERSION := //p' "$TOP/Makefile")

# ---- the tarball
if [ -e "$TOP/.git" ]; then
	(umask 077 && git clone -q --shared "$TOP" "$T/clone")
	touch -d 2001-01-01 "$T/clone/Makefile"
	(umask 077 && cd "$T/clone" && TZ=Asia/Kathmandu LC_ALL=C.UTF-8 make -s dist B="$T/one") >/dev/null
	mkdir "$T/unpacked"
	tar -xf "$T/one/pct-$version.tar.xz" -C "$T/unpacked"
	make -s -C "$T/unpacked/pct-$version" dist B="$T/two" >/dev/null
	ok "make dist: the same bytes in another place, and from what was unpacked" \
		cmp "$T/one/pct-$version.tar.xz" "$T/two/pct-$version.tar.xz"
	is "… all of it" "$(git -C "$TOP" ls-tree -r --name-only HEAD | wc -l)" \
		"$(tar -tf "$T/one/pct-$version.tar.xz" | wc -l)"
else
	skip "make dist" "no repository"
fi
is "one version, wherever it is said" "$version $version $version" "$(
	{
		sed -nE '1s/^pct \((.*)-[0-9]+\).*/\1/p' "$TOP/packaging/debian/changelog"
		sed -n 's/^Version: *//p' "$TOP/packaging/rpm/pct.spec"
		sed -n 's/^pkgver=//p' "$TOP/packaging/arch/PKGBUILD"
	} | xargs
)"
for program in pct pctfs pct-launch; do
	is "$program says it, too" "$program $version" "$("$B/$program" --version)"
done

# ---- installed, as Arch's package has it
cd "$T" && mkdir all && ln -s "$TOP" "pct-$version"
srcdir=$T
# shellcheck source=../../packaging/arch/PKGBUILD
. "$TOP/packaging/arch/PKGBUILD"
make -s -C "$TOP" B="$B" "${_paths[@]}" DESTDIR="$T/all" install >/dev/null
for package in "${pkgname[@]}"; do
	pkgdir=$T/arch/$package
	ok "Arch: package '$package'" "package_$package"
done
is "… nothing is left out" "$(cd all && find . ! -type d | sort)" "$(cd arch && find . ! -type d | cut -d/ -f3- | sed 's|^|./|' | sort)"

if command -v rpmspec >/dev/null; then
	# The macros that Debian's rpm has not.
	listed=$(rpmspec -P "$TOP/packaging/rpm/pct.spec" -D "_unitdir /usr/lib/systemd/system" \
		-D "_tmpfilesdir /usr/lib/tmpfiles.d" -D "_sysusersdir /usr/lib/sysusers.d" \
		-D "_sbindir /usr/bin" -D "_libdir /usr/lib" |
		sed -n '/^%files/,/^%changelog/ s|^/|.&|p')
	# shellcheck disable=SC2086 # patterns
	is "RPM: nothing is left out" "$(cd all && find . ! -type d | sort)" "$(cd all && find $listed ! -type d | sort -u)"
else
	skip "RPM: nothing is left out" "needs the package rpm"
fi

# ---- the library
cat >use.c <<'C'
#include <cgview/cgview.h>
#include <stdio.h>
int main(void)
{
	struct cgv_cpuset s;
	if (cgv_cpuset_list(span_of("0-2,5"), &s) < 0)
		return 1;
	printf("%u\n", cgv_cpuset_count(&s));
	return 0;
}
C
flags=$(PKG_CONFIG_PATH=$T/all/usr/lib/pkgconfig pkg-config --define-variable=includedir="$T/all/usr/include" \
	--define-variable=libdir="$T/all/usr/lib" --cflags --libs libcgview)
# shellcheck disable=SC2086 # flags
ok "a program with libcgview, as pkg-config says" cc -Wall -Werror use.c -o use $flags
is "… runs" 4 "$(LD_LIBRARY_PATH=$T/all/usr/lib ./use)"
# shellcheck disable=SC2086
ok "… also a static one" cc -Wall -Werror use.c -o use-static -I"$T/all/usr/include" "$T/all/usr/lib/libcgview.a"
is "its names are those of its headers" "" "$(nm -D --defined-only all/usr/lib/libcgview.so.1 |
	awk '$2 == "T" { sub(/@.*/, "", $3); print $3 }' |
	while read -r name; do grep -rqw "$name" all/usr/include || echo "$name"; done)"

# ---- for hosts of any distribution
for program in pct-launch pct-runc; do
	if [ -x "$B/static/$program" ]; then
		fails "$program of 'make static' needs no loader and no library" \
			sh -c "readelf -ld '$B/static/$program' | grep -E 'INTERP|NEEDED'"
	else
		skip "$program, static" "not built"
	fi
done

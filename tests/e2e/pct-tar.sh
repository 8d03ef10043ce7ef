#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Containers from tars: whole ones in every compression, damaged ones, hostile ones.
# shellcheck source=pct-lib
. "$(dirname "$0")/pct-lib"

work=$PCT_ROOT/work
mkdir "$work"
echo kept >"$work/outside"

# A root to pack: of a privileged container, with all that a tar can hold.
run 0 create 100 builtin:busybox --unprivileged 0
root=$images/100/subvol-100-disk-0.subvol
printf 'ID=debian\n' >"$root/etc/os-release"
echo one >"$root/one"
ln "$root/one" "$root/two"
install -m 4755 -o 33 -g 34 /bin/true "$root/bin/setuid"
mkfifo "$root/pipe"
mknod "$root/dev/kept" c 1 3
mknod "$root/dev/gone" c 0 0 # overlayfs has these, and links them
truncate -s 64M "$root/sparse"
printf x | dd of="$root/sparse" bs=1 seek=33554432 conv=notrunc status=none
touch -d @1000000000 "$root/one"
mkdir "$root/utf-ä"
xattr=
if python3 -c 'import os, sys; os.setxattr(sys.argv[1], "user.note", b"hi")' "$root/one" 2>/dev/null; then
	xattr=1
fi
caps=
if command -v setcap >/dev/null && setcap cap_net_raw+ep "$root/bin/setuid" 2>/dev/null; then caps=1; fi
tar -C "$root" --xattrs --xattrs-include='*' --acls -S -cf "$work/a.tar" .
# GNU tar has no links of devices; libarchive, so our own backups, do.
python3 - "$work/a.tar" <<'P'
import sys, tarfile
with tarfile.open(sys.argv[1], 'a') as tar:
    for name, to in ('./dev/linked', './dev/kept'), ('./dev/gone2', './dev/gone'):
        link = tarfile.TarInfo(name)
        link.type, link.linkname = tarfile.LNKTYPE, to
        tar.addfile(link)
P
gzip -k "$work/a.tar"
xz -0 -k "$work/a.tar"
if command -v zstd >/dev/null; then zstd -q "$work/a.tar"; fi

id=200
for tar in "$work"/a.tar*; do
	id=$((id + 1))
	run 0 create $id "$tar"
	r=$images/$id/subvol-$id-disk-0.subvol
	same "$tar: owner" "$(stat -c %u:%g "$r/bin/setuid")" 33:34
	same "$tar: mode" "$(stat -c %a "$r/bin/setuid")" 4755
	same "$tar: hard link" "$(stat -c %i "$r/one")" "$(stat -c %i "$r/two")"
	same "$tar: time" "$(stat -c %Y "$r/one")" 1000000000
	[ -p "$r/pipe" ] || flunk "$tar: no fifo"
	[ -d "$r/utf-ä" ] || flunk "$tar: no utf-8 name"
	[ ! -e "$r/dev/kept" ] || flunk "$tar: a device in an unprivileged container"
	[ ! -e "$r/dev/linked" ] || flunk "$tar: a link to a device that is not there"
	same "$tar: overlayfs's whiteouts" "$(stat -c '%F:%t:%T:%h' "$r/dev/gone" "$r/dev/gone2" | uniq)" "character special file:0:0:2"
	same "$tar: note on devices" "$(grep -c 'device nodes (1)' "$err")" 1
	same "$tar: size" "$(stat -c %s "$r/sparse")" 67108864
	[ "$(stat -c %b "$r/sparse")" -lt 2048 ] || flunk "$tar: a sparse file is full"
	cmp -s "$root/sparse" "$r/sparse" || flunk "$tar: a sparse file differs"
	[ -z "$xattr" ] || same "$tar: attribute" "$(python3 -c \
		'import os, sys; print(os.getxattr(sys.argv[1], "user.note").decode())' "$r/one")" hi
	[ -z "$caps" ] || { getcap "$r/bin/setuid" | grep -q cap_ && ! getcap -n "$r/bin/setuid" | grep -q 'rootid=[1-9]'; } ||
		flunk "$tar: capabilities: $(getcap -n "$r/bin/setuid")"
	same "$tar: ostype" "$(awk '/^ostype:/ { print $2 }' "$confs/$id.conf")" debian
	run 0 destroy $id
	nothing_of $id
done

run 0 create 110 "$work/a.tar" --unprivileged 0
r=$images/110/subvol-110-disk-0.subvol
same "privileged: device" "$(stat -c %F:%t:%T "$r/dev/kept")" "character special file:1:3"
same "privileged: owner" "$(stat -c %u "$r/bin/setuid")" 33
run 0 destroy 110

# A relative path, and a foreign root that really starts.
if [ -e /dev/fuse ]; then
	cd "$work"
	run 0 create 111 a.tar.gz
	cd "$TOP"
	sed -i 's/^ostype:.*/ostype: busybox/' "$confs/111.conf"
	run 0 start 111
	run 0 exec 111 -- cat /one
	same "a file of the tar" "$(cat "$out")" one
	run 0 destroy 111 --force
	nothing_of 111
fi

# hostile TAR TEXT: not taken, said in one line, nothing left.
hostile()
{
	run 1 create 120 "$1"
	said "$2"
	nothing_of 120
	same "outside" "$(cat "$work/outside")" kept
}

# Hostile.
mkdir -p "$work/h/sbin" "$work/l" "$work/m/d"
cp /bin/busybox "$work/h/sbin/init"
cd "$work/h"
echo evil >outside
tar -cPf ../dots.tar --transform 's,^outside,../outside,' outside
tar -cPf ../inner.tar --transform 's,^outside,a/../../outside,' outside
tar -cPf ../absolute.tar --transform "s,^outside,$work/outside," outside
ln outside second
tar -cPf ../hardlink.tar --transform 's,^outside,../outside,RSh' outside second
rm second
cd "$work/l" && ln -s "$work" d
tar -cf ../through.tar d
cd "$work/m" && echo evil >d/outside
tar -rf ../through.tar d/outside
cd "$work/h"
tar -cf ../ids.tar --owner=70000 --group=0 sbin
tar -cf ../noinit.tar outside
cd "$TOP"
hostile "$work/dots.tar" "its entry '../outside' leads out of the root by '..'"
hostile "$work/inner.tar" "its entry 'a/../../outside' leads out of the root by '..'"
hostile "$work/absolute.tar" "its entry '$work/outside' has an absolute path"
hostile "$work/hardlink.tar" "hard link that leads out of the root"
hostile "$work/through.tar" "its entry 'd/outside' leads through a symlink"
hostile "$work/ids.tar" "its entry 'sbin/' belongs to a user id above 65535"
hostile "$work/noinit.tar" "has no /sbin/init, so it cannot start"
run 0 create 120 "$work/ids.tar" --unprivileged 0
run 0 destroy 120
run 1 create 120 "$work/noinit.tar" --entrypoint /no
said "has no program '/no' to begin with"
nothing_of 120

# Damaged.
head -c 200000 "$work/a.tar" >"$work/cut.tar"
head -c 200000 "$work/a.tar.gz" >"$work/cut.tar.gz"
head -c 200000 "$work/a.tar.xz" >"$work/cut.tar.xz"
# The heading of a gzip file, and no block of deflate behind it.
{ head -c 10 "$work/a.tar.gz"; head -c 500000 /dev/zero; } >"$work/bad.tar.gz"
: >"$work/empty.tar"
head -c 10240 /dev/zero >"$work/zeros.tar"
for bad in cut.tar cut.tar.gz cut.tar.xz bad.tar.gz empty.tar; do
	hostile "$work/$bad" "template '$work/$bad' is damaged, or no tar"
done
hostile "$work/zeros.tar" "template '$work/zeros.tar' is empty"

#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# pct storage: what is in storage.cfg, whoever wrote it; on a btrfs subvolumes with a size of their
# own, images unpacked once, and nested ones that a container has made.
. "$(dirname "$0")/pct-lib"
needs "needs btrfs-progs" sh -c 'command -v mkfs.btrfs btrfs >&2'
needs "needs loop devices" [ -e /dev/loop-control ]

work=$(mktemp -d "${TMPDIR:-/tmp}/pct-storage.XXXXXX")
chmod 755 "$work"
in_order() # STATUS: first what uses it, then what it is on
{
	local code

	set +e
	(exit "$1")
	(cleanup)
	code=$?
	umount "$work/btrfs"
	rm -rf --one-file-system "$work"
	exit $code
}
trap 'in_order $?' EXIT
cfg=$PCT_ROOT/etc/pct/storage.cfg
mkdir -p "$PCT_ROOT/etc/pct" "$work/dir" "$work/btrfs"

# ---- without a file ----

run 0 storage list
same "local is there by itself" "$(awk 'NR == 2 { print $1, $2, $3 }' "$out")" "local dir $PCT_ROOT/var/lib/pct"
run 0 storage status
same "it can be used" "$(awk 'NR == 2 { print $1, $3 }' "$out")" "local active"
run 1 storage remove local
said "storage 'local' is there by itself"
fails "no file is made for that" [ -e "$cfg" ]

# ---- added, shown, removed ----

while IFS='|' read -r code words text; do
	# shellcheck disable=SC2086 # several words
	run "$code" storage $words
	said "$text"
done <<E
2|add x1|'add' needs --type, one of dir
2|add x1 --type nfs --path /tmp|there is no type 'nfs'
2|add x1 --type dir|type 'dir' needs --path
2|add x1 --type dir --path relative|path: 'relative' is not
2|add x1 --type dir --path /tmp/../etc|is not an absolute path
2|add x --type dir --path /tmp|'x' is not a storage's name
2|add 1x --type dir --path /tmp|'1x' is not a storage's name
2|add x/y --type dir --path /tmp|'x/y' is not a storage's name
2|add x1 --type dir --path /tmp --vgname g|--vgname is not for type 'dir'
2|add x1 --type dir --path /tmp --content movies|content: 'movies' is not
1|add x1 --type dir --path $work/none|storage 'x1': '$work/none' is no directory
1|add x1 --type btrfs --path $work/dir|is on no btrfs
2|add x1 --type dir --path work/dir|an absolute path of the host
2|add x --type dir --path $work/dir|two or more
1|add x1 --type dir --path $work/dir --is_mountpoint yes|nothing is mounted on '$work/dir'
2|add --type dir --path /tmp|'add' needs the name of a storage
2|remove|'remove' needs the name of a storage
1|remove none|there is no storage 'none'
1|list none|there is no storage 'none'
2|list --path /tmp|--path is not for 'storage list'
2|list aa bb|is one word too many
2|rename aa|say list, status, add or remove, not 'rename'
E
fails "nothing was written" [ -e "$cfg" ]
run 0 storage add big --type dir --path "$work/dir" --content rootdir,images --shared 1
same "what was written" "$(cat "$cfg")" "dir: big
	path $work/dir
	content rootdir,images
	shared 1"
run 1 storage add big --type dir --path "$work/dir"
said "storage 'big' is there already"
same "its mode" "$(stat -c %a "$cfg")" 640

# What others have written stays as it is.
cat >"$cfg" <<E
# by hand

zfspool: tank
	pool rpool/data
	sparse
	# a note
	mountpoint /tank

nfs: far
	path /mnt/pve/far
	server 10.0.0.1
	options vers=4.2,soft

strange: what
	some key=with strange values
not a line of any form
dir: iso
        path   $work/dir
        content iso
E
cp "$cfg" "$work/before"
run 0 storage add big --type dir --path "$work/dir"
same "the rest is as it was" "$(diff "$work/before" "$cfg" | grep -v 'path\|content iso')" \
	"$(printf '18,19c18,22\n---\n> \n> dir: big')"
run 0 storage remove big
run 0 storage remove iso
same "and after that" "$(diff <(head -16 "$work/before") "$cfg")" ""
run 0 storage list
same "all are listed" "$(awk 'NR > 1 { print $1 ":" $2 }' "$out" | xargs)" \
	"tank:zfspool far:nfs what:strange local:dir"
run 0 storage status --output-format json
same "their states" "$(python3 -c 'import json,sys
print(*(s["storage"] + ":" + s["status"] for s in json.load(sys.stdin) if s["type"] != "zfspool"))' <"$out")" \
	"far:unknown what:unknown local:active"
run 1 storage list far
said "storage 'far' is of type 'nfs', which pct does not mount: mount it, and have it as 'dir: far'"
run 1 storage list what
said "storage 'what' is of type 'strange', which pct has no driver for"

# Files that are none.
head -c 100000 /dev/urandom >"$cfg"
run 0 storage list
rm "$cfg"
mkdir "$cfg"
run 1 storage list
rmdir "$cfg"
printf 'dir: aa\n\tpath /tmp\ndir: aa\n\tpath /etc\n\tpath /usr\ndir: bb' >"$cfg"
run 0 storage list
run 1 storage list bb
said "storage 'bb' has no path"
head -c 1200000 /dev/zero | tr '\0' '#' >"$cfg"
run 1 storage list
said "File too large"
rm "$cfg"

# Two at once: both are there.
for i in 1 2 3 4 5 6 7 8; do "$pct" storage add "par$i" --type dir --path "$work/dir" & done
wait
same "none is lost when several are added" "$(grep -c '^dir: par[1-8]$' "$cfg")" 8
rm "$cfg"

# ---- btrfs ----

truncate -s 1G "$work/img"
mkfs.btrfs -q "$work/img" >/dev/null 2>&1
mount -o loop "$work/img" "$work/btrfs"
run 0 storage add fast --type btrfs --path "$work/btrfs"
vols=$work/btrfs/images
run 0 create 100 builtin:busybox --rootfs fast:0
run 1 storage remove fast
said "storage 'fast' has volumes of CT 100"
root=$vols/100/subvol-100-disk-0.subvol
same "it is a subvolume" "$(stat -c %i "$root")" 256
run 0 storage list fast
same "it is listed" "$(awk 'NR == 2 { print $1, $2, $3 }' "$out")" "fast:100/subvol-100-disk-0.subvol directory 100"
# As systemd makes them, and a read-only one.
btrfs -q subvolume create "$root/var/nested"
btrfs -q subvolume create "$root/var/nested/deeper"
touch "$root/var/nested/deeper/f"
btrfs -q subvolume snapshot -r "$root/var/nested" "$root/var/nested/ro"
run 0 destroy 100
nothing_of 100
same "subvolumes in it are gone, too" "$(btrfs subvolume list "$work/btrfs")" ""

# Without quota a size makes an image, with it a subvolume.
run 0 create 101 builtin:busybox --rootfs fast:0.2 --mp0 fast:0,mp=/m
same "an image" "$(ls "$vols/101/vm-101-disk-0")" disk.raw
run 0 storage list fast --output-format json
same "both are listed" "$(python3 -c 'import json,sys
print(*sorted((v["volume"] + ":" + str(v.get("size", 0) >> 20)) for v in json.load(sys.stdin)))' <"$out")" \
	"fast:101/subvol-101-disk-1.subvol:0 fast:101/vm-101-disk-0.raw:204"
run 0 destroy 101
if btrfs quota enable --simple "$work/btrfs" 2>/dev/null || btrfs quota enable "$work/btrfs"; then
	run 0 create 102 builtin:busybox --rootfs fast:0.1
	root=$vols/102/subvol-102-disk-0.subvol
	same "a subvolume with a size" "$(sed -n 's/^rootfs: //p' "$confs/102.conf")" \
		"fast:102/subvol-102-disk-0.subvol,size=102M"
	fails "it has no more" dd if=/dev/urandom of="$root/full" bs=1M count=150 conv=fsync
	rm -f "$root/full"
	sync -f "$root"
	run 0 storage list fast
	same "its size" "$(awk 'NR == 2 { print $4 }' "$out")" 102.0M
	run 0 status 102 --verbose
	same "as status has it" "$(awk '/^maxdisk:/ { print $2 }' "$out")" $((102 << 20))
	run 0 destroy 102
else
	skip "sizes of subvolumes" "btrfs without quota"
fi
same "no subvolume is left" "$(btrfs subvolume list "$work/btrfs")" ""
btrfs quota disable "$work/btrfs" 2>/dev/null || true

# ---- an image is unpacked once; each root is a clone of that ----

mkdir "$work/over" "$work/tree" "$work/tree/sbin"
cp /bin/busybox "$work/tree/sbin/init"
echo common >"$work/tree/f"
chmod 4711 "$work/tree/sbin/init"
chown 33:34 "$work/tree/f"
tar -C "$work/tree" -cf "$work/image.tar" .
run 0 image import "$work/image.tar" --name common
run 0 storage add over --type overlay --path "$work/over"
based() # STORAGE DIR VMID VMID VMID ROOT-BELOW-THE-VOLUME
{
	local storage=$1 dir=$2 id before

	for id in "$3" "$4"; do
		run 0 create "$id" common --rootfs "$storage:0"
	done
	same "$storage: it is unpacked once" "$(find "$dir/base" -mindepth 1 -maxdepth 1 | wc -l)" 1
	same "$storage: for root alone" "$(stat -c '%a %u' "$dir/base")" "700 0"
	before=$(find "$dir/base" -name f -exec cat {} + -exec stat -c "%u %a" {} + | tr "\n" " ")
	same "$storage: as it is in the image" "$before" "common 33 644 "
	run 0 create "$5" common --rootfs "$storage:0" --unprivileged 0
	same "$storage: a privileged one has another" "$(find "$dir/base" -mindepth 1 -maxdepth 1 | wc -l)" 2
	# What one writes no other sees.
	echo other >"$dir/$3/subvol-$3-disk-0.subvol$6/f"
	same "$storage: the base is as it was" \
		"$(find "$dir/base" -name f -exec cat {} + | sort -u)" common
	for id in "$3" "$4" "$5"; do run 0 destroy "$id"; done
	run 0 create "$3" common --rootfs "$storage:0"
	run 0 destroy "$3"
	same "$storage: the bases stay" "$(find "$dir/base" -mindepth 1 -maxdepth 1 | wc -l)" 2
	same "$storage: no other volume does" "$(ls "$dir")" base
}
based fast "$vols" 110 111 112 ""
based over "$work/over/images" 120 121 122 /upper
# Several at once: who comes later waits, and it is unpacked once.
rm -rf "$work/over/images/base"
for id in 130 131 132 133; do "$pct" create $id common --rootfs over:0 & done
wait
same "all are there" "$("$pct" list | grep -c '^13[0-3] ')" 4
same "of one base" "$(find "$work/over/images/base" -mindepth 1 -maxdepth 1 | wc -l)" 1
for id in 131 132 133; do run 0 destroy $id; done
# They go with their image, as far as no clone needs them.
bases() { find "$1/base" -mindepth 1 -maxdepth 1 -printf '%f\n' | sed 's/^[0-9a-f]*//' | xargs; }
run 0 create 134 common --rootfs fast:0
mkdir "$vols/base/mine"
tar -C "$work/tree" -cf "$work/another.tar" ./f
run 0 image remove common
same "btrfs: none" "$(bases "$vols")" "mine"
same "overlay: what there are clones of" "$(bases "$work/over/images")" .subvol
run 0 start 130
same "it has its files" "$(cat "/proc/$(pid_of 130)/root/f")" common
run 0 stop 130
for id in 130 134; do run 0 destroy $id; done
run 0 image import "$work/another.tar" --name common2
same "its time comes: of another digest" "$(bases "$work/over/images")" ""
rmdir "$vols/base/mine"
run 0 image remove common2
run 0 image import "$work/image.tar" --name common
# A dir has none: each is unpacked.
run 0 create 140 common
fails "no base on a dir" [ -e "$images/base" ]
run 0 destroy 140

# ---- one volume in another, or in its place ----

run 1 create 151 builtin:busybox --mp0 local:0,mp=/a --mp1 local:0,mp=/a/
like "two at one place" "CT 151: mp0 and mp1 are both to be at '/a/?' in the container" "$(cat "$err")"
nothing_of 151
run 1 create 151 builtin:busybox --mp0 local:0,mp=/proc/x
said "mp0: nothing can be mounted on '/proc/x' in the container"
run 0 create 151 builtin:busybox --mp0 local:0,mp=/a/b --mp1 local:0,mp=/a
run 0 start 151
same "what is in another comes after it" "$("$pct" exec 151 -- sh -c "cut -d' ' -f2 /proc/mounts | grep ^/a")" "/a
/a/b"
run 0 stop 151
run 0 destroy 151

# ---- a volume group that is gone ----

if [ -x /usr/sbin/lvs ]; then
	run 0 create 150 builtin:busybox
	cp "$PCT_ROOT/etc/pct/storage.cfg" "$work/cfg"
	printf '\nlvmthin: lost\n\tvgname pct-no-such-group\n\tthinpool data\n' >>"$PCT_ROOT/etc/pct/storage.cfg"
	sed -i '/^rootfs:/a mp0: lost:vm-150-disk-1,mp=/data,size=1G\nlock: destroyed' "$confs/150.conf"
	run 0 storage status
	like "it is not active" 'lost +lvmthin +inactive' "$(cat "$out")"
	run 1 destroy 150
	like "the way out is named" "its mp0 is not removed: 'pct destroy 150' again once it can be; --force" "$(cat "$err")"
	run 0 destroy 150 --force
	like "what is kept is named" "mp0 of CT 150, 'lost:vm-150-disk-1', cannot be reached: what there is of it is kept" "$(cat "$err")"
	nothing_of 150
	cp "$work/cfg" "$PCT_ROOT/etc/pct/storage.cfg"
else
	skip "a volume group that is gone" "needs the package lvm2"
fi

# ---- where `local` is on a btrfs it is one ----

mkdir -p "$work/btrfs/root"
chmod 755 "$work/btrfs/root"
was=$PCT_ROOT
export PCT_ROOT=$work/btrfs/root
run 0 storage list
same "local is a btrfs" "$(awk 'NR == 2 { print $1, $2 }' "$out")" "local btrfs"
run 0 create 100 builtin:busybox
same "its root is a subvolume" "$(stat -c %i "$PCT_ROOT/var/lib/pct/images/100/subvol-100-disk-0.subvol")" 256
run 0 destroy 100
export PCT_ROOT=$was

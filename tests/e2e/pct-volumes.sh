#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Volumes as rootfs and mount points, on each kind of storage there is here: made, mounted while it
# is stopped and runs, unused, freed; ids on the disk are the container's own.
. "$(dirname "$0")/pct-lib"
needs "needs /dev/fuse" [ -e /dev/fuse ]
needs "needs btrfs-progs and xfsprogs" sh -c 'command -v mkfs.btrfs mkfs.xfs >&2'
needs "needs loop devices" [ -e /dev/loop-control ]

work=$(mktemp -d "${TMPDIR:-/tmp}/pct-volumes.XXXXXX")
chmod 755 "$work"
# First what uses them, then what they are on.
in_order() # STATUS
{
	local code

	set +e
	(exit "$1")
	(cleanup)
	code=$?
	for dir in "$work"/mnt-*; do umount "$dir"; done
	rm -rf --one-file-system "$work"
	exit $code
}
trap 'in_order $?' EXIT
# A file system of its own, in a file. FS NAME
mounted()
{
	truncate -s 1G "$work/$2.img"
	"mkfs.$1" -q "$work/$2.img" >/dev/null 2>&1
	mkdir "$work/mnt-$2"
	mount -o loop "$work/$2.img" "$work/mnt-$2"
}
# The kernel gives them back a moment after the last mount is gone.
looped() { losetup -l -n -O BACK-FILE | grep -c "$work/mnt-\|$PCT_ROOT" || true; }
none_looped() { [ "$(looped)" = 0 ]; }
loops() { until_true 5 none_looped || true; looped; }
value() { sed -n "/^$2: /{s///p;q}" "$confs/$1.conf"; } # VMID KEY
id_of() { value "$1" "$2" | cut -d, -f1; }

mounted ext4 ext4
mounted btrfs btrfs
mounted xfs xfs
mkdir -p "$PCT_ROOT/etc/pct"
for name in ext4 btrfs xfs; do
	type=dir
	[ $name != btrfs ] || type=btrfs
	printf '%s: on-%s\n\tpath %s\n\tfs %s\n\n' $type $name "$work/mnt-$name" "${name/btrfs/ext4}" >>"$PCT_ROOT/etc/pct/storage.cfg"
done
cat >>"$PCT_ROOT/etc/pct/storage.cfg" <<'E'
zfs-by-another-name: tank
	pool tank

nfs: far
	path /mnt/far
	server 10.0.0.1

dir: isos
	path /tmp
	content iso

dir: off
	path /tmp
	disable
E

# ---- a container with a rootfs of either kind on each ----

life() # VMID ROOTFS UNPRIVILEGED
{
	local root

	run 0 create "$1" builtin:busybox --rootfs "$2" --unprivileged "$3" --memory 128
	root=$(id_of "$1" rootfs)
	same "$2: nobody of the host gets at its files" \
		"$(stat -c '%a %u' "$(dirname "$(path_of "$root")")")" "700 0"
	run 0 start "$1"
	same "$2: its root is root's" "$(inside "$1" 'stat -c %u:%g / /bin/busybox' | xargs)" "0:0 0:0"
	inside "$1" 'echo kept >/root/f; chown 33:34 /root/f; mkdir /root/d'
	same "$2: what it writes is its own" "$(inside "$1" 'stat -c %u:%g /root/f')" 33:34
	run 0 stop "$1"
	same "$2: no mount is left on the host" "$(grep -c "$PCT_ROOT/var/lib/pct/lxc/$1" /proc/self/mounts)" 0
	same "$2: no loop device is left" "$(loops)" 0
	run 0 start "$1"
	same "$2: it is there again" "$(inside "$1" 'cat /root/f; stat -c %u:%g /root/f' | xargs)" "kept 33:34"
	run 0 destroy "$1" --force
	nothing_of "$1"
	same "$2: no volume is left" "$(ls "$(dirname "$(path_of "$root")")" 2>/dev/null)" ""
	same "$2: no loop device is left" "$(loops)" 0
}
path_of() # ID: where a volume lies
{
	local dir=${1%%:*} name=${1#*:}

	case $dir in local) dir=$images ;; *) dir=$work/mnt-${dir#on-}/images ;; esac
	echo "$dir/$name"
}
life 100 local:0 1
life 100 local:0.25 1
life 101 local:0.25 0
life 102 on-ext4:0 1
life 103 on-ext4:0.25 1
life 104 on-btrfs:0 1
life 105 on-btrfs:0.25 1
life 106 on-btrfs:0 0
life 107 on-xfs:0 1
life 107 on-xfs:0.35 1
run 0 create 108 builtin:busybox --rootfs on-xfs:0.35
same "the storage's file system" "$(head -c 4 "$(path_of "$(id_of 108 rootfs)")")" XFSB
run 0 destroy 108

# ---- sizes, and what is asked wrongly ----

run 0 create 110 builtin:busybox --rootfs 0.125 --storage on-ext4 --mp0 0.0625,mp=/data --mp1 local:0,mp=/srv/x --mp2 local:0,mp=/srv
same "a size alone is of --storage" "$(id_of 110 rootfs)" "on-ext4:110/vm-110-disk-0.raw"
same "its size" "$(value 110 rootfs)" "on-ext4:110/vm-110-disk-0.raw,size=128M"
same "mp0" "$(value 110 mp0)" "on-ext4:110/vm-110-disk-1.raw,mp=/data,size=64M"
same "mp1" "$(value 110 mp1)" "local:110/subvol-110-disk-0.subvol,mp=/srv/x"
same "the image has it" "$(stat -c %s "$(path_of on-ext4:110/vm-110-disk-0.raw)")" $((128 << 20))
run 0 start 110
ok "df in it" inside 110 'df -k / | awk "END { exit !(\$2 > 90000 && \$2 < 131072) }"'
inside 110 'echo in >/srv/x/f' || true
same "a volume in another is mounted after it" "$(cat "$(path_of "$(id_of 110 mp1)")/f" 2>&1)" in
ok "df of mp0" inside 110 'df -k /data | awk "END { exit !(\$2 > 40000 && \$2 < 65536) }"'
same "all are root's" "$(inside 110 'stat -c %u:%g /data /srv/x' | xargs)" "0:0 0:0"
same "status has its size" "$(($("$pct" status 110 --verbose | awk '/^maxdisk/ { print $2 }') >> 20 > 90))" 1
ok "status has what is used" [ "$("$pct" status 110 --verbose | awk '/^disk:/ { print $2 }')" -gt 500000 ]
fails "it has no more" inside 110 'dd if=/dev/zero of=/data/full bs=1M count=80 2>/dev/null'
while IFS='|' read -r words text; do
	# shellcheck disable=SC2086 # several words
	run 1 set 110 $words
	said "$text"
done <<'E'
--mp5 nosuch:1,mp=/x|there is no storage 'nosuch'
--mp5 tank:1,mp=/x|storage 'tank' is of type 'zfs-by-another-name', which pct has no driver for
--mp5 far:1,mp=/x|storage 'far' is of type 'nfs', which pct does not mount
--mp5 isos:1,mp=/x|storage 'isos' is not for containers
--mp5 off:1,mp=/x|storage 'off' is disabled
--mp5 local:110/vm-110-disk-7.raw,mp=/x|CT 110: mp5: there is no volume 'local:110/vm-110-disk-7.raw'
--mp5 local:111/subvol-111-disk-0.subvol,mp=/x|belongs to CT 111
--mp5 on-ext4:110/vm-110-disk-1.raw,mp=/x|is its mp0
--mp5 local:110/../x,mp=/x|is no volume
--rootfs local:8|its rootfs is 'on-ext4:110/vm-110-disk-0.raw', and stays that
E
run 0 stop 110
run 0 set 110 --rootfs on-ext4:110/vm-110-disk-0.raw,ro=1
run 0 start 110
fails "its root can be read-only" inside 110 'touch /x'
run 0 stop 110
run 0 destroy 110
nothing_of 110

# ---- mp<n>: while it runs and not; unused<n>; freed ----

# Mounted on, and in, what the template has itself.
run 0 create 118 builtin:busybox --mp0 local:0,mp=/var --mp1 local:0,mp=/home/ann
run 0 mount 118
is "a volume below a folder of the template" "755 755 1777" \
	"$(cd "$PCT_ROOT/var/lib/pct/lxc/118/rootfs" && stat -c %a home var var/tmp | xargs)"
run 0 unmount 118
run 0 destroy 118

run 0 create 120 builtin:busybox --memory 128
run 0 start 120
for storage in local on-ext4 on-btrfs on-xfs; do
	for size in 0 0.35; do
		run 0 set 120 --mp0 "$storage:$size,mp=/m"
		same "nothing is pending" "$("$pct" pending 120 | grep -c ^new)" 0
		volume=$(id_of 120 mp0)
		ok "$storage:$size: it is there" [ -e "$(path_of "${volume%.raw}")" -o -e "$(path_of "$volume")" ]
		inside 120 'echo live >/m/f; chown 5:6 /m/f'
		same "$storage:$size: written in it" "$(inside 120 'cat /m/f; stat -c %u:%g /m/f' | xargs)" "live 5:6"
		run 0 set 120 --delete mp0
		fails "$storage:$size: it is off" inside 120 '[ -e /m/f ]'
		same "$storage:$size: it is unused" "$(value 120 unused0)" "$volume"
		run 0 stop 120
		run 0 set 120 --mp3 "$volume,mp=/again,ro=1"
		same "$storage:$size: it is unused no more" "$(value 120 unused0)" ""
		run 0 start 120
		same "$storage:$size: what was written" "$(inside 120 'cat /again/f; stat -c %u:%g /again/f' | xargs)" "live 5:6"
		fails "$storage:$size: it is read-only" inside 120 'touch /again/x'
		run 0 set 120 --delete mp3
		run 0 set 120 --delete unused0
		same "$storage:$size: it is unused no more" "$(value 120 unused0)" ""
		fails "$storage:$size: it is freed" ls "$(path_of "$volume")" "$(path_of "${volume%.raw}")"
		same "$storage:$size: no loop device is left" "$(loops)" 0
	done
done
# What cannot be mounted is not left.
run 1 set 120 --mp0 local:0.1,mp=/proc
same "nothing is named" "$(value 120 mp0)$(value 120 unused0)" ""
same "nothing is left of it" "$(ls "$images/120")" subvol-120-disk-0.subvol
run 0 set 120 --protection 1
run 1 set 120 --mp0 local:0,mp=/x
said "CT 120 is protected"
run 0 set 120 --delete protection
# Files go through it while it runs and when it does not.
run 0 set 120 --mp0 on-ext4:0.2,mp=/m
run 0 stop 120
volume=$(id_of 120 mp0)
run 0 set 120 --delete mp0
same "unused of a stopped one" "$(value 120 unused0)" "$volume"

# ---- destroy: its own, wherever; others' not ----

run 0 create 121 builtin:busybox --rootfs on-btrfs:0
run 0 set 120 --mp0 on-btrfs:0.1,mp=/m
sed -i "s|^mp0:.*|&\\nmp1: on-btrfs:121/subvol-121-disk-0.subvol,mp=/theirs|" "$confs/120.conf"
cp --sparse=always "$(path_of "$volume")" "$(dirname "$(path_of "$volume")")/vm-120-disk-7.raw"
run 0 destroy 120
said "the mp1 of CT 120 belongs to CT 121: it is kept"
ok "what is another's is there" [ -e "$(path_of "on-btrfs:121/subvol-121-disk-0.subvol")/bin/busybox" ]
nothing_of 120
for name in ext4 btrfs; do
	same "none is left on $name" "$(ls "$work/mnt-$name/images/120" 2>/dev/null)" ""
done
run 0 start 121
run 0 destroy 121 --force

# ---- confs from before: shifted on the disk, and without .subvol ----

run 0 create 130 builtin:busybox
mv "$images/130/subvol-130-disk-0.subvol" "$images/130/subvol-130-disk-0"
find "$images/130/subvol-130-disk-0" -exec chown -h 100000:100000 {} +
sed -i 's/^rootfs:.*/rootfs: local:130\/subvol-130-disk-0/' "$confs/130.conf"
run 0 start 130
same "words of start" "$(cat "$err")" ""
same "a shifted one" "$(inside 130 'stat -c %u:%g / /bin/busybox; touch /new' | xargs)" "0:0 0:0"
same "it is shifted still" "$(stat -c %u "$images/130/subvol-130-disk-0/new")" 100000
run 0 destroy 130 --force
nothing_of 130

# ---- what cannot be finished leaves nothing ----

truncate -s 40M "$work/small.img"
mkfs.ext4 -q "$work/small.img"
mkdir "$work/mnt-small"
mount -o loop "$work/small.img" "$work/mnt-small"
dd if=/dev/zero of="$work/mnt-small/full" bs=1M count=38 >/dev/null 2>&1 || true
printf 'dir: on-small\n\tpath %s\n' "$work/mnt-small" >>"$PCT_ROOT/etc/pct/storage.cfg"
run 1 create 140 builtin:busybox --rootfs on-small:0
nothing_of 140
run 1 create 140 builtin:busybox --mp0 on-small:0.03,mp=/x --rootfs local:0 --mp1 nosuch:1,mp=/y
nothing_of 140
same "nothing is left there" "$(ls "$work/mnt-small/images" 2>/dev/null)" ""
same "no loop device is left at the end" "$(loops)" 0

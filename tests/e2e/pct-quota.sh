#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Directories with a size, by project quotas of ext4 and xfs: df in the container, in force for it,
# larger and smaller, forgotten with the volume; also of overlay's. Where a file system has none
# that is said.
# shellcheck source=pct-lib
. "$(dirname "$0")/pct-lib"

mkdir -p "$PCT_ROOT/etc/pct" "$PCT_ROOT/disk"
cleanup_more()
{
	set +e
	"$pct" destroy 100 --force >/dev/null 2>&1
	"$pct" destroy 101 --force >/dev/null 2>&1
	umount "$PCT_ROOT/disk" 2>/dev/null
}
new_disk() # TYPE MKFS-OPTIONS...
{
	local type=$1

	shift
	umount "$PCT_ROOT/disk" 2>/dev/null || true
	rm -f "$PCT_ROOT/img"
	truncate -s 600M "$PCT_ROOT/img"
	"mkfs.$type" -q "$@" "$PCT_ROOT/img" 2>/dev/null &&
		mount -t "$type" -o loop,prjquota "$PCT_ROOT/img" "$PCT_ROOT/disk" 2>/dev/null &&
		mkdir -p "$PCT_ROOT/disk/d" "$PCT_ROOT/disk/o"
}
printf 'dir: quota\n\tpath %s/disk/d\n\noverlay: over\n\tpath %s/disk/o\n' "$PCT_ROOT" "$PCT_ROOT" \
	>"$PCT_ROOT/etc/pct/storage.cfg"
total() { inside "$1" "df -Pm / | awk 'NR == 2 { print \$2 }'"; }
limits() { repquota -P -n "$PCT_ROOT/disk" 2>/dev/null | awk '/^#[1-9]/ && $5 > 0' | wc -l; }

check_sizes() # TYPE
{
	run 0 create 100 builtin:busybox --rootfs quota:0.1
	same "$1: a size makes a directory" "$(grep ^rootfs: "$confs/100.conf")" \
		"rootfs: quota:100/subvol-100-disk-0.subvol,size=102M"
	run 0 start 100
	same "df in the container is its size" "$(total 100)" 102
	fails "more does not fit" inside 100 'dd if=/dev/zero of=/big bs=1M count=150'
	within "what fits is there" 90 103 "$(inside 100 'du -m /big' | awk '{ print $1 }')"
	run 0 resize 100 rootfs +60M
	same "it grows while it is in use" "$(total 100)" 162
	inside 100 'rm /big; dd if=/dev/zero of=/big bs=1M count=130 2>/dev/null'
	run 0 df 100 --output-format json
	within "pct df has the same" 161 163 "$(python3 -c '
import json, sys
print(json.load(sys.stdin)[0]["size"] >> 20)' <"$out")"
	run 1 resize 100 rootfs 50M
	like "less than is in it is refused" 'has 1[0-9]*.[0-9]M in it: it cannot have less' "$(cat "$err")"
	inside 100 'rm /big'
	run 0 resize 100 rootfs 80M
	same "it becomes smaller, too" "$(total 100)" 80
	run 0 stop 100
	run 0 rescan
	same "rescan finds nothing amiss" "$(cat "$out" "$err")" ""
	run 0 destroy 100
	if command -v repquota >/dev/null; then same "its limit is gone" "$(limits)" 0; fi

	run 0 create 100 builtin:busybox --rootfs over:0.1
	run 0 template 100
	run 0 clone 100 101
	run 0 start 101
	same "$1: a clone of an overlay has the size of its base" "$(total 101)" 102
	fails "… in force" inside 101 'dd if=/dev/zero of=/big bs=1M count=150'
	run 0 destroy 101 --force
	run 0 destroy 100

	# One that had no size.
	run 0 create 100 builtin:busybox --rootfs quota:0
	run 0 start 100
	inside 100 'dd if=/dev/zero of=/before bs=1M count=20 2>/dev/null'
	run 0 resize 100 rootfs 64M
	same "a directory gets a size later" "$(total 100)" 64
	fails "… and what was in it counts" inside 100 'dd if=/dev/zero of=/big bs=1M count=60'
	run 0 destroy 100 --force
}

if new_disk ext4 -O project,quota -E quotatype=prjquota; then
	check_sizes ext4
else
	skip "sizes on ext4" "this kernel has no project quotas for it"
fi
if command -v mkfs.xfs >/dev/null && new_disk xfs && mount | grep -q "$PCT_ROOT/disk.*prjquota"; then
	check_sizes xfs
else
	skip "sizes on xfs" "this kernel has no project quotas for it, or there is no mkfs.xfs"
fi
umount "$PCT_ROOT/disk" 2>/dev/null || true

# Without.
truncate -s 600M "$PCT_ROOT/plain.img"
mkfs.ext4 -q "$PCT_ROOT/plain.img"
mount -o loop "$PCT_ROOT/plain.img" "$PCT_ROOT/disk"
mkdir -p "$PCT_ROOT/disk/d" "$PCT_ROOT/disk/o"
run 0 create 100 builtin:busybox --rootfs quota:0.1
like "without quotas a size makes an image" 'vm-100-disk-0.raw' "$(grep ^rootfs: "$confs/100.conf")"
run 0 create 101 builtin:busybox --rootfs over:0.1
said "is a directory without a size: its ext4 has no project quotas: unmounted, 'tune2fs -O project,quota DEVICE', and mount it with 'prjquota'"
run 1 resize 101 rootfs 200M
said "is a directory, and has no size: its ext4 has no project quotas"
run 0 destroy 100
run 0 destroy 101

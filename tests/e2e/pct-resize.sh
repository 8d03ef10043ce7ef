#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# pct resize, df, fsck, fstrim, rescan, mount and unmount: images of ext4, xfs and btrfs, stopped
# and in use.
# shellcheck source=pct-lib
. "$(dirname "$0")/pct-lib"
needs "needs e2fsprogs, xfsprogs and btrfs-progs" eval 'command -v e2fsck mkfs.xfs mkfs.btrfs >/dev/null'

mine=$images/100
size_of() { pct df "$1" --output-format json | python3 -c '
import json, sys
for row in json.load(sys.stdin):
    if row["mp"] == "'"$2"'": print(row["size"] >> 20)'; } # VMID KEY: MiB
# The kernel gives them back a moment after the last mount is gone.
looped() { losetup -l -n -O BACK-FILE | grep -c "^$PCT_ROOT" || true; }
none_looped() { [ "$(looped)" = 0 ]; }
loops() { until_true 5 none_looped || true; looped; }
conf_size() { sed -n "s/^$2:.*size=\([^,]*\).*/\1/p" "$confs/$1.conf"; }
# An ext4 that is mounted grows only for who may use reserved blocks.
may_grow() { setpriv -d | grep -q 'Capability bounding set:.*sys_resource'; }

run 0 create 100 builtin:busybox --rootfs local:0.2 --mp0 local:0.1,mp=/data
for fs in xfs:320 btrfs:300; do
	truncate -s "${fs#*:}M" "$mine/vm-100-disk-9.raw"
	"mkfs.${fs%:*}" -q "$mine/vm-100-disk-9.raw" >/dev/null 2>&1
	mv "$mine/vm-100-disk-9.raw" "$mine/vm-100-disk-$([ "${fs%:*}" = xfs ] && echo 2 || echo 3).raw"
done
printf 'mp1: local:100/vm-100-disk-2.raw,mp=/xfs,size=320M\nmp2: local:100/vm-100-disk-3.raw,mp=/btrfs,size=300M\n' >>"$confs/100.conf"
run 0 set 100 --mp3 "$PCT_ROOT,mp=/host"

# --- df ---
run 0 df 100
same "df has a line for each, and its heading" "$(awk '{ print $1 }' "$out" | xargs)" "MP rootfs mp0 mp1 mp2 mp3"
same "… which ends in its place in the container" "$(awk '{ print $NF }' "$out" | xargs)" "Path / /data /xfs /btrfs /host"
within "it knows an image's size" 85 102 "$(size_of 100 mp0)"
ok "what was mounted for that is not any more" until_true 5 none_looped

# --- stopped ---
run 0 resize 100 mp0 +100M
same "its size is in the conf" "$(conf_size 100 mp0)" 202M
within "ext4 has grown, stopped" 180 202 "$(size_of 100 mp0)"
run 0 resize 100 mp0 202M
same "the same size again changes nothing" "$(conf_size 100 mp0)" 202M
run 0 resize 100 mp1 400M
within "xfs has grown" 320 400 "$(size_of 100 mp1)"
run 1 resize 100 mp0 100M
said "CT 100: mp0 has 202.0M, and an image cannot shrink: make a new, smaller volume and copy what is in it"
run 1 resize 100 mp7 1G
said "CT 100 has no mp7"
run 1 resize 100 mp3 1G
said "of the host, no volume"
run 2 resize 100 net0 1G
said "should be 'rootfs' or a mount point"
for size in 0 1X -1G +; do
	run 1 resize 100 mp0 -- "$size"
	said "should be a size, as 8G, or so much more, as +512M"
done
run 1 resize 100 mp0 1G --digest 0000000000000000000000000000000000000000
said "its config file was changed meanwhile"
sed -i 's/^\(mp0:.*\)/lock: backup\n\1/' "$confs/100.conf"
run 1 resize 100 mp0 1G
said "cannot resize CT 100: it is locked (backup)"
run 0 unlock 100
# Killed after the image has grown: said again, it goes on.
truncate -s 300M "$mine/vm-100-disk-1.raw"
run 0 resize 100 mp0 300M
within "a resize that was interrupted goes on" 270 300 "$(size_of 100 mp0)"

# --- in use ---
run 0 start 100
inside 100 'echo before >/xfs/f; echo before >/btrfs/f; echo before >/data/f'
run 0 resize 100 mp1 +100M
within "xfs grows while it is in use" 420 500 "$(inside 100 "df -Pm /xfs | awk 'NR == 2 { print \$2 }'")"
run 0 resize 100 mp2 +200M
within "… btrfs, too" 490 500 "$(inside 100 "df -Pm /btrfs | awk 'NR == 2 { print \$2 }'")"
if may_grow; then
	run 0 resize 100 rootfs +200M
	within "… ext4, too" 360 410 "$(inside 100 "df -Pm / | awk 'NR == 2 { print \$2 }'")"
else
	skip "ext4 grows while it is in use" "needs CAP_SYS_RESOURCE"
	run 1 resize 100 rootfs 400M
	said "its file system does not grow while it is mounted: stop the container, and say it again"
fi
same "what was in them is there" "$(inside 100 'cat /xfs/f /btrfs/f | xargs')" "before before"
run 0 df 100
same "df of a running container" "$(awk 'NR > 1 { print $1 }' "$out" | xargs)" "rootfs mp0 mp1 mp2 mp3"

# --- fstrim ---
inside 100 'dd if=/dev/zero of=/data/big bs=1M count=60 2>/dev/null; sync; rm /data/big; sync'
before=$(stat -c %b "$mine/vm-100-disk-1.raw")
run 0 fstrim 100
same "each image is trimmed" "$(sed 's/:.*//' "$out" | xargs)" "rootfs mp0 mp1 mp2"
within "what was freed is free on the host" 0 $((before - 100000)) "$(stat -c %b "$mine/vm-100-disk-1.raw")"
run 0 fstrim 100 --ignore-mountpoints --output-format json
same "its rootfs only, as JSON" "$(python3 -c 'import json, sys; print(*json.load(sys.stdin))' <"$out")" rootfs

# --- fsck ---
run 1 fsck 100
said "CT 100 runs"
run 0 stop 100
until_true 5 none_looped
run 0 resize 100 rootfs 450M
within "stopped it grows in any case" 400 450 "$(size_of 100 rootfs)"
until_true 5 none_looped
run 0 fsck 100
like "ext4 is checked" 'vm-100-disk-0.raw: clean' "$(cat "$out")"
run 0 fsck 100 --force --device mp0
like "… also if it is clean" 'vm-100-disk-1.raw: .*non-contiguous' "$(cat "$out")"
debugfs -w -R 'clri f' "$mine/vm-100-disk-1.raw" >/dev/null 2>&1
debugfs -w -R 'set_super_value state 2' "$mine/vm-100-disk-1.raw" >/dev/null 2>&1
"$pct" fsck 100 --device mp0 >"$out" 2>"$err" && status=0 || status=$?
like "what needs a decision is said, or mended" '^(0|1)$' "$status"
run 0 fsck 100 --device rootfs
run 1 fsck 100 --device mp3
said "its mp3 is no image"

# --- mount ---
root=$PCT_ROOT/var/lib/pct/lxc/100/rootfs
run 0 mount 100
same "it says where" "$(cat "$out")" "mounted CT 100 in '$root'"
same "its files are there, as it sees them" "$(stat -c %u "$root/etc" "$root/xfs/f" | xargs)" "0 0"
fails "… for root only" setpriv --reuid 65534 --clear-groups ls "$root"
like "without devices and setuid programs" 'nosuid,nodev' "$(grep " $root " /proc/self/mounts)"
same "its lock" "$(grep ^lock: "$confs/100.conf")" "lock: mounted"
run 1 set 100 --memory 100
said "its files are mounted; 'pct unmount 100' first"
run 1 fsck 100
like "fsck wants nobody to have it mounted" 'rootfs is mounted' "$(cat "$err")"
run 1 mount 100
said "'pct unmount 100' first"
(cd "$root/xfs" && run 1 unmount 100)
like "what is used stays" 'is used; leave it' "$(cat "$err")"
run 0 unmount 100
same "nothing is mounted any more" "$(grep -c " $root" /proc/self/mounts || true)" 0
run 1 unmount 100
said "CT 100 is not mounted"
ok "… nor has a loop device" until_true 5 none_looped
run 0 mount 100
echo host >"$root/xfs/host"
run 0 start 100
same "a start unmounts first" "$(grep -c " $root" /proc/self/mounts || true)" 0
same "… and has what was written, by its root" "$(inside 100 'cat /xfs/host; stat -c %u /xfs/host' | xargs)" "host 0"
same "… and no lock" "$(grep -c ^lock: "$confs/100.conf" || true)" 0
run 0 stop 100

# --- rescan ---
mkdir -p "$images/999"
mkdir "$mine/subvol-100-disk-7.subvol"
truncate -s 64M "$mine/vm-100-disk-8.raw"
truncate -s 1M "$images/999/vm-999-disk-0.raw"
printf 'dir: again\n\tpath %s/var/lib/pct\n' "$PCT_ROOT" >"$PCT_ROOT/etc/pct/storage.cfg"
sed -i '/^mp1:/s/size=.*/size=1G/' "$confs/100.conf"
was=$(cat "$confs/100.conf")
run 0 rescan --dryrun
same "a dry run changes nothing" "$(cat "$confs/100.conf")" "$was"
same "… and says what it would" "$(wc -l <"$out")" 3
run 0 rescan
said "volume 'again:999/vm-999-disk-0.raw' is of CT 999, which is not there"
same "the size is what it is" "$(conf_size 100 mp1)" 500M
same "what nobody named is unused" "$(grep -c '^unused[01]: .*:100/\(vm-100-disk-8.raw\|subvol-100-disk-7.subvol\)$' "$confs/100.conf")" 2
same "what one storage has under two names is there once" "$(grep -c ^unused "$confs/100.conf")" 2
run 0 rescan --vmid 100
same "once more finds nothing" "$(cat "$out")" ""
run 1 rescan --vmid 300
rm -r "$images/999"

run 0 destroy 100
nothing_of 100
same "no loop device is left" "$(loops)" 0

#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Backups of what lies in images, on btrfs, in several volumes; of a Debian; into repositories.
# shellcheck source=pct-lib
. "$(dirname "$0")/pct-lib"
needs "needs the package btrfs-progs" test -x /usr/bin/mkfs.btrfs -o -x /sbin/mkfs.btrfs

work=$PCT_ROOT/work
here=$(cd "$(dirname "$0")" && pwd)
mkdir "$work"
facts() { "$here/tree-facts" "$@"; }
# What a container itself sees of a path, which is all that can be compared of every storage.
seen() # VMID PATH
{
	"$pct" exec "$1" -- /bin/sh -c "cd $2 && find . -xdev | sort | while read -r f; do if [ -d \"\$f\" ]; then stat -c '%n %A %u:%g %Y' \"\$f\"; else stat -c '%n %A %u:%g %s %Y %h' \"\$f\"; fi; done; find . -xdev -type f | sort | while read -r f; do md5sum <\"\$f\"; done"
}

truncate -s 600M "$work/disk"
mkfs.btrfs -q "$work/disk" >/dev/null
mkdir "$work/btrfs"
mount -o loop "$work/disk" "$work/btrfs"
cleanup_more()
{
	local i

	for i in "$confs"/*.conf; do "$pct" destroy "$(basename "$i" .conf)" --force >/dev/null 2>&1; done
	umount "$work/btrfs"
}
run 0 storage add fast --type btrfs --path "$work/btrfs"

fill() # VMID
{
	inside "$1" 'mkdir -p /srv/d; echo root >/srv/d/f; ln /srv/d/f /srv/d/g; chown 7:8 /srv/d/f
		head -c 100000 /dev/urandom >/srv/d/r; ln -s f /srv/d/l'
	inside "$1" 'test ! -d /data || { echo data >/data/f; chown 9:9 /data/f; mkdir -m 700 /data/deep; echo x >/data/deep/x; }'
}

# ---- an xfs keeps in its journal what syncfs(2) does not take out: a snapshot has it all the same ----
if command -v mkfs.xfs >/dev/null && modinfo xfs >/dev/null 2>&1 || grep -qw xfs /proc/filesystems; then
	mkdir "$work/btrfs/x"
	run 0 storage add xfs --type btrfs --path "$work/btrfs/x" --fs xfs
	run 0 create 132 builtin:busybox --rootfs xfs:0.4
	run 0 start 132
	inside 132 'mkdir /w; i=0; while [ $i -lt 300 ]; do echo $i >/w/f$i; i=$((i+1)); done; mv /etc/passwd /etc/moved'
	run 0 backup 132
	same "xfs: all of it is in a backup while it runs" "$(tar --zstd -tf "$(cat "$out")" | grep -c '^\./w/f')" 300
	same "xfs: … and what was moved is where it is now" "$(tar --zstd -tf "$(cat "$out")" | grep -c '^\./etc/\(passwd\|moved\)$')" 1
	run 0 snapshot 132 one
	run 0 clone 132 133 --snapname one
	run 0 start 133
	same "xfs: a clone beside the one it is of" "$(inside 133 'ls /w | wc -l')" 300
	same "xfs: nothing stays frozen" "$(timeout 10 "$pct" exec 132 -- sh -c 'echo hi >/w/hi; sync; cat /w/hi')" hi
	run 0 destroy 133 --force
	run 0 destroy 132 --force
	run 0 storage remove xfs
else
	skip "backups of an xfs" "no mkfs.xfs, or a kernel without it"
fi

# ---- images: the file system that runs is the one that is packed ----
run 0 create 100 builtin:busybox --rootfs local:0.1 --mp0 local:0.1,mp=/data,backup=1 --mp1 local:0,mp=/none
run 0 start 100
fill 100
inside 100 'echo no >/none/no'
run 0 backup 100 --mode suspend
archive=$(cat "$out")
like "what has no backup=1 is not in it" 'mp1 .* is not in the backup' "$(cat "$err")"
tar --zstd -tf "$archive" >"$work/list" 2>/dev/null
same "nothing of it is" "$(grep -c 'none/no' "$work/list")" 0
same "the other volume is, at its place" "$(grep -c '^./data/f$' "$work/list")" 1
run 0 restore 101 "$archive"
same "its volumes, as large as they were" "$(grep -oE 'disk-[0-9]+\.raw.*size=.*' "$confs/101.conf")" \
	"$(grep -oE 'disk-[01]+\.raw.*size=.*' "$confs/100.conf")"
same "both of them" "$(grep -cE 'disk-[0-9]+\.raw.*size=' "$confs/101.conf")" 2
run 0 start 101
same "what it sees is the same" "$(seen 101 /srv/d)" "$(seen 100 /srv/d)"
same "in the other volume, too" "$(seen 101 /data)" "$(seen 100 /data)"
run 0 destroy 101 --force
run 0 restore 102 "$archive" --rootfs local:0
same "all in one, when only that is given" "$(cat "$images/102/subvol-102-disk-0.subvol/data/f")" data
same "and no other volume" "$(grep -c ^mp "$confs/102.conf")" 0
run 0 destroy 102
run 1 restore 102 "$archive" --mp0 local:1,mp=/data
nothing_of 102

# ---- snapshots ----
run 0 create 200 builtin:busybox --storage fast
run 0 start 200
fill 200
run 0 backup 200
archive=$(cat "$out")
like "from a snapshot" 'mode snapshot' "$(cat "$err")"
like "it stood still for a moment" 'stood still for [0-9]+ ms' "$(cat "$err")"
same "the snapshot is gone" "$("$pct" listsnapshot 200 | grep -c vzdump)" 0
same "it has no lock" "$(grep -cE '^(lock|parent)' "$confs/200.conf")" 0
run 0 restore 201 "$archive" --storage fast
run 0 start 201
same "what it sees is the same" "$(seen 201 /srv/d)" "$(seen 200 /srv/d)"
run 0 destroy 201 --force
head -c 60000000 /dev/urandom >"$work/big"
"$pct" push 200 "$work/big" /srv/big
for after in 0.3 1; do
	"$pct" backup 200 --bwlimit 500 >"$out" 2>"$err" &
	pid=$!
	sleep $after
	kill -9 $pid
	wait $pid 2>/dev/null || true
	until_true 20 sh -c "! grep -q '^lock' '$confs/200.conf' && ! [ -e '$PCT_ROOT/run/pct/backup/200' ]" ||
		flunk "not put right" "$(cat "$confs/200.conf")"
	same "killed after $after s: the snapshot is gone" "$("$pct" listsnapshot 200 | grep -c vzdump)" 0
done
run 0 backup 200

# ---- a Debian ----
if debian_tar debian-12 systemd,systemd-sysv,procps,dbus >"$work/why"; then
	run 0 create 300 "$B/debian-12.tar" --hostname deb --memory 512
	run 0 backup 300 --stdexcludes 0
	archive=$(cat "$out")
	run 0 restore 301 "$archive" --unique
	facts "$images/300/subvol-300-disk-0.subvol" | grep -v "^b'/etc' " >"$work/a"
	facts "$images/301/subvol-301-disk-0.subvol" | grep -v "^b'/etc' " >"$work/b"
	if diff "$work/a" "$work/b" >"$work/diff"; then
		pass "a Debian is the same ($(wc -l <"$work/a") files)"
	else
		flunk "a Debian is the same" "$(head "$work/diff")"
	fi
	run 0 start 301
	ok "and starts" until_true 60 inside 301 'case $(systemctl is-system-running) in running|degraded) ;; *) false ;; esac'
	run 0 destroy 301 --force
	run 0 destroy 300
else
	skip "a Debian" "mmdebstrap: $(cat "$work/why")"
fi

# ---- repositories ----
export RESTIC_PASSWORD=secret BORG_PASSPHRASE=secret BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK=yes
export RESTIC_CACHE_DIR=$work/cache BORG_BASE_DIR=$work/borgbase
repository() # KIND
{
	local r=$1:$work/$1 first

	run 0 backup 200 --repository "$r"
	first=$(cat "$out")
	used=$(du -sk "$work/$1" | cut -f1)
	sleep 1
	run 0 backup 200 --repository "$r"
	more=$(($(du -sk "$work/$1" | cut -f1) - used))
	within "$1: the second takes little more ($more of $used kB)" 0 8000 "$more"
	run 0 backup list 200 --repository "$r"
	same "$1: both are listed" "$(wc -l <"$out")" 2
	run 0 restore 400 "$first" --repository "$r"
	run 0 start 400
	same "$1: what it sees is the same" "$(seen 400 /srv)" "$(seen 200 /srv)"
	run 0 destroy 400 --force
	run 1 restore 400 vzdump-lxc-200-1999_01_01-00_00_00.tar --repository "$r"
	nothing_of 400
	run 0 backup 200 --repository "$r" --prune-backups keep-last=1
	run 0 backup list 200 --repository "$r"
	same "$1: one is kept" "$(wc -l <"$out")" 1
	run 0 backup verify --repository "$r"
	"$pct" backup 200 --repository "$r" --bwlimit 500 >"$out" 2>"$err" &
	pid=$!
	sleep 3
	kill -9 $pid
	wait $pid 2>/dev/null || true
	until_true 20 sh -c "! [ -e '$PCT_ROOT/run/pct/backup/200' ]" || flunk "$1: not put right"
	[ "$1" != restic ] || restic -q -r "$work/$1" unlock
	[ "$1" != borg ] || borg break-lock "$work/$1"
	run 0 backup list 200 --repository "$r"
	same "$1: one that was killed is none" "$(wc -l <"$out")" 1
}
if command -v restic >/dev/null; then
	restic -q -r "$work/restic" init >/dev/null
	repository restic
else
	skip "restic" "needs the package restic"
fi
if command -v borg >/dev/null; then
	borg init -e repokey "$work/borg" 2>/dev/null
	repository borg
else
	skip "borg" "needs the package borgbackup"
fi
run 1 backup 200 --repository "restic:$work/nothing"
[ ! -x /usr/bin/restic ] || like "one that is not there" "there is no restic repository in '$work/nothing'; 'restic init -r PATH' makes one" "$(cat "$err")"
same "no lock is left" "$(grep -c ^lock "$confs/200.conf")" 0

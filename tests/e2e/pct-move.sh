#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# pct move-volume: to another storage, between directories and images, and to another container;
# how far it is, for people and for programs.
# shellcheck source=pct-lib
. "$(dirname "$0")/pct-lib"

mkdir -p "$PCT_ROOT/etc/pct" "$PCT_ROOT/two"
printf 'dir: two\n\tpath %s/two\n' "$PCT_ROOT" >"$PCT_ROOT/etc/pct/storage.cfg"
key() { sed -n "s/^$2: //p" "$confs/$1.conf"; }
tree() { inside 100 "cd $1 && find . -xdev -exec stat -c '%n %F %u %g %a %s %h' {} + | grep -v '^\./lost+found\|^\. ' | sort; cat f"; }

run 0 create 100 builtin:busybox --mp0 local:0.1,mp=/data --mp1 local:0,mp=/dir
run 0 start 100
for d in /data /dir; do
	inside 100 "cd $d; echo hi >f; ln f hard; ln -s f soft; mkfifo pipe; mkdir -m 2770 sub; chown 12:34 sub f; chmod 4751 f; truncate -s 5M hole; dd if=/dev/urandom of=big bs=1M count=4 2>/dev/null"
done
data=$(tree /data) dir=$(tree /dir)
run 1 move-volume 100 mp0 two
said "CT 100 runs; 'pct stop 100' first: its mp0 is in use"
run 0 stop 100

run 0 move-volume 100 mp0 two
same "it is there" "$(key 100 mp0)" "two:100/vm-100-disk-0.raw,mp=/data,size=102M"
same "the old one is kept" "$(key 100 unused0)" "local:100/vm-100-disk-1.raw"
ok "… on its storage" test -e "$images/100/vm-100-disk-1.raw"
same "it is not locked" "$(key 100 lock)" ""
same "nothing is said without a terminal" "$(cat "$out" "$err")" ""
run 0 move-volume 100 mp1 two --delete --output-format json
same "a directory, too, without its old one" "$(key 100 mp1) $(key 100 unused1)" "two:100/subvol-100-disk-1.subvol,mp=/dir "
fails "… which is gone" test -e "$images/100/subvol-100-disk-2.subvol"
same "how far it is, for programs" "$(python3 -c '
import json, sys
rows = [json.loads(line) for line in sys.stdin]
print(rows[0]["work"], rows[0]["done"], rows[-1]["result"], rows[-1]["done"] > 4 << 20)' <"$out")" "copy mp1 0 ok True"
run 0 start 100
same "all that belongs to its files is there: image" "$(tree /data)" "$data"
same "… directory" "$(tree /dir)" "$dir"
same "a hole is one" "$(inside 100 'du -k /dir/hole' | awk '{ print $1 }')" 0
run 0 stop 100

# Back, with its rootfs.
run 0 move-volume 100 rootfs two --delete
run 0 start 100
same "a rootfs that was moved starts" "$(inside 100 'ls / | wc -l')" "$(inside 100 'ls / | wc -l')"
same "… and its root is root" "$(inside 100 'stat -c %u /etc')" 0
run 0 stop 100

# For people: a bar on a terminal, and nothing of it stays.
cat >"$PCT_ROOT/bar.py" <<'P'
import os, pty, sys
said = b""
pid, fd = pty.fork()
if pid == 0:
    os.execv(sys.argv[1], sys.argv[1:])
while True:
    try: part = os.read(fd, 4096)
    except OSError: break
    if not part: break
    said += part
sys.stdout.buffer.write(said)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
P
said=$(python3 "$PCT_ROOT/bar.py" "$pct" move-volume 100 mp0 local --delete --bwlimit 4096 | tr '\r' '\n')
like "a bar shows how far it is" 'copy mp0  \[#*-*\] +[0-9]+%  ' "$said"
same "… and goes at the end" "$(printf %s "$said" | tail -c 3 | od -An -c | tr -d ' ')" "033[K"

# What is refused.
run 1 move-volume 100 mp0 local
said "is on storage 'local' already"
run 1 move-volume 100 mp0 three
said "there is no storage 'three'"
run 1 move-volume 100 mp9 two
said "CT 100 has no mp9"
run 2 move-volume 100 mp0
said "give either a storage or the VMID of another container"
run 2 move-volume 100 net0 two
run 0 set 100 --protection 1
run 1 move-volume 100 mp0 two
said "CT 100 is protected"
run 0 set 100 --protection 0
run 1 move-volume 100 mp0 two --digest 0000000000000000000000000000000000000000
said "changed meanwhile"

# A storage that is full: all is as before.
truncate -s 20M "$PCT_ROOT/small.img"
mkfs.ext4 -q "$PCT_ROOT/small.img"
mkdir "$PCT_ROOT/small"
mount -o loop "$PCT_ROOT/small.img" "$PCT_ROOT/small"
cleanup_more() { set +e; umount "$PCT_ROOT/small" 2>/dev/null; [ ! -e "$confs" ] || sed -i "/^protection:/d; /^lock:/d" "$confs"/*.conf 2>/dev/null; }
printf '\ndir: small\n\tpath %s/small\n' "$PCT_ROOT" >>"$PCT_ROOT/etc/pct/storage.cfg"
was=$(cat "$confs/100.conf")
dd if=/dev/zero of="$PCT_ROOT/small/full" bs=1M count=14 2>/dev/null || true
run 1 move-volume 100 mp1 small
like "that there is no room is said" 'No space left' "$(cat "$err")"
same "… the conf is as before" "$(cat "$confs/100.conf")" "$was"
same "… and nothing is left there" "$(find "$PCT_ROOT/small" -name '*100*')" ""

# To another container.
run 0 create 101 builtin:busybox
run 1 move-volume 100 rootfs --target-vmid 101
said "a rootfs stays with its container"
run 0 move-volume 100 mp1 --target-vmid 101 --target-volume mp5
same "it is the other's" "$(key 101 mp5)" "two:101/subvol-101-disk-0.subvol,mp=/dir"
same "… and not this one's" "$(key 100 mp1)" ""
same "neither is locked" "$(key 100 lock)$(key 101 lock)" ""
run 0 move-volume 100 unused0 101
same "an unused one is unused there" "$(key 101 unused0)" "local:101/vm-101-disk-1.raw"
run 0 start 101
same "what was in it is in it" "$(inside 101 'cat /dir/f; stat -c %u:%g /dir/sub')" "hi
12:34"
run 1 move-volume 101 mp5 100
said "CT 101 runs"
run 0 stop 101
run 0 set 100 --mp5 local:0,mp=/five
run 1 move-volume 101 mp5 100
said "CT 100 has a mp5 already; give another --target-volume"
run 0 move_volume 101 mp5 100 mp6
same "the old name of the command, and words for options" "$(key 100 mp6)" "two:100/subvol-100-disk-0.subvol,mp=/dir"
run 0 rescan
same "rescan finds nothing amiss" "$(cat "$out" "$err")" ""

# Killed on its way to another container: whatever the moment, one of them has it after a rescan.
run 0 destroy 100
run 0 destroy 101
lost=
steps=0
if [ -x "$B/pct-die" ]; then
	for ((n = 1; n < 30; n++)); do
		code=0
		"$pct" create 100 builtin:busybox --mp0 two:0,mp=/data
		"$pct" create 101 builtin:busybox
		echo "number $n" >"$PCT_ROOT/two/images/100/subvol-100-disk-0.subvol/f"
		(PCT_STEP=$n "$B/pct-die" move-volume 100 mp0 101; exit $?) >/dev/null 2>&1 || code=$?
		"$pct" unlock 100 2>/dev/null || true
		"$pct" unlock 101 2>/dev/null || true
		"$pct" rescan >"$out" 2>"$err" || lost="$lost $n:rescan"
		names=$(cat "$confs"/10?.conf | grep -ho 'two:10[01]/[^,]*' || true)
		if [ "$(cat "$PCT_ROOT/two/images/${names#two:}/f" 2>&1)" != "number $n" ]; then lost="$lost $n"; fi
		"$pct" destroy 100
		"$pct" destroy 101
		steps=$n
		if [ $code = 0 ]; then break; fi
	done
	same "killed at each of $((steps - 1)) steps nothing is lost" "$lost" ""
	within "… and there are such" 5 28 $((steps - 1))
else
	skip "killed at each step" "pct-die is not built"
fi
same "nothing is left" "$(find "$PCT_ROOT/two/images" "$images" -mindepth 1)" ""

# What a container made of the lost+found of its own file system goes along, and stops nobody.
run 0 create 110 builtin:busybox --rootfs local:0.1 --mp0 local:0.1,mp=/data,backup=1
run 0 start 110
inside 110 'rmdir /data/lost+found; ln -s /etc /data/lost+found; echo hi >/data/f'
run 0 stop 110
run 0 move-volume 110 mp0 two
run 0 backup 110
archive=$(cat "$out")
run 0 restore 111 "$archive"
for id in 110 111; do
	run 0 start $id
	same "CT $id: its lost+found is what it made of it" "$(inside $id 'readlink /data/lost+found; cat /data/f')" "/etc
hi"
	run 0 destroy $id --force
done

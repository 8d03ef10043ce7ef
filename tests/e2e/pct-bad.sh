#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Used wrongly, or on what is not there: one line that says what to do, and nothing changed.
# shellcheck source=pct-lib
. "$(dirname "$0")/pct-lib"

run 0 create 100 builtin:busybox
before=$(cat "$confs/100.conf")

# exit code | words | what must be said
while IFS='|' read -r code words text; do
	# shellcheck disable=SC2086
	run "$code" $words
	said "$text"
done <<-'END'
	2||which command? 'pct help' lists them
	2|frobnicate|there is no command 'frobnicate'
	2|st 100|'st' may be start, startall, status, stop, stopall
	2|start|needs <vmid>
	2|start 99|'99' is not a VMID: a number from 100 to 999999999
	2|start 100x|'100x' is not a VMID
	2|start 0100|'0100' is not a VMID
	2|start 1000000000|'1000000000' is not a VMID
	2|start 100 101|'101' is one word too many
	2|start 100 --force|there is no option '--force'
	2|list 100|'100' is one word too many
	2|status 100 --verbose=2|verbose: '2' is neither 1 (on, yes, true) nor 0
	2|create 101|needs <vmid> <template>
	2|create 101 builtin:busybox --memory|memory: needs a value
	2|create 101 builtin:busybox --memory 8|memory: '8' is not a whole number from 16
	2|create 101 builtin:busybox --memory 1G|memory: '1G' is not a whole number
	2|create 101 builtin:busybox --cores 0|cores: '0' is not a whole number from 1 to 8192
	2|create 101 builtin:busybox --cpulimit -1|cpulimit: '-1' is not a number from 0 to 8192
	2|create 101 builtin:busybox --hostname a_b|hostname: 'a_b' is not a host name
	2|create 101 builtin:busybox --ostype dos|ostype: 'dos' is none of: alpine
	2|create 101 builtin:busybox --memory 8 --cores x|memory: '8'
	2|create 101 builtin:busybox --memory 8 --cores x|cores: 'x'
	2|create 101 builtin:busybox --rootfs /|rootfs: volume:
	2|create 101 builtin:busybox --memory 8|; see 'pct help create'
	2|create 101 builtin:busybox --unprivileged maybe|unprivileged: 'maybe' is neither 1 (on, yes, true) nor 0
	2|frobnicate|; see 'pct help'
	2|exec 100|needs <vmid> -- <command>
	2|help frobnicate|there is no command 'frobnicate'
	1|start 101|CT 101 does not exist; 'pct list' shows those that do
	1|stop 101|CT 101 does not exist
	1|status 101|CT 101 does not exist
	1|config 101|CT 101 does not exist
	1|destroy 101|CT 101 does not exist
	1|exec 101 true|CT 101 does not exist
	1|stop 100|CT 100 does not run
	1|exec 100 true|CT 100 does not run; 'pct start 100' starts it
	1|create 100 builtin:busybox|CT 100 already exists; take another VMID
	1|create 101 builtin:windows|there is no template 'builtin:windows'; 'pct help' lists them
	1|create 101 /no/such.tar|there is no template '/no/such.tar'
	1|create 101 /etc|template '/etc' is not a file
	1|create 101 /dev/null|template '/dev/null' is not a file
	1|create 101 /etc/passwd|template '/etc/passwd' is damaged, or no tar
END

same "the container that was there" "$(cat "$confs/100.conf")" "$before"
nothing_of 101
same "confs" "$(ls -A "$confs")" 100.conf

# An option cannot bring a line of its own into the file.
run 2 create 101 builtin:busybox --hostname $'a\nlxc.hook.start: /bin/false'
said "hostname: control characters are not allowed"
run 0 create 101 builtin:busybox --description $'x\nmemory: 1\nlxc.hook.start: /bin/false'
same "lines that are no comment" "$(grep -c -v '^#' "$confs/101.conf")" \
	"$(grep -c '^[a-z]*: ' "$confs/101.conf")"
run 0 config 101
same "the note" "$(grep ^description "$out")" \
	"description: x%0Amemory%3A 1%0Alxc.hook.start%3A /bin/false%0A"

# A conf that was edited by hand.
echo "cores: lots" >>"$confs/101.conf"
run 1 start 101
said "CT 101: its config's 'cores' cannot be used: 'lots'"
echo "protection: 1" >>"$confs/101.conf"
run 1 destroy 101
said "CT 101 is protected; 'pct set 101 --protection 0' first"
run 1 set 101 --mp0 /srv,mp=/x
said "set: mp0: CT 101 is protected; 'pct set 101 --protection 0' first"
run 1 set 101 --delete mp0
said "set: mp0: CT 101 is protected"
run 0 set 101 --protection 0
run 2 set 101 --unprivileged 0
said "set: unprivileged: CT 101 was made with '1', and its files belong to the ids of that"
run 0 set 101 --unprivileged 1
echo "lock: backup" >>"$confs/101.conf"
run 1 start 101
said "cannot start CT 101: it is locked (backup)"
run 1 destroy 101
said "cannot destroy CT 101: it is locked (backup); wait for that to end, or 'pct unlock 101'"
sed -i '/^lock/d; s/^rootfs:.*/rootfs: other:101\/x/' "$confs/101.conf"
run 1 start 101
said "CT 101: its rootfs 'other:101/x' is on no storage pct knows"
sed -i 's/^rootfs:.*/rootfs: local:101\/subvol-101-disk-0.subvol/' "$confs/101.conf"

# Something is mounted in it: nothing is removed.
mkdir -p "$images/101/subvol-101-disk-0.subvol/mnt"
mount -t tmpfs none "$images/101/subvol-101-disk-0.subvol/mnt"
run 1 destroy 101
said "is mounted: unmount it first"
[ -e "$images/101/subvol-101-disk-0.subvol/bin/busybox" ] || flunk "files are gone"
umount "$images/101/subvol-101-disk-0.subvol/mnt"
run 0 destroy 101
nothing_of 101

# Its rootfs was edited to something else: what pct made is removed, the rest is not touched.
run 0 create 104 builtin:busybox
mine=$images/104/subvol-104-disk-0.subvol
mkdir -p "$PCT_ROOT/else/where" "$images/104/subvol-104-disk-12.subvol/a"
for rootfs in /etc "$PCT_ROOT/else" "dir:$PCT_ROOT/else" local:100/subvol-100-disk-0.subvol \
	      local:104/../100/subvol-100-disk-0.subvol ""; do
	[ -e "$confs/104.conf" ] || run 0 create 104 builtin:busybox
	sed -i '/^rootfs/d' "$confs/104.conf"
	[ -z "$rootfs" ] || echo "rootfs: $rootfs" >>"$confs/104.conf"
	run 0 destroy 104
	[ -z "$rootfs" ] || said "it is kept"
	nothing_of 104
done
ok "what is elsewhere is there" [ -d "$PCT_ROOT/else/where" ]
ok "the other container's root is there" \
	[ -e "$images/100/subvol-100-disk-0.subvol/bin/busybox" ]

# In its directory, but not by its name.
run 0 create 104 builtin:busybox
sed -i 's/^rootfs:.*/rootfs: \/etc/' "$confs/104.conf"
mkdir "$images/104/subvol-104-disk-x.subvol" "$images/104/subvol-100-disk-0.subvol"
run 0 destroy 104
ok "said what to do" grep -q "move or remove it before you create another CT 104" "$err"
fails "the volume is gone" [ -e "$mine" ]
same "what is kept" "$(ls "$images/104" | sort | tr '\n' ' ')" \
	"subvol-100-disk-0.subvol subvol-104-disk-x.subvol "
rm -r "${images:?}/104"

# Links in the way are not followed, whatever the conf names.
behind=$PCT_ROOT/else/subvol-104-disk-0.subvol
mkdir -p "$behind/x"
for rootfs in /etc local:104/subvol-104-disk-0.subvol; do
	run 0 create 104 builtin:busybox
	rm -r "${images:?}/104"
	ln -s "$PCT_ROOT/else" "$images/104"
	sed -i "s|^rootfs:.*|rootfs: $rootfs|" "$confs/104.conf"
	run 0 destroy 104
	ok "behind a link to all volumes nothing is gone" [ -d "$behind/x" ]
	rm "$images/104"
	run 0 create 104 builtin:busybox
	rm -r "$mine"
	ln -s "$behind" "$mine"
	sed -i "s|^rootfs:.*|rootfs: $rootfs|" "$confs/104.conf"
	run 0 destroy 104
	ok "behind a link to one nothing is gone" [ -d "$behind/x" ]
	nothing_of 104
done

# Files in the way.
mkdir -p "$images/102"
run 1 create 102 builtin:busybox
said "'$images/102' is in the way and belongs to no container"
rmdir "$images/102"
nothing_of 102

# A root that an unprivileged container could not get through.
mkdir -m 700 "$PCT_ROOT/closed"
PCT_ROOT=$PCT_ROOT/closed run 1 create 100 builtin:busybox
said "'$PCT_ROOT/closed' must be searchable by all"
PCT_ROOT=relative run 1 list
said "PCT_ROOT 'relative' must be a path that begins with '/'"

# Without root.
if command -v setpriv >/dev/null; then
	got=0
	setpriv --reuid 65534 --regid 65534 --clear-groups "$pct" create 103 builtin:busybox \
		2>"$err" || got=$?
	same "exit without root" "$got" 1
	said "create: only root may do this; try 'sudo pct create ...'"
fi

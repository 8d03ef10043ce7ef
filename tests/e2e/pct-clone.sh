#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# pct clone, pct template: a container once more, with all that belongs to its files; on a
# directory, on images, on btrfs, and from one to the other.
# shellcheck source=pct-lib
. "$(dirname "$0")/pct-lib"
# shellcheck source=pct-disk-lib
. "$(dirname "$0")/pct-disk-lib"
needs "needs the package btrfs-progs" [ -x /usr/sbin/mkfs.btrfs ]
needs "needs python3" python3 -c pass
diff=$TOP/tests/e2e/tree-diff
conf_value() { sed -n "/^\[/q; s/^$2: //p" "$confs/$1.conf"; }
files_of() { conf_value "$1" rootfs | sed "s|^local:|$images/|; s|,.*||"; } # VMID

# What a file system can have in it.
fill() # DIRECTORY
{
	(
		cd "$1"
		mkdir -p nasty/a/b "nasty/with
newline" nasty/empty
		chmod 1777 nasty/a
		head -c 300000 /dev/urandom >nasty/a/file
		ln nasty/a/file nasty/a/b/same
		ln nasty/a/file nasty/again
		: >nasty/a/empty-file
		truncate -s 100M nasty/sparse
		printf middle | dd of=nasty/sparse bs=1 seek=50000000 conv=notrunc status=none
		printf end >>nasty/sparse
		truncate -s 1T nasty/huge-hole
		ln -s ../../../../etc/shadow nasty/out
		ln -s nowhere nasty/dangling
		ln nasty/dangling nasty/dangling2
		mkfifo -m 0604 nasty/fifo
		python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind("nasty/socket")'
		mknod -m 0640 nasty/null c 1 3
		cp /bin/busybox nasty/setuid
		chown 1000:2000 nasty/setuid
		chmod 6755 nasty/setuid
		cp /bin/busybox nasty/capable
		setcap cap_net_raw+ep nasty/capable
		setfattr -n user.note -v hello nasty/a/file
		setfattr -n trusted.note -v "$(head -c 3000 /dev/zero | tr '\0' x)" nasty/a/file
		setfattr -h -n trusted.link -v 1 nasty/dangling
		setfacl -m u:1234:rx,g:99:w nasty/a/empty-file
		setfacl -d -m u:4321:rwx nasty/a/b
		chown -h 77:88 nasty/out
		chmod 0 nasty/again
		touch -d '1999-12-31 23:59:59.123456789' nasty/a/file
		touch -h -d '2001-01-01 00:00:00.5' nasty/out
		chattr +i nasty/capable
		long=nasty
		for i in $(seq 60); do long=$long/$(printf 'd%.0s' $(seq 30)); done
		mkdir -p "$long"
		echo deep >"$long/file"
		touch -d 2002-02-02 nasty
	)
}

# is_clone FROM TO: the same files, but what is a clone's own.
is_clone()
{
	local said

	if said=$("$diff" --ignore etc/machine-id --ignore etc --ignore var/lib/dbus "$1" "$2" 2>&1); then
		pass "$3: ${said##*$'\n'}"
	else
		flunk "$3" "$(head -20 <<<"$said")"
	fi
}

run 0 create 100 builtin:busybox --memory 64 --net0 name=eth0,hwaddr=BC:24:11:00:00:07 --description "first" --tags a
root=$(files_of 100)
fill "$root"
echo 0123456789abcdef0123456789abcdef >"$root/etc/machine-id"
mkdir -p "$root/var/lib/dbus"
cp "$root/etc/machine-id" "$root/var/lib/dbus/machine-id"

run 0 clone 100 101
is_clone "$root" "$(files_of 101)" "a full clone on a directory has all its files"
same "its machine id is forgotten" "$(cat "$(files_of 101)/etc/machine-id")" ""
fails "D-Bus' likewise" [ -e "$(files_of 101)/var/lib/dbus/machine-id" ]
same "the other keeps its own" "$(cat "$root/etc/machine-id")" 0123456789abcdef0123456789abcdef
same "its name is its own" "$(conf_value 101 hostname)" CT101
same "its note and tags are the other's" "$(sed -n 's/^#//p' "$confs/101.conf") $(conf_value 101 tags)" "first a"
like "its MAC address is its own" 'hwaddr=BC:24:11:' "$(conf_value 101 net0)"
fails "... not the other's" grep -q 00:00:07 "$confs/101.conf"
same "it is not locked" "$(conf_value 101 lock)" ""
run 0 start 101
same "it runs" "$("$pct" exec 101 -- hostname)" CT101
run 0 stop 101

run 1 clone 100 101
said "CT 101 already exists"
run 2 clone 100 100
said "cannot be a clone of itself"
run 2 clone 100 banana
said "is no VMID"
run 1 clone 100 102 --snapname never
said "has no snapshot 'never'"
run 1 clone 100 102 --storage nowhere
nothing_of 102
run 0 start 100
run 1 clone 100 102
said "can only be copied while it does not"
run 0 stop 100
nothing_of 102

# Never finished: nothing is left, and the next one can be.
(PCT_STEP=20 "$B/pct-die" clone 100 102 || true) >/dev/null 2>&1
run 1 clone 100 102
said "was never finished"
run 0 destroy 102
nothing_of 102

# Elsewhere: an image, and btrfs.
mkdir -p "$PCT_ROOT/etc/pct"
disk_make btrfs 1G "$PCT_ROOT/fast"
printf 'btrfs: fast\n\tpath %s\n\tcontent rootdir\n' "$PCT_ROOT/fast" >>"$PCT_ROOT/etc/pct/storage.cfg"
run 0 clone 100 103 --storage fast --hostname other
fast() { conf_value "$1" rootfs | sed "s|^fast:|$PCT_ROOT/fast/images/|; s|,.*||"; }
is_clone "$root" "$(fast 103)" "a full clone from a directory to btrfs has all its files"
same "its name is as asked" "$(conf_value 103 hostname)" other
# One time of three, on a machine that has other things to do.
for i in 1 2 3; do
	start=${EPOCHREALTIME/./}
	run 0 clone 103 104
	took=$(((${EPOCHREALTIME/./} - start) / 1000))
	echo "# a full clone on btrfs: $took ms"
	if [ $took -lt 1000 ] || [ $i = 3 ]; then break; fi
	chattr -i "$(fast 104)/nasty/capable"
	run 0 destroy 104
done
within "on btrfs a full clone is there at once, ms" 0 1000 "$took"
is_clone "$(fast 103)" "$(fast 104)" "... with all its files"
chattr -i "$(fast 103)/nasty/capable"
run 0 destroy 103
run 0 start 104
same "... and needs the other not" "$("$pct" exec 104 -- cat /nasty/"$(printf "$(printf 'd%.0s' $(seq 30))/%.0s" $(seq 60))"file)" deep
run 0 clone 104 105
run 0 stop 104
like "it is cloned while it runs" '^rootfs: fast:105/' "$(cat "$confs/105.conf")"

run 0 template 104
same "a template is one" "$(conf_value 104 template)" 1
like "its volume is a base" '^fast:104/base' "$(conf_value 104 rootfs)"
run 1 start 104
said "is a template"
run 1 template 104
said "is a template already"
run 1 snapshot 104 nope
said "is a template"
run 0 clone 104 106
run 0 start 106
run 0 exec 106 -- touch /written
fails "what a clone writes is not in its template" [ -e "$(fast 104)/written" ]
run 2 clone 104 107 --full 0 --storage local
run 0 clone 104 107 --full --storage local
is_clone "$(fast 104)" "$(files_of 107)" "a full clone from btrfs to a directory has all its files"
same "nothing is mounted any more that was for that" "$(disk_left)" ""

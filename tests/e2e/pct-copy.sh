#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# push and pull: files, trees, owners, holes; and containers that would have us write elsewhere.
# shellcheck source=pct-lib
. "$(dirname "$0")/pct-lib"
needs "needs /dev/fuse" [ -e /dev/fuse ]

run 0 create 100 builtin:busybox
run 0 create 101 builtin:busybox --unprivileged 0
run 0 start 100
run 0 start 101
T=$PCT_ROOT/here
mkdir "$T"

in100() { "$pct" exec 100 -n -- sh -c "$1"; }
stat_in() { "$pct" exec "$1" -n -- stat -c "$3" "$2"; }

# One file there and back, in CT $1 whose root is $2 on the host.
one_file()
{
	echo words >"$T/f"
	chmod 640 "$T/f"
	touch -d '2020-02-03 04:05:06' "$T/f"
	run 0 push "$1" "$T/f" /root/f
	same "no words" "$(cat "$out" "$err")" ""
	same "text" "$("$pct" exec "$1" -n -- cat /root/f)" words
	same "owner, mode and time of a new file" "$(stat_in "$1" /root/f '%u:%g %a %Y')" "0:0 640 $(stat -c %Y "$T/f")"
	same "its owner on the disk" "$(stat -c %u "$images/$1/subvol-$1-disk-0.subvol/root/f")" "$2"
	run 0 push "$1" "$T/f" /root/f --user nobody --group 5 --perms 4711
	same "as told, by a name of the container" "$(stat_in "$1" /root/f '%u:%g %a')" "65534:5 4711"
	echo other >"$T/f"
	run 0 push "$1" "$T/f" root/f
	same "one that was there keeps owner and mode" "$(stat_in "$1" /root/f '%u:%g %a')" "65534:5 4711"
	same "and has new text" "$("$pct" exec "$1" -n -- cat /root/f)" other
	run 0 pull "$1" /root/f "$T/back"
	same "back again" "$(cat "$T/back")" other
	same "on the host it is the caller's, and nobody's by setuid" "$(stat -c '%u:%g %a' "$T/back")" "0:0 711"
	chmod 600 "$T/back"
	chown 7:8 "$T/back"
	run 0 pull "$1" root/f "$T/back"
	same "one that was there keeps owner and mode here too" "$(stat -c '%u:%g %a' "$T/back")" "7:8 600"
	run 0 pull "$1" /root/f "$T/back" --user daemon --group 9 --perms 0604
	same "as told, by a name of the host" "$(stat -c '%U:%g %a' "$T/back")" "daemon:9 604"
	run 0 push "$1" "$T/f" /tmp
	same "into a directory by its name" "$("$pct" exec "$1" -n -- cat /tmp/f)" other
	rm "$T/f" "$T/back"
}
one_file 100 0
one_file 101 0

# stdin and stdout.
same "stdin" "$(head -c 100000 /dev/zero | "$pct" push 100 - /root/zero; stat_in 100 /root/zero '%s %a')" "100000 644"
run 0 pull 100 /etc/inittab -
same "stdout" "$(cat "$out")" "$(in100 'cat /etc/inittab')"
{ echo before; "$pct" pull 100 /etc/inittab -; echo after; } >"$T/appended"
same "stdout among others' words" "$(sed -n '1p; $p' "$T/appended" | tr '\n' ' ')" "before after "
run 1 pull 100 /etc - -r
said "only one file goes to stdout, no tree"
run 0 pull 100 /proc/meminfo -
same "a file without a size" "$(awk '/^MemTotal/ { print $2 }' "$out")" 524288

# Refusals.
echo x >"$T/f"
run 1 push 100 "$T/none" /root/
said "read '$T/none': No such file or directory"
run 1 push 100 "$T/f" /none/f
said "write '/none/f': No such file or directory"
run 1 push 100 "$T/f" /none/
said "find the directory '/none/': No such file or directory"
run 1 push 100 "$T" /root
said "'$T' is a directory; --recursive copies all of it"
run 1 pull 100 /etc "$T"
said "'/etc' is a directory; --recursive copies all of it"
run 1 push 100 "$T/f" /root/x --user nosuch
said "there is no user 'nosuch' in the container"
run 1 pull 100 /etc/inittab "$T/x" --user nosuch
said "there is no user 'nosuch' on this host"
run 2 push 100 "$T/f" /x --perms 0888
said "perms: '0888' is not octal permissions: 0644"
run 1 push 100 "$T/f" /proc/sys/kernel/hostname
run 1 push 102 "$T/f" /x
said "CT 102 does not exist; 'pct list' shows those that do"
run 1 push 100 "$T/f" /dev/null
said "'null' is neither a file nor a link there; remove it first"

# A tree there and back.
mkdir -p "$T/tree/a/b/c" "$T/tree/empty"
echo 1 >"$T/tree/a/1"
echo 2 >"$T/tree/a/b/c/-two words"
printf 'x' >"$T/tree/new
line"
ln -s 1 "$T/tree/a/link"
ln -s /nowhere/at/all "$T/tree/dangling"
mkfifo "$T/tree/fifo"
truncate -s 3G "$T/tree/sparse"
printf 'in it' | dd of="$T/tree/sparse" bs=1 seek=1500000000 conv=notrunc status=none
chmod 555 "$T/tree/a/b"
chmod 600 "$T/tree/a/1"
touch -d '2019-01-01' "$T/tree/a/b/c" "$T/tree/a"
run 0 push 100 "$T/tree" /root/ --recursive
said "'$T/tree/fifo' is a FIFO: left out"
same "holes stay holes" "$(in100 'set -- $(du -k /root/tree/sparse); [ $1 -lt 100 ] && echo yes')" yes
run 0 pull -r 100 /root/tree "$T/back"
rm "$T/tree/fifo"
same "all of it comes back" "$(diff -r --no-dereference "$T/tree" "$T/back" 2>&1)" ""
same "modes and times" "$(cd "$T/back" && find . -not -type l -not -name tree | sort | xargs -d '\n' stat -c '%n %a' 2>&1 | md5sum)" \
	"$(cd "$T/tree" && find . -not -type l -not -name tree | sort | xargs -d '\n' stat -c '%n %a' 2>&1 | md5sum)"
same "times of directories" "$(stat -c %Y "$T/back/a/b/c" "$T/back/a")" "$(stat -c %Y "$T/tree/a/b/c" "$T/tree/a")"
same "holes here too" "$(du -k "$T/back/sparse" | awk '{ print $1 < 100 }')" 1
run 0 push 100 "$T/tree" /root/ -r --user nobody --group nogroup --perms 640
same "owners of a tree" "$(in100 'find /root/tree ! -user nobody')" ""
same "files and directories" "$(stat_in 100 /root/tree/a/1 %a) $(stat_in 100 /root/tree/a %a)" "640 750"

# Ten thousand.
mkdir "$T/many"
(cd "$T/many" && seq 10000 | xargs touch)
run 0 push 100 "$T/many" /root -r
same "ten thousand files" "$(in100 'ls /root/many | wc -l')" 10000
run 0 pull 100 /root/many "$T/many2" -r
same "and back" "$(find "$T/many2" -type f | wc -l)" 10000

# Links of the container's are followed, there.
echo host >"$PCT_ROOT/victim"
in100 "mkdir -p $PCT_ROOT; ln -s $PCT_ROOT/victim /root/out; ln -s $PCT_ROOT /root/outdir"
run 0 push 100 "$T/f" /root/out
same "a link leads to a place in the container" "$(in100 "cat $PCT_ROOT/victim")" x
same "and not to the host's" "$(cat "$PCT_ROOT/victim")" host
run 0 push 100 "$T/f" /root/outdir/victim2
ok "nor does one to a directory" test ! -e "$PCT_ROOT/victim2"
run 0 push 100 "$T/f" /root/../../../../../../tmp/up
ok "the way up ends at its root" in100 'test -e /tmp/up'
in100 'ln -s /etc/shadow-of-host /root/tree/a/zz; ln -s /root /root/tree/dirlink'
rm -rf "$T/back"
run 0 pull 100 /root/tree "$T/back" -r
same "links come as links" "$(readlink "$T/back/dirlink") $(readlink "$T/back/a/zz")" "/root /etc/shadow-of-host"
# A link that an earlier pull has brought is not written through.
in100 "rm -rf /root/t2; mkdir /root/t2; ln -s $PCT_ROOT/victim /root/t2/x; ln -s $PCT_ROOT /root/t2/d"
run 0 pull 100 /root/t2 "$T/t2" -r
in100 'rm /root/t2/x /root/t2/d; echo evil >/root/t2/x; mkdir /root/t2/d; echo evil >/root/t2/d/victim'
run 1 pull 100 /root/t2 "$T" -r
said "'d' is there already, and no directory"
same "nothing is written through a link" "$(cat "$PCT_ROOT/victim")" host
in100 'rm -r /root/t2/d'
run 0 pull 100 /root/t2 "$T" -r
same "a link in the way is replaced" "$(cat "$T/t2/x"; test -L "$T/t2/x" || echo file)" "evil
file"

# What is no file.
in100 'mkfifo /root/fifo; ln -s /root/fifo /root/tofifo; ln -s /root/loop /root/loop'
for name in fifo tofifo; do
	run 1 pull 100 /root/$name "$T/x"
	said "'/root/$name' is a FIFO; only files, directories and links are copied"
done
run 1 pull 100 /root/loop "$T/x"
said "read '/root/loop': Too many levels of symbolic links"
run 1 push 100 "$T/f" /root/loop
run 1 push 100 "$T/f" /root/fifo
ok "nothing is left of what failed" test ! -e "$T/x"
same "there neither" "$(in100 'find / -xdev -name ".pct-*"')" ""

# Deeper than anyone needs.
in100 'mkdir /root/deep; cd /root/deep; i=0; while [ $i -lt 300 ]; do mkdir d; cd d; i=$((i+1)); done; echo end >f'
run 1 pull 100 /root/deep "$T/deep" -r
same "as deep as it goes" "$(find "$T/deep" -type d | wc -l)" 256
in100 'rm -rf /root/deep'

# A tree that changes all the while: every name is at times a file, a link out, a FIFO, a directory.
"$pct" exec 100 -n -- sh -c "mkdir /root/swap; cd /root/swap; echo \$\$ >/root/pid; while :; do
	for n in 1 2 3 4 5 6 7 8; do
		rm -rf \$n; echo data >\$n; rm -rf \$n; ln -s $PCT_ROOT/victim \$n
		rm -rf \$n; mkfifo \$n; rm -rf \$n; mkdir \$n; ln -s / \$n/root; echo in >\$n/victim
	done; done" &
swapper=$!
until_true 5 "$pct" exec 100 -n -- test -d /root/swap/3 || true
hung=0
for i in 1 2 3 4 5 6 7 8 9 10; do
	rm -rf "$T/swap"
	timeout -s KILL 200 "$pct" pull 100 /root/swap "$T/swap" -r >/dev/null 2>&1 </dev/null || [ $? != 137 ] || hung=1
	timeout -s KILL 200 "$pct" push 100 "$T/f" "/root/swap/$((i % 8 + 1))" >/dev/null 2>&1 || [ $? != 137 ] || hung=1
	if find "$T/swap" -type p | grep -q . || grep -rqs host "$T/swap"; then hung=2; fi
done
same "a tree that changes: no hang, nothing of the host's" $hung 0
same "and the host's file is what it was" "$(cat "$PCT_ROOT/victim")" host
in100 'kill -9 $(cat /root/pid)'
wait $swapper || true

# A failed copy leaves what was there before.
in100 'mkdir /root/small; mount -t tmpfs -o size=64k none /root/small' || true
echo before >"$T/g"
"$pct" exec 100 -n -- grep -q /root/small /proc/mounts || skip "a full file system" "no tmpfs in the container"
head -c 1000000 /dev/zero >"$T/large"
# The mount is in no other process's view but the container's own.
run 0 push 100 "$T/g" /root/small/file
run 1 push 100 "$T/large" /root/small/file
said "copy 'file': No space left on device"
same "what was there is there" "$(in100 'cat /root/small/file; ls -A /root/small')" "before
file"

# Interrupted, when there is a part of it.
half() { in100 'find /root -name ".pct-*" -size +0 | grep -q .'; }
in100 'mkfifo /root/never'
mkfifo "$T/slow"
"$pct" push 100 - /root/half <"$T/slow" 2>"$err" &
pid=$!
exec 8>"$T/slow"
head -c 200000 /dev/zero >&8
until_true 5 half
kill -INT $pid 2>/dev/null || true
kill -TERM $pid
got=0
wait $pid || got=$?
same "interrupted" $got 1
said "interrupted; what was only half copied is removed"
exec 8>&-
same "nothing is left of it" "$(in100 'find /root -name ".pct-*" -o -name half')" ""
"$pct" push 100 - /root/half <"$T/slow" &
pid=$!
exec 8>"$T/slow"
head -c 200000 /dev/zero >&8
until_true 5 half
kill -9 $pid
wait $pid || true
exec 8>&-
until_true 5 in100 '! find /root -name ".pct-*" | grep -q .' || true
same "nor after kill -9" "$(in100 'find /root -name ".pct-*" -o -name half')" ""

# A container that stops meanwhile.
"$pct" push 100 - /root/half <"$T/slow" 2>"$err" &
pid=$!
exec 8>"$T/slow"
head -c 200000 /dev/zero >&8
until_true 5 half
run 0 stop 100
got=0
wait $pid || got=$?
same "its container stops" $got 1
exec 8>&-
run 1 push 100 "$T/f" /x
said "CT 100 does not run, and only of one that runs are the files reached; 'pct start 100' starts it"

# A privileged one: what its links lead to is still its own.
"$pct" exec 101 -n -- ln -s /proc/sys/kernel/core_pattern /root/core
before=$(cat /proc/sys/kernel/core_pattern)
run 1 push 101 "$T/f" /root/core
same "nothing of the host's kernel is set" "$(cat /proc/sys/kernel/core_pattern)" "$before"

#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# What a container may do, and what its features, raw lxc lines and devices change: asked of the
# kernel from inside.
# apart: it edits /etc/subuid
# shellcheck source=pct-lib
. "$(dirname "$0")/pct-lib"
needs "needs /dev/fuse" [ -e /dev/fuse ]
needs "build/probe is not built" [ -x "$B/probe" ]

# What pct reserves for the ids given below goes again, unless it was there before.
ids=root:200000:65536
if grep -qx "$ids" /etc/subuid /etc/subgid; then ids=; fi
cleanup_more()
{
	set +e
	[ -z "$ids" ] || sed -i "/^$ids\$/d" /etc/subuid /etc/subgid
}

probe() { "$pct" exec "$1" -- /bin/probe "${@:2}"; }
make_ct() # VMID WORDS...
{
	run 0 create "$1" builtin:busybox --memory 64 "${@:2}"
	cp "$B/probe" "$images/$1/subvol-$1-disk-0.subvol/bin/probe"
	run 0 start "$1"
}
again() # VMID WORDS...: set them, and start it anew
{
	run 0 stop "$1"
	run 0 set "$@"
	run 0 start "$1"
}
lxc_config() { cat "$PCT_ROOT/var/lib/pct/lxc/$1/config"; }

make_ct 100
same "keyctl(2) is not there" "$(probe 100 keyctl)" ENOSYS
same "AF_ALG is not there" "$(probe 100 afalg)" EAFNOSUPPORT
same "other sockets are" "$(probe 100 inet)" ok
same "btrfs' ioctls are refused" "$(probe 100 btrfs)" EPERM
same "open_by_handle_at(2) is refused" "$(probe 100 handle)" EPERM
same "a node cannot be made" "$(probe 100 mknod /node)" EPERM
same "the kernel's settings cannot be written" "$(probe 100 write /sys/kernel/mm/lru_gen/enabled |
	sed 's/ENOENT\|EROFS\|EACCES/not/')" not
same "/sys is read-only" "$(inside 100 "awk '\$5 == \"/sys\" { print substr(\$6, 1, 2) }' /proc/self/mountinfo")" ro
same "no /dev/fuse" "$(probe 100 read /dev/fuse)" ENOENT
same "its host's mounts are not its monitor's" \
	"$(readlink "/proc/$(awk '/^PPid:/ { print $2 }' "/proc/$(pid_of 100)/status")/ns/mnt" |
		grep -cxF "$(readlink /proc/self/ns/mnt)")" 0

again 100 --features keyctl=1,fuse=1,force_rw_sys=1,nesting=1 --env A=b --env 'C=d e' --debug 1
same "feature keyctl: it is there" "$(probe 100 keyctl)" ok
same "feature fuse: /dev/fuse can be used" "$(probe 100 write /dev/fuse)" ok
same "… and mounted, had it a server" "$(inside 100 'mkdir -p /f'; probe 100 mount none /f fuse)" EINVAL
same "feature force_rw_sys: /sys can be written" \
	"$(inside 100 "awk '\$5 == \"/sys\" { print substr(\$6, 1, 2) }' /proc/self/mountinfo")" rw
same "AF_ALG is still not there" "$(probe 100 afalg)" EAFNOSUPPORT
inside 100 'mkdir -p /p'
same "feature nesting: a procfs of its own" "$(probe 100 mount proc /p proc)" ok
same "env" "$(inside 100 'tr "\0" "\n" </proc/1/environ' | grep -E '^(A|C)=' | xargs)" "A=b C=d e"
same "debug" "$(lxc_config 100 | grep -c 'log.level = TRACE')" 1

# What views, hook and attach need of the host is still found after a reboot.
run 0 stop 100
run 0 set 100 --delete features,env,debug
run 0 start 100
before=$(pid_of 100)
"$pct" exec 100 -- reboot -f >/dev/null 2>&1 || true
is_anew() { [ "$(pid_of 100)" != "$before" ] && inside 100 'test -r /proc/uptime'; }
ok "it reboots" until_true 20 is_anew
same "views after a reboot" "$(inside 100 "awk '/^MemTotal/ { print \$2 }' /proc/meminfo")" 65536
run 0 stop 100

# An entry point that is no init has POSIX' shared memory.
printf '#!/bin/sh\nwhile :; do sleep 1; done\n' >"$images/100/subvol-100-disk-0.subvol/bin/loop"
chmod 755 "$images/100/subvol-100-disk-0.subvol/bin/loop"
run 0 set 100 --entrypoint /bin/loop
run 0 start 100
same "/dev/shm" "$(inside 100 'echo x >/dev/shm/x && cat /dev/shm/x')" x
run 0 stop 100
# Its words are as a shell has them.
run 2 set 100 --entrypoint "/bin/sh -c 'sleep 77"
said "a command whose quotes are closed"
run 0 set 100 --entrypoint "/bin/sh -c 'sleep 77; :' \"a b\" c\\ d"
run 0 start 100
same "quotes are honoured" "$(tr '\0' '|' <"/proc/$(pid_of 100)/cmdline")" "/bin/sh|-c|sleep 77; :|a b|c d|"
run 0 stop 100
run 0 set 100 --delete entrypoint

# ---- nodes ----

# Without the feature nobody is asked; what overlayfs needs the kernel lets everybody make.
maker() { "$pct" exec "$1" -- maker "${@:2}"; }
root=$images/100/subvol-100-disk-0.subvol
cp "$B/maker" "$root/bin/maker"
run 0 start 100
same "without it: no node" "$(maker 100 plain /none c 1 3)" EPERM
same "… but a whiteout" "$(maker 100 plain /white c 0 0)" ok
run 0 stop 100
run 0 set 100 --features mknod=1
run 0 start 100
allowed="1:3 1:5 1:7 1:8 1:9 5:0 5:2"
listed() { inside 100 "stat -c '%F %t:%T %a %u %g' $1 2>&1" | sed 's/character special file/c/'; }
inside 100 'mkdir -p /n /in /of7 /o/l /o/u /o/w /o/m && chown 7:8 /of7'
for dev in $allowed; do
	same "feature mknod: c $dev" "$(maker 100 plain "/n/$dev" c "${dev%:*}" "${dev#*:}") $(listed "/n/$dev")" "ok c $dev 666 0 0"
done
same "… by the shell's mknod" "$(inside 100 'mknod -m 0640 /n/shell c 1 3 && ls -l /n/shell' | cut -c-10)" crw-r-----
same "… can be used: null" "$(inside 100 'echo x >/n/1:3 && cat /n/1:3 | wc -c')" 0
same "… zero" "$(inside 100 'head -c 3 /n/1:5 | od -An -tx1')" " 00 00 00"
same "… full" "$(inside 100 'echo x 2>/dev/null >/n/1:7 || echo full')" full
same "… random, urandom" "$(probe 100 read /n/1:8) $(probe 100 read /n/1:9)" "ok ok"
same "… tty, of who has none" "$("$pct" exec 100 -- setsid probe read /n/5:0)" ENXIO
same "… ptmx, beside no devpts" "$(probe 100 read /n/5:2 | sed 's/ENOENT/ENODEV/')" ENODEV
for dev in "c 5:1" "c 1:1" "c 1:2" "c 1:4" "c 1:11" "c 10:229" "c 10:237" "c 4:0" "c 136:0" "c 0:1" "c 257:3" "b 1:3" "b 7:0" "b 0:0"; do
	same "not $dev" "$(maker 100 plain /n/other "${dev% *}" "$(cut -d' ' -f2 <<<"${dev/:/ }")" "${dev#*:}")" EPERM
done
same "fifos and files as ever" "$(maker 100 plain /n/fifo p 0 0) $(maker 100 plain /n/file f 0 0)" "ok ok"
same "one that is there" "$(maker 100 plain /n/1:3 c 1 3)" EEXIST
same "no directory" "$(maker 100 plain /none/x c 1 3) $(maker 100 plain /n/1:3/x c 1 3)" "ENOENT ENOTDIR"
same "a read-only file system" "$(maker 100 plain /sys/x c 1 3 | sed 's/EROFS\|EACCES/EPERM/')" EPERM
same "by what it holds open" "$(maker 100 at /in x) $(listed /in/x)" "ok c 1:3 666 0 0"
same "relative to where it is" "$(maker 100 relative /in y) $(listed /in/y)" "ok c 1:3 666 0 0"
same "in a chroot" "$(maker 100 chroot /in /z) $(listed /in/z)" "ok c 1:3 666 0 0"
same "over a link to a directory" "$(inside 100 'ln -s ../in /n/link'; maker 100 plain /n/link/l c 1 3) $(listed /in/l)" "ok c 1:3 666 0 0"
same "… never over one that is its name" "$(inside 100 'ln -s /in/new /n/dangling'; maker 100 plain /n/dangling c 1 3) $(listed /in/new | grep -c No)" "EEXIST 1"
same "under a umask" "$(maker 100 masked 027 /n/masked 0666) $(listed /n/masked)" "ok c 1:3 640 0 0"
same "… of nothing" "$(maker 100 masked 0777 /n/closed 0666) $(listed /n/closed)" "ok c 1:3 0 0 0"
same "in another's directory, as root may" "$(maker 100 plain /of7/root c 1 3) $(listed /of7/root)" "ok c 1:3 666 0 0"
same "it is whose it is for files" "$(maker 100 as-files 5 6 /n/files) $(listed /n/files)" "ok c 1:3 666 5 6"
same "a user who may only make nodes, where he may write" "$(maker 100 as-user 7 /of7/his) $(listed /of7/his)" "ok c 1:3 666 7 0"
same "… and where not" "$(maker 100 as-user 7 /n/his) $(maker 100 as-user 9 /of7/others)" "EACCES EACCES"
same "a user" "$(inside 100 'setuidgid nobody maker plain /tmp/his c 1 3 2>/dev/null || su -s /bin/sh nobody -c "maker plain /tmp/his c 1 3"')" EPERM
case $(uname -m) in
x86_64) same "a 32-bit program" "$(maker 100 narrow /n/narrow) $(maker 100 narrow at /n) $(listed /n/narrow) $(listed /n/at)" \
	"ok ok c 1:3 666 0 0 c 1:3 666 0 0" ;;
esac
same "in mounts of its own" "$(inside 100 'unshare -m sh -c "mount -t tmpfs t /mnt && maker plain /mnt/x c 1 3"')" ok
same "with no_new_privs, as in a domain of Landlock's, none" "$(maker 100 bound /n/bound)" EPERM
same "who is root of his own user namespace" "$(maker 100 own-users /n/own | sed 's/^no user.*/EPERM/')" EPERM
same "where nobody sees it" "$(maker 100 detached x)" EPERM
same "pointers to nowhere, and names that are none" "$(maker 100 bad /in)" "19 of 19 failed"
# The kernel takes our answer and begins anew, if the signal comes just between: then it is there.
read -r made other < <(maker 100 signals 400 /n/signals)
same "signals make it begin anew" "$((made + other))" 400
within "… and nobody notices, but for a moment in the kernel" 0 3 "$other"
inside 100 'echo x >/o/l/file; echo y >/o/l/kept'
same "an overlay's whiteout" "$(maker 100 plain /o/u/file c 0 0)" ok
if inside 100 'mount -t overlay -o lowerdir=/o/l,upperdir=/o/u,workdir=/o/w,userxattr o /o/m' 2>/dev/null; then
	same "… hides what is below it" "$(inside 100 'ls /o/m')" kept
else
	skip "… hides what is below it" "this kernel mounts no overlay there"
fi

# A link that leads elsewhere in every moment: what is made is made in the container.
mkdir -m 777 "$PCT_ROOT/outside"
inside 100 "mkdir -p '$PCT_ROOT/outside' && rm -f /in/*"
read -r swaps made failed < <(maker 100 races 1000 /in "$PCT_ROOT/outside" "../../../../../../../..$PCT_ROOT/outside" /proc/self/root/in /proc/1/cwd/in /none)
within "its path is swapped $swaps times: nodes, beside $failed refusals" 1 100000 "$made"
within "… so often" 1000 10000000 "$swaps"
same "… each of them in there" "$(inside 100 "find /in '$PCT_ROOT/outside' -type c | wc -l")" "$made"
same "… none outside" "$(find "$PCT_ROOT/outside" | wc -l)" 1

# Nobody waits for a pctfs that ends, or hears that there is no such call.
maker 100 loop 12 /n/loop >"$PCT_ROOT/loop" &
loop=$!
for _ in 1 2 3 4; do
	sleep 0.5
	kill -KILL "$(worker_pid)"
done
sleep 0.5
helper=$(pgrep -o -f "^pct-launch --socket $RUN/pctfs.sock mounter") # the others are its jobs
kill -KILL "$helper"
another() { [ "$(helper_pids | wc -l)" -gt 0 ] && ! helper_pids | grep -qx "$helper"; }
ok "another helper" until_true 15 another # else nobody stands in
sleep 1
stop_daemon -KILL
sleep 3
same "pctfs is killed: none is made" "$(maker 100 plain /n/killed c 1 3)" EPERM
# With the capabilities that its unit has.
caps=$(sed -n 's/^CapabilityBoundingSet=//p' "$TOP/packaging/pctfs-keeper.service" | tr 'A-Z ' 'a-z,' | sed 's/cap_/+/g')
ok "another, as its unit starts it" setpriv --no-new-privs --inh-caps=-all --bounding-set="-all,$caps" "$B/pctfs"
wait $loop
read -r made refused none exists other slowest <"$PCT_ROOT/loop"
within "it, its worker and its helper killed meanwhile: made, beside $refused refused" 1 100000 "$made"
same "… no such call, otherwise" "$none $other" "0 0"
within "… there already, as who made it was killed before it said so" 0 1 "$exists"
within "… nobody is kept waiting: the slowest took $slowest ms" 0 3500 "$slowest"
makes() { [ "$(maker 100 plain "/n/again$((SECONDS))" c 1 3)" = ok ]; }
ok "… and again, by the next" until_true 15 makes

# What its cgroup denies is denied by whoever makes it.
run 0 stop 100
run 0 set 100 --lxc lxc.cgroup2.devices.allow=a --lxc 'lxc.cgroup2.devices.deny=c 1:5 m' --lxc 'lxc.cgroup.devices.deny=c 1:5 m'
run 0 start 100
same "a device that its cgroup denies, and another" "$(maker 100 plain /n/denied c 1 5) $(maker 100 plain /n/other c 1 3)" "EPERM ok"
run 0 stop 100
run 0 set 100 --delete lxc.cgroup2.devices.allow,lxc.cgroup2.devices.deny,lxc.cgroup.devices.deny,features
rm -rf "${root:?}"/n "$root"/white "$root"/in "$root"/of7 "$root"/o

# ---- raw lines ----

run 0 set 100 --lxc 'lxc.idmap=u 0 300000 70000' --lxc 'lxc.idmap = g 0 300000 70000'
same "both lines are there" "$(grep -c '^lxc.idmap: ' "$confs/100.conf")" 2
run 0 set 100 --lxc 'lxc.idmap=u 0 200000 65536' --lxc 'lxc.idmap=g 0 200000 65536'
same "… and replaced" "$(grep -c '^lxc.idmap: [ug] 0 200000 65536$' "$confs/100.conf")" 2
chown -R -h 200000:200000 "$images/100/subvol-100-disk-0.subvol"
run 0 start 100
same "its root is who it says" "$(awk '/^Uid:/ { print $2 }' "/proc/$(pid_of 100)/status")" 200000
run 0 stop 100
run 0 set 100 --delete lxc.idmap
run 0 start 100
said "CT 100: its files belong to user 200000 of the host, but its root is 100000"
run 0 stop 100
chown -R -h 100000:100000 "$images/100/subvol-100-disk-0.subvol"
same "they are gone" "$(grep -c '^lxc.idmap' "$confs/100.conf")" 0
for bad in lxc.rootfs.path=/ lxc.monitor.unshare=0 lxc.cgroup.dir=x lxc.namespace.share.net=1 \
	lxc.log.file=/etc/x lxc.time.offset.boot=1s lxc.no.such=1 lxc.hook=; do
	run 2 set 100 --lxc "$bad"
	said "set: lxc: '${bad%%=*}'"
done
run 2 set 100 --lxc "$(printf 'lxc.cap.drop=x\rlxc.hook.start=y')"
said "control characters"
like "a value brings no other line" "'memory: 1' is not a key of liblxc" \
	"$("$pct" set 100 --lxc "$(printf 'lxc.cap.drop=x\nmemory: 1')" 2>&1)"
run 2 set 100 --lxc 'lxc.idmap=u 0 1'
said "lxc.idmap"
same "nothing of it is in the conf" "$(grep -c '^lxc' "$confs/100.conf")" 0
echo 'lxc.rootfs.path: /' >>"$confs/100.conf"
run 1 start 100
said "CT 100: 'lxc.rootfs.path' cannot be set: use 'rootfs'"
run 0 set 100 --delete lxc.rootfs.path
echo 'lxc.aa_profile: unconfined' >>"$confs/100.conf"
run 0 start 100
same "a name of LXC 2 is translated" "$(lxc_config 100 | grep -c '^lxc.apparmor.profile = unconfined$')" 1
run 0 stop 100
sed -i '/^lxc/d' "$confs/100.conf"
if [ -d /sys/fs/cgroup/memory ]; then
	echo 'lxc.cgroup2.memory.max: 1' >>"$confs/100.conf"
	run 0 start 100
	said "CT 100: 'lxc.cgroup2.memory.max' limits nothing: this host has that controller in cgroup v1"
	run 0 stop 100
	run 0 set 100 --delete lxc.cgroup2.memory.max
fi
echo 'lxc.apparmor.profile: unconfined' >>"$confs/100.conf"
run 0 set 100 --features nesting=1
run 0 start 100
said "CT 100: with its own lxc.apparmor.profile its features"
run 0 set 100 --env A=1 --env B=2
run 0 pending 100
same "variables wait for the next start" "$(grep -c '^new env:' "$out")" 2
run 0 stop 100
run 0 start 100
same "… and are there then" "$(inside 100 'tr "\0" "\n" </proc/1/environ' | grep -E '^[AB]=' | xargs)" "A=1 B=2"
run 0 destroy 100 --force

# ---- devices ----

if ! [ -c /dev/loop-control ] || ! [ -c /dev/kmsg ]; then
	skip "devices" "needs /dev/loop-control and /dev/kmsg"
	exit 0
fi
loop=/dev/loop-control kmsg=/dev/kmsg
run 0 create 101 builtin:busybox --memory 64
root=$images/101/subvol-101-disk-0.subvol
cp "$B/probe" "$root/bin/probe"
seen() { inside 101 "stat -c '%a %u %g %t' $1 2>&1" | sed 's/.*No such.*/none/'; } # mode user group major
run 0 set 101 --dev0 "$loop,mode=0640,uid=7,gid=wheels"
run 1 start 101
said "dev0: the container has no group 'wheels'"
echo 'wheels:x:44:' >>"$root/etc/group"
run 0 start 101
same "a device, its mode, user and group" "$(seen $loop)" "640 7 44 a"
same "… which can be opened" "$(probe 101 read $loop)" ok
run 0 set 101 --delete dev0
same "… and is gone" "$(probe 101 read $loop)" ENOENT
run 0 set 101 --dev1 "$kmsg,mode=0666,deny-write=1"
same "while it runs, one that may only be read" "$(probe 101 read $kmsg | sed s/EPERM/ok/)" ok
same "… so" "$(probe 101 write $kmsg)" EPERM
run 0 set 101 --delete dev1
same "… and gone" "$(probe 101 read $kmsg)" ENOENT
run 0 set 101 --dev1 "$loop,mode=0666"
run 0 set 101 --dev1 "$loop,mode=0600"
run 0 pending 101
same "another mode waits" "$(grep -c '^new dev1:' "$out")" 1
run 0 stop 101
run 0 set 101 --delete dev1
run 0 set 101 --dev1 "$kmsg,mode=0666,deny-write=1"
run 0 start 101
same "from its start, one that may only be read" "$(probe 101 write $kmsg)" EPERM
run 0 stop 101
run 0 set 101 --delete dev1
run 0 set 101 --dev0 /dev/no-such
run 1 start 101
said "dev0: find the device '/dev/no-such' of the host"
run 0 set 101 --dev0 /dev/shm
run 1 start 101
said "dev0: '/dev/shm' is no device"
run 0 set 101 --delete dev0

# /etc/group is the container's: it leads nowhere outside, and no pipe of its is waited for.
rm "$root/etc/group"
mkfifo "$root/etc/group"
run 0 set 101 --dev0 "$loop,gid=wheels"
run 1 start 101
said "dev0: read the container's /etc/group"
rm "$root/etc/group"
ln -s ../../../../../../../../../../etc/group "$root/etc/group"
run 1 start 101
said "dev0: read the container's /etc/group"
run 0 destroy 101

# A privileged one could make the node itself: its cgroup keeps it off.
make_ct 102 --unprivileged 0
same "a device that is not its own" "$(probe 102 read $loop)" ENOENT
inside 102 'mknod /loop c 10 237'
same "… nor by a node it makes" "$(probe 102 read /loop)" EPERM
run 0 set 102 --dev0 $loop
same "given while it runs" "$(probe 102 read $loop)" ok
run 0 set 102 --delete dev0
same "… taken away" "$(probe 102 read /loop)" EPERM
same "it cannot end the host's FUSE file systems" "$(inside 102 'ls /sys/fs/fuse/connections' | wc -l)" 0
run 0 destroy 102 --force

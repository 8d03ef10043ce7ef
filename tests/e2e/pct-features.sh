#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# What a container may do, and what its features, raw lxc lines and devices change: asked of the
# kernel from inside.
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
run 0 set 100 --features mknod=1
run 1 start 100
said "CT 100: feature 'mknod' is not there in pct yet"
run 0 set 100 --delete features

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
same "variables wait for the next start" "$(grep -c '^new env:' "$out")" 1
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

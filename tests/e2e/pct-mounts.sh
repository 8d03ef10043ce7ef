#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Directories and files of the host in a container, at its start and while it runs; sources and
# targets that are traps.
# shellcheck source=pct-lib
. "$(dirname "$0")/pct-lib"
needs "needs /dev/fuse" [ -e /dev/fuse ]

cleanup_more()
{
	set +e
	umount -l "$src/shared" 2>/dev/null
}

src=$(readlink -f "$PCT_ROOT")/src
mkdir -p "$src/sub" "$PCT_ROOT/secret"
chmod 755 "$src"
echo hello >"$src/file"
chown 100000:100000 "$src" "$src/file"
echo secret >"$PCT_ROOT/secret/file"
run 0 create 100 builtin:busybox --memory 64
root=$images/100/subvol-100-disk-0.subvol

mounted() { inside 100 "awk '\$5 == \"$1\" { print \$6 }' /proc/self/mountinfo"; } # PATH: its options
try() { inside 100 "$1" 2>&1 | tail -1; }

run 0 set 100 --mp0 "$src,mp=/mnt/deep/down" --mp1 "$src,mp=/ro,ro=1,mountoptions=nodev;noexec;nosuid;noatime" \
	--mp2 "$src/file,mp=/etc/file"
run 0 start 100
same "a directory" "$(try 'cat /mnt/deep/down/file')" hello
same "what was made for it is its root's" "$(inside 100 'stat -c %u:%a /mnt/deep')" 0:755
same "a file" "$(try 'cat /etc/file')" hello
inside 100 'echo more >/mnt/deep/down/new'
same "what it writes is there" "$(cat "$src/new")" more
like "read-only" 'Read-only' "$(try 'touch /ro/x')"
for o in ro nodev noexec nosuid noatime; do like "option $o" "(^|,)$o(,|\$)" "$(mounted /ro)"; done
inside 100 'mount -o remount,bind,rw,dev,exec,suid /ro' 2>/dev/null || true
like "its root cannot have it otherwise" 'Read-only' "$(try 'touch /ro/x')"
like "… nor with programs" noexec "$(mounted /ro)"
same "the host has none of these mounts" "$(grep -cE ' (/ro|/mnt/deep/down|/etc/file) ' /proc/self/mountinfo)" 0
same "… nor what was staged" "$(grep -c "$PCT_ROOT/var/lib/pct/lxc" /proc/self/mountinfo)" 0
inside 100 'mkdir -p /ro2 && mount --bind /mnt/deep/down/sub /ro2 && mount -t tmpfs x /mnt/deep/down/sub'
same "what it mounts there the host has not" "$(grep -c "$src/sub" /proc/self/mountinfo)" 0
inside 100 'umount /mnt/deep/down/sub; umount /ro2'

run 0 stop 100
run 0 set 100 --mp7 "$src,mp=/ro"
run 0 start 100
said "mp1 and mp7 are both to be at '/ro' in the container"
run 0 set 100 --delete mp7 --force
run 0 stop 100
run 0 start 100

# ---- while it runs ----

run 0 set 100 --mp3 "$src,mp=/hot,ro=1"
same "another one" "$(try 'cat /hot/file')" hello
inside 100 'mount -o remount,bind,rw /hot' 2>/dev/null || true
like "… which stays read-only" 'Read-only' "$(try 'touch /hot/x')"
# Killed after it was mounted, and before the conf said so.
sed -i '/^mp3:/d' "$confs/100.conf"
printf '\n[pve:pending]\nmp3: %s,mp=/hot,ro=1\n' "$src" >>"$confs/100.conf"
run 0 set 100 --description again
same "… which is mounted once" "$(mounted /hot | wc -l)" 1
same "… and not pending" "$(grep -c pending "$confs/100.conf")" 0
run 1 set 100 --mp4 "$src,mp=/hot"
said "mp4: '/hot' in the container is what mp3 is mounted on"
same "… nothing of it stays" "$(grep -c mp4 "$confs/100.conf")" 0
run 0 set 100 --mp3 "$src,mp=/hot"
same "another way to mount it waits" "$(grep -c 'mp3: .*ro=1' "$confs/100.conf")" 1
run 0 set 100 --revert mp3
"$pct" exec 100 -- sh -c 'cd /hot && >/tmp/there && exec sleep 1000' &
user=$!
until_true 10 inside 100 'test -e /tmp/there'
run 1 set 100 --delete mp3
said "mp3: '/hot' in the container is used"
same "… and still there" "$(try 'cat /hot/file')" hello
run 0 set 100 --mp3 "$src,mp=/later"
run 1 set 100 --delete mp3
same "what was pending before is so still" "$(sed -n '/pending/,$p' "$confs/100.conf" | grep -c '^mp3: .*mp=/later')" 1
run 0 set 100 --revert mp3
run 0 set 100 --delete mp3 --force
like "taken off by force" 'No such file' "$(try 'cat /hot/file')"
kill "$user" 2>/dev/null || true
wait "$user" 2>/dev/null || true
run 0 set 100 --delete mp2
same "a file that was mounted" "$(try 'cat /etc/file')" ""
run 0 set 100 --delete mp1
inside 100 'umount /mnt/deep/down'
run 0 set 100 --delete mp0
same "the conf has none" "$(grep -c '^mp' "$confs/100.conf")" 0

# ---- sources that are not what they seem ----

ln -s "$PCT_ROOT/secret" "$PCT_ROOT/link"
mkfifo "$PCT_ROOT/pipe"
refused() # SOURCE SENTENCE
{
	run 1 set 100 --mp0 "$1,mp=/m"
	said "$2"
}
refused "$PCT_ROOT/link" "is, or leads through, a symbolic link"
refused "$PCT_ROOT/link/file" "is, or leads through, a symbolic link"
refused "$PCT_ROOT/no-such" "mp0: find '$PCT_ROOT/no-such' on the host"
refused "$PCT_ROOT/pipe" "is neither a directory nor a file"
refused nosuch:4 "there is no storage 'nosuch'"
for path in /proc /proc/sys /sys /sys/kernel /dev; do
	run 1 set 100 --mp0 "$src,mp=$path"
	said "mp0: nothing can be mounted on '$path'"
done
run 2 set 100 --mp0 "$src,mp=/a/../../x"
run 2 set 100 --mp0 "$src/../secret,mp=/x"
same "the conf has none still" "$(grep -c '^mp' "$confs/100.conf")" 0

# ---- targets that are traps ----

trap_now() # what the container does, while it runs: TARGET SENTENCE
{
	run 1 set 100 --mp0 "$src,mp=$1"
	said "$2"
}
up=../../../../../../../../../..$PCT_ROOT/secret
inside 100 "ln -s $up /l1; mkdir /l2; ln -s $up /l2/in; ln -s /proc/1/root /l3; echo >/l4"
trap_now /l1 "mp0: '/l1' in the container is, or leads through, a symbolic link"
trap_now /l1/new "is, or leads through, a symbolic link"
trap_now /l2/in/new "is, or leads through, a symbolic link"
trap_now /l3/etc/x "is, or leads through, a symbolic link"
trap_now /l4 "is, or leads through, a file"
trap_now /l4/x "is, or leads through, a file"
run 1 set 100 --mp0 "$src/file,mp=/l2"
said "mp0: '/l2' in the container is a directory"

# Changed all the while.
mkdir -p "$PCT_ROOT/secret/t"
cat >"$root/bin/swap" <<'S'
#!/bin/sh
mkdir -p /s/a
while :; do mv /s/a /s/b; ln -s ../../../../../../../../tmp /s/a; rm /s/a; mv /s/b /s/a; done
S
chmod 755 "$root/bin/swap"
"$pct" exec 100 -- swap >/dev/null 2>&1 &
swap=$!
for i in 1 2 3 4 5 6 7 8; do
	"$pct" set 100 --mp0 "$src,mp=/s/a/t$$.$i" >/dev/null 2>&1 || true
	"$pct" set 100 --delete mp0 --force >/dev/null 2>&1 || true
done
same "a target that is changed all the while: nothing on the host" \
	"$(grep -c "$src" /proc/self/mountinfo; find /tmp -maxdepth 1 -name "t$$.[1-8]" | wc -l)" "0
0"
run 0 stop 100
wait "$swap" 2>/dev/null || true
"$pct" set 100 --delete mp0 >/dev/null 2>&1 || true

# Prepared beforehand, for a start.
rm -rf "$root/s"
run 0 set 100 --mp0 "$src,mp=/l1"
run 1 start 100
said "mp0: '/l1' in the container is, or leads through, a symbolic link"
same "it does not run" "$("$pct" status 100)" "status: stopped"
same "nothing was made there" "$(find "$PCT_ROOT/secret" | wc -l)" 3
run 0 set 100 --mp0 "$PCT_ROOT/gone,mp=/m"
run 1 start 100
said "mp0: find '$PCT_ROOT/gone' on the host"
run 0 destroy 100

# The root of a privileged one is the host's: the same traps.
run 0 create 101 builtin:busybox --unprivileged 0 --memory 64 --mp0 "$src,mp=/l1/new"
ln -s "$up" "$images/101/subvol-101-disk-0.subvol/l1"
run 1 start 101
said "is, or leads through, a symbolic link"
same "nothing was made there" "$(find "$PCT_ROOT/secret" | wc -l)" 3
run 0 set 101 --mp0 "$src,mp=/m,ro=1"
run 0 start 101
same "a directory in a privileged one" "$(inside 101 'cat /m/file')" hello
mkdir "$src/shared"
mount -t tmpfs pct "$src/shared"
mount --make-shared "$src/shared"
mkdir "$src/shared/below"
run 0 set 101 --mp1 "$src/shared,mp=/shared"
inside 101 'mount -t tmpfs x /shared/below && touch /shared/below/x'
same "what it mounts in what is shared on the host, the host has not" "$(ls "$src/shared/below")" ""
mount -t tmpfs pct "$src/shared/below"
same "… nor it what the host mounts there" "$(inside 101 'ls /shared/below')" x
umount "$src/shared/below"
run 0 destroy 101 --force
umount "$src/shared"

# ---- users ----

mkdir "$PCT_ROOT/users"
chown 1000:1000 "$PCT_ROOT/users"
run 0 create 102 builtin:busybox --memory 64 --mp0 "$PCT_ROOT/users,mp=/m,idmap=u:0:1000:1;g:0:1000:1"
if ! "$pct" start 102 2>"$err" && grep -q "cannot be mounted with other ids" "$err"; then
	skip "users of a mount" "its file system cannot"
else
	same "another user of the host" "$(inside 102 'touch /m/x && stat -c %u:%g /m /m/x' | xargs)" "0:0 0:0"
	same "… it is on the disk" "$(stat -c %u:%g "$PCT_ROOT/users/x")" 1000:1000
	run 0 set 102 --mp1 "$PCT_ROOT/users,mp=/n,idmap=passthrough"
	same "users as on the disk" "$(inside 102 'stat -c %u:%g /n /n/x' | xargs)" "1000:1000 1000:1000"
	run 1 set 102 --mp2 "$PCT_ROOT/users,mp=/o,idmap=u:70000:0:1"
	said "mp2: idmap 'u:70000:0:1' has ids that the container has not"
	run 0 set 102 --delete mp0
fi
run 0 destroy 102 --force

# The outer one is mounted first, whatever its number.
mkdir "$PCT_ROOT/secret/in"
run 0 create 103 builtin:busybox --memory 64 --mp0 "$src,mp=/d/in" --mp1 "$PCT_ROOT/secret,mp=/d"
run 0 start 103
same "one in another" "$(inside 103 'cat /d/file /d/in/file' | xargs)" "secret hello"
run 0 destroy 103 --force
same "no mount is left on the host" "$(grep -c "$src" /proc/self/mountinfo)" 0

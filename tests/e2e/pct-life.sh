#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A container's life: create, start, look, run something, stop, destroy; unprivileged and not.
# shellcheck source=pct-lib
. "$(dirname "$0")/pct-lib"
needs "needs /dev/fuse" [ -e /dev/fuse ]

life()
{
	local id=$1 privileged=$2

	run 0 create "$id" builtin:busybox --memory 256 --swap 64 --cores 1 --cpulimit 0.5 \
		--hostname "box$id" --unprivileged "$((1 - privileged))"
	same "words of create" "$(cat "$out" "$err")" ""
	same "owner on the disk, whoever its root is" "$(stat -c %u "$images/$id/subvol-$id-disk-0.subvol/etc/passwd")" 0
	same "nobody of the host gets to its files" "$(stat -c '%a %u %g' "$images/$id")" "700 0 0"
	run 0 status "$id"
	same "status" "$(cat "$out")" "status: stopped"
	run 0 start "$id"
	run 0 list
	same "list" "$(awk 'NR == 2 { print $1, $2, $3 }' "$out")" "$id running box$id"
	run 1 start "$id"
	said "CT $id already runs"
	run 1 destroy "$id"
	said "CT $id runs; 'pct stop $id' first"
	look_inside "$id"
	limits "$id"
	exec_codes "$id"
	run 0 stop "$id"
	run 1 stop "$id"
	said "CT $id does not run"
	run 1 exec "$id" -- true
	said "CT $id does not run; 'pct start $id' starts it"
	same "cgroups after stop" "$(find /sys/fs/cgroup -path "*/$(cgroup)*/$id" -type d)" ""
	run 0 start "$id"
	run 0 exec "$id" -- hostname
	same "hostname after a second start" "$(cat "$out")" "box$id"
	run 0 destroy "$id" --force
	nothing_of "$id"
}

look_inside()
{
	local id=$1 pid

	run 0 exec "$id" -- id -u
	same "user inside" "$(cat "$out")" 0
	run 0 exec "$id" -- hostname
	same "hostname" "$(cat "$out")" "box$id"
	run 0 exec "$id" -- nproc
	same "nproc" "$(cat "$out")" 1
	# shellcheck disable=SC2016
	run 0 exec "$id" -- sh -c 'cd / && echo $PATH $HOME $container $PWD'
	same "environment" "$(cat "$out")" \
		"/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin /root lxc /"
	run 0 exec "$id" -- cat /proc/meminfo
	same "MemTotal" "$(awk '/^MemTotal:/ { print $2 }' "$out")" 262144
	run 0 status "$id" --verbose
	cp "$out" "$PCT_ROOT/verbose"
	pid=$(awk '/^pid:/ { print $2 }' "$PCT_ROOT/verbose")
	same "the pid's program" "$(tr '\0' ' ' <"/proc/$pid/cmdline" | cut -d' ' -f1 | sed 's/.*\///')" init
	same "maxmem" "$(awk '/^maxmem:/ { print $2 }' "$PCT_ROOT/verbose")" 268435456
	same "sorted" "$(LC_ALL=C sort -c "$PCT_ROOT/verbose" 2>&1)" ""
}

# The one file of several that is there.
first()
{
	local f

	for f; do
		if [ -e "$f" ]; then
			cat "$f"
			return
		fi
	done
	echo none
}

limits()
{
	local c=/sys/fs/cgroup g

	g=$(cgroup)/$1
	same "memory limit" "$(first "$c/memory/$g/memory.limit_in_bytes" "$c/$g/memory.max")" 268435456
	same "quota" "$(first "$c/cpu/$g/cpu.cfs_quota_us" "$c/cpu,cpuacct/$g/cpu.cfs_quota_us" \
		"$c/$g/cpu.max" | cut -d' ' -f1)" 50000
	same "swap limit" "$(first "$c/memory/$g/memory.memsw.limit_in_bytes" \
		"$c/$g/memory.swap.max" | sed 's/^335544320$/67108864/; s/^none$/67108864/')" 67108864
}

exec_codes()
{
	run 7 exec "$1" -- sh -c 'exit 7'
	run 137 exec "$1" -- sh -c 'kill -9 $$'
	run 127 exec "$1" -- /no/such
	said "run '/no/such' in the container"
	run 126 exec "$1" -- /etc
	same "stdin and stdout" "$(echo hello | "$pct" exec "$1" -- cat)" hello
	run 0 exec "$1" echo -n -- x
	same "words kept as they are" "$(cat "$out")" "-- x"
}

life 100 0
life 101 1

# Made and started at once, as scripts for Proxmox say it.
run 0 create 100 builtin:busybox --start 1
same "it runs" "$("$pct" status 100)" "status: running"
same "and there is no order of startup" "$(grep -c ^startup "$confs/100.conf" || true)" 0
run 0 destroy 100 --force

# A conf that was edited: the next start has it.
run 0 create 100 builtin:busybox
sed -i 's/^hostname:.*/hostname: another/' "$confs/100.conf"
run 0 start 100
sleep 0.3
run 0 exec 100 -- hostname
same "hostname that was edited" "$(cat "$out")" another
run 0 exec 100 -- ping -c 1 -W 30 127.0.0.1
run 0 config 100
same "console is where its shell is" "$(grep ^cmode "$out")" "cmode: console"
run 0 stop 100

# The user may not take our hook back.
echo "lxc.hook.start-host =" >>"$confs/100.conf"
run 0 start 100
run 0 exec 100 -- cat /proc/meminfo
same "MemTotal in spite of an empty hook" "$(awk '/^MemTotal:/ { print $2 }' "$out")" 524288
run 0 destroy 100 --force

# Two with different limits at once, and one of them destroyed while it runs.
run 0 create 100 builtin:busybox --memory 64
run 0 create 101 builtin:busybox --memory 128
run 0 start 100
run 0 start 101
for id in 100 101; do
	run 0 exec $id -- cat /proc/meminfo
	same "MemTotal of $id" "$(awk '/^MemTotal:/ { print $2 }' "$out")" $(((id - 99) * 65536))
done
run 0 destroy 100 --force
nothing_of 100
run 0 exec 101 -- true

# It ends by itself; then it can be started again at once.
"$pct" exec 101 -- poweroff >"$out" 2>&1 || true
until_true 10 sh -c "[ \"\$($pct status 101)\" = 'status: stopped' ]"
run 0 start 101
run 0 stop 101

# A failed start says why in one line, and leaves nothing running.
echo "lxc.mount.entry: /no/such/file mnt none bind 0 0" >>"$confs/101.conf"
run 1 start 101
said "start CT 101: "
said "$PCT_ROOT/var/lib/pct/lxc/101/log"
run 0 status 101
same "status after a failed start" "$(cat "$out")" "status: stopped"
sed -i '/^lxc/d' "$confs/101.conf"
echo "lxc.nonsense: 1" >>"$confs/101.conf"
run 1 start 101
said "CT 101: 'lxc.nonsense' is no key of liblxc that pct knows; 'pct set 101 --delete lxc.nonsense'"
run 0 set 101 --delete lxc.nonsense
echo "lxc.signal.halt: nonsense" >>"$confs/101.conf"
run 1 start 101
said "CT 101: liblxc cannot use 'lxc.signal.halt = nonsense' in '$confs/101.conf'; 'pct set 101 --delete lxc.signal.halt' takes that line away"
sed -i '/^lxc/d' "$confs/101.conf"
for wrong in lxc.include=/nosuch lxc.cap.drop=bogus lxc.prlimit.nofile=abc; do
	run 0 set 101 --lxc "$wrong"
	run 1 start 101
	said "'${wrong/=/ = }'"
	run 0 set 101 --delete "${wrong%%=*}"
done
run 0 set 101 --lxc lxc.hook.pre-start=/bin/false
run 1 start 101
said "start CT 101: hook '/bin/false': Script exited with status 1"
run 0 destroy 101
same "cgroups of this root" "$(find /sys/fs/cgroup -maxdepth 2 -name "$(cgroup)*")" ""

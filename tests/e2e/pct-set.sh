#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# pct set: what a running container can have at once it has within a second, the rest at its next
# start; errors and kill -9 leave what was, or what the next set finishes.
# shellcheck source=pct-lib
. "$(dirname "$0")/pct-lib"
needs "needs /dev/fuse" [ -e /dev/fuse ]

soon() # SENTENCE WANT COMMAND...: whoever asks a second later, or sooner, is told so
{
	local what=$1 want=$2 got="" end=$(($(date +%s%N) + 1000000000)) asked

	shift 2
	while :; do
		asked=$(date +%s%N)
		got=$("$@" 2>/dev/null || true)
		[ "$got" != "$want" ] || break
		[ "$asked" -lt $end ] || break
		sleep 0.02
	done
	same "$what" "$got" "$want"
}
in_it() { "$pct" exec "$id" -- "$@"; }
meminfo() { in_it cat /proc/meminfo | awk -v k="$1:" '$1 == k { print $2 / 1024 }'; }
conf() { sed -n '/^\[/q; s/^'"$1"': //p' "$confs/$id.conf"; }
resolv() { in_it cat /etc/resolv.conf | grep -v '^#'; }
both() # A-FILE-OF-V1 ONE-OF-V2: what it is, however it is called
{
	cgroup_file "$id" "$1" "$2" "$3"
}
nothing_pending() { same "nothing is pending" "$("$pct" pending "$id" | grep -v '^cur' || true)" ""; }
cpus=$(nproc)

limits()
{
	run 0 set "$id" --memory 128
	soon "free follows" 128 meminfo MemTotal
	run 0 set "$id" --memory 400 --swap 100
	soon "free follows when it grows" 400 meminfo MemTotal
	same "the limit" "$(both memory memory.limit_in_bytes memory.max)" $((400 << 20))
	run 0 set "$id" --swap 0
	same "memory is kept" "$(both memory memory.limit_in_bytes memory.max)" $((400 << 20))
	run 0 set "$id" --memory 200 --swap 56
	same "both shrink" "$(both memory memory.memsw.limit_in_bytes memory.swap.max)" \
		"$([ -e /sys/fs/cgroup/memory/memory.limit_in_bytes ] && echo $((256 << 20)) || echo $((56 << 20)))"
	run 0 set "$id" --cpulimit 0.5
	soon "its CPUs follow the quota" 1 in_it grep -c '^processor' /proc/cpuinfo
	run 0 set "$id" --cpulimit 0
	soon "no quota" "$cpus" in_it grep -c '^processor' /proc/cpuinfo
	same "no quota in the kernel" "$(both cpu cpu.cfs_quota_us cpu.max | sed 's/^max 100000$/-1/')" -1
	run 0 set "$id" --cpuunits 50
	same "weight" "$(both cpu cpu.shares cpu.weight)" 50
	run 0 set "$id" --delete cpuunits,cpulimit
	like "weight without the key" '^(1024|100)$' "$(both cpu cpu.shares cpu.weight)"
	run 0 set "$id" --cores 1
	soon "nproc follows cores" 1 in_it nproc
	soon "so does what programs ask the kernel" 1 in_it grep -c '^processor' /proc/cpuinfo
	run 0 cpusets
	like "cpusets" "^$id: +[0-9]+\$" "$(cat "$out")"
	run 0 set "$id" --delete cores
	soon "all CPUs again" "$cpus" in_it nproc
	within "a limit of processes by default" 1000 32768 "$(both pids pids.max pids.max)"
	nothing_pending
}

names()
{
	run 0 set "$id" --hostname other
	soon "the host name" other in_it hostname
	same "its files have it, too" "$(in_it cat /etc/hostname; in_it grep -c '^127.0.1.1 other$' /etc/hosts)" "other
1"
	run 0 set "$id" --nameserver "192.0.2.53 192.0.2.54" --searchdomain example.org
	soon "resolv.conf" "search example.org
nameserver 192.0.2.53
nameserver 192.0.2.54" resolv
	in_it sh -c 'echo "options rotate" >>/etc/resolv.conf'
	run 0 set "$id" --nameserver 192.0.2.55
	soon "what is the container's own in it stays" "search example.org
nameserver 192.0.2.55
options rotate" resolv
	in_it touch /etc/.pct-ignore.resolv.conf
	run 0 set "$id" --nameserver 192.0.2.56
	same "ignored where it says so" "$(resolv | grep -c 192.0.2.55)" 1
	in_it sh -c 'cd /etc; rm .pct* resolv.conf; ln -s /run/x resolv.conf'
	run 0 set "$id" --nameserver 192.0.2.57
	said "is a link to '/run/x'"
	in_it sh -c 'cd /etc; rm resolv.conf; mkfifo resolv.conf'
	run 1 set "$id" --nameserver 192.0.2.58
	said "CT $id: /etc/resolv.conf is not a file: it is left as it is"
	same "as it was" "$(conf nameserver)" 192.0.2.57
	in_it rm /etc/resolv.conf
	run 0 set "$id" --delete nameserver,searchdomain,hostname
	soon "the name of one without" "CT$id" in_it hostname
	nothing_pending
	same "root's, and for all" "$(in_it stat -c '%u %a' /etc/resolv.conf)" "0 644"
}

# What waits for the next start.
later()
{
	run 0 set "$id" --tty 4 --debug 1
	same "pending" "$("$pct" pending "$id" | grep -v '^cur' | tr '\n' ' ')" "new debug: 1 new tty: 4 "
	same "not so yet" "$("$pct" config "$id" --current | grep -c '^tty')" 0
	run 0 set "$id" --revert debug
	same "one forgotten" "$("$pct" pending "$id" | grep -v '^cur')" "new tty: 4"
	run 0 stop "$id"
	run 0 start "$id"
	nothing_pending
	same "so now" "$(conf tty)" 4
	run 0 set "$id" --delete tty
	like "to be deleted" '^del tty' "$("$pct" pending "$id")"
	run 0 set "$id" --revert tty
	nothing_pending
}

# Less than what is in use: told, and done only by force.
squeeze()
{
	local v2=0 used

	[ -e /sys/fs/cgroup/memory/memory.limit_in_bytes ] || v2=1
	run 0 set "$id" --memory 256 --swap 0
	# shellcheck disable=SC2016
	"$pct" exec "$id" -- sh -c 'x=$(head -c 60000000 /dev/zero | tr "\0" a); >/ready; sleep 1000; :' &
	used=$!
	ok "it uses 60 MB" until_true 60 "$pct" exec "$id" -- test -e /ready
	run 1 set "$id" --memory 40
	said "CT $id uses"
	said "--force"
	same "nothing was changed" "$(conf memory) $(both memory memory.limit_in_bytes memory.max)" \
		"256 $((256 << 20))"
	nothing_pending
	if [ $v2 = 1 ]; then
		run 0 set "$id" --memory 40 --force
		like "the dead are counted" 'were killed' "$(cat "$err")"
		soon "free follows" 40 meminfo MemTotal
	else
		run 1 set "$id" --memory 40 --force
		said "stop something in it first"
		same "nothing was changed by force" "$(conf memory) $(both memory memory.limit_in_bytes memory.max)" \
			"256 $((256 << 20))"
		ok "nobody was killed" alive "$used"
	fi
	in_it killall sleep >/dev/null 2>&1 || true
	wait $used 2>/dev/null || true
	run 0 set "$id" --memory 40
	soon "free follows when there is room" 40 meminfo MemTotal
	run 0 set "$id" --memory 256
}

digest()
{
	local sum

	sum=$(sha1sum <"$confs/$id.conf" | cut -d' ' -f1)
	run 0 set "$id" --digest "$sum" --memory 250
	run 1 set "$id" --digest "$sum" --memory 251
	said "was changed meanwhile"
	same "as it was" "$(conf memory)" 250
}

# Killed wherever it opens a file: the next one goes on, and what is said is what is.
killed()
{
	local n hits=0 got want

	for n in $(seq 25 9 130); do
		got=0
		{ strace -f -qq -o /dev/null -e trace=openat -e inject=openat:signal=KILL:when="$n" \
			"$pct" set "$id" --memory $((100 + n)) --cores 1 --hostname "k$n" \
			--nameserver "192.0.2.$n" || got=$?; } >/dev/null 2>&1
		[ $got = 0 ] || hits=$((hits + 1))
		"$pct" set "$id" --swap $((n % 50)) >"$out" 2>"$err" </dev/null || flunk "set after a kill at $n" "$(cat "$err")"
		[ -z "$("$pct" pending "$id" | grep -v '^cur' || true)" ] || flunk "pending after a kill at $n"
		[ "$(both memory memory.limit_in_bytes memory.max)" = $(($(conf memory) << 20)) ] || flunk "memory after a kill at $n"
		want=$(conf hostname)
		[ "$(in_it hostname)" = "${want:-CT$id}" ] || flunk "hostname after a kill at $n" "$(in_it hostname), not $want"
	done
	within "killed in the middle" 5 99 $hits
}

id=100
run 0 create 100 builtin:busybox --memory 256 --swap 64 --hostname box
run 0 set 100 --memory 300 --tty 3
same "of a stopped one at once" "$(conf memory) $(conf tty)" "300 3"
nothing_pending
run 0 set 100 --delete tty --memory 256
run 0 start 100
limits
names
later
squeeze
digest
if command -v strace >/dev/null; then
	killed
else
	skip "killed in the middle" "needs strace"
fi

# Its CPUs are the user's own business.
run 0 stop 100
run 0 set 100 --delete cores
for v in cgroup cgroup2; do echo "lxc.$v.cpuset.cpus: 0" >>"$confs/100.conf"; done
run 0 start 100
run 0 set 100 --cores "$cpus"
same "a raw line is left alone" "$(both cpuset cpuset.cpus cpuset.cpus)" 0
run 0 destroy 100 --force
nothing_of 100

# A privileged one, and where CPUs are spread.
id=101
run 0 create 101 builtin:busybox --memory 64 --unprivileged 0
run 0 start 101
limits
names
run 0 set 101 --memory 64 --cores 1
# Its own cgroups, and what a kill between the outer and the inner one leaves.
dir=/sys/fs/cgroup/cpuset/$(cgroup)/101
if [ -d "$dir/ns" ] && [ "$cpus" -gt 1 ]; then
	all=0-$((cpus - 1))
	run 0 set 101 --delete cores
	mkdir "$dir/ns/wide" "$dir/ns/wide/less"
	for sub in wide wide/less; do cat "$dir/cpuset.mems" >"$dir/ns/$sub/cpuset.mems"; done
	echo $all >"$dir/ns/wide/cpuset.cpus"
	echo 0 >"$dir/ns/wide/less/cpuset.cpus"
	run 0 set 101 --cores 1
	same "those it made have no more than it" "$(cat "$dir/ns/wide/cpuset.cpus" "$dir/ns/wide/less/cpuset.cpus" | sort -u)" \
		"$(cat "$dir/cpuset.cpus")"
	run 0 set 101 --delete cores
	same "and follow it" "$(cat "$dir/ns/cpuset.cpus" "$dir/ns/wide/cpuset.cpus" | tr '\n' ' ')" "$all $all "
	rmdir "$dir/ns/wide/less" "$dir/ns/wide"
	echo 0 >"$dir/ns/cpuset.cpus"
	run 0 set 101 --cores "$cpus"
	same "inner and outer are one again" "$(cat "$dir/ns/cpuset.cpus")" $all
	run 0 set 101 --cores 1
fi
for id in 102 103; do
	run 0 create $id builtin:busybox --memory 64 --cores 1
	run 0 start $id
done
spread() { "$pct" cpusets | awk '/:/ { print $2 }' | sort | uniq -c | awk '{ print $1 }' | sort | tr '\n' ' '; }
evenly() { [ "$(spread)" = "1 1 " ]; }
alone() { # who has a CPU for itself
	"$pct" cpusets | awk '/:/ { sub(":", "", $1); cpu[$1] = $2; n[$2]++ }
		END { for (id in cpu) if (n[cpu[id]] == 1) print id }'
}
if [ "$cpus" = 2 ]; then
	same "three on two CPUs" "$(spread)" "1 2 "
	id=$(alone)
	run 0 stop "$id"
	same "two on two CPUs after a stop" "$(spread)" "1 1 "
	run 0 start "$id"
	same "three on two CPUs after a start" "$(spread)" "1 2 "
	id=$(alone)
	"$pct" exec "$id" -- poweroff >/dev/null 2>&1 || true
	until_true 10 sh -c "[ \"\$($pct status $id)\" = 'status: stopped' ]"
	ok "two on two CPUs after one ended by itself" until_true 10 evenly
else
	skip "spread" "made for two CPUs"
fi
for id in 101 102 103; do
	run 0 destroy $id --force
	nothing_of $id
done
run 0 cpusets
same "none runs" "$(cat "$out")" "no running containers"

#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Known work is done in a container; its files must move by just that.
# apart: its numbers are held against the whole machine's
. "$(dirname "$0")/lib.sh"
[ "$(id -u)" = 0 ] || { skip "known work in a container" "needs root"; exit 0; }
[ -c /dev/fuse ] || { skip "known work in a container" "no /dev/fuse"; exit 0; }

ID=$(($$ + 1000))
LOOP=''
cleanup_more() {
	"$B/pct" destroy $ID --force >/dev/null 2>&1
	[ -n "$LOOP" ] || return 0
	losetup -d "$LOOP" 2>/dev/null
	until_true 1 python3 -c 'import fcntl, sys
with open("/dev/loop-control") as f: fcntl.ioctl(f, 0x4C81, int(sys.argv[1]))' "${LOOP#/dev/loop}" # LOOP_CTL_REMOVE
}
ok "a container" pct create $ID builtin:busybox --memory 512 --swap 256 --cores 1 --unprivileged 0
ROOTFS=$(find "$PCT_ROOT/var/lib/pct/images/$ID" -mindepth 1 -maxdepth 1)
install -m 755 "$B/work" "$ROOTFS/bin/work"
# Its own disk, later.
for v in cgroup cgroup2; do echo "lxc.$v.devices.allow: b 7:* rwm"; done >>"$PCT_ROOT/etc/pct/lxc/$ID.conf"
ok "started" pct start $ID

value() { inside $ID "cat /proc/$1" | awk -v k="$2" '$1 == k { print $2; exit }'; } # FILE KEY
moves() { # SENTENCE KEY BEFORE AFTER: by 100 MiB ± 2 %
	within "$1: $2 moves by 100 MiB" $((102400 * 98 / 100)) $((102400 * 102 / 100)) $(($4 - $3))
}
keys='AnonPages: Shmem: Cached: MemFree: MemAvailable:'
snapshot() { # into the array $1
	local k text
	text=$(inside $ID 'cat /proc/meminfo')
	for k in $keys; do eval "$1[\${k%:}]=$(awk -v k="$k" '$1 == k { print $2 }' <<<"$text")"; done
}
declare -A one two

# $1: command that says "ready" and waits.
with_work() {
	coproc W { "$B/pct" exec $ID -- "$@" 2>&1; }
	read -r -t 300 -u "${W[0]}" _ || flunk "$* did not get ready"
}
done_with_work() {
	echo >&"${W[1]}"
	wait "$W_PID"
}

# shellcheck disable=SC2154 # set by snapshot
{
	snapshot one
	with_work work anon 100
	snapshot two
	done_with_work
	moves "100 MiB anonymous" AnonPages "${one[AnonPages]}" "${two[AnonPages]}"
	moves "… and free goes down" MemFree "${two[MemFree]}" "${one[MemFree]}"
	moves "… as does available" MemAvailable "${two[MemAvailable]}" "${one[MemAvailable]}"

	snapshot one
	with_work work file /root/x 100
	snapshot two
	done_with_work
	moves "100 MiB of page cache" Cached "${one[Cached]}" "${two[Cached]}"
	# 3056 kB were seen once, at load 15, on v1; why is not known.
	within "… leaves nearly all of it available" -4096 4096 $((one[MemAvailable] - two[MemAvailable]))
	inside $ID 'rm /root/x'

	snapshot one
	inside $ID 'mkdir -p /t && mount -t tmpfs t /t'
	with_work work file /t/x 100
	snapshot two
	moves "100 MiB in a tmpfs" Shmem "${one[Shmem]}" "${two[Shmem]}"
	moves "… are no longer available" MemAvailable "${two[MemAvailable]}" "${one[MemAvailable]}"
	done_with_work
	inside $ID 'umount /t'
}

# CPU: what the file says against the work's own getrusage, both asked by the work itself.
near() { within "$1" "$(calc "$2 * 0.97 - 1")" "$(calc "$2 * 1.03 + 1")" "$3"; } # ± 3 %, and the tick that is cut
calc() { awk "BEGIN { print $1 }"; }
for burst in "5000 5000" "500 500"; do
	# shellcheck disable=SC2086
	read -r ran used busy idle steal < <(pct exec $ID -- work burn 10000 $burst)
	near "bursts of ${burst% *} µs: user and system move by what was used" "$used" "$busy"
	near "… and idle by the rest" "$(calc "$ran - $used")" "$idle"
	within "… nothing is stolen" 0 1 "$steal"
done

# Half a CPU of quota, all burnt: half used, half stolen, none idle. It goes before others, so
# that a busy host gives it that half.
group=$(cgroup_of $ID cpu)
for g in "$group" "${group%/*}"; do
	if [ -e "$g/cpu.weight" ]; then echo 10000 >"$g/cpu.weight"; else echo 262144 >"$g/cpu.shares"; fi
done
if [ -e "$group/cpu.max" ]; then
	echo "50000 100000" >"$group/cpu.max"
else
	echo 100000 >"$group/cpu.cfs_period_us"
	echo 50000 >"$group/cpu.cfs_quota_us"
fi
throttled() { # in ticks
	awk '/^throttled_time/ { print $2 / 1e7 } /^throttled_usec/ { print $2 / 1e4 }' "$group/cpu.stat"
}
before=$(throttled) start=$(date +%s%N)
read -r ran used busy idle steal < <(pct exec $ID -- work burn 10000 10000000 0)
stolen=$(calc "$(throttled) - $before")
around=$(calc "($(date +%s%N) - $start) / 1e7 - $ran")
near "at a quota of 0.5 CPU user and system move by what was used" "$used" "$busy"
# The kernel's count is read before and after: it has the start of pct exec too, and a period of
# 10 ticks that is cut at each end.
within "… steal by what the kernel throttled" "$(calc "$stolen * 0.97 - 10 - $around")" \
	"$(calc "$stolen * 1.03 + 10")" "$steal"
# Who waits for a CPU of a busy host is neither running nor throttled.
if [ "$(calc "$used < $ran * 0.48 || $stolen < $ran * 0.48")" = 1 ]; then
	skip "50 % used, 50 % stolen, 0 idle" "a busy host: it ran $used and was throttled $stolen of $ran ticks"
else
	within "… half is used" "$(calc "$ran * 0.47")" "$(calc "$ran * 0.53")" "$busy"
	within "… half stolen" "$(calc "$ran * 0.47")" "$(calc "$ran * 0.53")" "$steal"
	within "… none idle" 0 "$(calc "$ran * 0.03")" "$idle"
fi
if [ -e "$group/cpu.max" ]; then echo max >"$group/cpu.max"; else echo -1 >"$group/cpu.cfs_quota_us"; fi

# Three loops on one CPU: the kernel's formula on three running tasks, from what was there on.
pct exec $ID -- sh -c 'cat /proc/loadavg /proc/uptime
	for i in 1 2 3; do sh -c "while :; do :; done" & p="$p $!"; done
	sleep 24; cat /proc/uptime /proc/loadavg; kill $p' >"$PCT_ROOT/load"
# 24 s hold 4 or 5 samples, more where sleep is late; the text is rounded before and after.
formula() { # SECONDS-OF-THE-AVERAGE FIELD
	awk -v s="$1" -v f="$2" 'NR == 1 { was = $f } NR == 2 { from = $1 } NR == 3 { to = $1 } NR == 4 { is = $f }
		END { n = int((to - from) / 5); for (k = n; k <= n + 1; k++) { e = exp(-5 * k / s); w = was * e + 3 * (1 - e)
				said = said " " w; if (is - w < 0.02 && w - is < 0.02) good = 1 }
			print good ? "yes" : was " became " is ", not one of" said }' "$PCT_ROOT/load"
}
is "three loops for 24 s: the load follows the kernel's formula" yes "$(formula 60 1)"
is "… as does that of 5 minutes" yes "$(formula 300 2)"
is "… and of 15" yes "$(formula 900 3)"
like "… three of them running" ' [34]/' "$(tail -1 "$PCT_ROOT/load")"

# A disk of its own, written without the page cache: sectors of 512 bytes.
truncate -s 128M "$PCT_ROOT/disk"
# A new device: the kernel counts what goes through the page cache for the cgroup that first wrote so to
# a device, and does so still when another file is behind that.
new_loop() {
	python3 -c 'import fcntl, sys
with open("/dev/loop-control") as f: print("/dev/loop%d" % fcntl.ioctl(f, 0x4C80, int(sys.argv[1])))' $((1000 + $$ % 100000)) # LOOP_CTL_ADD
}
LOOP=$(new_loop 2>/dev/null) || LOOP=''
if [ -n "$LOOP" ] && until_true 1 [ -b "$LOOP" ] && losetup "$LOOP" "$PCT_ROOT/disk" 2>/dev/null; then
	dev=$(stat -c '%Hr:%Lr' "$LOOP")
	rule=$(cgroup_of $ID blkio)/blkio.throttle.write_bps_device
	# v1 counts only where some rule is set: one that never bites.
	[ ! -e "$rule" ] || echo "$dev 1000000000000" >"$rule"
	mknod "$ROOTFS/disk" b "${dev%:*}" "${dev#*:}"
	if said=$(pct exec $ID -- work direct /disk 50 2>&1); then
		name=$(basename "$LOOP")
		sectors() { inside $ID 'cat /proc/diskstats' | awk -v n="$name" '$3 == n { print $10 }'; }
		within "50 MiB written to a disk are 102400 sectors" 102400 102500 "$(sectors)"
		is "… and 51200 kB of pgpgout, or more" 1 "$(($(value vmstat pgpgout) >= 51200))"
		if [ -e "$rule" ]; then
			skip "buffered writes in diskstats" "v1 has no owner for them"
		else
			before=$(sectors)
			pct exec $ID -- work file /disk 50 </dev/null >/dev/null
			within "50 MiB through the page cache too" 102400 $((102400 * 102 / 100)) $(($(sectors) - before))
		fi
	else
		skip "sectors in diskstats" "the container cannot write to the loop disk: $said"
	fi
else
	skip "sectors in diskstats" "no loop device"
fi

nothing_wraps() { # SENTENCE
	is "$1: nothing wraps around" "" "$(inside $ID 'cat /proc/meminfo /proc/swaps /proc/vmstat /proc/stat' |
		awk '{ for (i = 2; i <= NF; i++) if ($i + 0 > 2 ^ 45 || $i + 0 < 0) print }' | grep -v ^VmallocTotal)"
}
limit=$(cgroup_of $ID memory)/memory.max
[ -e "$limit" ] || limit=$(cgroup_of $ID memory)/memory.limit_in_bytes

# More memory in use than it may have all at once: the rest goes to swap.
if [ "$(awk '/^SwapTotal/ { print $2 }' /proc/meminfo)" -gt 200000 ]; then
	with_work work anon 300
	before=$(value vmstat pswpout) wrote=$(awk '/^pswpout/ { print $2 }' /proc/vmstat)
	echo 236M >"$limit"
	text=$(inside $ID 'cat /proc/meminfo /proc/swaps')
	total=$(awk '$1 == "SwapTotal:" { print $2 }' <<<"$text")
	free=$(awk '$1 == "SwapFree:" { print $2 }' <<<"$text")
	used=$(($(cgroup_file $ID memory memory.memsw.usage_in_bytes memory.swap.current) / 1024))
	# The kernel takes more than it must (103 MiB on 6.1): its own count decides, ± a batch of reclaim.
	within "64 MiB too much are in swap, by the cgroup's count" $((used - 1024)) $((used + 1024)) $((total - free))
	within "… which are 64 MiB or more" $((65536 * 98 / 100)) 262144 $((total - free))
	is "… by /proc/swaps too" $((total - free)) "$(awk '/virtual/ { print $4 }' <<<"$text")"
	wrote=$(($(awk '/^pswpout/ { print $2 }' /proc/vmstat) - wrote))
	# Older kernels count it for no cgroup: by how much swap grew is the least that it was.
	least=$(((total - free) / 4))
	! grep -qs '^pswpout' "${limit%/*}/memory.stat" || least=$wrote
	within "… and pages in pswpout, no more than the host counted" $((least * 98 / 100)) $((wrote * 102 / 100)) \
		$(($(value vmstat pswpout) - before))
	is "its memory is the new limit" $((236 * 1024)) "$(awk '$1 == "MemTotal:" { print $2 }' <<<"$text")"
	nothing_wraps "memory lowered below its use"
	echo 256M >"$limit"
	echo 32M >"$(cgroup_of $ID memory)/memory.swap.max" 2>/dev/null
	nothing_wraps "swap lowered below its use"
	done_with_work
else
	skip "swapping out" "this host has no swap; the virtual machine has"
	with_work work anon 100
	# The kernel refuses, or takes what page cache there is.
	echo 64M >"$limit" 2>/dev/null
	nothing_wraps "memory lowered below its use"
	done_with_work
fi

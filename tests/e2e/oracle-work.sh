#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Known work is done in a container; its files must move by just that.
. "$(dirname "$0")/lib.sh"
[ "$(id -u)" = 0 ] || { skip "known work in a container" "needs root"; exit 0; }
[ -c /dev/fuse ] || { skip "known work in a container" "no /dev/fuse"; exit 0; }

ID=$((RANDOM % 9000 + 1000))
LOOP=''
cleanup_more() {
	"$B/pct" destroy $ID --force >/dev/null 2>&1
	[ -z "$LOOP" ] || losetup -d "$LOOP"
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
	read -r -t 60 -u "${W[0]}" _ || flunk "$* did not get ready"
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
	within "… leaves nearly all of it available" -3000 3000 $((one[MemAvailable] - two[MemAvailable]))
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

# CPU: what the files say against the work's own getrusage, in ticks of 10 ms.
ticks() { inside $ID 'head -1 /proc/stat' | awk '{ print $2 + $4, $5, $9 }'; }
for burst in "5000 5000" "500 500"; do
	read -r busy idle _ < <(ticks)
	start=$(date +%s%N)
	# shellcheck disable=SC2086
	used=$(pct exec $ID -- work burn 10000 $burst)
	read -r busy2 idle2 _ < <(ticks)
	elapsed=$((($(date +%s%N) - start) / 10000000))
	used=$((used / 10000))
	# The shells that look count too: some ticks.
	within "bursts of ${burst% *} µs: user and system move by what was used" $((used * 97 / 100 - 1)) \
		$((used * 103 / 100 + 8)) $((busy2 - busy))
	within "… and idle by the rest" $((elapsed - used - elapsed * 4 / 100 - 8)) \
		$((elapsed - used + elapsed * 4 / 100 + 8)) $((idle2 - idle))
done

# Three loops on one CPU: the kernel's formula on three running tasks, from 0 on.
pct exec $ID -- sh -c 'for i in 1 2 3; do timeout 26 sh -c "while :; do :; done" & done; sleep 24; cat /proc/loadavg' >"$PCT_ROOT/load" &
sleeper=$!
wait $sleeper
# 4 or 5 samples of 3, and what was there before.
within "three loops for 24 s: the load follows the kernel's formula" 0.75 1.35 "$(cut -d' ' -f1 "$PCT_ROOT/load")"
within "… the longer ones slower" 0.14 0.45 "$(cut -d' ' -f2 "$PCT_ROOT/load")"
like "… three of them running" ' [34]/' "$(cat "$PCT_ROOT/load")"

# A disk of its own, written without the page cache: sectors of 512 bytes.
truncate -s 128M "$PCT_ROOT/disk"
if LOOP=$(losetup -f --show "$PCT_ROOT/disk" 2>/dev/null); then
	dev=$(stat -c '%Hr:%Lr' "$LOOP")
	rule=$(cgroup_of $ID blkio)/blkio.throttle.write_bps_device
	# v1 counts only where some rule is set: one that never bites.
	[ ! -e "$rule" ] || echo "$dev 1000000000000" >"$rule"
	mknod "$ROOTFS/disk" b "${dev%:*}" "${dev#*:}"
	if said=$(pct exec $ID -- work direct /disk 50 2>&1); then
		name=$(basename "$LOOP")
		within "50 MiB written to a disk are 102400 sectors" 102400 102500 \
			"$(inside $ID 'cat /proc/diskstats' | awk -v n="$name" '$3 == n { print $10 }')"
		is "… and 51200 kB of pgpgout, or more" 1 "$(($(value vmstat pgpgout) >= 51200))"
	else
		skip "sectors in diskstats" "the container cannot write to the loop disk: $said"
	fi
else
	skip "sectors in diskstats" "no loop device"
fi

# More memory in use than it may have all at once: the rest goes to swap, and nothing wraps.
if [ "$(awk '/^SwapTotal/ { print $2 }' /proc/meminfo)" -gt 200000 ]; then
	with_work work anon 300
	limit=$(cgroup_of $ID memory)/memory.max
	[ -e "$limit" ] || limit=$(cgroup_of $ID memory)/memory.limit_in_bytes
	echo 200M >"$limit"
	text=$(inside $ID 'cat /proc/meminfo /proc/swaps')
	total=$(awk '$1 == "SwapTotal:" { print $2 }' <<<"$text")
	free=$(awk '$1 == "SwapFree:" { print $2 }' <<<"$text")
	within "100 MiB too much are in swap" 92000 262144 $((total - free))
	is "… by /proc/swaps too" $((total - free)) "$(awk '/virtual/ { print $4 }' <<<"$text")"
	is "its memory is the new limit" 204800 "$(awk '$1 == "MemTotal:" { print $2 }' <<<"$text")"
	echo 256M >"$limit"
	echo 64M >"$(cgroup_of $ID memory)/memory.swap.max" 2>/dev/null
	is "swap lowered below its use: nothing wraps around" "" \
		"$(inside $ID 'cat /proc/meminfo /proc/swaps /proc/vmstat' | awk '{ for (i = 2; i <= NF; i++) if ($i + 0 > 2 ^ 45) print }')"
	done_with_work
else
	skip "swapping out" "this host has no swap; the virtual machine has"
fi

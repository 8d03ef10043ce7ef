#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# A reboot from inside: started anew from its conf, by a new monitor, with a clock of its own.
# shellcheck source=pct-lib
. "$(dirname "$0")/pct-lib"
needs "needs /dev/fuse" [ -e /dev/fuse ]

init_of() { "$pct" status "$1" --verbose 2>/dev/null | awk '/^pid:/ { print $2 }'; }
monitor_of() { awk '/^PPid:/ { print $2 }' "/proc/$1/status"; }
inside() { "$pct" exec "$1" -- cat "$2"; }
# Runs, with another init than $2.
is_anew() { local now; now=$(init_of "$1") && [ -n "$now" ] && [ "$now" != "$2" ] && inside "$1" /proc/uptime >/dev/null 2>&1; }
is_stopped() { [ "$("$pct" status "$1")" = "status: stopped" ]; }
is_gone() { [ ! -e "/proc/$1" ]; }

reboot_once() # VMID: from inside; $init and $monitor are the new ones
{
	local id=$1 before=$init old=$monitor

	"$pct" exec "$id" -- reboot -f >/dev/null 2>&1 || true
	if until_true 20 is_anew "$id" "$before"; then
		pass "CT $id runs again"
	else
		flunk "CT $id does not run again" "$("$pct" status "$id"; cat "$PCT_ROOT/var/lib/pct/lxc/$id/reboot.log" 2>&1)"
	fi
	init=$(init_of "$id") monitor=$(monitor_of "$init")
	if until_true 5 is_gone "$old"; then pass "the monitor before is gone"; else flunk "monitor $old is still there"; fi
	same "reboot.log" "$(cat "$PCT_ROOT/var/lib/pct/lxc/$id/reboot.log")" ""
}

round() # VMID UNPRIVILEGED
{
	local id=$1 up low

	run 0 create "$id" builtin:busybox --memory 64 --unprivileged "$2"
	run 0 start "$id"
	init=$(init_of "$id") monitor=$(monitor_of "$init")
	same "memory before" "$(inside "$id" /proc/meminfo | awk '/^MemTotal:/ { print $2 }')" 65536
	# What is changed meanwhile is there after a reboot, as it would be after a stop and a start.
	sed -i 's/^memory: 64$/memory: 96/' "$confs/$id.conf"
	sleep 3
	reboot_once "$id"
	same "memory after" "$(inside "$id" /proc/meminfo | awk '/^MemTotal:/ { print $2 }')" 98304
	low=$(ps -o etimes= -p "$init")
	up=$(inside "$id" /proc/uptime | cut -d. -f1)
	if [ -e /proc/self/timens_offsets ]; then
		within "its boot clock begins with its init" $((low - 1)) $(($(ps -o etimes= -p "$init") + 1)) "$up"
	fi
	for _ in 1 2 3; do reboot_once "$id"; done
	run 0 exec "$id" -- poweroff -f
	until_true 20 is_stopped "$id" || true
	same "powered off from inside" "$("$pct" status "$id")" "status: stopped"
	run 0 start "$id"
	run 0 stop "$id"
	same "cgroups after stop" "$(find /sys/fs/cgroup -path "*/$(cgroup)*/$id" -type d)" ""
	# Stopped while it reboots, at any moment of that: it stays so.
	for ms in 000 050 150 400 700; do
		run 0 start "$id"
		init=$(init_of "$id")
		"$pct" exec "$id" -- reboot -f >/dev/null 2>&1 || true
		until_true 5 is_gone "$init" || flunk "init $init is still there"
		sleep "0.$ms"
		"$pct" stop "$id" >"$out" 2>"$err" || true # which may have found it stopped
		sleep 2.5
		same "stopped $ms ms after it rebooted" "$("$pct" status "$id")" "status: stopped"
	done
	# Destroyed while it reboots: nothing of it comes back.
	run 0 start "$id"
	"$pct" exec "$id" -- reboot -f >/dev/null 2>&1 || true
	"$pct" destroy "$id" --force >"$out" 2>"$err" || "$pct" destroy "$id" --force >"$out" 2>"$err" || flunk "destroy" "$(cat "$err")"
	sleep 1
	nothing_of "$id"
}

round 101 0
round 102 1
# With the last container all cgroups of this root go, as soon as nobody starts anything there.
last_one_goes() { "$pct" create 103 builtin:busybox && "$pct" destroy 103 && [ -z "$(find /sys/fs/cgroup -maxdepth 2 -name "$(cgroup)*")" ]; }
if until_true 10 last_one_goes; then pass "no cgroup is left"; else flunk "cgroups are left"; fi

run 1 hook 101
said "LXC_TARGET is not set"

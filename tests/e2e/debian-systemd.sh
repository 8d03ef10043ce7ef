#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# A Debian with systemd as its init, from a tar: procps's own tools see the container.
. "$(dirname "$0")/lib.sh"
[ "$(id -u)" = 0 ] || { skip "Debian with systemd" "needs root"; exit 0; }
[ -c /dev/fuse ] || { skip "Debian with systemd" "no /dev/fuse"; exit 0; }

# Made once, kept in the build folder.
TAR=$B/debian-12.tar
if ! why=$(debian_tar debian-12 systemd,systemd-sysv,procps,dbus); then
	skip "Debian with systemd" "mmdebstrap: $why"
	exit 0
fi

ID=$(($$ + 1000)) # no other test's
began=$SECONDS
ok "made from a tar" pct create $ID "$TAR" --memory 256 --cores 1 --hostname deb
ok "it starts" pct start $ID
ok "systemd is up" until_true 60 inside $ID \
	'case $(systemctl is-system-running) in running|degraded) ;; *) false ;; esac'
is "free -m" 256 "$(inside $ID 'free -m' | awk '/^Mem/ { print $2 }')"
is "nproc" 1 "$(inside $ID nproc)"
is "processors in cpuinfo" 1 "$(inside $ID 'grep -c ^processor /proc/cpuinfo')"
is "cpu rows in stat" 1 "$(inside $ID 'grep -c ^cpu[0-9] /proc/stat')"
up=$(inside $ID 'cut -d. -f1 /proc/uptime; uptime')
within "uptime" 0 $((SECONDS - began + 1)) "$(head -1 <<<"$up")"
like "uptime(1): minutes, not the host's" "$(up_minutes | sed 's/ / +/')" "$(tail -1 <<<"$up")"
# When it started, as each of them has it. `who -b` says minutes; what it reads has seconds, and is
# written by systemd, a moment after the container's first process is there.
clocks() {
	# shellcheck disable=SC2016
	inside $ID 'date -ud "$(TZ=UTC uptime -s)" +%s; sed -n "s/^btime //p" /proc/stat
		perl -MTime::HiRes=time,clock_gettime -e "printf qq(%.2f\n), time - clock_gettime(7)" # CLOCK_BOOTTIME
		LC_ALL=C TZ=UTC who -b | awk "{ print \$3, \$4, \$5 }"'
	python3 - "/proc/$(pid_of $ID)" <<'P'
import os, re, struct, sys, time
row = struct.Struct('=hhi32s4s32s256shhiii36x') # utmp(5)
boot = [r[10] for r in row.iter_unpack(open(sys.argv[1] + '/root/run/utmp', 'rb').read()) if r[0] == 2][-1]
print(boot)
ticks = int(re.sub(r'.*\) ', '', open(sys.argv[1] + '/stat').read()).split()[19])
print(int(time.time() - time.clock_gettime(time.CLOCK_BOOTTIME) + ticks / os.sysconf('SC_CLK_TCK')))
P
}
# Two clocks are read one after the other: who is kept waiting in between takes them again.
near() { [ -n "${t[5]}" ] && [ "${t[0]}" -ge $((t[5] - 1)) ] && [ "${t[0]}" -le $((t[5] + 1)) ] && [ "${t[2]%.*}" -le $((t[5] + 1)) ]; }
agree() { # WHEN
	local t
	for _ in 1 2 3 4 5; do
		mapfile -t t < <(clocks)
		near && break
	done
	within "$1: uptime -s is when its first process started" $((t[5] - 1)) $((t[5] + 1)) "${t[0]}"
	within "… btime too" $((t[5] - 1)) $((t[5] + 1)) "${t[1]}"
	within "… CLOCK_BOOTTIME too" $((t[5] - 1)) $((t[5] + 2)) "${t[2]}"
	within "… and what who -b reads" $((t[5] - 1)) $((t[5] + 2)) "${t[4]}"
	is "… which it says to the minute" "$(LC_ALL=C date -ud "@${t[4]}" '+%b %-d %H:%M')" "${t[3]}"
}
agree "started"
like "top" '^MiB Mem : +256\.0 total' "$(inside $ID 'TERM=dumb top -bn1')"
like "vmstat runs on it" '^ *[0-9]+ +[0-9]+ +[0-9]+' "$(inside $ID 'vmstat' | tail -1)"
is "lscpu" 1 "$(inside $ID lscpu | awk '/^CPU\(s\):/ { print $2 }')"
is "getconf by sysinfo(2): pages" $((256 * 256)) "$(inside $ID 'getconf _PHYS_PAGES')"
is "getconf: processors online" 1 "$(inside $ID 'getconf _NPROCESSORS_ONLN')"
is "systemd in a cgroup of its own below changes nothing" 262144 \
	"$(inside $ID 'systemd-run -q --wait --pipe grep MemTotal /proc/meminfo' | awk '{ print $2 }')"
first=$(pid_of $ID)
ok "reboot from inside" inside $ID 'systemctl reboot'
again() { local pid; pid=$(pid_of $ID) && [ -n "$pid" ] && [ "$pid" != "$first" ] && inside $ID 'case $(systemctl is-system-running) in running|degraded) ;; *) false ;; esac'; }
ok "… it is up again" until_true 90 again
agree "rebooted"
ok "stop" pct stop $ID
ok "destroy" pct destroy $ID
is "no cgroup is left" "" "$(find /sys/fs/cgroup -type d -name $ID -print -quit)"

#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# pct status --verbose beside what the kernel says; and who else but root may look.
# shellcheck source=pct-lib
. "$(dirname "$0")/pct-lib"
needs "needs /dev/fuse" [ -e /dev/fuse ]

value() { awk -v k="$1:" '$1 == k { print $2 }' "$out"; } # KEY: of the last run

run 0 create 100 builtin:busybox --memory 64 --swap 32 --cores 1 --tags "b;a"
run 0 status 100 --verbose
is "a stopped one's lines" \
	"cpus diskread diskwrite maxdisk maxmem maxswap mem name netin netout status swap tags type uptime vmid" \
	"$(cut -d: -f1 "$out" | xargs)"
is "what it uses" "0 0 0 0 0 0" "$(for k in diskread diskwrite mem netin netout uptime; do value $k; done | xargs)"
is "maxdisk is the file system's" "$(df -B1 --output=size "$images/100" | tail -1 | tr -d ' ')" "$(value maxdisk)"
sed -i 's/^rootfs:.*/&,size=2G/' "$confs/100.conf"
run 0 status 100 --verbose
is "maxdisk is what the conf says" 2147483648 "$(value maxdisk)"
is "maxmem, maxswap" "67108864 33554432" "$(value maxmem) $(value maxswap)"
is "tags" "a;b" "$(value tags)"

run 0 start 100
# On a tmpfs: memory that cannot be dropped.
run 0 exec 100 -- sh -c 'mkdir /t && mount -t tmpfs t /t && head -c 20000000 /dev/zero >/t/x && sleep 1'
run 0 status 100 --verbose
is "sorted" "" "$(LC_ALL=C sort -c "$out" 2>&1)"
init=$(value pid)
is "pid is its init's" 1 "$(awk '/^NSpid:/ { print $NF }' "/proc/$init/status")"
like "and that is of its cgroup" "$(cgroup)/100(/|$)" "$(cat "/proc/$init/cgroup")"
within "uptime" 1 $((SECONDS + 2)) "$(value uptime)"
used=$(cgroup_file 100 memory memory.usage_in_bytes memory.current)
within "mem, beside $used" 20000000 "$((used + 4194304))" "$(value mem)"
is "status" running "$(value status)"
if [ -r "/sys/fs/cgroup/unified/$(cgroup)/100/cpu.pressure" ] || [ -r "/sys/fs/cgroup/$(cgroup)/100/cpu.pressure" ]; then
	like "pressure" "^[0-9]+\.[0-9][0-9]$" "$(value pressurecpusome)"
	is "all six" 6 "$(grep -c ^pressure "$out")"
else
	skip "pressure" "this kernel accounts none by cgroup"
fi
cp "$out" "$PCT_ROOT/text"
run 0 status 100 --verbose --output-format json
is "JSON has the same keys" "$(cut -d: -f1 "$PCT_ROOT/text" | xargs)" \
	"$(python3 -c 'import json, sys; print(*json.load(sys.stdin))' <"$out")"
is "numbers are numbers" "int int str" \
	"$(python3 -c 'import json, sys; d = json.load(sys.stdin); print(*(type(d[k]).__name__ for k in ("mem", "vmid", "name")))' <"$out")"

# On v1 the kernel counts it where the process was, below the cgroup that has the limit.
run 137 exec 100 -- sh -c 'exec dd if=/dev/zero of=/dev/null bs=200M count=1'
like "a kill for want of memory is in its metrics" '^container_oom_events_total\{.*name="100"\} 1$' \
	"$("$B/pctfs" stats --prometheus)"

# The host's end of its interface, by the name pct gives it; what that sends it receives.
fnv() {
	local h=$((0x811c9dc5)) i c
	for ((i = 0; i < ${#1}; i++)); do
		printf -v c %d "'${1:i:1}"
		h=$((((h ^ c) * 0x01000193) & 0xffffffff))
	done
	printf '%08x\n' "$h"
}
end=pct$(fnv "$PCT_ROOT/100")i7
cp "$confs/100.conf" "$PCT_ROOT/conf"
echo "net7: name=eth7" >>"$confs/100.conf"
ip link add "$end" type veth peer name "${end}p"
cleanup_more() { set +e; ip link del "$end" 2>/dev/null; }
ip link set "$end" up
ip link set "${end}p" up
until_true 10 grep -qv '^0$' "/sys/class/net/$end/statistics/tx_bytes"
until_true 10 grep -qv '^0$' "/sys/class/net/$end/statistics/rx_bytes"
run 0 status 100 --verbose
within "netin is what the host's end sent" 1 "$(cat "/sys/class/net/$end/statistics/tx_bytes")" "$(value netin)"
within "netout is what it received" 1 "$(cat "/sys/class/net/$end/statistics/rx_bytes")" "$(value netout)"
ip link del "$end"
cp "$PCT_ROOT/conf" "$confs/100.conf"

# A process in it with a pid namespace of its own is not its init.
"$pct" exec 100 -- unshare -pf sleep 3 >/dev/null 2>&1 &
nested=$!
sleep 0.5
run 0 status 100 --verbose
is "pid beside a nested init" "$init" "$(value pid)"
wait "$nested"

# Members of a group, when the admin lets them.
gid=64321
as() { setpriv --reuid 65534 --regid 65534 --groups "$gid" "$@"; }
stranger() { setpriv --reuid 65534 --regid 65534 --clear-groups "$@"; }
is "a conf is for root" "640 0" "$(stat -c '%a %g' "$confs/100.conf")"
chgrp "$gid" "$confs" "$confs/100.conf"
chmod 2750 "$confs"
is "list of the group" "100 running" "$(as "$pct" list | awk 'NR == 2 { print $1, $2 }')"
is "status" "status: running" "$(as "$pct" status 100)"
is "its verbose status" "$init 33554432" \
	"$(as "$pct" status 100 --verbose | awk '/^(maxswap|pid):/ { print $2 }' | sort -n | xargs)"
is "config" "$("$pct" config 100)" "$(as "$pct" config 100)"
is "pending" "$("$pct" pending 100)" "$(as "$pct" pending 100)"
run 0 set 100 --onboot 1
is "a conf that is written anew" "640 $gid" "$(stat -c '%a %g' "$confs/100.conf")"
run 0 create 101 builtin:busybox
is "a new one" "640 $gid" "$(stat -c '%a %g' "$confs/101.conf")"
is "all of them" "100 101" "$(as "$pct" list | awk 'NR > 1 { print $1 }' | xargs)"
chmod 644 "$confs/101.conf"
run 0 set 101 --onboot 1
is "what all may read, all may read" 644 "$(stat -c %a "$confs/101.conf")"
# denied WHO TEXT WORDS...: pct says it to them in one line, and answers nothing.
denied() {
	local who=$1 text=$2 got=0
	shift 2
	"$who" "$pct" "$@" >"$out" 2>"$err" || got=$?
	same "$who: pct $*" "$got $(wc -c <"$out")" "1 0"
	said "$text"
}
for words in "set 100 --onboot 0" "start 101" "stop 100" "destroy 101" "create 102 builtin:busybox" "exec 100 true"; do
	# shellcheck disable=SC2086
	denied as "only root may do this" $words
done
denied stranger "read '$confs': Permission denied" list
denied stranger "read the config of CT 100" status 100
run 0 stop 100
run 0 status 100
is "stopped" "status: stopped" "$(cat "$out")"

#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# pct top --once against work that is known, and what 20 containers cost it.
# apart: what it costs is looked at
# shellcheck source=pct-lib
. "$(dirname "$0")/pct-lib"
needs "needs /dev/fuse" [ -e /dev/fuse ]

of() # VMID FIELD: from the last JSON
{
	python3 -c 'import json, sys
print(*[r[sys.argv[3]] for r in json.load(open(sys.argv[1])) if r["vmid"] == int(sys.argv[2])])' "$out" "$1" "$2"
}

run 0 top --once --json
same "no container: an empty list" "$(tr -d ' \n' <"$out")" "[]"
run 0 create 100 builtin:busybox --hostname busy --cpulimit 0.5
run 0 create 101 builtin:busybox --hostname idle --memory 128
run 0 create 102 builtin:busybox --hostname stopped
run 0 start 100
run 0 start 101
"$pct" exec 100 -n -- sh -c 'while :; do :; done' &
busy=$!
"$pct" exec 101 -n -- sh -c '(head -c 40000000 /dev/zero; echo >/full; sleep 1000) | tail -c 40000000' &
full=$!
until_true 20 "$pct" exec 101 -n -- test -e /full || true
sleep 1
# The kernel's own count, just before and after. Where others want the CPU too it may have had more of
# it in the seconds around than in those that were looked at: then once more.
ns_of() { cgroup_file 100 cpuacct cpuacct.usage cpu.stat | awk '/^[0-9]/ { print } /^usage_usec/ { print $2 "000" }'; }
for _ in 1 2 3 4 5; do
	before=$(ns_of) began=$(date +%s%N)
	run 0 top --once --json --interval 3
	percent=$(((($(ns_of) - before)) * 100 / ($(date +%s%N) - began)))
	if awk -v p=$percent -v g="$(of 100 cpu)" 'BEGIN { exit !(g >= p * 3 / 4 && g <= p * 5 / 4) }'; then break; fi
done
same "those that run, the busiest first" "$(python3 -c 'import json, sys
print(*[r["name"] for r in json.load(sys.stdin)])' <"$out")" "busy idle"
within "CPU of one that is busy, $percent %" "$((percent * 3 / 4))" "$((percent * 5 / 4))" "$(of 100 cpu)"
within "not more than its half CPU" 5 56 "$(of 100 cpu)"
within "CPU of an idle one" 0 5 "$(of 101 cpu)"
same "its limit" "$(of 101 maxmem)" 134217728
memory=$("$pct" status 101 --verbose | awk '/^mem:/ { print $2 }')
within "memory is what pct status says" "$((memory * 9 / 10))" "$((memory * 11 / 10))" "$(of 101 mem)"
within "40 MB and some" 40000000 80000000 "$(of 101 mem)"
within "part of its limit" 29 60 "$(of 101 mempart)"
same "no packet came" "$(of 101 netin)" 0
within "tasks" 3 8 "$(of 101 tasks)"
run 0 top --once --json --sort mem
same "sorted by memory" "$(python3 -c 'import json, sys
print(*[r["vmid"] for r in json.load(sys.stdin)])' <"$out")" "101 100"
run 0 top --once --sort name
same "text" "$(awk '{ print $1 }' "$out" | tr '\n' ' ')" "VMID 100 101 "
same "as wide for all" "$(awk '{ print length($0) }' "$out" | sort -u | wc -l)" 1
run 1 top
said "top needs a terminal; 'pct top --once' does not"
run 2 top --json
said "top: for programs it is 'pct top --once --json'"
run 2 top --once --sort none
# It cannot be seen when it has looked for the first time: what comes too early or too late comes again.
for _ in 1 2 3 4 5; do
	"$pct" top --once --json --interval 3 >"$out" &
	top=$!
	sleep 1
	"$pct" stop 100
	"$pct" start 102
	wait $top
	if [ "$(grep -c '"vmid"' "$out")$(of 101 vmid)" = 1101 ]; then break; fi
	"$pct" stop 102
	"$pct" start 100
done
same "one that stops, and one that starts meanwhile" "$(python3 -c 'import json, sys
print(*[r["vmid"] for r in json.load(sys.stdin)])' <"$out")" 101
wait $busy || true
kill -TERM $full
wait $full || true

# Its own time, for each container and look.
for id in $(seq 110 127); do
	"$pct" create "$id" builtin:busybox && "$pct" start "$id"
done >/dev/null 2>&1
run 0 top --once --json
same "twenty of them" "$(grep -c '"vmid"' "$out")" 20
cost=$(python3 - "$pct" <<'P'
import os, pty, resource, sys, time
pid, fd = pty.fork()
if pid == 0:
    os.environ["TERM"] = "xterm"
    os.execv(sys.argv[1], ["pct", "top"])
def used():
    return sum(int(x) for x in open("/proc/%d/stat" % pid).read().rsplit(")")[1].split()[11:13]) * 10
os.set_blocking(fd, False)
def drain(seconds):
    end = time.time() + seconds
    while time.time() < end:
        try: os.read(fd, 65536)
        except BlockingIOError: time.sleep(0.02)
drain(3)
before = used()
drain(10)
print((used() - before) / 10 / 20)
os.write(fd, b"q")
P
)
# 5 % of a CPU for a hundred is 0.5 ms each.
within "ms of CPU a second for each ($cost)" 0 0.5 "$cost"

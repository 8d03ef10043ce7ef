#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Two thousand containers, one of them with 20,000 threads: they cost little while they sleep, the
# load sampler keeps to its fifth of a CPU, and each has the numbers that are its own.
# apart: 20000 threads
. "$(dirname "$0")/box-lib"

N=2000 THREADS=20000
most=$(($(cat /proc/sys/kernel/threads-max) * 3 / 4))
pids=$(cat /proc/sys/kernel/pid_max)
[ "$most" -gt $((THREADS + 5000)) ] && [ "$pids" -gt $((THREADS + 5000)) ] ||
	{ skip "$N containers" "this host has room for $most threads"; exit 77; }
group busy || { skip "$N containers" "no cgroups can be made here"; exit 77; }
group crowd
ok "a daemon" "$B/pctfs"
D=$(worker_pid)
# User and system time of all of the daemon's threads, in ticks.
used() { awk '{ print $14 + $15 }' "/proc/$D/stat"; }
# How many it takes in ten seconds; it may have been more until we look again.
ticks() {
	local before began
	before=$(used) began=$(date +%s%N)
	sleep 10
	echo $((($(used) - before) * 10000 / (($(date +%s%N) - began) / 1000000)))
}
kept() { awk '/^VmRSS/ { print $2 }' "/proc/$D/status"; }

resident() { awk '/^Rss:/ { print $2 }' "/proc/$D/smaps_rollup"; }
open_files() { find "/proc/$D/fd" -mindepth 1 | wc -l; }

# A cgroup of their own for all, where their memory, time and threads are counted.
tops=$(tops | grep -E '/(memory|pids|[a-z,]*cpuacct|cgroup)$' | sed "s|$|/$GROUPS_TOP|" | paste -sd:)
cleanup_more() {
	# shellcheck disable=SC2046
	kill -KILL $(cat "$PCT_ROOT/crowd") 2>/dev/null
	until_true 10 no_crowd
	unbox
}
no_crowd() {
	local top left=0
	for top in ${tops//:/ }; do
		find "$top" -mindepth 1 -type d -name 'n[0-9]*' -delete 2>/dev/null || left=1
	done
	return $left
}
sleep 1
before=$(resident)
like "$N containers are registered" '^refused 0 ' \
	"$("$(dirname "$0")/crowd" "$RUN/pctfs.sock" "$tops" 0 $N "$PCT_ROOT/crowd" 2>&1)"
sleep 6 # the sampler was there
if grep -qE '__(a|t)san_init' "$B/pctfs"; then
	skip "memory of containers that do nothing" "a sanitizer keeps more"
else
	within "each takes little memory (bytes, with what is kept of it in a file)" 1000 16384 \
		$((($(resident) - before) * 1024 / N))
fi
within "… and one open file" $N $((N + 200)) "$(open_files)"
python3 -B - "$RUN/pctfs.sock" $N >"$PCT_ROOT/list" <<'P'
import json, socket, sys
s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1])
s.sendall(b'{"request":"list"}\n'); a = json.loads(s.makefile().readline())
print(len({c['name'] for c in a['containers']} & {'n%s' % i for i in range(int(sys.argv[2]))}))
P
is "all are listed" $N "$(cat "$PCT_ROOT/list")"
# It is some 10; the machine is not ours alone.
within "while they sleep the daemon does next to nothing (ticks in 10 s)" 0 100 "$(ticks)"

said "all containers read" "$(python3 -B - "$MOUNT/ct" "$tops" $N <<'P' 2>&1
import os, re, sys
mount, tops, n = sys.argv[1], sys.argv[2].split(':'), int(sys.argv[3])
wrong = []
def limit(i): return (64 << 20) + (i << 12)
for i in range(n):
    for top in tops:
        for name in ('memory.limit_in_bytes', 'memory.max'):
            f = '%s/n%d/%s' % (top, i, name)
            if os.path.exists(f): open(f, 'w').write(str(limit(i)))
for again in range(2):
    for i in range(n):
        try: text = open('%s/n%d/proc/meminfo' % (mount, i)).read() + open('%s/n%d/proc/stat' % (mount, i)).read()
        except OSError as e: wrong.append((i, e)); continue
        if int(re.match(r'MemTotal: +(\d+)', text).group(1)) << 10 != limit(i) or '\ncpu0 ' not in text: wrong.append((i, text[:40]))
print('%s - each is shown what is its own%s' % ('not ok' if wrong else 'ok', ' %s' % wrong[:3] if wrong else ''))
P
)" $? 1

# Three busy loops in one: its load goes to 3, a twelfth of the way in the first five seconds.
box busy busy
for _ in 1 2 3; do
	(join busy && exec timeout 1000 sh -c 'while :; do :; done') >/dev/null 2>&1 </dev/null &
	MAKERS+=($!)
done
load() { cut -d' ' -f1 "$MOUNT/ct/busy/proc/loadavg"; }
until_true 30 sh -c "[ \$(cut -d. -f1,2 $MOUNT/ct/busy/proc/loadavg | cut -d' ' -f1) != 0.00 ]"

# Its budget is 200; the machine is not ours alone.
within "the sampler takes at most a fifth of a CPU (ticks in 10 s)" 0 300 "$(ticks)"
loaded() { load | grep -Eq '^([1-3]\.|0\.[4-9])'; }
ok "a container among all is shown its load" until_true 2 loaded

# One with very many threads, all of them to be looked at.
box crowd crowd
(join crowd && exec python3 -B - $THREADS) >"$PCT_ROOT/threads" 2>&1 <<'P' &
import sys, threading, time
threading.stack_size(32768)
stop = threading.Event()
n = int(sys.argv[1])
try:
    for i in range(n): threading.Thread(target=stop.wait, daemon=True).start()
    print('all', flush=True)
except RuntimeError as e:
    print('only', i, flush=True)
time.sleep(3000)
P
MAKERS+=($!)
crowd=$!
if until_true 100 grep -q . "$PCT_ROOT/threads"; then
	like "$THREADS threads in one of them" '^(all|only [0-9]{4})' "$(cat "$PCT_ROOT/threads")"
	sleep 6
	one=$(load) kept=$(kept)
	within "… take the sampler not more of its time (ticks in 10 s)" 0 300 "$(ticks)"
	within "… are counted" 1000 $((THREADS + 100)) "$(awk '{ split($4, n, "/"); print n[2] }' "$MOUNT/ct/crowd/proc/loadavg")"
	within "… and another one's load goes on to rise" "$one" 4.5 "$(load)"
	ok "… any of the others is read" grep -q MemTotal "$MOUNT/ct/n777/proc/meminfo"
	within "the daemon stays as large as it is (from $kept kB)" 0 $((kept + 1024)) "$(kept)"
else
	flunk "threads are made"
fi
# shellcheck disable=SC2046
{ kill -KILL $crowd $(cat "$PCT_ROOT/crowd"); wait $crowd; } 2>/dev/null
ok "all that ended are forgotten" until_true 30 sh -c "[ \$(ls $MOUNT/ct | wc -l) -le 2 ]"
ok "… with the files that were open for them" until_true 10 sh -c "[ \$(find /proc/$D/fd | wc -l) -lt 200 ]"

#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# A thousand containers, one of them with 20,000 threads: the load sampler keeps to its fifth of a
# CPU, and each has the load average that is its own.
. "$(dirname "$0")/box-lib"

N=1000 THREADS=20000
most=$(($(cat /proc/sys/kernel/threads-max) * 3 / 4))
pids=$(cat /proc/sys/kernel/pid_max)
[ "$most" -gt $((THREADS + 5000)) ] && [ "$pids" -gt $((THREADS + 5000)) ] ||
	{ skip "a thousand containers" "this host has room for $most threads"; exit 77; }
group busy || { skip "a thousand containers" "no cgroups can be made here"; exit 77; }
group crowd
ok "a daemon" "$B/pctfs"
D=$(worker_pid)
# User and system time of all of the daemon's threads, in ticks.
used() { awk '{ print $14 + $15 }' "/proc/$D/stat"; }
kept() { awk '/^VmRSS/ { print $2 }' "/proc/$D/status"; }

# Cgroups of their own for all, where one file system call makes them: the first hierarchy.
top=$(tops | grep -E '/(memory|cgroup)$' | head -1)
[ -n "$top" ] || top=$(tops | head -1)
said "the thousand" "$(python3 -B - "$RUN/pctfs.sock" "$top/$GROUPS_TOP" $N "$PCT_ROOT/crowd" <<'P' 2>&1
import json, os, socket, subprocess, sys
path, top, n = sys.argv[1], sys.argv[2], int(sys.argv[3])
pids, wrong = [], []
for i in range(n):
    d = '%s/n%d' % (top, i)
    os.mkdir(d)
    p = subprocess.Popen(['sleep', '10000'], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    pids.append(p.pid)
    open(d + '/cgroup.procs', 'w').write(str(p.pid))
    s = socket.socket(socket.AF_UNIX); s.connect(path)
    s.sendall(json.dumps({'request': 'register', 'door': 't', 'id': 'n%d' % i, 'pid': p.pid}).encode() + b'\n')
    a = json.loads(s.makefile().readline())
    if not a['ok']: wrong.append(a)
open(sys.argv[4], 'w').write(' '.join(map(str, pids)))
print(('not ok' if wrong else 'ok') + ' - %d containers are registered %s' % (n, wrong[:1] or ''))
P
)"
cleanup_more() {
	# shellcheck disable=SC2046
	kill -KILL $(cat "$PCT_ROOT/crowd") 2>/dev/null
	unbox
}

# Three busy loops in one: its load goes to 3, a twelfth of the way in the first five seconds.
box busy busy
for _ in 1 2 3; do
	(join busy && exec timeout 300 sh -c 'while :; do :; done') >/dev/null 2>&1 </dev/null &
	MAKERS+=($!)
done
load() { cut -d' ' -f1 "$MOUNT/ct/busy/proc/loadavg"; }
until_true 30 sh -c "[ \$(cut -d. -f1,2 $MOUNT/ct/busy/proc/loadavg | cut -d' ' -f1) != 0.00 ]"

before=$(used)
sleep 10
# Its budget is 200; the machine is not ours alone.
within "the sampler takes at most a fifth of a CPU for a thousand (ticks in 10 s)" 0 300 $(($(used) - before))
like "a container among a thousand is shown its load" '^([1-3]\.|0\.[4-9])' "$(load)"

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
time.sleep(600)
P
MAKERS+=($!)
crowd=$!
if until_true 100 grep -q . "$PCT_ROOT/threads"; then
	like "$THREADS threads in one of them" '^(all|only [0-9]{4})' "$(cat "$PCT_ROOT/threads")"
	sleep 6
	one=$(load) before=$(used) kept=$(kept)
	sleep 10
	within "… take the sampler not more of its time (ticks in 10 s)" 0 300 $(($(used) - before))
	within "… are counted" 1000 $((THREADS + 100)) "$(awk '{ split($4, n, "/"); print n[2] }' "$MOUNT/ct/crowd/proc/loadavg")"
	within "… and another one's load goes on to rise" "$one" 4.5 "$(load)"
	ok "… any of the thousand is read" grep -q MemTotal "$MOUNT/ct/n777/proc/meminfo"
	within "the daemon stays as large as it is (from $kept kB)" 0 $((kept + 1024)) "$(kept)"
else
	flunk "threads are made"
fi
# shellcheck disable=SC2046
{ kill -KILL $crowd $(cat "$PCT_ROOT/crowd"); wait $crowd; } 2>/dev/null
ok "all that ended are forgotten" until_true 30 sh -c "[ \$(ls $MOUNT/ct | wc -l) -le 2 ]"
ok "… with the files that were open for them" until_true 10 sh -c "[ \$(find /proc/$D/fd | wc -l) -lt 200 ]"

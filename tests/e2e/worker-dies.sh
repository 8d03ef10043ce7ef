#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Workers end at every place and at any moment, while eight readers of three containers read. None
# of them may notice. (DEATHS: how many of each kind; KILLS, TAKEOVERS. `make check-deaths` has
# them all.)
# apart: both processors have work
. "$(dirname "$0")/load-lib"

DEATHS=${DEATHS:-8} KILLS=${KILLS:-60} TAKEOVERS=${TAKEOVERS:-8}
LOG=$PCT_ROOT/log

start() { # PROGRAM [VARIABLE=VALUE…]
	local program=$1
	shift
	env "$@" "$program" 2>>"$LOG" || flunk "pctfs starts" "$(tail -3 "$LOG")"
}
deaths() { grep -c 'the worker ended by signal 9' "$LOG"; }
in_hand() { grep 'the worker ended by signal 9' "$LOG" | grep -vc 'in hand: 0;'; }

for b in 1 2 3; do
	group g$b && memory g$b $((b * 67108864))
done
start "$B/die/pctfs"
for b in 1 2 3; do box box$b g$b; done
stop_daemon

for place in read render store open part release reply; do
	start "$B/die/pctfs" "PCT_DIE_AT=$place" PCT_DIE_EVERY=41
	for b in 1 2 3; do "$B/pct-launch" attach "${INIT[box$b]}" box$b || flunk "attached again"; done
	before=$(deaths) held=$(in_hand)
	END=$((SECONDS + 300))
	while [ $(($(deaths) - before)) -lt "$DEATHS" ] && [ $SECONDS -lt $END ]; do
		readers 2
		wait "${READERS[@]}"
		readers_end "workers that end after '$place'"
	done
	n=$(($(deaths) - before))
	if [ $n -lt "$DEATHS" ]; then flunk "$DEATHS workers end after '$place'" "only $n did"; else
		ok "… $n workers did, $(($(in_hand) - held)) of them with a request in hand" true; fi
	stop_daemon
done

# What is the end of each worker that does it: who asked is told an error, and nobody else.
for how in crash hang; do
	start "$B/pctfs"
	for b in 1 2 3; do "$B/pct-launch" attach "${INIT[box$b]}" box$b || flunk "attached again"; done
	slot=$(($(stat -c %i "$MOUNT/ct/box1/proc/meminfo") >> 24))
	stop_daemon
	start "$B/die/pctfs" PCT_DIE_AT=part PCT_DIE_OF=$slot PCT_DIE_BY=$how
	for b in 1 2 3; do "$B/pct-launch" attach "${INIT[box$b]}" box$b || flunk "attached again"; done
	OF=(2 3)
	readers 600
	OF=(1 2 3)
	sleep 0.5
	for i in 1 2; do
		like "a request that is each worker's $how is answered by an error" 'Input/output error' \
			"$(PATIENCE=300 play box1 cat /proc/uptime 2>&1)"
	done
	readers_stop "… others'"
	said=$("$B/pctfs" stats --prometheus)
	like "… both are counted" '^pctfs_requests_poisoned_total 2$' "$said"
	like "… as is how the workers ended" "reason=\"${how/hang/stuck}\"\} [4-9]$" "$said"
	stop_daemon
done

# What a request that nobody can answer had opened is closed.
start "$B/pctfs"
"$B/pct-launch" attach "${INIT[box1]}" box1 || flunk "attached again"
slot=$(($(stat -c %i "$MOUNT/ct/box1/proc/meminfo") >> 24))
stop_daemon
start "$B/die/pctfs" PCT_DIE_AT=open "PCT_DIE_OF=$slot" PCT_DIE_BY=crash
"$B/pct-launch" attach "${INIT[box1]}" box1 || flunk "attached again"
like "each worker crashes at an open: an error" 'Input/output error' "$(PATIENCE=300 play box1 cat /proc/uptime 2>&1)"
ok "… and nothing is left open" until_true 5 none_open
stop_daemon

# At any moment, by the hundred.
start "$B/pctfs"
for b in 1 2 3; do "$B/pct-launch" attach "${INIT[box$b]}" box$b || flunk "attached again"; done
before=$(in_hand)
readers 600
n=$(python3 - "$(keeper)" "$KILLS" <<'P'
import os, random, sys, time
random.seed(7)
keeper, last, n, end = int(sys.argv[1]), 0, 0, time.time() + 300
while n < int(sys.argv[2]) and time.time() < end:
    with open(f'/proc/{keeper}/task/{keeper}/children') as f: now = [int(p) for p in f.read().split()]
    if not now or now[0] == last:
        time.sleep(0.001)
        continue
    last = now[0]
    time.sleep(random.random() * 0.04)
    os.kill(last, 9)
    n += 1
print(n)
P
)
readers_stop "$n workers killed at any moment, $(($(in_hand) - before)) of them with a request in hand"
is "as many as there should be" "$KILLS" "$n"

# What was opened is closed, whoever opened it and whoever was told.
ok "nothing is left open" until_true 5 none_open

# Another program takes over, under load. Monitors connect all the time, and do not dial again.
touch "$PCT_ROOT/dial"
python3 - "$RUN/seccomp.sock" "$PCT_ROOT/dial" >"$PCT_ROOT/monitors" 2>&1 <<'P' &
import os, socket, sys, time
all, lost = [], 0
while os.path.exists(sys.argv[2]):
    s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    s.connect(sys.argv[1])
    s.settimeout(100)
    all.append(s)
    if len(all) == 20: open(sys.argv[2] + 's', 'w').close()
    time.sleep(0.02)
for s in all:
    try:
        s.send(b'not a call')
        if not s.recv(4096): lost += 1
    except OSError: lost += 1
print(lost)
P
MONITORS=$!
ok "monitors connect" until_true 20 [ -e "$PCT_ROOT/dials" ]
readers 600
for i in $(seq "$TAKEOVERS"); do
	"$B/pctfs" --takeover || flunk "takeover $i"
done
readers_stop "$TAKEOVERS times another program took over"
rm "$PCT_ROOT/dial"
wait $MONITORS
is "… and no monitors' connections are lost" 0 "$(cat "$PCT_ROOT/monitors")"
worker=$(pgrep -P "$(keeper)")
ok "a program that cannot be a worker is not taken" python3 - "$RUN/takeover.sock" <<'P'
import socket, struct, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET); s.connect(sys.argv[1])
with open('/bin/true', 'rb') as f: socket.send_fds(s, [struct.pack('II', 6, 0)], [f.fileno()])
kind = struct.unpack('II', s.recv(8))[0]
sys.exit(0 if kind == 4 else f'answer {kind}')
P
is "… the same worker too" "$worker" "$(pgrep -P "$(keeper)")"

# One that hangs when it has been let go, and nobody else is left.
stop_daemon
start "$B/pctfs" PCT_DIE_AT=go PCT_DIE_OF=0 PCT_DIE_BY=hang
for b in 1 2 3; do "$B/pct-launch" attach "${INIT[box$b]}" box$b || flunk "attached again"; done
readers 600
sleep 0.3
refused "a program that hangs when it is its turn is not taken" 1 'the pctfs that runs stays as it is' \
	"$B/die/pctfs" --takeover
serves() { memtotal=$(PATIENCE=20 play box1 awk '/^MemTotal/ { print $2 }' /proc/meminfo) && [ "$memtotal" = 65536 ]; }
ok "… the one before goes on" until_true 10 serves
is "… which is the program it was" "$(readlink -f "$B/pctfs")" "$(readlink "/proc/$(pgrep -P "$(keeper)")/exe")"
readers_stop "… whoever read meanwhile"

# No worker can start: reads are errors, but what is closed meanwhile is.
play box1 python3 - "$PCT_ROOT/hold" <<'P' &
import os, sys, time
held = [open(f, 'rb', buffering=0) for f in ('/proc/uptime', '/proc/meminfo', '/proc/stat') for _ in range(20)]
for f in held: f.read(10)
open(sys.argv[1], 'w').close()
while os.path.exists(sys.argv[1]): time.sleep(0.05)
P
HOLDER=$!
until_true 5 [ -e "$PCT_ROOT/hold" ]
within "files are open" 60 70 "$(open_files)"
mv "$RUN/pctfs.state" "$RUN/state" && mkdir "$RUN/pctfs.state"
kill -KILL "$(pgrep -P "$(keeper)")"
no_worker() { grep -q 'no worker can start: reads are answered with an error' "$LOG"; }
ok "no worker can start, and that is said" until_true 20 no_worker
like "… a read is an error then, and does not wait" 'Input/output error' "$(PATIENCE=200 play box1 cat /proc/loadavg 2>&1)"
rm "$PCT_ROOT/hold"
wait $HOLDER
rmdir "$RUN/pctfs.state" && mv "$RUN/state" "$RUN/pctfs.state"
ok "… one can again" until_true 20 serves
ok "… and nothing is open that was closed meanwhile" until_true 5 none_open

# One that does nothing any more is replaced, and nobody who reads meanwhile is told an error.
worker=$(pgrep -P "$(keeper)")
kill -STOP "$worker"
is "a worker that takes no requests: a read has its answer all the same" 65536 \
	"$(PATIENCE=200 play box1 awk '/^MemTotal/ { print $2 }' /proc/meminfo)"
fails "… of another" test "$worker" = "$(pgrep -P "$(keeper)")"

# Somebody with the right to cuts the connection off.
cut() { echo 1 >"/sys/fs/fuse/connections/$(stat -c %d "$MOUNT")/abort"; }
mountpoint -q /sys/fs/fuse/connections || mount -t fusectl none /sys/fs/fuse/connections 2>/dev/null
if [ -w "/sys/fs/fuse/connections/$(stat -c %d "$MOUNT")/abort" ]; then
	cut
	views_of() { [ "$(play "box$1" awk '/^MemTotal/ { print $2 }' /proc/meminfo)" = $(($1 * 65536)) ]; }
	for b in 1 2 3; do ok "soon after the connection was cut container $b has its views" until_true 2 views_of $b; done
	# While nobody can start: the new mount's first request is left for who can.
	mv "$RUN/pctfs.state" "$RUN/state" && mkdir "$RUN/pctfs.state"
	cut
	sleep 4
	rmdir "$RUN/pctfs.state" && mv "$RUN/state" "$RUN/pctfs.state"
	has_views() { [ "$(play box1 awk '/^MemTotal/ { print $2 }' /proc/meminfo 2>/dev/null)" = 65536 ]; }
	ok "… as soon as one can, there are views" until_true 20 has_views
	# A takeover that comes between the cut and the repair.
	keeper=$(keeper)
	kill -STOP "$keeper"
	("$B/pctfs" --takeover && echo taken >"$PCT_ROOT/taken") &
	sleep 0.3
	cut
	kill -CONT "$keeper"
	ok "a takeover that waited while the connection was cut" until_true 10 [ -s "$PCT_ROOT/taken" ]
	ok "… and containers are repaired all the same" until_true 5 has_views
else
	skip "cutting the connection off" "no fusectl here"
fi

# A host that has no process to give for a while: the reader waits, and is answered then.
group keeper && set_limit keeper pids.max 1
for top in $(tops); do
	[ ! -e "$top/$GROUPS_TOP/keeper/pids.max" ] || keeper >"$top/$GROUPS_TOP/keeper/cgroup.procs"
done
kill -KILL "$(pgrep -P "$(keeper)")"
(sleep 1; set_limit keeper pids.max max) &
is "no worker can be forked for a second: a read has its answer all the same" 65536 \
	"$(PATIENCE=200 play box1 awk '/^MemTotal/ { print $2 }' /proc/meminfo)"

# Nothing that hangs keeps it from ending.
keeper=$(keeper)
kill -STOP "$(pgrep -P "$keeper")"
kill -TERM "$keeper"
gone() { ! alive "$keeper" && ! mountpoint -q "$MOUNT"; }
ok "it ends when it is told to, also with a worker that was stopped" until_true 8 gone

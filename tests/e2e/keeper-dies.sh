#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The keeper ends too, alone or together with its worker, as under systemd: a supervisor has its
# descriptors and starts it anew. Eight readers of three containers, and one that has a file open
# all the time, may not notice. (KEEPER_DEATHS: how many, 30.)
# apart: both processors have work
. "$(dirname "$0")/load-lib"

DEATHS=${KEEPER_DEATHS:-30}
LOG=$PCT_ROOT/log STORE=$PCT_ROOT/store

supervise() { # PROGRAM
	rm -f "$PCT_ROOT/notify"
	"$TOP/tests/e2e/fd-store" "$PCT_ROOT/notify" "$1" -f --page-cache=50 >>"$STORE" 2>>"$LOG" &
	SUPERVISOR=$!
	until_true 10 grep -q ready "$STORE" || flunk "pctfs starts under a supervisor" "$(tail -3 "$LOG")"
}
cleanup_more() {
	[ -z "${SUPERVISOR:-}" ] || kill "$SUPERVISOR" && kill -KILL "$(keeper_now)"
	unbox
} 2>/dev/null
starts() { grep -c '^ready' "$STORE"; }
keeper_now() { awk '/^started/ { pid = $3 } END { print pid }' "$STORE"; }
started_again() { [ "$(starts)" -gt "$1" ]; }
memtotal() { play "$1" awk '/^MemTotal/ { print $2 }' /proc/meminfo; }
has_views() { [ "$(memtotal "box$1")" = $(($1 * 65536)) ]; }
all_have_views() { # SENTENCE
	for b in 1 2 3; do ok "$1 (container $b)" until_true 2 has_views $b; done
}

# The worker must be gone before there is another.
end_keeper() { # HOW
	local keeper worker n
	n=$(starts)
	keeper=$(keeper_now)
	[ "$1" != keeper ] || until_true 5 pgrep -P "$keeper"
	worker=$(pgrep -P "$keeper" | head -1)
	case $1 in
	both) kill -KILL "$keeper" $worker ;;
	keeper) kill -STOP $worker && kill -KILL "$keeper" ;; # which cannot see that
	term) kill -TERM "$keeper" ;;
	esac
	until_true 10 started_again "$n" || flunk "it starts again after '$1'" "$(tail -3 "$LOG")"
	! alive "$worker" || flunk "no worker is left after '$1'"
}

for b in 1 2 3; do
	group g$b && memory g$b $((b * 67108864))
done
supervise "$B/pctfs"
box box1 g1
box box2 g2
FAST=box3 # by the page cache's mount, whose descriptors are kept as well
ATTACH_OPTIONS=(--fast)
box box3 g3
ATTACH_OPTIONS=()

# Who keeps a file open, and reads on in it after each death, sees the text that he opened.
play box1 python3 - "$PCT_ROOT/hold" >"$PCT_ROOT/holder" 2>&1 <<'P' &
import os, sys, time
f = open('/proc/meminfo', 'rb', buffering=0)
text = f.read(100)
open(sys.argv[1], 'w').close()
while os.path.exists(sys.argv[1]):
    time.sleep(0.1)
    g = open('/proc/uptime', 'rb', buffering=0)  # a text of its own
    g.read(2)
    time.sleep(0.1)
    assert g.read(), 'nothing left of uptime'
    g.close()
    text += f.read(7)
text += f.read()
print('whole' if text.count(b'\n') == open('/proc/meminfo', 'rb').read().count(b'\n')
      and text.startswith(b'MemTotal:') and text.endswith(b' kB\n') else text)
P
HOLDER=$!
until_true 5 [ -e "$PCT_ROOT/hold" ]
# A monitor's connection outlives it as well: its other end does not dial again.
python3 - "$RUN/seccomp.sock" "$PCT_ROOT/hold" >"$PCT_ROOT/monitor" 2>&1 <<'P' &
import os, socket, sys, time
s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET); s.connect(sys.argv[1])
while os.path.exists(sys.argv[2]): time.sleep(0.1)
s.setblocking(False)
try: print('closed' if s.recv(1) == b'' else 'data')
except BlockingIOError: print('open')
P
MONITOR=$!

readers 600
sleep 0.5
for i in $(seq "$DEATHS"); do
	sleep "0.$((RANDOM % 3))$((RANDOM % 10))"
	case $((i % 3)) in
	0) end_keeper both ;;
	1) end_keeper keeper ;;
	2) end_keeper term ;;
	esac
done
held=$(grep 'requests in hand' "$LOG" | grep -vc 'in hand: 0$')
readers_stop "$DEATHS keepers ended, $held of them with a request in hand"
is "each time another went on with both mounts" "$((2 * DEATHS))" "$(grep -c 'goes on with the mount' "$LOG")"

is "what was counted goes on with each of them" "$(starts)" \
	"$("$B/pctfs" stats --prometheus | awk '/^pctfs_keeper_starts_total/ { print $2 }')"

# A supervisor that forgets, as systemd does with a package that is taken off: a takeover heals it.
n=$(starts)
kill -USR1 $SUPERVISOR
ok "a takeover" "$B/pctfs" --takeover
readers 600
end_keeper both
readers_stop "what a supervisor forgot it has again"

rm "$PCT_ROOT/hold"
wait $HOLDER $MONITOR
is "who had a file open all the time read one whole text" whole "$(cat "$PCT_ROOT/holder")"
is "a monitor is still connected" open "$(cat "$PCT_ROOT/monitor")"
ok "nothing is left open" until_true 5 none_open

# Cut off while nobody looks.
mountpoint -q /sys/fs/fuse/connections || mount -t fusectl none /sys/fs/fuse/connections 2>/dev/null
abort=/sys/fs/fuse/connections/$(stat -c %d "$MOUNT")/abort
if [ -w "$abort" ]; then
	kill -STOP "$(keeper_now)"
	echo 1 >"$abort"
	end_keeper keeper
	all_have_views "cut off while no keeper looked, it is soon mounted anew"
else
	skip "cut off while no keeper looks" "no fusectl here"
fi

# Cut off, mounted anew, and no worker yet that the containers could be repaired with.
into_group() { # PID
	local top n=0
	for top in $(tops); do
		[ ! -e "$top/$GROUPS_TOP/keeper/pids.max" ] || { echo "$1" >"$top/$GROUPS_TOP/keeper/cgroup.procs" && n=1; }
	done
	[ $n = 1 ]
}
anew() { [ "$(grep -c 'cut off: mounting it anew' "$LOG")" -gt "$1" ]; }
abort=/sys/fs/fuse/connections/$(stat -c %d "$MOUNT")/abort
if [ -w "$abort" ] && group keeper && into_group "$(keeper_now)" && set_limit keeper pids.max 1; then
	n=$(grep -c 'cut off: mounting it anew' "$LOG")
	echo 1 >"$abort"
	until_true 5 anew "$n" || flunk "it is mounted anew"
	sleep 0.3
	n=$(starts) keeper=$(keeper_now)
	is "the keeper has no worker" "" "$(pgrep -P "$keeper")"
	kill -KILL "$keeper"
	until_true 10 started_again "$n" || flunk "it starts again without a worker before"
	all_have_views "the keeper that mounted anew ended before it had repaired anything: the next one does"
else
	skip "a keeper that ends before a repair" "no fusectl, or no pids controller"
fi

# What is handed to it is of a version before it, or after.
by_another_version() { # WHAT
	local fd
	for fd in /proc/$SUPERVISOR/fd/*; do
		case $(readlink "$fd") in */memfd:pctfs-"$1"*) printf pcother1 | dd of="$fd" conv=notrunc status=none ;; esac
	done
}
for what in slots opens; do
	by_another_version $what
	end_keeper both
	all_have_views "what it was handed is of another version ($what): it is soon mounted anew"
done
# Each mount has slots of its own; what is open is one.
is "… and that was said" 3 "$(grep -c 'of another version: mounting' "$LOG")"

# A real end.
mkdir "$PCT_ROOT/other"
refused "nothing ends for a mount point where nothing is" 1 "nothing is mounted on '$PCT_ROOT/other'" \
	"$B/pctfs" --unmount "$PCT_ROOT/other"
refused "… or where something else is" 1 "serves another mount point than '/proc': name that one" \
	"$B/pctfs" --unmount /proc
all_have_views "it still serves"
ok "pctfs --unmount" "$B/pctfs" --unmount "$MOUNT"
ok "… and its supervisor starts no other" until_true 5 grep -q '^stored' "$STORE"
wait $SUPERVISOR
SUPERVISOR=
is "… nor keeps anything" "stored " "$(grep '^stored' "$STORE")"
fails "… nothing is mounted" mountpoint -q "$MOUNT"
is "… no socket is left" "" "$(find "$RUN" -type s)"
refused "there is nothing more to unmount" 1 "nothing to unmount: no pctfs runs" "$B/pctfs" --unmount

# Without a supervisor nobody has the descriptors: it is for who starts it anew to repair.
ok "pctfs starts in the background" "$B/pctfs"
for b in 1 2 3; do "$B/pct-launch" attach "${INIT[box$b]}" box$b || flunk "attached again"; done
worker=$(worker_pid)
kill -KILL "$(daemon_pid)"
gone() { ! alive "$worker"; }
ok "without its keeper no worker is left" until_true 5 gone
fails "… and nobody answers" cat "$MOUNT/proc/uptime"
ok "the next one mounts over it" "$B/pctfs"
play box1 sh -c 'umount -l /proc/uptime && mount --bind /etc/passwd /proc/uptime'
fails "… a container that cannot be repaired is said" "$B/pct-launch" repair --all
ok "… and can be as soon as nothing is in the way" play box1 umount /proc/uptime
ok "… all containers are repaired" "$B/pct-launch" repair --all
all_have_views "… so that they have views"
kill -KILL "$(daemon_pid)"
ok "what a dead one left mounted is taken off" until_true 5 "$B/pctfs" --unmount "$MOUNT"
fails "… nothing is mounted then" mountpoint -q "$MOUNT"

# One that cannot start is started again and again, but not as fast as can be.
count() { grep -c ^started "$STORE"; }
many() { [ "$(count)" -ge "$1" ]; }
# SENTENCE SECONDS LOW HIGH ARGUMENT…: so often in so much time. Each takes longer on a machine that has
# other things to do, and then there is time for one more a second.
starts_of() {
	local what=$1 end=$2 low=$3 high=$4 began=$SECONDS n
	shift 4
	: >"$STORE"
	rm -f "$PCT_ROOT/notify"
	"$TOP/tests/e2e/fd-store" "$PCT_ROOT/notify" "$B/pctfs" -f "$@" >>"$STORE" 2>>"$LOG" &
	SUPERVISOR=$!
	sleep "$end"
	until_true 2 many "$low"
	n=$(count)
	within "$what" "$low" $((high + SECONDS - began - end)) "$n"
}
end_supervisor() {
	kill $SUPERVISOR
	wait $SUPERVISOR 2>/dev/null
	kill -KILL "$(keeper_now)" 2>/dev/null
	SUPERVISOR=
}
file=$PCT_ROOT/no-directory
touch "$file"
starts_of "a keeper that cannot start is started at once, then slower" 4 6 12 "$file"
rm "$file"
ok "… and never given up" until_true 8 grep -q '^ready' "$STORE"
# One that waits would do so for five seconds, and longer and longer.
at_once() {
	local n began
	for _ in 1 2 3 4 5; do
		n=$(starts) began=$(date +%s%N)
		kill -KILL "$(keeper_now)"
		until_true 5 started_again "$n"
		[ $((($(date +%s%N) - began) / 1000000)) -gt 2000 ] || return 0
	done
	return 1
}
ok "… once it served at once again" at_once
ok "… and ends" "$B/pctfs" --unmount "$file"
wait $SUPERVISOR
starts_of "one that does not understand its options waits as well" 3 2 4 --page-cache=never
end_supervisor

refused "a takeover changes no mounts, and says so" 2 'page-cache is for a start: .*PCTFS_OPTIONS' \
	"$B/pctfs" --takeover --page-cache=100

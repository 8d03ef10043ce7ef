#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Four containers call sysinfo(2) all the time, as 64-bit and as 32-bit programs do, while the
# worker, the keeper, or both are killed: no call fails, is answered with other values than the
# container's, or is kept waiting for long. And one whose page does not come keeps no other waiting.
# (KILLS: how many, 32.)
# apart: both processors have work
# shellcheck source=pct-lib
. "$(dirname "$0")/pct-lib"
set +e
needs "needs /dev/fuse" [ -e /dev/fuse ]

KILLS=${KILLS:-32}
SLOWEST=3000 # ms, and as late as this machine lets processes be; LXC's monitor has a patience of 30 s
LOG=$PCT_ROOT/log STORE=$PCT_ROOT/store
cts="100 101 102 103"

keeper_now() { awk '/^started/ { pid = $3 } END { print pid }' "$STORE"; }
starts() { grep -c '^ready' "$STORE"; }
started_again() { [ "$(starts)" -gt "$1" ]; }
worker_now() { pgrep -P "$(keeper_now)" | head -1; }
mib() { echo $((($1 - 98) * 32)); } # CT 100 has 64 MiB
cleanup_more() {
	[ -z "${SUPERVISOR:-}" ] || { kill "$SUPERVISOR"; kill -KILL "$(keeper_now)"; } 2>/dev/null
}
our_keeper() { # the process whose parent is no pctfs
	local p parent
	for p in $(pgrep -x pctfs); do
		grep -qz "^PCT_ROOT=$PCT_ROOT\$" "/proc/$p/environ" 2>/dev/null || continue
		parent=$(awk '/^PPid/ { print $2 }' "/proc/$p/status")
		[ "$(cat "/proc/$parent/comm" 2>/dev/null)" = pctfs ] || echo "$p"
	done
}
no_pctfs() { [ -z "$(our_keeper)" ]; }
in_ct() { # VMID WORDS… of tests/sysinfo.c
	local vmid=$1
	shift
	timeout -k 5 500 "$pct" exec "$vmid" -- /sysinfo "$@"
}

"$TOP/tests/e2e/fd-store" "$PCT_ROOT/notify" "$B/pctfs" -f >>"$STORE" 2>>"$LOG" &
SUPERVISOR=$!
until_true 10 grep -q ready "$STORE" || flunk "pctfs starts under a supervisor" "$(tail -3 "$LOG")"
for ct in $cts; do
	run 0 create $ct builtin:busybox --memory "$(mib $ct)" --unprivileged $((ct & 1))
	cp "$B/sysinfo" "$images/$ct/subvol-$ct-disk-0.subvol/sysinfo"
	run 0 start $ct
done
case $(uname -m) in
x86_64) is "a 32-bit program has its container's value" $((64 << 20)) "$(in_ct 100 once 32 | cut -d' ' -f1)" ;;
*) skip "a 32-bit program has its container's value" "this one is of x86" ;;
esac

# ---- without

run 0 create 104 builtin:busybox --memory 64 --sysinfo 0
cp "$B/sysinfo" "$images/104/subvol-104-disk-0.subvol/sysinfo"
run 0 start 104
is "--sysinfo 0: it is the host's" "$("$B/sysinfo" once 64 | cut -d' ' -f1)" "$(in_ct 104 once 64 | cut -d' ' -f1)"
run 0 destroy 104 --force

# ---- deaths

began=$SECONDS
late_begin
for ct in $cts; do
	in_ct $ct loop 400 $(($(mib $ct) << 20)) 900 >"$PCT_ROOT/out.$ct" 2>"$PCT_ROOT/why.$ct" &
	LOOPS+=($!)
done
kill_one() { # HOW
	local n worker
	n=$(starts)
	worker=$(worker_now)
	case $1 in
	worker) kill -KILL "$worker" 2>/dev/null && killed=$((killed + 1)) && return ;;
	keeper) kill -KILL "$(keeper_now)" ;;
	both) kill -KILL "$(keeper_now)" "$worker" ;;
	esac
	killed=$((killed + 1))
	until_true 10 started_again "$n" || flunk "it starts again after '$1'" "$(tail -3 "$LOG")"
}
killed=0
for i in $(seq "$KILLS"); do
	sleep "0.$((RANDOM % 4))$((RANDOM % 10))"
	case $((i % 4)) in
	0) kill_one keeper ;;
	1) kill_one both ;;
	*) kill_one worker ;;
	esac
	[ $((SECONDS - began)) -lt 350 ] || break
done
sleep 1
for ct in $cts; do pkill -TERM --ns "$(pid_of $ct)" --nslist pid -x sysinfo; done
wait "${LOOPS[@]}"
late_end
is "kills" "$KILLS" $killed
calls=0 failed=0 none=0 wrong=0 slowest=0
for ct in $cts; do
	read -r c f n w s <"$PCT_ROOT/out.$ct" || flunk "CT $ct came to its end" "$(tail -3 "$PCT_ROOT/why.$ct")"
	calls=$((calls + c)) failed=$((failed + f)) none=$((none + n)) wrong=$((wrong + w))
	[ "$s" -lt $slowest ] || slowest=$s
	[ "$c" -gt "$killed" ] || flunk "CT $ct has called all the time" "$c"
done
echo "# $killed kills, $calls calls, the slowest $slowest ms"
is "calls of no such call" 0 $none
is "calls that failed" 0 $failed
is "calls with another's values, $((calls - failed)) looked at" 0 $wrong
within "nobody is kept waiting: the slowest took $slowest ms" 0 $((SLOWEST + 10 * late)) $slowest
[ "$failed$wrong" = 00 ] || head -3 "$PCT_ROOT"/why.*

# ---- a page that does not come

in_ct 100 stall 3 >"$PCT_ROOT/stall" &
STALL=$!
sleep 0.5
late_begin
read -r c f n w s < <(in_ct 101 loop 1 $(($(mib 101) << 20)) 900)
late_end
wait $STALL
if grep -q '^no FUSE' "$PCT_ROOT/stall"; then
	skip "one that waits for its own page keeps nobody waiting" "$(cat "$PCT_ROOT/stall")"
	exit
fi
is "another container meanwhile: failed, none, wrong" "0 0 0" "$f $n $w"
within "… kept nobody waiting, of $c calls the slowest took $s ms" 0 $((1000 + 10 * late)) "$s"
read -r r t total <"$PCT_ROOT/stall"
is "who waited for its own page has its values, too ($t ms)" "0 $((64 << 20))" "$r $total"

# Whoever has a page that never comes is answered without it, in time for the monitor.
in_ct 100 stall 8 >"$PCT_ROOT/stall" &
STALL=$!
sleep 6
is "a long one: others of its container are not kept waiting" 0 \
	"$(in_ct 100 loop 0.2 $(($(mib 100) << 20)) 900 2>/dev/null | cut -d' ' -f3)"
wait $STALL
read -r r t total <"$PCT_ROOT/stall"
is "… and it has an answer, too" 0 "$r"
within "… when its page is there, or the monitor's time is up" 7000 30000 "$t"
is "… afterwards all is as before" "0 0 0" "$(in_ct 100 loop 0.2 $(($(mib 100) << 20)) 900 | cut -d' ' -f2-4)"

# It cannot be killed there; another worker goes on all the same.
in_ct 100 stall 12 >"$PCT_ROOT/stall" &
STALL=$!
sleep 0.3
kill -KILL "$(worker_now)"
late_begin
read -r c f n w s < <(in_ct 101 loop 8 $(($(mib 101) << 20)) 900)
late_end
is "a worker that is killed and cannot end: failed, none, wrong" "0 0 0" "$f $n $w"
within "… another goes on, of $c calls the slowest took $s ms" 0 $((6000 + 10 * late)) "$s"
wait $STALL
like "… who kept it waiting has an answer" "^0 " "$(cat "$PCT_ROOT/stall")"

# ---- nobody starts it again but us: meanwhile it is the host's, and never "no such call"

kill "$SUPERVISOR"
kill -TERM "$(keeper_now)" 2>/dev/null
SUPERVISOR=
unset NOTIFY_SOCKET
for ct in $cts; do run 0 destroy $ct --force; done
until_true 10 no_pctfs || flunk "the supervised one has ended" "$(tail -3 "$LOG")"
rm -f "$PCT_ROOT/run/pct/"*.sock
for ct in 100 101; do
	run 0 create $ct builtin:busybox --memory 64
	cp "$B/sysinfo" "$images/$ct/subvol-$ct-disk-0.subvol/sysinfo"
	run 0 start $ct
done
LOOPS=()
for ct in 100 101; do
	in_ct $ct loop 400 $((64 << 20)) 900 >"$PCT_ROOT/out.$ct" 2>"$PCT_ROOT/why.$ct" &
	LOOPS+=($!)
done
for how in KILL TERM KILL TERM; do
	sleep 0.7
	kill -$how "$(our_keeper)" || flunk "there is a pctfs to end" "$how"
	until_true 10 no_pctfs
	sleep "$((RANDOM % 3)).$((RANDOM % 10))"
	"$B/pctfs" >>"$LOG" 2>&1 || flunk "pctfs starts again after $how" "$(tail -3 "$LOG")"
done
sleep 1
for ct in 100 101; do pkill -TERM --ns "$(pid_of $ct)" --nslist pid -x sysinfo; done
wait "${LOOPS[@]}"
for ct in 100 101; do
	read -r c f n w s <"$PCT_ROOT/out.$ct" || flunk "CT $ct came to its end" "$(tail -3 "$PCT_ROOT/why.$ct")"
	is "CT $ct, pctfs killed, ended and started by hand: calls that failed, of $c" "0 0" "$f $n"
	is "… afterwards it has its own again" "$((64 << 20))" "$(in_ct $ct once 64 | cut -d' ' -f1)"
done
within "the calls that were answered are counted" 2 1000000000 \
	"$("$B/pctfs" stats --prometheus | sed -n 's/^pctfs_syscalls_total{call="sysinfo",outcome="answered"} //p')"

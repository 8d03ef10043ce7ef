#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Killed or interrupted in the middle: the next command names what there is, and removes it.
# shellcheck source=pct-lib
. "$(dirname "$0")/pct-lib"

# A template that takes its time: its first half is there, the rest comes when we say so.
work=$PCT_ROOT/work
mkdir -p "$work/r/sbin"
cp /bin/busybox "$work/r/sbin/init"
for i in $(seq 3000); do echo "$i" >"$work/r/file-$i"; done
tar -C "$work/r" -cf "$work/a.tar" .

# begin SIGNAL DELAY: create, and a signal so many seconds later, or as soon as there is a conf.
# Answers pct's exit code.
begin()
{
	local pid got=0

	"$pct" create 100 "$work/a.tar" >"$out" 2>"$err" &
	pid=$!
	if [ "$2" = conf ]; then
		until [ -e "$confs/100.conf" ] || ! alive "$pid"; do :; done
	else
		sleep "$2"
	fi
	kill "-$1" "$pid" 2>/dev/null || true
	wait "$pid" 2>/dev/null || got=$?
	echo "$got"
}

# The last ones come when there is a conf, however long that takes.
halves=0
for delay in 0.001 0.003 0.005 0.01 0.02 0.03 0.05 0.08 0.12 conf conf conf conf conf conf; do
	if [ $delay = conf ] && [ $halves -gt 2 ]; then continue; fi
	got=$(begin KILL $delay)
	if [ "$got" != 137 ]; then
		run 0 destroy 100
		continue
	fi
	if [ -e "$confs/100.conf" ]; then
		halves=$((halves + 1))
		grep -q '^lock: create' "$confs/100.conf" || { run 0 destroy 100; continue; }
		run 1 create 100 builtin:busybox
		said "CT 100 is there, but was never finished: 'pct destroy 100' removes it"
		run 1 start 100
		said "'pct destroy 100' removes what there is"
		run 0 list
		same "list" "$(awk 'NR == 2 { print $2, $3 }' "$out")" "stopped create"
		run 0 destroy 100
	else
		[ ! -e "$images/100" ] || flunk "files without a conf after $delay s"
	fi
	rm -f "$PCT_ROOT/run/pct/lock/100.lock" "$confs/.100.conf.new"
	nothing_of 100
	run 0 create 100 builtin:busybox
	run 0 destroy 100
	nothing_of 100
done
[ "$halves" -gt 0 ] || flunk "no kill hit the middle of a create"

# ^C and the like: it cleans up after itself.
hits=0
for signal in INT TERM HUP; do
	for delay in 0.01 0.02 0.04 conf; do
		got=$(begin $signal $delay)
		if [ "$got" = 1 ]; then
			said "create CT 100: interrupted, nothing is left of it"
			hits=$((hits + 1))
		elif [ "$got" = 0 ]; then
			run 0 destroy 100
		fi
		nothing_of 100
	done
done
[ "$hits" -gt 0 ] || flunk "no signal hit the middle of a create"

# Killed in the middle of a destroy: said again, it goes on.
run 0 create 100 "$work/a.tar"
"$pct" destroy 100 2>/dev/null &
pid=$!
sleep 0.01
kill -KILL $pid 2>/dev/null || true
wait $pid 2>/dev/null || true
if [ -e "$confs/100.conf" ]; then
	run 0 destroy 100
fi
rm -f "$PCT_ROOT/run/pct/lock/100.lock"
nothing_of 100

# Two at once: one of them makes it, the other says why not.
"$pct" create 100 "$work/a.tar" 2>"$PCT_ROOT/err1" &
a=$!
"$pct" create 100 "$work/a.tar" 2>"$PCT_ROOT/err2" &
b=$!
ra=0 rb=0
wait $a || ra=$?
wait $b || rb=$?
same "one of two" "$((ra + rb))" 1
same "said by the other" "$(cat "$PCT_ROOT/err1" "$PCT_ROOT/err2" | grep -cE 'CT 100 already exists|another pct is still working on CT 100')" 1
run 0 destroy 100
nothing_of 100

# A killed start: what seems to run then, and ends by itself, is not said to run already.
[ -e /dev/fuse ] || exit 0
run 0 create 100 builtin:busybox --memory 64
run 0 start 100
run 0 stop 100
lies='' anew=0
for ms in 15 20 25 30 35 40 45 50 55 60; do
	"$pct" start 100 2>/dev/null &
	pid=$!
	sleep "0.0$ms"
	kill -KILL $pid 2>/dev/null || true
	wait $pid 2>/dev/null || true
	if "$pct" start 100 2>"$err"; then
		anew=$((anew + 1))
	else
		grep -q 'already runs' "$err" || lies="$lies $ms: $(cat "$err");"
		sleep 0.5
	fi
	[ "$("$pct" status 100)" = "status: running" ] || lies="$lies $ms: it does not run;"
	"$pct" stop 100 || lies="$lies $ms: it cannot be stopped;"
done
same "after a killed start it runs, or is started" "$lies" ""
[ "$anew" -gt 0 ] || flunk "no kill hit the middle of a start"
run 0 destroy 100
nothing_of 100

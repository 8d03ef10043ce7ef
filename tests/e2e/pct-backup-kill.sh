#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Backups and restores that are killed, interrupted, or find no room: the container goes on, nothing
# is lost, and the next one cleans up.
# shellcheck source=pct-lib
. "$(dirname "$0")/pct-lib"

dump=$PCT_ROOT/var/lib/pct/dump
work=$PCT_ROOT/work
mkdir "$work"

# A killed one's guard puts right what there is to: within a moment.
settled()
{
	local p

	for p in $(pgrep -f "^$pct backup 100"); do
		if grep -qz "^PCT_ROOT=$PCT_ROOT\$" "/proc/$p/environ" 2>/dev/null; then return 1; fi
	done
}
# So slow that it is never done before it is killed.
slow="--bwlimit 300"
state() { "$pct" status 100 | sed 's/status: //'; }
frozen() { "$pct" list --output-format json 2>/dev/null | grep -c frozen || true; }

run 0 create 100 builtin:busybox --hostname here
root=$images/100/subvol-100-disk-0.subvol
head -c 30000000 /dev/urandom >"$root/big"
run 0 start 100

all_right() # WHAT: nothing of a backup is left
{
	until_true 10 settled || flunk "$1: its guard has not ended"
	same "$1: it runs" "$(inside 100 'echo yes')" yes
	same "$1: it has no lock" "$(grep -c '^lock' "$confs/100.conf" || true)" 0
	same "$1: nothing is half written" "$(find "$dump" -name '*.dat' | wc -l)" 0
	same "$1: nothing is left to put right" "$(find "$PCT_ROOT/run/pct/backup" -name '[0-9]*' | wc -l)" 0
}

for mode in suspend stop; do
	for after in 0.1 0.5 1 2; do
		# shellcheck disable=SC2086 # words
		"$pct" backup 100 --mode $mode $slow >"$out" 2>"$err" &
		pid=$!
		sleep $after
		kill -9 $pid 2>/dev/null || true
		wait $pid 2>/dev/null || true
		all_right "$mode, killed after $after s"
	done
	# shellcheck disable=SC2086 # words
	"$pct" backup 100 --mode $mode $slow >"$out" 2>"$err" &
	pid=$!
	until_true 20 grep -qE 'frozen|stopped' "$PCT_ROOT/run/pct/backup/100"
	sleep 1
	kill -TERM $pid
	if wait $pid; then flunk "$mode, interrupted: it says all is well"; fi
	like "$mode: it says so" interrupted "$(cat "$err")"
	all_right "$mode, interrupted"
done
# Asked to end, and not yet ended: it ends, and is started.
run 0 stop 100
cp "$root/etc/inittab" "$work/inittab"
echo '::shutdown:/bin/sleep 2' >>"$root/etc/inittab"
run 0 start 100
# shellcheck disable=SC2086 # words
"$pct" backup 100 --mode stop $slow >"$out" 2>"$err" &
pid=$!
until_true 20 grep -q stopping "$PCT_ROOT/run/pct/backup/100"
asked() { inside 100 'ps' | grep -q 'sleep 2'; }
until_true 20 asked || flunk "it was not asked to end"
kill -9 $pid
wait $pid 2>/dev/null || true
all_right "killed while it ends"
run 0 stop 100
cp "$work/inittab" "$root/etc/inittab"
run 0 start 100
same "no archive came of all that" "$(find "$dump" -name '*.tar*' | wc -l)" 0

# The guard killed with it: the next one, or startall, does what it would have done.
kill_both() # MODE
{
	# shellcheck disable=SC2086 # words
	"$pct" backup 100 --mode "$1" $slow >"$out" 2>"$err" &
	pid=$!
	until_true 20 grep -qE 'frozen|stopped' "$PCT_ROOT/run/pct/backup/100" || flunk "$1: it has not begun"
	[ "$1" = suspend ] || until_true 20 sh -c "! '$pct' status 100 | grep -q running" || true
	# shellcheck disable=SC2046
	kill -9 $(pgrep -P $pid) $pid
	wait $pid 2>/dev/null || true
}
kill_both suspend
like "its lock is named" 'lock: backup' "$(cat "$confs/100.conf")"
run 1 snapshot 100 xx
said "locked (backup)"
run 0 backup 100 --mode suspend
all_right "after both were killed, with the next backup"
kill_both stop
same "it is stopped" "$(state)" stopped
run 0 backup 100 --mode suspend
all_right "after both were killed while it was stopped"
kill_both suspend
run 0 startall
all_right "after both were killed, with startall"

# ---- no room ----
truncate -s 8M "$work/small"
mkfs.ext4 -q "$work/small"
mkdir "$work/full"
mount -o loop "$work/small" "$work/full"
cleanup_more() { ! mountpoint -q "$work/full" || umount "$work/full"; }
run 1 backup 100 --mode suspend --dumpdir "$work/full"
like "said" 'no room is left for the archive' "$(cat "$err")"
same "nothing is left there" "$(find "$work/full" -type f | wc -l)" 0
all_right "no room"
umount "$work/full"

# ---- restores ----
touch "$confs/.200.conf.new"
run 1 destroy 200
nothing_of 200
run 0 backup 100 --mode suspend
archive=$(tail -1 "$out")
for after in 0.02 0.05 0.1 0.2; do
	"$pct" restore 200 "$archive" >"$out" 2>"$err" &
	pid=$!
	sleep $after
	kill -9 $pid 2>/dev/null || true
	wait $pid 2>/dev/null || true
	if [ -e "$confs/200.conf" ]; then
		grep -q '^lock: create' "$confs/200.conf" || pass "it was done before"
		run 0 destroy 200
	else
		"$pct" destroy 200 2>/dev/null || true # what a first save has left goes with it
	fi
	nothing_of 200
done
run 0 restore 200 "$archive"
echo mine >"$images/200/subvol-200-disk-0.subvol/mine"
for after in 0.02 0.05 0.1 0.2; do
	"$pct" restore 200 "$archive" --force >"$out" 2>"$err" &
	pid=$!
	sleep $after
	kill -9 $pid 2>/dev/null || true
	wait $pid 2>/dev/null || true
	if grep -q ^lock "$confs/200.conf"; then
		"$pct" unlock 200 2>/dev/null
		now=$(sed -n 's/^rootfs: local:200\///p' "$confs/200.conf" | cut -d, -f1)
		ok "replaced, killed after $after s: the old one is whole, or the new one is" \
			sh -c "[ -e '$images/200/$now/mine' ] || [ \$(stat -c %s '$images/200/$now/big') = 30000000 ]"
		for key in $(sed -n 's/^\(unused[0-9]*\):.*/\1/p' "$confs/200.conf"); do run 0 set 200 --delete "$key"; done
	fi
	run 0 start 200
	run 0 stop 200
done

# Another has the container's lock for longer than its end waits: that is said, and the archive is there.
rm -f "$PCT_ROOT"/var/lib/pct/dump/vzdump-lxc-200-*
"$pct" backup 200 --bwlimit 8000 >"$out" 2>"$err" &
pid=$!
until_true 10 grep -q '^lock: backup' "$confs/200.conf"
run 1 unlock 200
said "CT 200 is being backed up: wait"
(flock 9; sleep 18) 9>>"$PCT_ROOT/run/pct/lock/200.lock" &
code=0
wait $pid || code=$?
same "a backup that cannot take its mark off the conf: exit" "$code" 1
like "why is said" "another pct is still working on CT 200" "$(cat "$err")"
same "its archive is there" "$(find "$PCT_ROOT/var/lib/pct/dump" -name 'vzdump-lxc-200-*.tar.zst' | wc -l)" 1
wait
run 0 unlock 200

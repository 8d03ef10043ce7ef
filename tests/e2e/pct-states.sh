#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Shut down, rebooted, frozen, waited for, locked: each from outside, and several of them at once.
# shellcheck source=pct-lib
. "$(dirname "$0")/pct-lib"
needs "needs /dev/fuse" [ -e /dev/fuse ]

state() { "$pct" status 100 | cut -d' ' -f2; }
# The shutdown or reboot that is $job waits by now: it has its record lock.
waits() { grep -q "POSIX .* $job " /proc/locks; }
init_of() { "$pct" status 100 --verbose 2>/dev/null | awk '/^pid:/ { print $2 }'; }
ms() { date +%s%3N; }
# started WORDS...: pct WORDS in the background, as $job; what it says is in $PCT_ROOT/job.
started() { "$pct" "$@" >"$PCT_ROOT/job" 2>&1 & job=$!; }
ended() { # CODE SENTENCE
	local got=0
	wait "$job" || got=$?
	if [ "$got" = "$1" ]; then pass "$2: exit $1"; else flunk "$2: exit $got, not $1" "$(cat "$PCT_ROOT/job")"; fi
}

run 0 create 100 builtin:busybox --memory 64

# Those that want one that runs say so; a wait for its end is over.
for command in stop shutdown reboot suspend resume; do
	run 1 $command 100
	said "CT 100 does not run"
done
run 0 wait 100
run 1 wait 100 --state running --timeout 0
said "CT 100 is not running after 0 s"
run 1 wait 999
said "CT 999 does not exist"

# In good order: its init is asked.
run 0 start 100
run 1 wait 100 --timeout 0
said "CT 100 is not stopped after 0 s"
started wait 100
sleep 0.2
run 0 shutdown 100
same "after a shutdown" "$(state)" stopped
ended 0 "waiting for its end"
same "cgroups after a shutdown" "$(find /sys/fs/cgroup -path "*/$(cgroup)*/100" -type d)" ""
started wait 100 --state running --timeout 200
sleep 0.2
same "waiting until it runs" "$(kill -0 $job && echo waits)" waits
run 0 start 100
ended 0 "waiting until it runs"

# Anew, with what was pending.
before=$(init_of)
run 0 set 100 --tty 3
run 0 pending 100
same "pending before the reboot" "$(grep -c '^new tty: 3' "$out")" 1
run 0 reboot 100
same "runs after a reboot" "$(state)" running
[ "$(init_of)" != "$before" ] && pass "another init" || flunk "the init before"
run 0 pending 100
same "pending after the reboot" "$(grep -c '^new' "$out")" 0
run 0 exec 100 -- true

# Frozen: nothing moves, and it can still be ended in any way.
"$pct" exec 100 -- sh -c 'while :; do date +%s%N >/tmp/tick; usleep 1000; done' >/dev/null 2>&1 &
ticker=$!
root=/proc/$(init_of)/root
until_true 10 test -s "$root/tmp/tick"
run 0 suspend 100
same "status" "$(state)" frozen
run 0 list
same "list" "$(awk 'NR == 2 { print $2 }' "$out")" frozen
run 0 list --output-format json
same "list as JSON" "$(grep -c '"frozen"' "$out")" 1
was=$(cat "$root/tmp/tick") # empty when frozen between the shell's open and its write
sleep 0.3
same "stands still" "$(cat "$root/tmp/tick")" "$was"
run 1 suspend 100
said "CT 100 is frozen already"
run 1 exec 100 -- true
said "CT 100 is frozen; 'pct resume 100'"
run 0 resume 100
ticked() { local now; now=$(cat "$root/tmp/tick"); [ -n "$now" ] && [ "$now" != "$was" ]; }
until_true 10 ticked && pass "goes on" || flunk "does not go on"
run 1 resume 100
said "CT 100 is not frozen"
run 0 suspend 100
run 0 stop 100
same "stopped when it was frozen" "$(state)" stopped
wait $ticker 2>/dev/null || true
run 0 start 100
run 0 suspend 100
run 0 shutdown 100
same "shut down when it was frozen" "$(state)" stopped
run 0 start 100
run 0 suspend 100
run 0 reboot 100
same "rebooted when it was frozen" "$(state)" running
run 0 stop 100

# Who does not hear: its time, then by force.
cat >"$PCT_ROOT/deaf" <<'S'
#!/bin/sh
trap '' USR1 PWR TERM
while :; do sleep 1; done
S
cp "$PCT_ROOT/deaf" "$images/100/subvol-100-disk-0.subvol/deaf"
chmod 755 "$images/100/subvol-100-disk-0.subvol/deaf"
run 0 set 100 --entrypoint /deaf
run 0 start 100
run 1 shutdown 100 --timeout 1
said "CT 100 did not shut down in 1 s; 'pct stop 100' ends it at once"
same "still runs" "$(state)" running
run 0 shutdown 100 --timeout 1 --forceStop
same "by force" "$(state)" stopped
run 0 start 100
before=$(init_of)
run 0 reboot 100 --timeout 1
[ "$(init_of)" != "$before" ] && pass "rebooted by force" || flunk "the init before"

# A shutdown keeps nobody from anything, a stop least of all; what it waits for is not what comes after.
started shutdown 100 --timeout 300
until_true 10 waits
begin=$(ms)
run 0 set 100 --description "while it shuts down"
run 0 stop 100
[ $(($(ms) - begin)) -lt 150000 ] && pass "not kept waiting" || flunk "kept waiting for $(($(ms) - begin)) ms"
ended 0 "the shutdown that was overtaken"
run 0 start 100
started reboot 100 --timeout 300
until_true 10 waits
run 0 stop 100
ended 1 "the reboot that was overtaken"
same "said" "$(tail -1 "$PCT_ROOT/job")" "pct: CT 100 was stopped while it rebooted"
same "it stays stopped" "$(state)" stopped
run 0 start 100
started shutdown 100 --timeout 300
until_true 10 waits
run 0 destroy 100 --force
ended 0 "a shutdown of what was destroyed"
nothing_of 100

# What reboots from inside while it is shut down does not come back, killed waiters keep nothing.
run 0 create 100 builtin:busybox --memory 64
for delay in 0 0.3 0.8; do
	run 0 start 100
	started shutdown 100
	until_true 10 waits
	sleep $delay
	"$pct" exec 100 -- reboot -f >/dev/null 2>&1 || true
	ended 0 "a shutdown with a reboot from inside after $delay s"
	sleep 1
	same "it stays shut down" "$(state)" stopped
done
run 0 start 100
before=$(init_of)
kill -STOP "$before" # so that it does not end before we are done
started shutdown 100
until_true 10 waits
kill -KILL $job
wait $job 2>/dev/null || true
"$pct" exec 100 -- reboot -f >/dev/null 2>&1 || true
is_new() { local i; i=$(init_of); [ -n "$i" ] && [ "$i" != "$before" ]; }
if until_true 20 is_new; then pass "a shutdown that was killed keeps no reboot from coming back"; else flunk "did not come back" "$(state)"; fi
until_true 10 "$pct" exec 100 -- true 2>/dev/null || true
run 0 stop 100

# Its own program: called at each step, the first may say no, and a stop need not wait for the third.
cat >"$PCT_ROOT/script" <<S
#!/bin/sh
echo "\$1 \$2" >>$PCT_ROOT/phases
[ ! -e $PCT_ROOT/hang-\$2 ] || sleep 60
[ ! -e $PCT_ROOT/no-\$2 ]
S
chmod 755 "$PCT_ROOT/script"
run 0 set 100 --hookscript "$PCT_ROOT/script"
phases() { tr '\n' ' ' <"$PCT_ROOT/phases"; rm -f "$PCT_ROOT/phases"; }
run 0 start 100
same "phases of a start" "$(phases)" "100 pre-start 100 post-start "
run 0 reboot 100
same "phases of a reboot" "$(phases)" "100 pre-stop 100 post-stop 100 pre-start 100 post-start "
run 0 stop 100
same "phases of a stop" "$(phases)" "100 pre-stop 100 post-stop "
touch "$PCT_ROOT/no-pre-start"
run 1 start 100
said "its hookscript '$PCT_ROOT/script' failed at pre-start (exit 1)"
same "it did not start" "$(state)" stopped
rm "$PCT_ROOT/no-pre-start" "$PCT_ROOT/phases"
touch "$PCT_ROOT/no-post-start" "$PCT_ROOT/no-pre-stop" "$PCT_ROOT/no-post-stop"
run 0 start 100
said "failed at post-start"
touch "$PCT_ROOT/hang-pre-stop"
started shutdown 100
until_true 5 grep -q pre-stop "$PCT_ROOT/phases" || true
rm "$PCT_ROOT/hang-pre-stop"
run 0 stop 100 --overrule-shutdown
same "who is overruled is named" "$(grep -c "CT 100: its shutdown (pid $job) is given up" "$err")" 1
ended 143 "the shutdown that was overruled"
same "stopped" "$(state)" stopped
rm "$PCT_ROOT"/no-*

# Locks: the operation's, and the command's, whose holder is named.
for lock in backup migrate disk; do
	echo "lock: $lock" >>"$confs/100.conf"
	run 1 start 100
	said "cannot start CT 100: it is locked ($lock)"
	run 0 list
	same "list" "$(awk 'NR == 2 { print $3 }' "$out")" $lock
	run 0 unlock 100
	run 1 unlock 100
	said "CT 100 is not locked"
done
echo "lock: backup" >>"$confs/100.conf"
run 0 start 100 --skiplock
for command in stop shutdown reboot suspend resume; do
	run 1 $command 100
	said "CT 100: it is locked (backup)"
done
run 1 set 100 --tty 1
said "it is locked (backup)"
run 1 destroy 100 --force
said "it is locked (backup)"
run 0 stop 100 --skiplock
run 0 unlock 100
echo "lock: mounted" >>"$confs/100.conf"
run 0 start 100
run 0 stop 100
run 1 unlock 100
said "CT 100 is not locked"
touch "$PCT_ROOT/hang-pre-start"
rm -f "$PCT_ROOT/phases"
started start 100
until_true 5 grep -q pre-start "$PCT_ROOT/phases" || true
run 1 set 100 --tty 1
same "who holds it is named" "$(grep -c "(pid $job, pct start)" "$err")" 2
kill $job
wait $job 2>/dev/null || true
rm "$PCT_ROOT/hang-pre-start"
run 0 set 100 --tty 1 --delete hookscript

# Why a start failed, and what to do.
volume=$images/100/subvol-100-disk-0.subvol
why() # CODE-OF-START ADVICE
{
	run 1 start 100
	said "$1"
	same "left running" "$(state)" stopped
	same "cgroups" "$(find /sys/fs/cgroup -path "*/$(cgroup)*/100" -type d)" ""
}
run 0 set 100 --entrypoint /no/init
why "its root has no such program"
# A program of no machine there is; so is its shell, which else would be asked to read it.
printf '\177ELF\2\1\1\0\0\0\0\0\0\0\0\0\2\0\377\377%0100d' 0 >"$volume/text"
chmod 755 "$volume/text"
mv "$volume/bin/sh" "$volume/bin/sh.kept"
cp "$volume/text" "$volume/bin/sh"
run 0 set 100 --entrypoint /text
why "its init is of another CPU architecture, or no program"
mv "$volume/bin/sh.kept" "$volume/bin/sh"
chmod 644 "$volume/text"
run 0 set 100 --entrypoint /text
why "its init must be executable"
run 0 set 100 --delete entrypoint
printf 'lxc.net.0.type: veth\nlxc.net.0.link: nobridge9\n' >>"$confs/100.conf"
why "make that bridge"
sed -i '/^lxc/d' "$confs/100.conf"
echo "lxc.mount.entry: /no/such mnt none bind 0 0" >>"$confs/100.conf"
why "source and target must be there"
sed -i '/^lxc/d' "$confs/100.conf"
run 0 start 100 --debug
same "LXC's log is shown" "$(grep -c ' TRACE \| DEBUG ' "$err" | sed 's/^[1-9].*/some/')" some
run 0 stop 100
run 0 destroy 100 --purge
nothing_of 100

#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# All that are to run when the host does: in their order, several at a time, failures told of.
# shellcheck source=pct-lib
. "$(dirname "$0")/pct-lib"
needs "needs /dev/fuse" [ -e /dev/fuse ]

events=$PCT_ROOT/events
# Of 103 and 104 the first that is to stop waits for the other one: alone, it would wait in vain.
cat >"$PCT_ROOT/script" <<S
#!/bin/sh
echo "\$2 \$1 \$(date +%s%3N)" >>$events
[ -e $PCT_ROOT/together ] || exit 0
case "\$2 \$1" in
"pre-stop 103") other=104 ;;
"pre-stop 104") other=103 ;;
*) exit 0 ;;
esac
for i in \$(seq 300); do
	grep -q "^pre-stop \$other" $events && exit 0
	sleep 0.1
done
echo "alone \$1 0" >>$events
S
chmod 755 "$PCT_ROOT/script"
at() { awk -v p="$1" -v i="$2" '$1 == p && $2 == i { print $3 }' "$events"; } # PHASE VMID
before() # SENTENCE PHASE VMID PHASE VMID [MS]: the one is so much before the other
{
	local a b
	a=$(at "$2" "$3") b=$(at "$4" "$5")
	if [ -n "$a" ] && [ -n "$b" ] && [ $((b - a)) -ge "${6:-0}" ]; then
		pass "$1 ($((b - a)) ms)"
	else
		flunk "$1" "$(cat "$events")"
	fi
}
states() { "$pct" list | awk 'NR > 1 { printf "%s%s=%s", s, $1, $2; s = " " }'; }

run 0 startall
same "without containers" "$(cat "$out" "$err")" ""
run 0 create 100 builtin:busybox --memory 64 --hookscript "$PCT_ROOT/script" --onboot 1 --startup order=2
run 0 create 101 builtin:busybox --memory 64 --hookscript "$PCT_ROOT/script" --onboot 1 --startup order=1,up=2
run 0 create 102 builtin:busybox --memory 64 --hookscript "$PCT_ROOT/script" --onboot 1 --startup 2,down=2
run 0 create 103 builtin:busybox --memory 64 --hookscript "$PCT_ROOT/script"
run 0 create 104 builtin:busybox --memory 64 --hookscript "$PCT_ROOT/script" --onboot 1
run 0 create 105 builtin:busybox --memory 64 --hookscript "$PCT_ROOT/script" --onboot 1
echo "lxc.mount.entry: /no/such mnt none bind 0 0" >>"$confs/104.conf"
echo "lock: backup" >>"$confs/105.conf"

# Two fail, and the others are there all the same.
run 1 startall
same "who started" "$(sort "$out" | tr '\n' ' ')" "CT 100: started CT 101: started CT 102: started "
same "who failed" "$(sed -n 's/^pct: \(start CT 104\|cannot start CT 105\|startall: 2 failed\).*/\1/p' "$err" | sort | tr '\n' ' ')" \
	"cannot start CT 105 start CT 104 startall: 2 failed "
same "a line each" "$(wc -l <"$err")" 3
same "states" "$(states)" "100=running 101=running 102=running 103=stopped 104=stopped 105=stopped"
before "100 waits 2 s for 101" post-start 101 pre-start 100 1900
before "102 waits 2 s for 101" post-start 101 pre-start 102 1900
# At boot a backup's lock is nobody's any more.
sed -i '/^lxc/d' "$confs/104.conf"
run 0 startall --boot
same "the others" "$(sort "$out" | tr '\n' ' ')" "CT 104: started CT 105: started "
same "said" "$(cat "$err")" "pct: CT 105: the lock of a backup that was interrupted is taken away"
run 0 startall
same "all are there" "$(cat "$out" "$err")" ""
run 0 startall --force
same "without onboot" "$(cat "$out")" "CT 103: started"

# Down against that order; who does not hear is stopped after its own time.
rm "$events"
volume=$images/102/subvol-102-disk-0.subvol
printf '#!/bin/sh\ntrap "" USR1 TERM PWR\nwhile :; do sleep 1; done\n' >"$volume/deaf"
chmod 755 "$volume/deaf"
run 0 set 102 --entrypoint /deaf
run 0 reboot 102 --timeout 20
rm -f "$events"
touch "$PCT_ROOT/together"
run 0 stopall
rm "$PCT_ROOT/together"
same "who stopped" "$(sort "$out" | tr '\n' ' ')" \
	"CT 100: stopped CT 101: stopped CT 102: stopped CT 103: stopped CT 104: stopped CT 105: stopped "
same "states" "$(states)" "100=stopped 101=stopped 102=stopped 103=stopped 104=stopped 105=stopped"
before "without order before order 2" post-stop 104 pre-stop 102
before "order 2 before order 1" post-stop 102 pre-stop 101
before "the deaf one has its 2 s" pre-stop 102 post-stop 102 1900
grep -q alone "$events" && flunk "one after the other" "$(cat "$events")" || pass "those of one order together"
run 0 stopall
same "none is left to stop" "$(cat "$out" "$err")" ""
# Without force one stays.
run 0 start 102
run 1 stopall --force-stop 0
same "said" "$(grep -c "CT 102 did not shut down in 2 s" "$err")" 1
run 0 stop 102

# ^C: those begun are finished, no other is begun, and one can go on from there.
run 0 set 101 --startup order=1,up=300
"$pct" startall >"$out" 2>"$err" &
job=$!
until_true 10 grep -q "CT 101: started" "$out" || true
kill -INT $job
got=0
wait $job || got=$?
same "interrupted" "$got $(grep -c 'startall: interrupted; [0-9]* not begun' "$err")" "1 1"
run 0 startall
run 0 stopall
for id in 100 101 102 103 104 105; do
	run 0 destroy $id
	nothing_of $id
done

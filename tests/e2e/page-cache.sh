#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Containers whose files the page cache serves: true as of some milliseconds ago, whole in size,
# and without the daemon. What cannot be served so is served as it always is.
. "$(dirname "$0")/box-lib"

ok "a daemon" "$B/pctfs" --page-cache=200
for b in 1 2; do
	group g$b && memory g$b $((b * 67108864))
	box box$b g$b
done
total() { play "$1" awk '/^MemTotal/ { print $2 }' /proc/meminfo; }
# Which mount a file of a container is bound from: "whole" or "fast".
from() {
	case $(play "$1" awk -v f="$2" '$5 == f { dev = $3 } END { print dev }' /proc/self/mountinfo) in
	"$(mountpoint -d "$RUN/page-cache")") echo fast ;;
	"$(mountpoint -d "$MOUNT")") echo whole ;;
	*) echo neither ;;
	esac
}
asked() { # of the daemon: CPU time of all its threads, ns
	cat "/proc/$(worker_pid)/task"/*/schedstat | awk '{ n += $1 } END { print n }'
}

is "without --fast all is as it was" whole "$(from box1 /proc/meminfo)"
ok "box1 is attached anew with --fast" "$B/pct-launch" attach --fast "${INIT[box1]}" box1
for f in /proc/meminfo /proc/stat /proc/loadavg /sys/devices/system/cpu; do
	is "$f comes from the page cache" fast "$(from box1 $f)"
done
for f in /proc/uptime /proc/pressure/memory /proc/cpuinfo; do
	[ ! -e "$f" ] || is "$f does not: it must be of this moment, takes triggers, or is by reader" \
		whole "$(from box1 $f)"
done
is "the other container is as it was" whole "$(from box2 /proc/meminfo)"
is "there is no tree by caller" ct "$(ls "$RUN/page-cache")"
is "it shows its own memory" 65536 "$(total box1)"
memory g1 $((96 * 1048576))
sleep 0.3
is "… and a new limit after the time that was said" 98304 "$(total box1)"
memory g1 $((64 * 1048576))
sleep 0.3

# shellcheck disable=SC2016
wrong=$(play box1 sh -c 'for f in $(find /proc/meminfo /proc/stat /proc/loadavg /proc/diskstats /proc/vmstat \
		/sys/devices/system/cpu /sys/devices/system/node -type f 2>/dev/null); do
	for n in 1 2 3; do a=$(stat -c %s $f) b=$(wc -c <$f) c=$(stat -c %s $f); [ "$a" = "$b" ] || [ "$c" = "$b" ] || echo $f $a $b $c; done
	looked=$((looked + 1))
done; echo $looked files')
within "sizes are those of the texts: files looked at" 11 100000 "$(tail -1 <<<"$wrong" | sed -n 's/ files$//p')"
is "… and those that are not" "" "$(sed '$d' <<<"$wrong")"
for i in 1 2 3 4 5 6; do
	memory g1 $((i % 2 ? 8388608 : 1073741824))
	play box1 sh -c 'sleep 0.25; for f in meminfo vmstat; do
		tail -c 1 /proc/$f >/dev/null
		tr "\0" X </proc/$f >/tmp/$f.$$; echo $f $(wc -c </tmp/$f.$$) $(grep -c X /tmp/$f.$$) $(grep -cE "^(MemTotal:|nr_free_pages) " /tmp/$f.$$)
		rm /tmp/$f.$$
	done'
done >"$PCT_ROOT/texts"
is "a text that is shorter than the last ends where it ends" "12 texts, 0 1" "$(awk '{ n++; seen[$3 " " $4] } END { printf "%d texts", n; for (s in seen) printf ", %s", s }' "$PCT_ROOT/texts")"
ok "… and there were shorter ones" awk '$2 < was[$1] { shorter++ } { was[$1] = $2 } END { exit !shorter }' "$PCT_ROOT/texts"
memory g1 67108864
sleep 0.3

# Not by open(): that asks whether the file is a terminal, which the kernel asks the daemon.
play box1 python3 -c 'import os, time
end = time.time() + 2
n = 0
while time.time() < end or n < 2000:
    f = os.open("/proc/meminfo", os.O_RDONLY)
    while os.read(f, 65536): pass
    os.close(f)
    n += 1
print(n)' >"$PCT_ROOT/n" &
reader=$!
sleep 0.5
before=$(asked) began=$(date +%s%N)
sleep 1
spent=$((($(asked) - before) * 1000000 / ($(date +%s%N) - began)))
wait $reader
within "a reader reads on and on" 1001 1e9 "$(cat "$PCT_ROOT/n")"
within "$(cat "$PCT_ROOT/n") reads in 2 s; of the daemon they took, in one second, microseconds" 0 50000 "$spent"

# What the mount lives through, this one does too.
for _ in 1 2 3 4 5; do kill -KILL "$(worker_pid)"; is "a worker is killed: the views are there" 65536 "$(total box1)"; done
ok "another program takes over" "$B/pctfs" --takeover
is "… the views are there" 65536 "$(total box1)"
mountpoint -q /sys/fs/fuse/connections || mount -t fusectl none /sys/fs/fuse/connections 2>/dev/null
if [ -w "/sys/fs/fuse/connections/$(stat -c %d "$RUN/page-cache")/abort" ]; then
	echo 1 >"/sys/fs/fuse/connections/$(stat -c %d "$RUN/page-cache")/abort"
	views_back() { [ "$(total box1)" = 65536 ] && [ "$(total box2)" = 131072 ]; }
	ok "its connection is cut off: soon the views are there again" until_true 2 views_back
	is "… from the page cache" fast "$(from box1 /proc/meminfo)"
	is "… and the other container's where they were" whole "$(from box2 /proc/meminfo)"
else
	skip "cutting the connection off" "no fusectl here"
fi
ok "attached without --fast" "$B/pct-launch" attach "${INIT[box1]}" box1
is "… it is as the others" whole "$(from box1 /proc/meminfo)"

ok "box2 is attached with --fast" "$B/pct-launch" attach --fast "${INIT[box2]}" box2
stop_daemon
is "when the daemon ends both mounts are gone" "" "$(awk -v r="$PCT_ROOT" 'index($2, r) == 1 { print $2 }' /proc/mounts)"
ok "a daemon without a page cache" "$B/pctfs"
refused "--fast is refused there" 1 "--page-cache=" "$B/pct-launch" attach --fast "${INIT[box1]}" box1
ok "repair" "$B/pct-launch" repair --all
is "… gives who had it the other one" whole "$(from box2 /proc/meminfo)"
is "… with its memory" 131072 "$(total box2)"
refused "an age that is none" 2 "10 to 5000" "$B/pctfs" --page-cache=soon
refused "one that is too short" 2 "10 to 5000" "$B/pctfs" --page-cache=0

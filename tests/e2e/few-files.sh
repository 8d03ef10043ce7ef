#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# A daemon that may have a thousand files open, and more containers than these would do for: all
# are shown their own, and what is too much is refused to who asks for it.
. "$(dirname "$0")/box-lib"

N=300 MOST=1024
group a || { skip "a daemon with few files" "no cgroups can be made here"; exit 77; }
said=$( (ulimit -n $MOST && "$B/pctfs") 2>&1)
like "a daemon with $MOST files says for how many containers that is" 'only 1024 files .* 341 containers' "$said"
D=$(worker_pid)
open_files() { find "/proc/$D/fd" -mindepth 1 | wc -l; }
is "… and has no more" $MOST "$(awk '/^Max open files/ { print $4 }' "/proc/$D/limits")"

helper=$(for p in $(pgrep -x pct-launch); do
	grep -qz "^PCT_ROOT=$PCT_ROOT\$" "/proc/$p/environ" 2>/dev/null && echo "$p"
done)
ticks() { awk '{ print $14 + $15 }' "/proc/$helper/stat"; }
before=$(ticks)
sleep 1
within "… and its helper sleeps when nothing is asked" 0 20 $(($(ticks) - before))

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
crowd() { "$(dirname "$0")/crowd" "$RUN/pctfs.sock" "$tops" "$1" "$2" "$PCT_ROOT/crowd" 2>&1; }
like "$N containers are registered" '^refused 0 ' "$(crowd 0 $N)"
cat >"$PCT_ROOT/read.py" <<'P'
import os, re, sys, threading
mount, tops, n = sys.argv[1], sys.argv[2].split(':'), int(sys.argv[3])
wrong = []
def limit(i): return (64 << 20) + (i << 12)
for i in range(n):
    for top in tops:
        for name in ('memory.limit_in_bytes', 'memory.max'):
            f = '%s/n%d/%s' % (top, i, name)
            if os.path.exists(f): open(f, 'w').write(str(limit(i)))
# One after the other, and with others in between: in each turn every file is another container's.
def read(start, step):
    for k in range(3 * n):
        i = (start + k * step) % n
        for name in ('meminfo', 'stat', 'loadavg', 'cpuinfo', 'vmstat'):
            try: text = open('%s/n%d/proc/%s' % (mount, i, name)).read()
            except OSError as e: wrong.append((i, name, e)); continue
            if name == 'meminfo' and int(re.match(r'MemTotal: +(\d+)', text).group(1)) << 10 != limit(i) or not text: wrong.append((i, name, text[:40]))
threads = [threading.Thread(target=read, args=a) for a in ((0, 1), (50, 7), (99, n - 1))]
for t in threads: t.start()
for t in threads: t.join()
print('%s - %s%s' % ('not ok' if wrong else 'ok', sys.argv[4], ' %d %s' % (len(wrong), wrong[:3]) if wrong else ''))
P
all_read() { said "$1" "$(python3 -B "$PCT_ROOT/read.py" "$MOUNT/ct" "$tops" $N "$1" 2>&1)" $? 1; }
all_read "each of $N is shown what is its own, by three readers"
within "… and files are left to be opened" 1 $((MOST - 100)) "$(open_files)"

like "beyond that it is refused" 'refused [1-9].*Too many open files' "$(crowd $N $((N + 100)))"
all_read "… and those that were there go on"

# Triggers take a file each, for as long as somebody wants them.
if [ -e "$MOUNT/ct/n0/proc/pressure/io" ] && grep -q . "$MOUNT/ct/n0/proc/pressure/io" 2>/dev/null; then
	python3 -B - "$MOUNT/ct" <<'P' >"$PCT_ROOT/triggers" 2>&1 &
import os, sys, time
held, refused = [], 0
for i in range(400):
    f = os.open('%s/n%d/proc/pressure/io' % (sys.argv[1], i % 20), os.O_RDWR)
    try: os.write(f, b'some 20000 2000000\0'); held.append(f)
    except OSError as e: refused = e.errno; os.close(f)
print(len(held), refused, flush=True)
time.sleep(600)
P
	MAKERS+=($!)
	until_true 20 grep -q . "$PCT_ROOT/triggers"
	is "of pressure triggers an eighth, and then ENFILE" "$((MOST / 8)) 23" "$(cat "$PCT_ROOT/triggers")"
	all_read "… and readers go on"
	{ kill ${MAKERS[-1]}; wait ${MAKERS[-1]}; } 2>/dev/null
else
	skip "triggers with few files" "this kernel accounts no pressure"
fi

# The worker that follows finds all of them again, with no more files.
kill -KILL "$D"
until_true 10 sh -c "grep -q MemTotal $MOUNT/ct/n0/proc/meminfo"
D=$(worker_pid)
all_read "… also after another worker has taken over"
within "… with as many files" 1 $((MOST - 100)) "$(open_files)"

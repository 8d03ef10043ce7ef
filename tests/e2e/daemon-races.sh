#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Everything the daemon does, at once: eight readers in four containers, limits that change,
# registrations and callers that come and go, pressure triggers, the load sampler. `make check-tsan`
# runs it with the daemon under ThreadSanitizer, RACES_S seconds long. (Only that: under it a
# program has a second thread, and may not enter another mount namespace.)
# apart: both processors have work
. "$(dirname "$0")/box-lib"

S=${RACES_S:-5}
PCTFS=${PCTFS:-$B/pctfs}
ok "a daemon" "$PCTFS"
for g in a b c d; do
	group $g || { skip "races" "no cgroups can be made here"; exit 77; }
	box $g $g
done
D=$(worker_pid)
end=$((SECONDS + S))
most=$(($(nproc) - 1))
work=() # what is to come to its end by itself

# Each prints what went wrong, and nothing else.
reader() { # CONTAINER SEED
	PATIENCE=$((S + 400)) play "$1" python3 -B - "$MOUNT" "$S" "$2" <<'P' 2>&1
import errno, os, random, re, sys, time
mount, end, r = sys.argv[1], time.time() + int(sys.argv[2]), random.Random(int(sys.argv[3]))
names = [n for n in ('cpuinfo', 'diskstats', 'interrupts', 'loadavg', 'meminfo', 'softirqs', 'stat', 'swaps', 'uptime',
         'vmstat', 'slabinfo', 'pressure/cpu', 'pressure/io', 'pressure/memory') if os.path.exists('/proc/' + n)]
d = 'sys/devices/system/'
while time.time() < end:
    top = r.choice(('/', '/', mount + '/'))
    what = r.randrange(10)
    try:
        if what < 7:
            f = os.open(top + 'proc/' + r.choice(names), os.O_RDONLY)
            t = os.read(f, r.choice((10, 1 << 16)))
            if what == 0: os.lseek(f, 0, 0); t = os.read(f, 1 << 16)
            os.close(f)
            if not t: print('empty')
        elif what == 7:
            for n in os.listdir(top + d + 'cpu'): os.stat(top + d + 'cpu/' + n)
        elif what == 8:
            for n in ('cpu/online', 'cpu/cpu0/topology/core_siblings', 'node/online', 'node/node0/meminfo'):
                if os.path.exists(top + d + n): open(top + d + n).read()
        else:
            os.stat(top + 'proc/' + r.choice(names))
    except OSError as e:
        # A CPU that left; or the registration was replaced meanwhile.
        if e.errno not in (errno.ENOENT, errno.ESTALE): print(top, what, e)
P
}
waiter() { # CONTAINER
	[ -e /proc/pressure/cpu ] || return 0
	PATIENCE=$((S + 400)) play "$1" python3 -B - "$S" <<'P' 2>&1
import errno, os, random, select, sys, threading, time
end = time.time() + int(sys.argv[1])
def run(seed):
    r = random.Random(seed)
    while time.time() < end:
        try:
            f = os.open('/proc/pressure/' + r.choice(('cpu', 'io', 'memory')), os.O_RDWR | os.O_NONBLOCK)
            os.write(f, b'some 20000 2000000\0')
            if r.random() < 0.7:
                p = select.poll(); p.register(f, select.POLLPRI)
                p.poll(r.choice((0, 5, 100)))
            os.close(f)
        except OSError as e:
            if e.errno not in (errno.ENOENT, errno.ESTALE, errno.ENODEV, errno.EOPNOTSUPP): print(e)
threads = [threading.Thread(target=run, args=(i,)) for i in range(4)]
for t in threads: t.start()
for t in threads: t.join()
P
}
changer() {
	while [ $SECONDS -lt $end ]; do
		for g in a b c; do
			memory $g $((RANDOM % 200 + 100 << 20)); quota $g $((RANDOM % 180 + 20)); cpus $g "0-$most"
		done
		sleep 0.01
		for g in a b c; do quota $g -1; cpus $g 0; done
		sleep 0.01
	done
} 2>/dev/null
registrar() {
	python3 -B - "$RUN/pctfs.sock" "$S" "${INIT[d]}" <<'P' 2>&1
import json, random, socket, subprocess, sys, time
path, end, d = sys.argv[1], time.time() + int(sys.argv[2]), int(sys.argv[3])
r = random.Random(5)
def ask(**q):
    s = socket.socket(socket.AF_UNIX); s.connect(path)
    s.sendall(json.dumps(q).encode() + b'\n')
    return json.loads(s.makefile().readline())
inits = []
while time.time() < end:
    if len(inits) < 5: inits.append(subprocess.Popen(['sleep', '1000']))
    p = r.choice(inits)
    name = 'r%d' % r.randrange(4)
    a = ask(request='register', door='t', id=name, pid=p.pid)
    if not a['ok']: print(a)
    elif r.random() < 0.5:
        try: open(a['root'] + '/proc/stat').read()
        except OSError: pass
    what = r.randrange(4)
    if what == 0: ask(request='forget', door='t', id=name)
    if what == 1: inits.remove(p); p.kill(); p.wait()
    if what == 2: ask(request='forget', pid=p.pid)
    if what == 3 and not ask(request='list')['ok']: print('list')
for p in inits: p.kill(); p.wait()
P
}
caller() {
	while [ $SECONDS -lt $end ]; do
		unshare -pf --mount-proc cat "$MOUNT/proc/stat" "$MOUNT/proc/loadavg" >/dev/null || echo "a caller of its own"
		unshare -m cat "$MOUNT/proc/meminfo" >/dev/null || echo "a caller in the host's pid namespace"
		ls "$MOUNT/ct" >/dev/null
	done
}
again() { # attached anew, and off, and on
	while [ $SECONDS -lt $end ]; do
		"$B/pct-launch" attach "${INIT[d]}" d && "$B/pct-launch" detach "${INIT[d]}"
		sleep 0.1
	done
	"$B/pct-launch" attach "${INIT[d]}" d
}
scraper() { # metrics
	while [ $SECONDS -lt $end ]; do
		"$B/pctfs" stats --prometheus --names all | grep '^container_threads{.*name="a"' >/dev/null || echo "nothing of a"
	done
}
burn() { timeout "$S" sh -c 'for i in 1 2 3 4; do (while :; do :; done) & done; wait'; }

i=0
for g in a b c d; do
	for _ in 1 2; do
		i=$((i + 1))
		reader $g $i >"$PCT_ROOT/said.reader$i" &
		work+=($!)
	done
done
waiter a >"$PCT_ROOT/said.waiter1" & work+=($!)
waiter b >"$PCT_ROOT/said.waiter2" & work+=($!)
changer >/dev/null & work+=($!)
registrar >"$PCT_ROOT/said.registrar" & work+=($!)
caller >"$PCT_ROOT/said.caller" 2>&1 & work+=($!)
again >"$PCT_ROOT/said.again" 2>&1 & work+=($!)
scraper >"$PCT_ROOT/said.scraper" 2>&1 & work+=($!)
(join c && burn) >/dev/null 2>&1 & work+=($!)
wait "${work[@]}"
for f in "$PCT_ROOT"/said.*; do
	is "eight readers, waiters, registrations for $S s: ${f##*.} had nothing to say" "" "$(sort "$f" | uniq -c | sort -rn | head -5)"
done
is "the daemon is the same" "$D" "$(worker_pid)"
for g in a b c d; do
	ok "container $g is shown its files" play $g sh -c "cat /proc/meminfo /proc/stat /proc/uptime /proc/loadavg >/dev/null"
done
how="the daemon"
if grep -q __tsan_ "$PCTFS"; then how=ThreadSanitizer; fi
if grep -q __asan_ "$PCTFS"; then how=AddressSanitizer; fi
unbox
stop_daemon
is "$how has nothing to report" "" "$(san_said)"

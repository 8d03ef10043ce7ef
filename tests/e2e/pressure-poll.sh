#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# /proc/pressure in a container: its own numbers, and triggers that wake poll(2).
. "$(dirname "$0")/lib.sh"
[ "$(id -u)" = 0 ] || { skip "pressure triggers" "needs root"; exit 0; }
[ -c /dev/fuse ] || { skip "pressure triggers" "no /dev/fuse"; exit 0; }
[ -r /proc/pressure/cpu ] || { skip "pressure triggers" "this kernel accounts no pressure"; exit 0; }
UNIFIED=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/self/mounts)
[ -n "$UNIFIED" ] || { skip "pressure triggers" "no cgroup v2 hierarchy"; exit 0; }

BOX=$UNIFIED/pct-psi-$$
inner='' outer=''
cleanup_more() {
	[ -z "$inner" ] || kill -KILL "$inner" 2>/dev/null
	until_true 5 rmdir "$BOX"
}
mkdir "$BOX"
ok "a daemon" "$B/pctfs"

# A container made of namespaces and a cgroup; python of the host's plays its programs.
unshare -pmf --mount-proc --propagation private sh -c "echo 0 >'$BOX/cgroup.procs'; exec sleep 300" &
outer=$!
until_true 5 sh -c "pgrep -P $outer -x sleep"
inner=$(pgrep -P $outer -x sleep)
ok "attached" "$B/pct-launch" attach "$inner" psi
D=$(daemon_pid)
play() { timeout 60 nsenter -t "$inner" -m -p sh -c "echo 0 >'$BOX/cgroup.procs'; exec python3 -" 2>&1; }

is "the text is the cgroup's own" "$(sed 's/ .*//' "$BOX/io.pressure")" \
	"$(nsenter -t "$inner" -m -p sed 's/ .*//' /proc/pressure/io)"
cat "$MOUNT"/ct/psi/proc/* >/dev/null 2>&1 # files of the cgroup stay open
fds=$(find "/proc/$D/fd" | wc -l)

said=$(play <<'P'
import errno, os, select, subprocess, time
def check(what, good): print(('ok - ' if good else 'not ok - ') + what)
def trigger(kind, text):
    f = os.open('/proc/pressure/' + kind, os.O_RDWR | os.O_NONBLOCK)
    try: os.write(f, text)
    except OSError: os.close(f); raise
    return f
def refuses(what, want, call):
    try: call(); check(what, False)
    except OSError as e: check(what, e.errno == want)
f = trigger('cpu', b'some 20000 2000000\0')
refuses('a second trigger on one file is EBUSY', errno.EBUSY, lambda: os.write(f, b'some 20000 2000000\0'))
for bad in (b'x', b'some 1 1000000', b'some 9999999 1000000\0', b'a' * 200, b'full -1 -1', b'\0'):
    refuses('trigger %r is EINVAL' % bad[:12], errno.EINVAL, lambda: trigger('memory', bad))
refuses('no other file can be opened for writing', errno.EACCES, lambda: os.open('/proc/meminfo', os.O_RDWR))
quiet = select.poll(); quiet.register(f, select.POLLPRI)
check('no event while nothing waits', quiet.poll(300) == [])
burners = [subprocess.Popen(['sh', '-c', 'while :; do :; done']) for i in range(12)]
waiters = []
for i in range(3): # forked: one open file, many waiters
    pid = os.fork()
    if pid == 0:
        p = select.poll(); p.register(f, select.POLLPRI)
        end = time.time() + 30
        while time.time() < end:
            if any(ev & select.POLLPRI for _, ev in p.poll(1000)): os._exit(0)
        os._exit(1)
    waiters.append(pid)
p = select.poll(); p.register(f, select.POLLPRI)
check('CPU pressure wakes a waiter', any(ev & select.POLLPRI for _, ev in p.poll(30000)))
got = [os.waitstatus_to_exitcode(os.waitpid(w, 0)[1]) for w in waiters]
check('and other waiters on the same file, at some event each', got.count(0) >= 1)
for b in burners: b.kill(); b.wait()
os.close(f)
for i in range(300):
    g = trigger('io', b'some 20000 2000000\0')
    if i % 3 == 0: q = select.poll(); q.register(g, select.POLLPRI); q.poll(0)
    os.close(g)
check('opened, set and closed 300 times, polled or not', True)
many = [trigger('io', b'some 20000 2000000\0') for i in range(900)]
check('900 triggers at once', len(many) == 900)
n = os.open('/proc/pressure/cpu', os.O_RDONLY); q = select.poll(); q.register(n, select.POLLPRI)
check('without a trigger poll says error, as the kernel', bool(q.poll(100)[0][1] & select.POLLERR))
m = os.open('/proc/meminfo', os.O_RDONLY); q = select.poll(); q.register(m, select.POLLIN)
check('other files are readable at once', q.poll(100)[0][1] & select.POLLIN != 0)
P
) || flunk "the player came to its end" "$said"
printf '%s\n' "$said"
case $said in *"not ok"*) FAILED=1 ;; esac

ok "the daemon lives" sh -c "grep -q . /proc/$D/status && head -1 '$MOUNT/ct/psi/proc/meminfo'"
ok "and every descriptor of the triggers comes back" until_true 40 sh -c "[ \$(find /proc/$D/fd | wc -l) -le $((fds + 4)) ]"
ok "as do the threads" sh -c "[ \$(ls /proc/$D/task | wc -l) -le 24 ]"

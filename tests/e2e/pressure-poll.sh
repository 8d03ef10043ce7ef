#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# /proc/pressure in a container: its own numbers, and triggers that wake poll(2).
# apart: it makes pressure, and looks that there is none
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
	[ ! -d "$BOX" ] || until_true 5 rmdir "$BOX"
}
mkdir "$BOX"
ok "a daemon" "$B/pctfs"

# A container made of namespaces and a cgroup; python of the host's plays its programs.
unshare -pmf --mount-proc --propagation private sh -c "echo 0 >'$BOX/cgroup.procs'; exec sleep 1000" &
outer=$!
until_true 5 sh -c "pgrep -P $outer -x sleep"
inner=$(pgrep -P $outer -x sleep)
ok "attached" "$B/pct-launch" attach "$inner" psi
D=$(worker_pid)
play() { timeout "${PATIENCE:-500}" nsenter -t "$inner" -m -p sh -c "echo 0 >'$BOX/cgroup.procs'; exec python3 -" 2>&1; }

is "the text is the cgroup's own" "$(sed 's/ .*//' "$BOX/io.pressure")" \
	"$(nsenter -t "$inner" -m -p sed 's/ .*//' /proc/pressure/io)"
cat "$MOUNT"/ct/psi/proc/* >/dev/null 2>&1 # files of the cgroup stay open
fds=$(find "/proc/$D/fd" | wc -l)
tasks=$(find "/proc/$D/task" -mindepth 1 -maxdepth 1 | wc -l)

# Which windows there are is the kernel's to say; no more than it lets anybody have.
windows() { # COMMAND…: that runs a program
	"$@" /usr/bin/python3 -c "
import errno, os
def set(window):
    try: f = os.open('/proc/pressure/io', os.O_RDWR | os.O_NONBLOCK)
    except OSError as e: return 'open ' + errno.errorcode[e.errno]
    try: os.write(f, b'some 20000 %d\0' % window); return 'ok'
    except OSError as e: return errno.errorcode[e.errno]
    finally: os.close(f)
for w in 400000, 500000, 1000000, 2000000, 3000000, 4000000, 6000000, 10000000, 12000000: print(w, set(w))" 2>&1 | xargs
}
user="setpriv --reuid 12345 --clear-groups"
in_box="nsenter -t $inner -m -p"
# shellcheck disable=SC2086 # words
{
	native=$(windows $user)
	case $native in
	*" 2000000 ok "*)
		is "a container's root may have those windows that any user of the host may" "$native" "$(windows $in_box)"
		is "… as may its other users" "$native" "$(windows $in_box $user)"
		;;
	*) skip "windows of triggers" "this kernel takes none from just any user: $native" ;;
	esac
	is "the file's mode is that of the host's" "$(stat -c %A /proc/pressure/io)" "$($in_box stat -c %A /proc/pressure/io)"
}

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
calm = trigger('memory', b'some 20000 2000000\0') # of CPU the host may have too little
quiet = select.poll(); quiet.register(calm, select.POLLPRI)
check('no event while nothing waits', quiet.poll(300) == [])
burners = [subprocess.Popen(['sh', '-c', 'while :; do :; done']) for i in range(12)]
waiters = []
for i in range(3): # forked: one open file, many waiters
    pid = os.fork()
    if pid == 0:
        p = select.poll(); p.register(f, select.POLLPRI)
        end = time.time() + 200
        while time.time() < end:
            if any(ev & select.POLLPRI for _, ev in p.poll(1000)): os._exit(0)
        os._exit(1)
    waiters.append(pid)
p = select.poll(); p.register(f, select.POLLPRI)
check('CPU pressure wakes a waiter', any(ev & select.POLLPRI for _, ev in p.poll(200000)))
got = [os.waitstatus_to_exitcode(os.waitpid(w, 0)[1]) for w in waiters]
check('and other waiters on the same file, at some event each', got.count(0) >= 1)
for b in burners: b.kill(); b.wait()
os.close(f)
for i in range(300):
    g = trigger('io', b'some 20000 2000000\0')
    if i % 3 == 0: q = select.poll(); q.register(g, select.POLLPRI); q.poll(0)
    os.close(g)
check('opened, set and closed 300 times, polled or not', True)
import random, resource, signal, subprocess, threading
random.seed(4)
check("a shell's > sets one too", subprocess.run(['sh', '-c', 'echo "some 20000 2000000" >/proc/pressure/io']).returncode == 0)
check('and leaves the text as it was', open('/proc/pressure/io').read().startswith('some avg10='))
for i in range(1000): os.close(trigger('memory', b'some 20000 2000000\0'))
check('a thousand set and closed, never polled', True)
# Closed while others wait for it: by its thread, by a process that is killed, in any order.
waiting = [trigger(random.choice(('cpu', 'io', 'memory')), b'some 20000 2000000\0') for i in range(60)]
def wait(f):
    q = select.poll(); q.register(f, select.POLLPRI)
    q.poll(1500)
threads = [threading.Thread(target=wait, args=(random.choice(waiting),)) for i in range(120)]
for t in threads: t.start()
forked = []
for i in range(20): # with the same open files
    pid = os.fork()
    if pid == 0:
        q = select.epoll()
        for f in random.sample(waiting, 20): q.register(f, select.EPOLLPRI | random.choice((0, select.EPOLLET, select.EPOLLONESHOT)))
        q.poll(20)
        os._exit(0)
    forked.append(pid)
random.shuffle(waiting)
for i, f in enumerate(waiting):
    os.close(f)
    if i % 3 == 0 and forked: os.kill(forked[-1], signal.SIGKILL); os.waitpid(forked.pop(), 0)
for pid in forked: os.kill(pid, signal.SIGKILL); os.waitpid(pid, 0)
for t in threads: t.join()
check('waiters, and files closed under them, in any order', True)
resource.setrlimit(resource.RLIMIT_NOFILE, (4096, 4096))
many = [trigger('io', b'some 20000 2000000\0') for i in range(1000)]
check('a thousand triggers at once', len(many) == 1000)
q = select.poll()
for f in many: q.register(f, select.POLLPRI)
q.poll(0)
check('all polled, without waiting', True)
more = [] # a container has at most so many open files; each of them is an error, and none is fatal
for i in range(200):
    try: more.append(trigger('io', b'some 20000 2000000\0'))
    except OSError as e: check('beyond that', e.errno == errno.ENFILE); break
for f in more + many[:20]: os.close(f)
time.sleep(1) # that is not waited for
n = os.open('/proc/pressure/cpu', os.O_RDONLY); q = select.poll(); q.register(n, select.POLLPRI)
check('without a trigger poll says error, as the kernel', bool(q.poll(100)[0][1] & select.POLLERR))
m = os.open('/proc/meminfo', os.O_RDONLY); q = select.poll(); q.register(m, select.POLLIN)
check('other files are readable at once', q.poll(100)[0][1] & select.POLLIN != 0)
P
) || flunk "the player came to its end" "$said"
printf '%s\n' "$said"
case $said in *"not ok"*) FAILED=1 ;; esac

# Killed with a hundred of them in their hands, and waiting.
holders=()
for i in 1 2 3; do
	python3 -B -c "
import os, select
p = select.poll()
for i in range(100):
    f = os.open('$MOUNT/ct/psi/proc/pressure/cpu', os.O_RDWR); os.write(f, b'some 20000 2000000'); p.register(f, select.POLLPRI)
print(flush=True)
while True: p.poll()" >"$PCT_ROOT/holds$i" &
	holders+=($!)
done
until_true 20 sh -c "[ \$(cat $PCT_ROOT/holds? | wc -l) = 3 ]"
{ kill -KILL "${holders[@]}"; wait "${holders[@]}"; } 2>/dev/null

ok "the daemon lives" sh -c "grep -q . /proc/$D/status && head -1 '$MOUNT/ct/psi/proc/meminfo'"
ok "and every descriptor of the triggers comes back" until_true 90 sh -c "[ \$(find /proc/$D/fd | wc -l) -le $((fds + 4)) ]"
within "as do the threads: those that serve stay, at most sixteen (from $tasks)" 1 24 \
	"$(find "/proc/$D/task" -mindepth 1 -maxdepth 1 | wc -l)"

# The container ends while somebody waits on its files: they are told, and let go.
waits() {
	python3 -B - "$MOUNT/ct/psi/proc/pressure/cpu" <<'P' 2>&1
import os, select, sys, threading
fs = []
for i in range(20):
    f = os.open(sys.argv[1], os.O_RDWR); os.write(f, b'some 20000 2000000\0'); fs.append(f)
print('waits', flush=True)
p = select.poll()
for f in fs: p.register(f, select.POLLPRI)
while not all(ev & select.POLLERR for _, ev in p.poll(30000)): pass
print('told', flush=True)
P
}
waits >"$PCT_ROOT/waits" &
waiter=$!
until_true 10 grep -q waits "$PCT_ROOT/waits"
kill -KILL "$inner"
wait "$outer" 2>/dev/null
inner=''
ok "the cgroup of a container that ended can go, with waiters on its pressure" until_true 10 rmdir "$BOX"
wait $waiter
is "… who are told" "waits told" "$(xargs <"$PCT_ROOT/waits")"
ok "… and the daemon serves on" head -1 "$MOUNT/proc/meminfo"

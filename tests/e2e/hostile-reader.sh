#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# A container that reads in all the ways nobody should, while its limits change: each open file is
# one text, from its start to its end, and the daemon stays as it was.
. "$(dirname "$0")/box-lib"

ok "a daemon" "$B/pctfs"
group a || { skip "a hostile reader" "no cgroups can be made here"; exit 77; }
group b
box hostile a
box good b
memory b $((64 << 20))
D=$(worker_pid)

# Its limits change all the time, from when it begins.
memory a $((300 << 20))
most=$(($(nproc) - 1))
(
	while [ -d "/proc/$D" ]; do
		memory a $((300 << 20)); cpus a "0-$most"; quota a -1
		sleep 0.02
		memory a $((200 << 20)); cpus a 0; quota a 50
		sleep 0.02
	done
) >/dev/null 2>&1 </dev/null &
changer=$!
MAKERS+=("$changer")
cleanup_more() { kill "$changer" 2>/dev/null; unbox; }

text=$(play hostile python3 -B - 2>&1 <<'P'
import ctypes, errno, fcntl, os, platform, random, re, resource, threading, time
random.seed(20)
libc = ctypes.CDLL(None, use_errno=True)
def check(what, good, more=''): print(('ok - ' if good else 'not ok - ') + what + ('' if good else ': %s' % (more,)), flush=True)
def errno_of(call, *args):
    try: call(*args)
    except OSError as e: return e.errno
    return 0
def number(text, key): return int(re.search(rb'^' + key + rb':\s+(\d+)', text, re.M).group(1))

TOPS = ['/proc/' + n for n in ('cpuinfo', 'diskstats', 'interrupts', 'loadavg', 'meminfo', 'softirqs', 'stat', 'swaps',
        'uptime', 'vmstat', 'pressure/cpu', 'pressure/memory')] + ['/sys/devices/system/cpu/' + n for n in ('online', 'possible', 'cpu0/topology/core_siblings_list')]
FILES = [f for f in TOPS if os.path.exists(f)]
CHANGING = [f for f in FILES if f in ('/proc/meminfo', '/proc/stat', '/proc/uptime', '/proc/cpuinfo')]

def whole(f, n=1 << 20):
    out = b''
    while True:
        part = os.pread(f, n, len(out))
        if not part: return out
        out += part
def opened(path, flags=os.O_RDONLY):
    return os.open(path, flags | os.O_CLOEXEC)
def text_of(path):
    f = opened(path)
    try: return whole(f)
    finally: os.close(f)

# What one text must say in itself, whatever the limits are at that moment.
def sound(path, t):
    if path == '/proc/meminfo':
        total, free, avail = (number(t, k) for k in (b'MemTotal', b'MemFree', b'MemAvailable'))
        return free <= avail <= total and total in (300 << 10, 200 << 10) and t.endswith(b' kB\n')
    if path == '/proc/stat':
        rows = [list(map(int, l.split()[1:])) for l in t.splitlines() if re.match(rb'cpu\d', l)]
        total = list(map(int, t.splitlines()[0].split()[1:]))
        # Each row is cut to ticks once more than the sum.
        return len(rows) in (1, os.sysconf('SC_NPROCESSORS_CONF')) and all(sum(c) <= s for c, s in zip(zip(*rows), total)) and b'\nsoftirq' in t
    if path == '/proc/uptime': return re.fullmatch(rb'\d+\.\d\d \d+\.\d\d\n', t) is not None
    return t.endswith(b'\n') or not t

for path in FILES:
    torn = bad = 0
    for i in range(12):
        f = opened(path)
        try: size = len(text_of(path)) # about
        except OSError as e: torn = e; break
        size = max(size, 2)
        # Odd offsets in any order, never the start: all of it is of the moment of open.
        parts = {}
        order = list(range(1, size + 50, random.choice((1, 3, 7, 61, 4095)))) if size < 3000 else random.sample(range(1, size), 200)
        random.shuffle(order)
        for k, at in enumerate(order):
            n = random.choice((1, 2, 5, 97, 4096))
            parts[at] = (n, os.pread(f, n, at))
            if k == len(order) // 2: time.sleep(0.025)
        rest = b''
        while True: # byte by byte is slow, so for some of it
            part = os.pread(f, 1 if len(rest) < 300 else 4096, 1 + len(rest))
            if not part: break
            rest += part
        t = whole(f) # the first read of the start
        if t[1:] != rest or any(t[at:at + n] != p for at, (n, p) in parts.items()): torn += 1
        if not sound(path, t): bad = t
        os.close(f)
    check(path + ': odd offsets and single bytes are of one text', torn == 0, torn)
    check(path + ': which is sound in itself', not bad, bad)

# With lseek and read, byte by byte through the file's position.
f = opened('/proc/stat')
a, b = [], []
os.lseek(f, 7, os.SEEK_SET)
while True:
    c = os.read(f, 1)
    if not c: break
    a.append(c)
    if len(a) % 500 == 0: time.sleep(0.02)
at = os.lseek(f, 0, os.SEEK_CUR)
check('lseek: the position is that of what was read', at == 7 + len(a))
os.lseek(f, -20, os.SEEK_CUR)
check('lseek backwards, from where it is', os.read(f, 1000) == b''.join(a)[-20:])
check('lseek to before the start is EINVAL', errno_of(os.lseek, f, -1, os.SEEK_SET) == errno.EINVAL)
check('behind the end there is nothing', os.lseek(f, 1 << 40, os.SEEK_SET) == 1 << 40 and os.read(f, 100) == b'' and os.pread(f, 100, (1 << 63) - 200) == b'')
end = os.lseek(f, 0, os.SEEK_END)
check('lseek to the end is a length, or refused', 0 < end < 1 << 20)
check('a negative offset is EINVAL', errno_of(os.pread, f, 10, -5) == errno.EINVAL)
for w in (os.SEEK_DATA, os.SEEK_HOLE): errno_of(os.lseek, f, 3, w)
os.lseek(f, 0, os.SEEK_SET)
t = os.read(f, 1 << 20)
check('rewound: the next text, whole', sound('/proc/stat', t) and os.read(f, 10) == b'', t)
check('a read of a gigabyte at once is the text', sound('/proc/stat', os.pread(f, 1 << 30, 0)))
v = [bytearray(1) for _ in range(1000)]
n = os.preadv(f, v, 3)
check('a thousand buffers of one byte', n == 1000 and b''.join(v) == os.pread(f, 1000, 3))
os.close(f)

# What must not be.
for path in FILES:
    if 'pressure' in path: continue
    got = [errno_of(os.open, path, fl) for fl in (os.O_RDWR, os.O_WRONLY, os.O_WRONLY | os.O_TRUNC, os.O_RDONLY | os.O_TRUNC, os.O_RDWR | os.O_APPEND, os.O_RDWR | os.O_CREAT)]
    check(path + ': not to be opened for writing, or emptied', set(got) == {errno.EACCES}, got)
f = opened('/proc/meminfo')
t = whole(f)
check('ftruncate, write, fallocate are refused', 0 not in (errno_of(os.ftruncate, f, 0), errno_of(os.write, f, b'x'), errno_of(os.posix_fallocate, f, 0, 10)))
r, w = os.pipe()
try: sent = os.read(r, os.sendfile(w, f, 0, 4096))
except OSError as e: sent = e.errno
check('sendfile and splice never give another moment or container', sent in (errno.EINVAL, t[:4096]), sent)
if hasattr(os, 'splice'): errno_of(os.splice, f, w, 100, 0)
check('fsync, locks and ioctl do no harm', errno_of(fcntl.ioctl, f, 0x5401, b' ' * 64) in (errno.ENOTTY, errno.ENOSYS, errno.EINVAL))
errno_of(os.fsync, f); errno_of(fcntl.flock, f, fcntl.LOCK_SH | fcntl.LOCK_NB); errno_of(os.listxattr, f)
os.posix_fadvise(f, 0, 0, os.POSIX_FADV_WILLNEED)
libc.readahead(f, ctypes.c_long(0), ctypes.c_size_t(1 << 20))
os.lseek(f, 0, os.SEEK_SET)
check('the file is read after all that', sound('/proc/meminfo', os.read(f, 1 << 20)))
os.close(f)
d = '/sys/devices/system/cpu'
check('nothing is made, removed, renamed, owned, dated', not [c for c in (
    lambda: os.mkdir(d + '/x'), lambda: os.rmdir(d + '/cpu0'), lambda: os.unlink(d + '/online'), lambda: os.rename(d + '/online', d + '/x'),
    lambda: os.symlink('x', d + '/x'), lambda: os.link(d + '/online', d + '/x'), lambda: os.mknod(d + '/x'), lambda: os.chmod(d + '/online', 0o777),
    lambda: os.chown(d + '/online', 1, 1), lambda: os.utime(d + '/online'), lambda: os.truncate('/proc/meminfo', 5)) if errno_of(c) == 0])

# One open file, many readers at once, each at another place, some of them at the start.
f = opened('/proc/stat')
os.pread(f, 100, 1)
wrong = []
def reader(i):
    for k in range(300):
        t = os.pread(f, 1 << 20, 0) if (k + i) % 3 == 0 else None
        if t is not None and not sound('/proc/stat', t): wrong.append(t)
        os.pread(f, random.randrange(1, 300), random.randrange(1, 2000))
threads = [threading.Thread(target=reader, args=(i,)) for i in range(8)]
for t in threads: t.start()
for t in threads: t.join()
os.close(f)
check('eight threads on one open file never see half of two texts', not wrong, wrong[:1])

# Two of one process: one is in the middle when the other goes back to the start and is read anew.
torn = 0
for i in range(3):
    f, g = os.open('/proc/stat', os.O_RDONLY), os.open('/proc/stat', os.O_RDONLY)
    text, first = os.pread(f, 1 << 20, 0), os.read(f, 50)
    os.read(g, 1 << 20)
    end = time.process_time() + 0.2
    while time.process_time() < end: pass
    os.lseek(g, 0, os.SEEK_SET)
    os.read(g, 1 << 20)
    torn += first + os.read(f, 1 << 20) != text
    os.close(f); os.close(g)
check('who reads on while the same process reads anew elsewhere has one text', torn == 0, torn)

# Two hundred at once, held.
held, totals = [], set()
for i in range(200):
    path = CHANGING[i % len(CHANGING)] if i % 2 else random.choice(FILES)
    f = opened(path)
    held.append((path, f, os.pread(f, 1 << 20, 1)))
    if i % 20 == 0: # in which the limit changes, if it did not yet
        end = time.time() + 30
        while time.time() < end:
            time.sleep(0.015)
            totals.add(text_of('/proc/meminfo').split(b'\n')[0])
            if len(totals) == 2: break
        held.append(('/proc/meminfo', opened('/proc/meminfo'), b''))
        held[-1] = held[-1][:2] + (os.pread(held[-1][1], 1 << 20, 1),)
time.sleep(0.1)
random.shuffle(held)
check('two hundred open files, read again: each still its own text', all(os.pread(f, 1 << 20, 1) == rest for _, f, rest in held))
check('… and of different moments', len({rest for path, _, rest in held if path == '/proc/uptime'}) > 3 and len({rest.split(b'\n')[0] for path, _, rest in held if path == '/proc/meminfo'}) == 2)
check('… each sound in itself', all(sound(path, whole(f)) for path, f, _ in held))
for _, f, _ in held: os.close(f)

# As many as it gets.
resource.setrlimit(resource.RLIMIT_NOFILE, (4096, 4096))
held, refused = [], 0
for i in range(1500):
    try: held.append(opened('/proc/uptime'))
    except OSError as e: refused = e.errno; break
check('a container has at most so many texts of its own open: then ENFILE', refused == errno.ENFILE and 900 < len(held) < 1100, (refused, len(held)))
check('… those that are open are read', all(os.pread(f, 100, 1) for f in held))
for f in held: os.close(f)
def back():
    for _ in range(5000): # RELEASE is not waited for
        try: return whole(opened('/proc/meminfo'))
        except OSError: time.sleep(0.02)
check('… closed, it can open again', back() is not None)

# Whoever has a text of his own and fills the page cache, by sendfile, has pages locked until he is
# answered: nobody may wait for those before.
def crowd(i, out):
    while time.time() < end:
        held = [opened('/proc/meminfo') for _ in range(random.randint(1, 3))]
        if random.random() < .3: time.sleep(random.random() * .02)
        for f in held:
            try:
                if i % 2: os.sendfile(out, f, None, 4096)
                else: os.read(f, 65536)
            except OSError as e:
                if e.errno != errno.EINVAL: raise
        for f in held: os.close(f)
        moves[i] += 1
moves, end = [0] * 64, time.time() + 10
null = os.open('/dev/null', os.O_WRONLY)
threads = [threading.Thread(target=crowd, args=(i, null), daemon=True) for i in range(64)]
for t in threads: t.start()
for t in threads: t.join(max(0.1, end + 200 - time.time()))
check('64 threads that open, hold, send and read: none waits for ever', not any(t.is_alive() for t in threads) and min(moves) > 0, moves)

# Directories whose entries come and go, also through a buffer of one entry.
def entries(path, size):
    f = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    buf = ctypes.create_string_buffer(size)
    out = []
    while True:
        n = libc.syscall(217, f, buf, size)
        if n < 0: raise OSError(ctypes.get_errno(), 'getdents64')
        if n == 0: break
        at = 0
        while at < n:
            reclen = int.from_bytes(buf.raw[at + 16:at + 18], 'little')
            out.append(buf.raw[at + 19:at + reclen].split(b'\0')[0].decode())
            at += reclen
    os.close(f)
    return out
if platform.machine() == 'x86_64':
    always = {e for e in entries(d, 65536) if not re.fullmatch(r'cpu\d+', e)} | {'cpu0'}
    twice, missing, seen = [], [], set()
    end = time.time() + 4
    while time.time() < end or len(seen) < 2 and time.time() < end + 100:
        for size in (40, 64, 200, 65536):
            got = entries(d, size)
            if len(got) != len(set(got)): twice.append(got)
            if not always <= set(got): missing.append(always - set(got))
            seen.add(frozenset(e for e in got if re.fullmatch(r'cpu\d+', e)))
            if size == 40: time.sleep(random.random() / 50)
    check('readdir while CPUs come and go: no entry twice', not twice, twice[:1])
    check('… none that stays is missing', not missing, missing[:1])
    if os.sysconf('SC_NPROCESSORS_CONF') > 1: check('… and they did come and go', len(seen) > 1, seen)
gone = set()
for i in range(500):
    try:
        for name in os.listdir(d):
            if re.fullmatch(r'cpu\d+', name):
                for x in ('online', 'topology/core_siblings_list', 'cache/index0/shared_cpu_list'):
                    try: text_of('%s/%s/%s' % (d, name, x))
                    except OSError as e: gone.add(e.errno)
    except OSError as e: gone.add(e.errno)
check('a CPU that left is ENOENT, and nothing worse', gone <= {errno.ENOENT, errno.ESTALE}, gone)
cwd = '/sys/devices/system/cpu/cpu0/topology'
os.chdir(cwd)
check('from inside of a directory', all(re.fullmatch(rb'0(-\d+)?\n', text_of('core_siblings_list')) for _ in range(200)))
os.chdir('/')
P
)
said "the hostile player" "$text" $?
is "the other container is not concerned" $((64 << 10)) \
	"$(play good awk '/^MemTotal/ { print $2 }' /proc/meminfo)"
is "the daemon is the same" "$D" "$(worker_pid)"

# Flat: after a warm-up, 20,000 more opens leave nothing behind.
size() { awk '/^VmRSS/ { print $2 }' "/proc/$D/status"; }
fds() { find "/proc/$D/fd" 2>/dev/null | wc -l; }
threads() { find "/proc/$D/task" -mindepth 1 -maxdepth 1 | wc -l; }
storm() { # OPENS of each of 8 threads
	play hostile python3 -B - "$1" <<'P'
import os, random, sys, threading
FILES = [f for f in ['/proc/' + n for n in ('cpuinfo', 'diskstats', 'interrupts', 'loadavg', 'meminfo', 'stat', 'swaps', 'uptime', 'vmstat', 'pressure/cpu')] +
         ['/sys/devices/system/cpu/' + n for n in ('online', 'cpu0/topology/core_siblings_list')] if os.path.exists(f)]
def run(seed):
    r = random.Random(seed)
    for i in range(int(sys.argv[1])):
        f = os.open(r.choice(FILES), os.O_RDONLY)
        what = r.randrange(4)
        if what == 0: os.pread(f, r.randrange(1, 5000), r.randrange(3000))
        elif what == 1: os.read(f, 1 << 16); os.read(f, 1 << 16)
        elif what == 2: os.stat(f); os.read(f, 1); os.lseek(f, 0, 0); os.read(f, 100)
        os.close(f) # what == 3: never read
threads = [threading.Thread(target=run, args=(i,)) for i in range(8)]
for t in threads: t.start()
for t in threads: t.join()
P
}
ok "warm" storm 600
sleep 1
size=$(size) fds=$(fds) threads=$(threads)
ok "20,000 opens" storm 2500
until_true 2 eval '[ "$(fds)" -le $((fds + 4)) ]'
if grep -q __asan_ "$B/pctfs"; then
	skip "the daemon's memory" "AddressSanitizer keeps what was freed"
else
	within "the daemon's memory has grown by less than 1 MB (from $size kB)" 0 $((size + 1024)) "$(size)"
fi
within "it has as many files open as before ($fds)" 0 $((fds + 4)) "$(fds)"
within "and at most the threads it may have ($threads)" 0 24 "$(threads)"

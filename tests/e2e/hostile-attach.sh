#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# A container's root swaps what a view is about to be laid on, between its being found and the
# view's being moved there. No file or mount of the host's is touched, and another container's
# attach goes on. (TRIES: how many swaps.)
. "$(dirname "$0")/box-lib"

TRIES=${TRIES:-1000}
ok "a daemon" "$B/pctfs"
group a && group b && memory b 134217728
victim=$PCT_ROOT/victim own=$PCT_ROOT/own
# A volume: what is mounted on it in container a is mounted on the host.
vol=$PCT_ROOT/vol
mkdir "$vol" && mount -t tmpfs vol "$vol" && mount --make-shared "$vol" && mkdir "$vol/d" "$vol/proc" && echo "the volume's" >"$vol/f"
cleanup_more() { unbox; umount -l "$vol"; }
BOX_OPTIONS=(--propagation unchanged)
box a a
BOX_OPTIONS=()
box b b
echo "the host's" >"$victim"
echo "the container's" >"$own"
# But those of other tests that run at the same time.
host_mounts() { awk -v r="$PCT_ROOT" -v o="${PCT_ROOT%.*}." '!index($5, o) || index($5, r) { print $3, $5 }' /proc/self/mountinfo | sort; }
before=$(host_mounts)

said "$TRIES swaps" "$(timeout 500 python3 -B - "$B/pause/pct-launch" "${INIT[a]}" "${INIT[b]}" "$TRIES" "$victim" "$own" "$vol" "$TOP/tests" <<'P' 2>&1
import collections, os, random, socket, subprocess, sys
launch, a, b, tries, victim, own, vol, here = sys.argv[1:]
sys.path.insert(0, here)
import swapper
deeds = [f.__name__ for f in swapper.DEEDS]
random.seed(5)
inside = subprocess.Popen(['nsenter', '-t', a, '-m', 'python3', '-B', here + '/swapper.py', victim, own, vol],
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
def do(deed, target):
    inside.stdin.write('%s %s\n' % (deed, target)); inside.stdin.flush()
    how = inside.stdout.readline()
    assert how in ('done\n', 'failed\n')
    return how == 'done\n'
def astray():
    """Views in a that lie on something else than the kernel's own file, or than another view."""
    rows = [l.split() for l in open('/proc/%s/mountinfo' % a)]
    kind = {l[0]: l[l.index('-') + 1] for l in rows}
    return [l[4] for l in rows if l[4].startswith(('/proc/', '/sys/')) and kind[l[0]] == 'fuse.pctfs' and kind[l[1]] not in ('proc', 'sysfs', 'fuse.pctfs')]
def views(top):
    return sum(' - fuse.pctfs ' in l and l.split()[4].startswith(top) for l in open('/proc/%s/mountinfo' % a))
# A hit is a deed that was done in between, and is one. What was not reached, or cannot be done to
# that target, is attached all the same, and counts for nothing.
hits, outcome, other, odd, stray, left, sys_views = 0, collections.Counter(), [], [], [], [], views('/sys/')
while hits < int(tries):
    ours, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    p = subprocess.Popen([launch, 'attach', a, 'a'], pass_fds=[its.fileno()], stderr=subprocess.PIPE,
                         env=dict(os.environ, PCT_PAUSE_FD=str(its.fileno())), text=True)
    its.close()
    at, n, deed, in_sys, hit = random.randrange(22), 0, random.choice(deeds), False, False
    while (target := ours.recv(200)):
        if n == at:
            hit = do(deed, target.decode()) and deed != 'nothing'
            in_sys = target.startswith(b'sys/')
            hits += hit
        n += 1
        ours.send(b'.')
    why = p.communicate()[1]
    outcome[deed if hit or deed == 'nothing' else 'no hit', 'attached' if p.returncode == 0 else 'refused'] += 1
    if p.returncode not in (0, 1) or (p.returncode == 1) != (why.count('\n') >= 1): odd.append((deed, p.returncode, why))
    stray += [(deed, s) for s in astray() if p.returncode == 0]
    # Its /proc was bare before; what it has put on a view of ours itself stays there.
    if p.returncode and not in_sys and (deed in ('file', 'volume', 'recycled') and views('/proc/') > 1 or views('/sys/') != sys_views):
        left.append((deed, views('/proc/'), views('/sys/')))
    assert do('bare', '-')
    sys_views = views('/sys/') # it may have taken off one itself
    if hit and hits % 50 == 0: other.append(subprocess.run([launch, 'attach', b, 'b'], stderr=subprocess.DEVNULL).returncode)
inside.stdin.close()
by, seen = collections.Counter(), collections.Counter()
for (deed, how), n in outcome.items():
    if deed in deeds and deed != 'nothing': by[how] += n; seen[deed] += n
print(('ok' if sum(by.values()) >= int(tries) else 'not ok') + ' - %d swaps between resolve and move: %d attached, %d refused' % (sum(by.values()), by['attached'], by['refused']))
print('# ' + ', '.join('%s %s %d' % (d, h, n) for (d, h), n in sorted(outcome.items())))
alone = {how: outcome['nothing', how] for how in ('attached', 'refused')}
print(('ok' if by['refused'] and alone['attached'] and not alone['refused'] else 'not ok') + ' - who does nothing is attached, %d times' % alone['attached'])
rare = [(d, seen[d]) for d in deeds if d != 'nothing' and seen[d] < max(1, int(tries) // 100)]
print(('not ok' if rare else 'ok') + ' - each kind of swap was made, the rarest %d times %s' % (min(seen.values()), rare or ''))
print(('not ok' if odd else 'ok') + ' - each refusal is one that is said %s' % (odd[:2] or ''))
print(('not ok' if stray else 'ok') + ' - what is called attached lies on the kernel\'s own files %s' % (stray[:3] or ''))
print(('not ok' if left else 'ok') + ' - what is refused leaves the views there were %s' % (left[:3] or ''))
print(('not ok' if any(other) or len(other) < int(tries) // 50 else 'ok') + ' - another container was attached all the while, %d times' % len(other))
P
)" $? 7
is "the host's file is what it was" "the host's" "$(cat "$victim")"
is "… and the container's" "the container's" "$(cat "$own")"
is "… and the volume's" "the volume's" "$(cat "$vol/f")"
is "the host has the mounts it had" "$before" "$(host_mounts)"
is "no attempt has left a view on another" "" "$(awk '/ - fuse.pctfs / { print $5 }' "/proc/${INIT[a]}/mountinfo" | sort | uniq -d)"
ok "the container is attached in the end" "$B/pct-launch" attach "${INIT[a]}" a
is "the other one has its views" 131072 "$(play b awk '/^MemTotal/ { print $2 }' /proc/meminfo)"

# ---- mounts that others have too ----

BOX_OPTIONS=(--propagation unchanged)
box c a
BOX_OPTIONS=()
mount -t proc proc "$vol/proc"
"$B/pct-launch" detach "${INIT[c]}"
play c mount --bind "$vol/proc" /proc
refused "a /proc that the host has too gets no views" 1 \
	"'/proc/[a-z]+' in the container is shared with the host.*'mount --make-private /proc' there first" "$B/pct-launch" attach "${INIT[c]}" c
fails "… nor does the host's" grep -q "$vol/proc/" /proc/self/mountinfo
play c mount --make-private /proc
ok "when it is the container's own it does" "$B/pct-launch" attach "${INIT[c]}" c
fails "… and the host's does not" grep -q "$vol/proc/" /proc/self/mountinfo
"$B/pct-launch" detach c
play c mount --make-shared /proc
ok "shared in the container alone is no obstacle" "$B/pct-launch" attach "${INIT[c]}" c
ok "… once more" "$B/pct-launch" attach c
ok "… nor to take off" "$B/pct-launch" detach c
umount "$vol/proc"

# ---- one that does not answer ----

# A FUSE that nobody serves, on $2 of the container $1.
unserved() {
	play "$1" python3 -c 'import ctypes, os, sys, time
fd = os.open("/dev/fuse", os.O_RDWR)
mode = "40000" if os.path.isdir(sys.argv[1]) else "100000"
data = ("fd=%d,rootmode=%s,user_id=0,group_id=0" % (fd, mode)).encode()
if ctypes.CDLL(None).mount(b"unserved", sys.argv[1].encode(), b"fuse", 0, data): sys.exit(1)
time.sleep(1000)' "$2" &
	MAKERS+=($!)
	until_true 10 grep -qE "^[^ ]+ [^ ]+ [^ ]+ / $2 .* - fuse unserved " "/proc/${INIT[$1]}/mountinfo"
}
seen() { timeout 20 "$B/pct-launch" list 2>"$PCT_ROOT/why" | awk -v n="$1" '$1 == n { print $3 }'; }
ok "attached again" "$B/pct-launch" attach "${INIT[c]}" c
for where in /proc/pressure /proc /; do
	unserved c "$where"
	play b umount /proc/uptime
	timeout 60 "$B/pct-launch" repair >"$PCT_ROOT/said" 2>&1
	is "a FUSE on $where that does not answer: repair fails" 1 $?
	like "… says of whom" "container 'c' has not got its views" "$(cat "$PCT_ROOT/said")"
	is "… the other one is repaired" fresh "$(seen b)"
	# Not umount(8): that looks into /proc, and would wait.
	[ "$where" = / ] || PATIENCE=10 play c python3 -c "import ctypes; ctypes.CDLL(None).umount2(b'$where', 2)"
done
is "… what is not known is not said to be known" '?' "$(seen c)"
like "… and why" "the container lets us wait" "$(cat "$PCT_ROOT/why")"
ok "… detach of the other one" timeout 20 "$B/pct-launch" detach b
ok "… attach" timeout 20 "$B/pct-launch" attach "${INIT[b]}" b

# ---- one that ends in the middle ----

said "ends in the middle" "$(timeout 200 python3 -B - "$B/pause/pct-launch" <<'P' 2>&1
import os, random, signal, socket, subprocess, sys
random.seed(6)
said = {'in the middle': {0: 0, 1: 0}, 'after': {0: 0, 1: 0}}
for i in range(60):
    c = subprocess.Popen(['unshare', '-pmf', '--mount-proc', '--propagation', 'private', 'sleep', '1000'], stderr=subprocess.DEVNULL)
    init = None
    while not init:
        init = subprocess.run(['pgrep', '-P', str(c.pid), '-x', 'sleep'], capture_output=True, text=True).stdout.strip()
    ours, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    p = subprocess.Popen([sys.argv[1], 'attach', init, 'short%d' % i], pass_fds=[its.fileno()], stderr=subprocess.DEVNULL,
                         env=dict(os.environ, PCT_PAUSE_FD=str(its.fileno())))
    its.close()
    at, n, when = random.randrange(24), 0, 'after'
    while ours.recv(200):
        if n == at:
            os.kill(int(init), signal.SIGKILL)
            c.wait(10) # it is gone, and its maker too
            when = 'in the middle'
        n += 1
        ours.send(b'.')
    said[when][p.wait()] += 1
    if when == 'after': os.kill(int(init), signal.SIGKILL)
    c.wait()
hit, late = said['in the middle'], said['after']
print(('ok' if hit[0] + hit[1] >= 30 else 'not ok') + ' - %d containers that ended meanwhile: %d attached, %d refused' % (hit[0] + hit[1], hit[0], hit[1]))
print(('not ok' if late[1] else 'ok') + ' - %d that ended after it: all attached' % (late[0] + late[1]))
P
)" $? 2
none_left() { ! "$B/pct-launch" list 2>/dev/null | grep -q short; }
ok "they are forgotten" until_true 5 none_left

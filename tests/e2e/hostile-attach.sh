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
box a a
box b b
victim=$PCT_ROOT/victim own=$PCT_ROOT/own
echo "the host's" >"$victim"
echo "the container's" >"$own"
host_mounts() { awk -v r="$PCT_ROOT" '{ print $3, $5 }' /proc/self/mountinfo | sort; }
before=$(host_mounts)

said "$TRIES swaps" "$(timeout 500 python3 -B - "$B/pause/pct-launch" "${INIT[a]}" "${INIT[b]}" "$TRIES" "$victim" "$own" "$TOP/tests" <<'P' 2>&1
import collections, os, random, socket, subprocess, sys
launch, a, b, tries, victim, own, here = sys.argv[1:]
sys.path.insert(0, here)
import swapper
deeds = [f.__name__ for f in swapper.DEEDS]
random.seed(5)
inside = subprocess.Popen(['nsenter', '-t', a, '-m', 'python3', '-B', here + '/swapper.py', victim, own],
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
def do(deed, target):
    inside.stdin.write('%s %s\n' % (deed, target)); inside.stdin.flush()
    assert inside.stdout.readline() == 'done\n'
hits, outcome, other, odd = 0, collections.Counter(), 0, []
while hits < int(tries):
    ours, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    p = subprocess.Popen([launch, 'attach', a, 'a'], pass_fds=[its.fileno()], stderr=subprocess.PIPE,
                         env=dict(os.environ, PCT_PAUSE_FD=str(its.fileno())), text=True)
    its.close()
    at, n, deed = random.randrange(22), 0, random.choice(deeds)
    while (target := ours.recv(200)):
        if n == at:
            do(deed, target.decode())
            hits += 1
        n += 1
        ours.send(b'.')
    why = p.communicate()[1]
    outcome[deed, 'attached' if p.returncode == 0 else 'refused'] += 1
    if p.returncode not in (0, 1) or (p.returncode == 1) != (why.count('\n') >= 1): odd.append((deed, p.returncode, why))
    do('bare', '-')
    if hits % 50 == 0: other += subprocess.run([launch, 'attach', b, 'b'], stderr=subprocess.DEVNULL).returncode != 0
inside.stdin.close()
by = collections.Counter()
for (deed, how), n in outcome.items(): by[how] += n
print('ok - %d swaps between resolve and move: %d attached, %d refused' % (hits, by['attached'], by['refused']))
print('# ' + ', '.join('%s %s %d' % (d, h, n) for (d, h), n in sorted(outcome.items())))
print(('ok' if by['attached'] and by['refused'] else 'not ok') + ' - both were seen')
print(('not ok' if odd else 'ok') + ' - each refusal is one that is said %s' % (odd[:2] or ''))
print(('not ok' if other else 'ok') + ' - another container was attached all the while')
P
)"
is "the host's file is what it was" "the host's" "$(cat "$victim")"
is "… and the container's" "the container's" "$(cat "$own")"
is "the host has the mounts it had" "$before" "$(host_mounts)"
ok "the container is attached in the end" "$B/pct-launch" attach "${INIT[a]}" a
is "the other one has its views" 131072 "$(play b awk '/^MemTotal/ { print $2 }' /proc/meminfo)"

# It ends in the middle.
said "ends in the middle" "$(timeout 200 python3 -B - "$B/pause/pct-launch" <<'P' 2>&1
import os, random, signal, socket, subprocess, sys, time
random.seed(6)
said = {0: 0, 1: 0}
for i in range(60):
    c = subprocess.Popen(['unshare', '-pmf', '--mount-proc', '--propagation', 'private', 'sleep', '1000'], stderr=subprocess.DEVNULL)
    init = None
    while not init:
        init = subprocess.run(['pgrep', '-P', str(c.pid), '-x', 'sleep'], capture_output=True, text=True).stdout.strip()
    ours, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    p = subprocess.Popen([sys.argv[1], 'attach', init, 'short%d' % i], pass_fds=[its.fileno()], stderr=subprocess.DEVNULL,
                         env=dict(os.environ, PCT_PAUSE_FD=str(its.fileno())))
    its.close()
    at, n = random.randrange(24), 0
    while ours.recv(200):
        if n == at: os.kill(int(init), signal.SIGKILL); time.sleep(0.01)
        n += 1
        ours.send(b'.')
    said[p.wait()] += 1
    try: os.kill(int(init), signal.SIGKILL)
    except ProcessLookupError: pass
    c.wait()
print('ok - 60 containers that ended meanwhile: %d attached, %d refused' % (said[0], said[1]))
P
)"
none_left() { ! "$B/pct-launch" list 2>/dev/null | grep -q short; }
ok "they are forgotten" until_true 5 none_left

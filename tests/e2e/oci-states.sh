#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What an OCI hook can be given on stdin, whoever calls it: one line says what is wrong, and the
# container starts all the same; with --strict it does not. No runtime is needed: the states are of
# a container made of namespaces.
. "$(dirname "$0")/box-lib"

ok "a daemon" "$B/pctfs"
group c
box c c
"$B/pct-launch" detach c
mkdir -p "$PCT_ROOT/b/rootfs/proc" "$PCT_ROOT/none" "$PCT_ROOT/pipes"
echo '{"root":{"path":"rootfs"}}' >"$PCT_ROOT/b/config.json"
mkfifo "$PCT_ROOT/pipe" "$PCT_ROOT/pipes/config.json"
on_host() { grep -cE " $PCT_ROOT| /proc/[a-z]| /sys/devices" /proc/self/mountinfo; }
# Other tests' mounts, which it has inherited, come and go.
in_container() { grep -cE ' /(proc|sys)(/| )' "/proc/${INIT[c]}/mountinfo"; }
before="$(on_host) $(in_container)"

# states WHICH: rows of those that are named, each by default and with --strict.
states() {
	timeout 550 python3 -B - "$1" "$B/pct-launch" "${INIT[c]}" "$PCT_ROOT" <<'P' 2>&1
import os, re, subprocess, sys
which, launch, pid, root = sys.argv[1:]
bundle = root + '/b'
def state(**kw):
    """JSON of a good state but for what is given; None: without it."""
    members = {'ociVersion': '"1.0.2"', 'id': '"bad"', 'status': '"creating"', 'pid': pid, 'bundle': '"%s"' % bundle}
    members.update(kw)
    text = '{' + ','.join('"%s":%s' % m for m in members.items() if m[1] is not None) + '}'
    return text.encode('utf-8', 'surrogateescape')
gone = subprocess.Popen(['true'])
gone.wait()
kthread = next((p for p in os.listdir('/proc') if p.isdigit() and p != '1' and os.path.exists('/proc/%s/ns/mnt' % p) and
                not open('/proc/%s/cmdline' % p).read() and ' 2 ' in open('/proc/%s/stat' % p).read()[:60]), '2')
good = state()
NO_JSON, NO_ID, NO_BUNDLE, NO_PID = 'is no JSON object', "names no 'id'", "no absolute path as 'bundle'", "a 'pid' that is none"
HOSTS = "host's own mount namespace"
# Where this host is itself a container its first process may be out of reach.
FIRST = HOSTS + '|does not let its mount namespace be entered'
bad = [
    ('nothing', NO_JSON, b''),
    ('blanks', NO_JSON, b' \t\r\n' * 100),
    ('null', NO_JSON, b'null'),
    ('a number', NO_JSON, b'5'),
    ('a text', NO_JSON, b'"state"'),
    ('an array', NO_JSON, b'[' + good + b']'),
    ('cut off', NO_JSON, good[:-1]),
    ('cut off in a name', NO_JSON, good[:5]),
    ('two of them', NO_JSON, good + good),
    ('with more behind it', NO_JSON, good + b'x'),
    ('in single quotes', NO_JSON, good.replace(b'"', b"'")),
    ('with a comment', NO_JSON, b'/* state */' + good),
    ('with a comma too many', NO_JSON, good[:-1] + b',}'),
    ('with a byte order mark', NO_JSON, b'\xef\xbb\xbf' + good),
    ('in UTF-16', NO_JSON, good.decode().encode('utf-16')),
    ('a NUL byte before it', NO_JSON, b'\0' + good),
    ('a NUL byte behind it', NO_JSON, good + b'\0'),
    ('a NUL byte in its id', NO_JSON, state(id='"b\0ad"')),
    ('a NUL, escaped, in its id', NO_ID, state(id='"b\\u0000ad"')),
    ('a NUL, escaped, in its bundle', NO_BUNDLE, state(bundle='"%s\\u0000x"' % bundle)),
    ('a newline in its id', "'id' with control characters", state(id='"b\nad"')),
    ('an id that is not UTF-8', 'is not UTF-8', state(id='"b\udcff\udcfead"')),
    ('a bundle that is not UTF-8', 'is not UTF-8', state(bundle='"%s\udcc3("' % bundle)),
    ('nested 60 000 times', NO_JSON, b'{"id":' * 60000),
    ('arrays in arrays', NO_JSON, state(annotations='[' * 5000 + ']' * 5000)),
    ('10 MB of blanks', 'larger than 8 MB', b' ' * (10 << 20)),
    ('an id of 10 MB', 'larger than 8 MB', state(id='"%s"' % ('a' * (10 << 20)))),
    ('an id of 1 MB', "'id' that is longer", state(id='"%s"' % ('a' * (1 << 20)))),
    ('an empty object', NO_ID, b'{}'),
    ('without id', NO_ID, state(id=None)),
    ('an id of null', NO_ID, state(id='null')),
    ('an id that is empty', NO_ID, state(id='""')),
    ('an id that is a number', NO_ID, state(id='7')),
    ('an id that is an object', NO_ID, state(id='{}')),
    ('without bundle', NO_BUNDLE, state(bundle=None)),
    ('a bundle that is relative', NO_BUNDLE, state(bundle='"b"')),
    ('a bundle that is a number', NO_BUNDLE, state(bundle='1e9')),
    ('a bundle that is not there', "open the bundle '.*/nowhere': No such", state(bundle='"%s/nowhere"' % root)),
    ('a bundle that is a pipe', "open the bundle '.*/pipe': Not a dir", state(bundle='"%s/pipe"' % root)),
    ('a bundle that is a file', 'open the bundle .*Not a dir', state(bundle='"%s/config.json"' % bundle)),
    ('a bundle without config', "config.json: No such", state(bundle='"%s/none"' % root)),
    ('a config that is a pipe', 'config.json is no regular file', state(bundle='"%s/pipes"' % root)),
    ('a bundle with lines in its name', "open the bundle '.*': No such", state(bundle='"%s/a\\nb\\nc"' % root)),
    ('a bundle of 5000 characters', 'File name too long', state(bundle='"/%s"' % ('a' * 5000))),
    ('without pid', "has no 'pid'", state(pid=None)),
    ('a pid of 0', "has no 'pid'", state(pid='0')),
    ('a pid of null', "has no 'pid'", state(pid='null')),
    ('a pid of -1', NO_PID, state(pid='-1')),
    ('a pid that is a text', NO_PID, state(pid='"%s"' % pid)),
    ('a pid with a fraction', NO_PID, state(pid=pid + '.5')),
    ('a pid in an array', NO_PID, state(pid='[%s]' % pid)),
    ('a pid that is true', NO_PID, state(pid='true')),
    ('a pid of 32 bits more', NO_PID, state(pid=str((1 << 32) + int(pid)))),
    ('a pid of 64 bits more', NO_PID, state(pid=str((1 << 64) + int(pid)))),
    ('a pid of 1000 digits', NO_PID, state(pid='9' * 1000)),
    ('a pid of 1e400', NO_PID, state(pid='1e400')),
    ('a pid that is NaN', NO_PID + '|' + NO_JSON, state(pid='NaN')),
    ('the greatest pid', 'process 2147483647: ', state(pid='2147483647')),
    ('a pid that is gone', 'process %d: No such process' % gone.pid, state(pid=str(gone.pid))),
    ('pid 1', FIRST, state(pid='1')),
    ('the pid of a kernel thread', HOSTS, state(pid=kthread)),
    ('the pid of the caller', HOSTS, state(pid=str(os.getpid()))),
]
stages = [(what, "OCI stage '%s': use it for createRuntime" % s[:20], good, s) for what, s in (
    ('no stage', ''), ('startContainer', 'startContainer'), ('poststart', 'poststart'), ('a stage in small letters', 'createruntime'),
    ('a stage with a blank', 'createRuntime '))]
sets = {'states': bad, 'stages': stages,
        'absent': [('no daemon', {0: "goes on without views: 'pct-launch repair' as soon as pctfs runs at '%s" % root, 1: 'no pctfs at .*: start pctfs first'}, good)]}
def tried(text, stage, *options):
    p = subprocess.run([launch, *options, 'oci', *([stage] if stage else [])], input=text, capture_output=True, timeout=200)
    return p.returncode, p.stdout, p.stderr.decode('utf-8', 'replace')
for row in sets[which]:
    what, regex, text = row[:3]
    stage, wrong = (row + ('createRuntime',))[3], []
    for want, options in (0, ()), (1, ('--strict',)):
        r, out, err = tried(text, stage, *options)
        like = regex[want] if isinstance(regex, dict) else regex
        if r != want or out or err.count('\n') != 1 or not err.startswith('pct-launch: ') or not re.search(like, err[:4096]):
            wrong.append('%s -> %d: %r' % (' '.join(options), r, err[:300]))
    print('%s - %s: %s: one line, and it starts; with --strict it does not' % ('not ok' if wrong else 'ok', which, what))
    for w in wrong: print('    ' + w)
for options in (() if which == 'absent' else ((), ('--strict',))):
    got = tried(good, 'createRuntime', *options)
    print('%s - a good one says nothing%s' % ('ok' if got == (0, b'', '') else 'not ok', ' with '.join(('',) + options)), '' if got[0] == 0 else got)
P
}
said "bad states" "$(states states)" $? 64
said "bad stages" "$(states stages)" $? 7
is "none of it mounted anything" "$before" "$(on_host) $(in_container)"
is "who was named by all of them lives" sleep "$(cat "/proc/${INIT[c]}/comm")"
fails "… and is not known by any name of theirs" sh -c "'$B/pct-launch' list | grep -v '^bad ' | grep -q bad"
stop_daemon
said "no daemon" "$(states absent)" $? 1
is "… and nothing is mounted either" "${before#* }" "$(in_container)"

#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The daemon by itself: how it starts, refuses, is asked wrongly, and ends.
. "$(dirname "$0")/lib.sh"

refused "an unknown option is a usage error" 2 '^' sh -c "'$B/pctfs' --nonsense 2>&1 >/dev/null | head -1 >&2; exit 2"
refused "an unknown log level names those there are" 2 "^pctfs: --log-level 'loud': error, warning, info or debug$" \
	"$B/pctfs" --log-level loud "$MOUNT"
refused "render of an unknown file says where to look" 1 "^pctfs: no view 'nope': see" "$B/pctfs" render nope --pid $$
refused "render for a process that is not there names it" 1 '^pctfs: cgroup of process 2147483647: No such file' \
	"$B/pctfs" render meminfo --pid 2147483647
refused "render in a directory that is no host names it" 1 "^pctfs: read the host in '/nowhere': No such file" \
	"$B/pctfs" render meminfo --cgroup x --sysroot /nowhere
refused "a cgroup path cannot climb out" 1 "^pctfs: cgroup '../../x': Invalid" "$B/pctfs" render meminfo --cgroup ../../x
like "render prints one file without any mount" '^MemTotal: +[1-9]' "$("$B/pctfs" render /proc/meminfo --pid $$)"

[ "$(id -u)" = 0 ] || { skip "the daemon" "needs root"; exit 0; }
refused "without root it says what to do" 1 '^pctfs: needs root: run it with sudo$' \
	setpriv --reuid 65534 --clear-groups "$B/pctfs" "$MOUNT"
[ -c /dev/fuse ] || { skip "the daemon" "no /dev/fuse"; exit 0; }

# /dev/fuse away, in a mount namespace of the test's own.
refused "without /dev/fuse it names the module" 1 "^pctfs: open '/dev/fuse' \(is the fuse module loaded" \
	unshare -m --propagation private sh -c "mount -t tmpfs t /dev && exec '$B/pctfs' '$PCT_ROOT/m'"
touch "$PCT_ROOT/file"
refused "a mount point that is a file" 1 "^pctfs: .*'$PCT_ROOT/file'" "$B/pctfs" "$PCT_ROOT/file"
is "nothing is left mounted by any of them" "" "$(grep -F "$PCT_ROOT" /proc/self/mounts)"

ok "it starts in the background and is ready when its starter returns" "$B/pctfs"
is "it serves at once" "$(head -1 /proc/meminfo)" "$(head -1 "$MOUNT/proc/meminfo")"
refused "a second one with the same run directory is refused" 1 "^pctfs: another pctfs runs with '$RUN': stop that one" \
	"$B/pctfs" "$PCT_ROOT/elsewhere"
refused "and one on the same mount point" 1 "^pctfs: mount point '$MOUNT' is in use by another pctfs: stop" \
	"$B/pctfs" --run "$PCT_ROOT/run2" "$MOUNT"
like "the mount is known to tools by its source" "^lxcfs $MOUNT fuse.pctfs " "$(grep -F " $MOUNT " /proc/self/mounts)"
is "the sockets are root's alone" "600 600" \
	"$(stat -c %a "$RUN/pctfs.sock") $(stat -c %a "$RUN/seccomp.sock")"
fails "nobody else looks into ct/" setpriv --reuid 65534 --clear-groups ls "$MOUNT/ct"
ok "everybody reads the tree by caller" setpriv --reuid 65534 --clear-groups cat "$MOUNT/proc/uptime"
chmod 777 "$RUN/pctfs.sock"
fails "and who is not root is not answered even with the socket open" \
	setpriv --reuid 65534 --clear-groups python3 -c "
import socket, sys
s = socket.socket(socket.AF_UNIX); s.settimeout(50); s.connect('$RUN/pctfs.sock')
try: s.sendall(b'{\"request\":\"ping\"}\n')
except OSError: sys.exit(1)
sys.exit(0 if s.recv(100) else 1)"
chmod 600 "$RUN/pctfs.sock"

# Messages nobody should send. Each gets an error, or its connection closed; the daemon lives on.
hostile=$(python3 - "$RUN/pctfs.sock" <<'P' 2>&1
import json, os, random, socket, sys
path = sys.argv[1]
def dial():
    s = socket.socket(socket.AF_UNIX); s.connect(path); s.settimeout(100); return s
def ask(line, many=False):
    s = dial()
    try: s.sendall(line)
    except OSError: pass
    try: return s.makefile().readline()
    except OSError: return ''
def bad(what, line):
    said = ask(line)
    try: good = said == '' or json.loads(said)['ok'] is False and '\n' not in json.loads(said)['error']
    except Exception: good = False
    print(('ok - ' if good else 'not ok - ') + 'control socket: ' + what + ('' if good else ': ' + said[:100]))
bad('no JSON', b'hello\n')
bad('an empty line', b'\n')
bad('a number', b'42\n')
bad('an array', b'[1,2,3]\n')
bad('an unterminated object', b'{"request":"ping"\n')
bad('something behind the object', b'{"request":"ping"} {"request":"ping"}\n')
bad('no request', b'{}\n')
bad('an unknown request', b'{"request":"sing"}\n')
bad('a request that is no text', b'{"request":7}\n')
bad('register without anything', b'{"request":"register"}\n')
bad('register with a pid of text', b'{"request":"register","door":"t","id":"x","pid":"1"}\n')
bad('register with a negative pid', b'{"request":"register","door":"t","id":"x","pid":-1}\n')
bad('register with a pid beyond int', b'{"request":"register","door":"t","id":"x","pid":99999999999999999999}\n')
bad('register of no process', b'{"request":"register","door":"t","id":"x","pid":2147483647}\n')
for i in ('', '.', '..', 'a/b', '../x', 'a~2', 'x' * 300, 'a\x01b', 'a\x00b'):
    bad('register as %r' % i[:10], json.dumps({"request": "register", "door": "t", "id": i, "pid": os.getpid()}).encode() + b'\n')
bad('forget of nobody', b'{"request":"forget","door":"t","id":"nobody"}\n')
bad('NULs', b'\0' * 100 + b'\n')
bad('nested a thousand deep', b'{"request":' + b'[' * 1000 + b']' * 1000 + b'}\n')
bad('70,000 bytes in a line', b'{"request":"' + b'x' * 70000 + b'"}\n')
bad('a megabyte without an end', b'x' * (1 << 20))
random.seed(1)
for i in range(200):
    ask(bytes(random.randrange(256) for _ in range(random.randrange(200))) + b'\n')
socks = [dial() for _ in range(60)]
for s in socks: s.sendall(b'{"request":"pi')
for s in socks: s.sendall(b'ng"}\n')
print(('ok - ' if all('"ok":true' in s.makefile().readline() for s in socks) else 'not ok - ') + 'control socket: sixty clients with half a line each')
for s in socks: s.close()
for i in range(500): dial().close()
print(('ok - ' if '"ok":true' in ask(b'{"request":"ping"}\n') else 'not ok - ') + 'control socket: alive after all that')
P
) || flunk "the hostile client came to its end" "$hostile"
printf '%s\n' "$hostile"
case $hostile in *"not ok"*) FAILED=1 ;; esac

# Many at once, by callers in namespaces of their own.
ok "forty readers at once in namespaces of their own" sh -c "
for i in \$(seq 40); do
	unshare -pf --mount-proc sh -c 'cat $MOUNT/proc/stat $MOUNT/proc/meminfo $MOUNT/proc/cpuinfo >/dev/null' &
	pids=\"\$pids \$!\"
done
for p in \$pids; do wait \$p || exit 1; done"

pid=$(worker_pid)
fds=$(find "/proc/$pid/fd" | wc -l)
for _ in $(seq 50); do unshare -pf --mount-proc cat "$MOUNT/proc/stat" >/dev/null; done
sleep 0.2
unshare -pf --mount-proc cat "$MOUNT/proc/stat" >/dev/null
ok "callers that ended leave within one sweep" until_true 12 sh -c \
	"[ \$(find /proc/$pid/fd | wc -l) -le $((fds + 40)) ]"

sleep 300 &
sleeper=$!
refused "views are never laid over the host's own /proc" 1 "^pct-launch: the process has the host's own mount namespace" \
	"$B/pct-launch" attach $sleeper
is "and nothing stays registered" "" "$(ls "$MOUNT/ct")"
kill $sleeper

# What a fresh reader found once, each of these.
like "a view beside a directory's own files is none" "^pctfs: no view" \
	"$("$B/pctfs" render sys/devices/system/cpu/../../../../etc/hostname --pid $$ 2>&1)"
fails "a cgroup that is not there is no unlimited one" "$B/pctfs" render meminfo --cgroup /nonexistent

ask() { python3 -c "
import socket, sys
s = socket.socket(socket.AF_UNIX); s.connect('$RUN/pctfs.sock')
s.sendall(sys.argv[1].encode() + b'\n'); print(s.makefile().readline().strip())" "$1"; }

sleep 300 &
held=$!
ask '{"request":"register","door":"t","id":"held","pid":'$held'}' >/dev/null
exec 7<"$MOUNT/ct/held/proc/meminfo"
ask '{"request":"forget","pid":'$held'}' >/dev/null
kill $held
wait $held 2>/dev/null
used() { awk '{ print $14 + $15 }' "/proc/$(worker_pid)/stat"; }
before=$(used)
sleep 1
within "an end nobody waits for is seen once: the daemon is quiet after it" 0 20 $(($(used) - before))
exec 7<&-

began=$SECONDS
unshare -pmf --mount-proc --propagation private sleep 300 &
unshared=$!
until_true 5 sh -c "pgrep -P $unshared -x sleep >/dev/null"
first=$(pgrep -P $unshared -x sleep)
nsenter -t "$first" -m -p sleep 300 &
entered=$!
until_true 5 sh -c "pgrep -P $entered -x sleep >/dev/null"
second=$(pgrep -P $entered -x sleep)
ok "attach by a process that is not the init" "$B/pct-launch" attach "$second" other
kill "$second"
sleep 0.3
ok "… outlives that process" nsenter -t "$first" -m -p head -1 /proc/meminfo
up=$(nsenter -t "$first" -m -p cut -d. -f1 /proc/uptime)
within "… and is the init's: its age" 0 $((SECONDS - began + 1)) "$up"
ok "detach by any process of it forgets it" "$B/pct-launch" detach "$first"
is "… entirely" "" "$(ls "$MOUNT/ct")"
kill "$first"

# top and vmstat keep their files open and read them again from the start.
is "a file read again from its start says what is true then" "one text, then another" "$(python3 - "$MOUNT/proc/uptime" <<'P'
import os, subprocess, sys, time
# In a pid namespace of its own, so that the view is a container's.
code = """
import os, sys, time
f = os.open(sys.argv[1], os.O_RDONLY)
one = os.read(f, 4) + os.read(f, 100); end = os.read(f, 10)
time.sleep(0.1); os.lseek(f, 0, 0); two = os.read(f, 100)
print('one text, then another' if one and two and one != two and not end else (one, end, two))
"""
print(subprocess.run(['unshare', '-pf', '--mount-proc', sys.executable, '-c', code, sys.argv[1]], capture_output=True, text=True).stdout.strip())
P
)"

# A container whose init is moved to another cgroup, the old one removed.
top=$(awk '$3 == "cgroup2" && system("grep -qw memory " $2 "/cgroup.controllers") == 0 { print $2; exit }' /proc/self/mounts)
if [ -n "$top" ]; then max=memory.max; else top=/sys/fs/cgroup/memory max=memory.limit_in_bytes; fi
if mkdir "$top/pct-a-$$" "$top/pct-b-$$" 2>/dev/null && echo 100M >"$top/pct-a-$$/$max" && echo 50M >"$top/pct-b-$$/$max"; then
	sleep 300 &
	moved=$!
	echo $moved >"$top/pct-a-$$/cgroup.procs"
	ask '{"request":"register","door":"t","id":"moved","pid":'$moved'}' >/dev/null
	total() { awk '/^MemTotal/ { print $2 }' "$MOUNT/ct/moved/proc/meminfo"; }
	is "a limit" 102400 "$(total)"
	echo $moved >"$top/pct-b-$$/cgroup.procs"
	rmdir "$top/pct-a-$$"
	is "moved, its old cgroup gone: the limit it has now, not the host's memory" 51200 "$(total)"
	kill $moved
	wait $moved 2>/dev/null
	rmdir "$top/pct-b-$$"
else
	skip "a container that is moved" "no memory controller to make cgroups in"
fi
is "nothing changes a view: not even its times" "Permission denied" \
	"$(touch "$MOUNT/proc/meminfo" 2>&1 | sed 's/.*: //')"

# A container made of nothing but namespaces: views by hand, on and off.
unshare -pmf --mount-proc --propagation private sleep 300 &
unshared=$!
until_true 5 sh -c "pgrep -P $unshared >/dev/null"
inner=$(pgrep -P $unshared)
until_true 5 sh -c "[ \"\$(nsenter -t $inner -m -p cat /proc/1/comm)\" = sleep ]"
ok "attach to a process in a mount namespace of its own" "$B/pct-launch" attach "$inner" box
is "it reads the view" fuse.pctfs "$(nsenter -t "$inner" -m -p stat -f -c %T /proc/meminfo | sed s/fuseblk/fuse.pctfs/)"
ok "attach once more replaces the views" "$B/pct-launch" attach "$inner" box
is "one over each file, not two" 1 "$(nsenter -t "$inner" -m -p grep -c ' /proc/meminfo ' /proc/mounts)"
boot=$(nsenter -t "$inner" -m -p cat /proc/sys/kernel/random/boot_id)
fails "its boot_id is not the host's" [ "$boot" = "$(cat /proc/sys/kernel/random/boot_id)" ]
stop_daemon
"$B/pctfs"
ok "attached by the next daemon" "$B/pct-launch" attach "$inner" box
is "it has the same boot_id" "$boot" "$(nsenter -t "$inner" -m -p cat /proc/sys/kernel/random/boot_id)"
nsenter -t "$inner" -m -p sh -c 'umount /proc/sys/kernel/random/boot_id && echo its-own >/tmp/.own.$$ &&
	mount --bind /tmp/.own.$$ /proc/sys/kernel/random/boot_id; rm -f /tmp/.own.$$'
ok "attached once more" "$B/pct-launch" attach "$inner" box
is "a boot_id of its own stays" its-own "$(nsenter -t "$inner" -m -p cat /proc/sys/kernel/random/boot_id)"
nsenter -t "$inner" -m -p umount /proc/sys/kernel/random/boot_id
ok "detach" "$B/pct-launch" detach "$inner"
is "its own /proc is back" "" "$(nsenter -t "$inner" -m -p grep ' /proc/[a-z]* fuse.pctfs' /proc/mounts)"
nsenter -t "$inner" -m mount -t tmpfs t /proc/self/../tty 2>/dev/null
nsenter -t "$inner" -m -p sh -c 'echo x >/tmp/.covered.$$ && mount --bind /tmp/.covered.$$ /proc/uptime; rm -f /tmp/.covered.$$'
refused "a target covered by something else is refused by name" 1 "'/proc/uptime' in the container is covered" \
	"$B/pct-launch" attach "$inner" box
is "and nothing of it stays" "" "$(nsenter -t "$inner" -m -p grep ' /proc/[a-z]* fuse.pctfs' /proc/mounts)"
kill "$inner"

stop_daemon
is "SIGTERM: it unmounts and takes its sockets away; what it counted stays" " pctfs.lock pctfs.state" \
	"$(grep -F "$MOUNT" /proc/self/mounts) $(ls "$RUN" | paste -sd' ')"

"$B/pctfs"
stop_daemon -KILL
fails "SIGKILL leaves a dead mount" ls "$MOUNT"
ok "which the next one takes off" "$B/pctfs"
is "… and serves on" "$(head -1 /proc/meminfo)" "$(head -1 "$MOUNT/proc/meminfo")"
is "one mount, not two" 1 "$(grep -cF " $MOUNT " /proc/self/mounts)"

# ---- pct-launch is beside it, or not ----

stop_daemon
mkdir "$PCT_ROOT/lone"
cp "$B/pctfs" "$PCT_ROOT/lone/"
"$PCT_ROOT/lone/pctfs" 2>&1 | cat >"$PCT_ROOT/said"
like "without pct-launch a daemon says what to do, also from the background" 'install pct-launch beside pctfs' "$(cat "$PCT_ROOT/said")"
stop_daemon
"$PCT_ROOT/lone/pctfs" -f 2>"$PCT_ROOT/said" &
until_true 10 daemon_pid
sleep 11 # it is tried every five seconds
is "… once" 1 "$(grep -c 'pct-launch' "$PCT_ROOT/said")"
fails "… and has nobody who mounts" helper_pids
cp "$B/pct-launch" "$PCT_ROOT/lone/"
ok "… and when it is there it is started" until_true 10 helper_pids
stop_daemon
is "pct-launch is beside pctfs in the image for Kubernetes" "/usr/sbin/pct-launch /usr/sbin/pctfs" \
	"$(awk '$1 == "COPY" { for (i = 2; i < NF; i++) { n = split($i, p, "/"); print ($NF ~ /\/$/ ? $NF p[n] : $NF) } }' \
		"$TOP/packaging/kubernetes/Containerfile" | grep '^/usr/sbin/' | sort | xargs)"

#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Who reads the tree by caller: containers in containers, containers that share a pid namespace
# with each other or with the host, the host, who cannot be told, and who is gone meanwhile.
. "$(dirname "$0")/box-lib"

ok "a daemon" "$B/pctfs"
began=$(date +%s)
group a || { skip "other callers" "no cgroups can be made here"; exit 77; }
for g in a/inner b c d; do group $g; done
memory a $((300 << 20))
memory a/inner $((100 << 20))
memory b $((200 << 20))
memory c $((150 << 20))
quota a/inner 50
made=$(date +%s)
HOST=$(awk '/^MemTotal/ { print $2 }' /proc/meminfo)
BOOTED=$(cut -d. -f1 /proc/uptime)

# What is said in a file of the tree by caller; in words of one line.
TOTAL="awk '/^MemTotal/ { print \$2 }' $MOUNT/proc/meminfo"
UP="cut -d. -f1 $MOUNT/proc/uptime"
since() { echo $(($(date +%s) - ${1:-$made})); }
# Its groups were made between these two; each look takes some time, too.
as_old() { # SENTENCE COMMAND…
	local low up
	low=$(since "$made")
	up=$("${@:2}")
	within "$1" $((low - 1)) $(($(since "$began") + 2)) "$up"
}

box outer a
box other b

# A container in a container. This one is known to nobody: no registration, no views of its own.
(join a/inner && exec nsenter -t "${INIT[outer]}" -m -p unshare -pmf --mount-proc --propagation private sleep 10000) \
	>/dev/null 2>&1 </dev/null &
MAKERS+=($!)
enter=$(child $! unshare)
inner=$(child "$enter" sleep)
nested() { (join a/inner && exec nsenter -t "$inner" -m -p "$@"); }
is "by caller: a container is shown its own limit" $((300 << 10)) "$(play outer sh -c "$TOTAL")"
is "one inside of it, in a pid namespace and cgroup of its own, the inner limit" $((100 << 10)) "$(nested sh -c "$TOTAL")"
is "… and half a CPU: one" 1 "$(nested grep -c ^processor "$MOUNT/proc/cpuinfo")"
up=$(nested sh -c "$UP")
within "… its age is that of its own init" 0 "$(since)" "$up"
memory a $((50 << 20))
is "… and less when what is around it has less" $((50 << 10)) "$(nested sh -c "$TOTAL")"
memory a $((300 << 20))
is "… its tasks are its own" 1 "$(nested awk '{ split($4, n, "/"); print n[2] < 6 }' "$MOUNT/proc/loadavg")"
is "another pid namespace in the same cgroup has the same limit" $((300 << 10)) \
	"$(play outer unshare -pmf --mount-proc sh -c "$TOTAL")"
kill -KILL "$inner"
until_true 5 sh -c "! kill -0 $inner"
before=$(date +%s)
read -r up total < <( (join a/inner && exec nsenter -t "${INIT[outer]}" -m -p unshare -pmf --mount-proc sh -c "$UP; $TOTAL") | xargs)
is "… a new one in the place of one that ended is told anew" $((100 << 10)) "$total"
within "… also how old it is" 0 "$(since "$before")" "$up"

# Two containers with one pid namespace, as those of a pod.
shared() { (join "$1" && shift && exec nsenter -t "${INIT[outer]}" -m -p "$@"); }
is "a pid namespace that two share: the one has its limit" $((300 << 10)) "$(shared a sh -c "$TOTAL")"
is "… the other one its own" $((150 << 10)) "$(shared c sh -c "$TOTAL")"
is "… again the one" $((300 << 10)) "$(shared a sh -c "$TOTAL")"
sleep 1
as_old "… the other one is as old as its cgroup" shared c sh -c "$UP"
is "by name the one has its limit, whoever reads" $((300 << 10)) "$(shared c awk '/^MemTotal/ { print $2 }' /proc/meminfo)"

# With the host's pid namespace: docker's --pid=host, or a service with a mount namespace.
hostpid() { (join "$1" && shift && exec unshare -m --propagation private "$@"); }
is "the host's pid namespace and a cgroup of its own: its limit" $((150 << 10)) "$(hostpid c sh -c "$TOTAL")"
as_old "… as old as its cgroup" hostpid c sh -c "$UP"
is "… with a cgroup namespace of its own likewise" $((150 << 10)) "$(hostpid c unshare -C sh -c "$TOTAL")"
is "… without a limit: the host's size, and its own age" "$HOST yes" \
	"$(hostpid d sh -c "$TOTAL; $UP" | xargs | awk -v b="$BOOTED" '{ print $1, $2 < b - 1 || b < 60 ? "yes" : "no: " $2 }')"
rows=$(hostpid c grep -c '^cpu[0-9]' "$MOUNT/proc/stat")
is "… its rows are those of the CPUs it has" "$rows" "$(hostpid c grep -c ^processor "$MOUNT/proc/cpuinfo")"

# The host itself.
is "the host reads the host" "$HOST" "$(sh -c "$TOTAL")"
within "… its uptime" "$BOOTED" $((BOOTED + 600)) "$(sh -c "$UP")"
is "… also from a cgroup of its own" "$HOST" "$( (join c && exec sh -c "$TOTAL") )"
is "… and every container, by name" "$((300 << 10)) $((200 << 10))" \
	"$(awk '/^MemTotal/ { printf "%s%s", s, $2; s = " " }' "$MOUNT"/ct/outer/proc/meminfo "$MOUNT"/ct/other/proc/meminfo)"
fails "… whom a container does not see" play outer ls "$MOUNT/ct/other"

# A 32-bit personality: on arm64 the kernel's cpuinfo is another one then.
plain() { grep -v MHz; }
if setarch linux32 true 2>/dev/null; then
	is "a 32-bit personality is shown what the kernel shows to such" \
		"$(setarch linux32 cat /proc/cpuinfo | plain | md5sum)" \
		"$(setarch linux32 cat "$MOUNT/proc/cpuinfo" | plain | md5sum)"
	is "… also in a container" "$(setarch linux32 cat /proc/cpuinfo | grep -iE '^(flags|features)' | head -1)" \
		"$(play outer setarch linux32 cat /proc/cpuinfo | grep -iE '^(flags|features)' | head -1)"
	D=$(worker_pid)
	if command -v strace >/dev/null; then
		strace -qq -f -p "$D" -e trace=personality -o "$PCT_ROOT/trace" &
		tracer=$!
		traced() { ! cat "/proc/$D"/task/*/status | grep -q "^TracerPid:[[:space:]]*0"; }
		until_true 10 traced
		play outer setarch linux32 cat /proc/cpuinfo >/dev/null
		play outer setarch linux32 cat /proc/meminfo >/dev/null
		play outer cat /proc/cpuinfo >/dev/null
		kill -INT $tracer
		wait $tracer 2>/dev/null
		is "… the daemon takes it on to read that one file, and off again" "PER_LINUX32 PER_LINUX" \
			"$(sed -nE 's/.*personality\((PER_[A-Z0-9]+)\).*/\1/p' "$PCT_ROOT/trace" | paste -d' ' - - | sort -u)"
	else
		skip "the daemon takes a personality on and off" "no strace"
	fi
	is "… and no thread of it keeps it" "00000000" "$(sort -u "/proc/$D"/task/*/personality)"
else
	skip "a 32-bit personality" "the kernel has none"
fi

# Readers that are killed at any moment: nothing stays, and nobody gets what is not his.
D=$(worker_pid)
fds=$(find "/proc/$D/fd" | wc -l)
wrong=$(play outer python3 -B - "$MOUNT" $((300 << 10)) <<'P'
import os, random, signal, sys, time
random.seed(3)
mount, want = sys.argv[1], sys.argv[2]
code = '''
while true; do cat %s/proc/stat /proc/stat %s/proc/cpuinfo /sys/devices/system/cpu/*/topology/* >/dev/null
while read -r k v x; do [ $k != MemTotal: ] || [ $v = %s ] || echo wrong: $v; done <%s/proc/meminfo; done
''' % (mount, mount, want, mount)
end = time.time() + 8
killed = 0
running = []
while time.time() < end or killed < 60 and time.time() < end + 200:
    while len(running) < 12:
        # Half of them in a pid namespace of their own: it goes with its first process.
        argv = ['unshare', '-pf', '--kill-child', 'sh', '-c', code] if random.random() < 0.5 else ['sh', '-c', code]
        pid = os.fork()
        if pid == 0:
            os.setsid()
            os.execvp(argv[0], argv)
        running.append(pid)
    time.sleep(random.random() / 30)
    pid = running.pop(random.randrange(len(running)))
    try: os.killpg(pid, signal.SIGKILL)
    except ProcessLookupError: os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    killed += 1
for pid in running:
    try: os.killpg(pid, signal.SIGKILL)
    except ProcessLookupError: os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
print('killed', 'many' if killed > 50 else killed)
P
)
is "readers killed at any moment are shown nothing that is not theirs" "killed many" "$wrong"
is "… the daemon is the same" "$D" "$(worker_pid)"
ok "… with no file more open than before" until_true 15 sh -c "[ \$(find /proc/$D/fd | wc -l) -le $((fds + 8)) ]"
within "… and no more threads than it may have" 1 24 "$(find "/proc/$D/task" -mindepth 1 -maxdepth 1 | wc -l)"
stop_daemon

# A daemon in a pid namespace of its own: for who is outside of it the kernel has no pid.
LOW=$PCT_ROOT/low
mkdir "$LOW"
unshare -pmf --mount-proc --propagation private "$B/pctfs" -f --run "$PCT_ROOT/lowrun" "$LOW" >/dev/null 2>&1 </dev/null &
MAKERS+=($!)
low=$(child $! pctfs)
INIT[low]=$low
until_true 10 grep -q " $LOW " "/proc/$low/mounts"
out() { nsenter -t "$low" -m "$@"; }
is "a daemon in a pid namespace of its own serves who is in there" "$HOST" \
	"$(nsenter -t "$low" -m -p awk '/^MemTotal/ { print $2 }' "$LOW/proc/meminfo")"
is "… one below it by its own cgroup" $((150 << 10)) \
	"$( (join c && exec nsenter -t "$low" -m -p unshare -pf awk '/^MemTotal/ { print $2 }' "$LOW/proc/meminfo") )"
for f in proc/meminfo proc/stat proc/uptime proc/cpuinfo sys/devices/system/cpu/online; do
	is "… who is outside of it gets an error for $f, not the host's" "cat: $LOW/$f: Input/output error" "$(out cat "$LOW/$f" 2>&1)"
done
is "… and no list of CPUs" "" "$(out ls "$LOW/sys/devices/system/cpu" 2>/dev/null)"
refused "with the /proc of another pid namespace it would take one process for another: it does not start" 1 \
	"^pctfs: /proc is of another pid namespace" unshare -pf "$B/pctfs" --run "$PCT_ROOT/run3" "$PCT_ROOT/m3"

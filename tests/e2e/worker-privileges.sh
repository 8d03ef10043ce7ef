#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What the worker may do: no more than it needs, whichever worker it is, and no less.
. "$(dirname "$0")/box-lib"

KEPT=0000000000080004 # CAP_SYS_PTRACE, CAP_DAC_READ_SEARCH
of() { awk -v k="$2:" '$1 == k { print $2 }' "$1"; } # FILE KEY
san() { ldd "$B/pctfs" | grep -qE 'lib[a-z]*san\.'; }

looked_at() { # WHOSE: all threads of the worker
	local w t said=''
	w=$(worker_pid)
	for t in "/proc/$w/task"/*/status; do
		[ "$(of "$t" CapEff)$(of "$t" CapPrm)" = $KEPT$KEPT ] &&
			[ "$(of "$t" CapInh)$(of "$t" CapAmb)" = 00000000000000000000000000000000 ] &&
			[ $((0x$(of "$t" CapBnd) & ~0x$KEPT)) = 0 ] &&
			[ "$(of "$t" NoNewPrivs)" = 1 ] || said+=$(grep -E 'Cap|Priv' "$t")
		san || [ "$(of "$t" Seccomp)" = 2 ] || said+=$(grep Seccomp "$t")
	done
	is "$1: each thread has two capabilities and a filter of system calls" "" "$said"
	within "… of many" 10 100 "$(find "/proc/$w/task" -mindepth 1 -maxdepth 1 | wc -l)"
	san && skip "… the filter" "sanitizers make calls of their own"
}

group a || { skip "what the worker may do" "no cgroups can be made here"; exit 77; }
memory a $((100 << 20))
ok "a daemon, which may lock 4 kB in memory" sh -c "ulimit -l 4; exec '$B/pctfs'"
box a a
looked_at "the first worker"
if san; then skip "requests stay in memory" "with sanitizers nothing does"; else
	within "… and has its requests locked in memory, which takes one that it gave up (kB)" 1024 2080 \
		"$(awk '/^VmLck/ { print $2 }' "/proc/$(worker_pid)/status")"
fi

# Whose processes only a capability lets it look at.
TOTAL="awk '/^MemTotal/ { print \$2 }' $MOUNT/proc/meminfo"
is "root of a container is known by its processes" $((100 << 10)) "$(play a sh -c "$TOTAL")"
is "… another user too" $((100 << 10)) "$(play a setpriv --reuid 12345 --clear-groups sh -c "$TOTAL")"
is "… and one in namespaces of its own" $((100 << 10)) \
	"$(play a setpriv --reuid 12345 --clear-groups unshare -Urpf sh -c "$TOTAL" 2>&1)"
for name in root another; do
	who=''
	[ $name = root ] || who="setpriv --reuid 12345 --clear-groups"
	# shellcheck disable=SC2086 # words
	said "a reader" "$(play a $who /usr/bin/python3 -c "
import os, time
def check(what, good): print(('ok' if good else 'not ok') + ' - $name: ' + what)
def work():
    end = time.process_time() + 0.3
    while time.process_time() < end: pass
f = os.open('/proc/stat', os.O_RDONLY)
had = os.read(f, 99999)
work()
os.lseek(f, 0, 0)
check('who reads from the start again gets a new text', os.read(f, 99999) != had)
os.close(f)
f = os.open('/proc/stat', os.O_RDONLY)
had = os.pread(f, 99999, 0)
work()
check('who reads on, at a place of its own, the rest of the same', os.pread(f, 99999, 50) == had[50:])
" 2>&1)" $?
done

# Those that come after it.
last=$(worker_pid)
kill -KILL "$last"
another() { [ -n "$(worker_pid)" ] && [ "$(worker_pid)" != "$last" ] && head -1 "$MOUNT/ct/a/proc/stat"; }
until_true 10 another
looked_at "one that followed a worker that was killed"
ok "another program takes over" "$B/pctfs" --takeover
looked_at "its worker"
is "… which knows them too" $((100 << 10)) "$(play a setpriv --reuid 12345 --clear-groups sh -c "$TOTAL")"

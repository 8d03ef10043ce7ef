#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# pctfs dies under a running container: commands still enter it, at once, and say what is lost.
# shellcheck source=pct-lib
. "$(dirname "$0")/pct-lib"
needs "needs /dev/fuse" [ -e /dev/fuse ]

rules=$PCT_ROOT/var/lib/pct/lxc/100/rules.seccomp

# enters CODE WORDS...: exec in CT 100 answers so, and does not hang.
enters()
{
	local code=$1 got=0 t=$SECONDS

	shift
	timeout -s KILL 60 "$pct" exec 100 -- "$@" >"$out" 2>"$err" </dev/null || got=$?
	is "exec in CT 100 within $((SECONDS - t)) s: $*" "$code" "$got"
}

all_gone() {
	stop_daemon -KILL
	helper_pids | xargs -r kill -KILL
}

run 0 create 100 builtin:busybox --memory 64
run 0 start 100
full=$(cat "$rules")

# Its helper answers for it.
stop_daemon -KILL
enters 1 free -m
for _ in 1 2 3; do
	enters 7 sh -c 'exit 7'
	same "words of exec" "$(cat "$err")" ""
done
run 0 stop 100
run 0 start 100
all_gone

# The first use of sysinfo(2) makes the monitor forget pctfs.
enters 1 free -m
for _ in 1 2 3; do
	enters 7 sh -c 'exit 7'
	said "CT 100 has lost pctfs"
	same "the rules afterwards" "$(cat "$rules")" "$full"
done

# Many at once.
pids=
for i in 1 2 3 4 5 6; do
	timeout -s KILL 120 "$pct" exec 100 -- echo "$i" >"$PCT_ROOT/many.$i" 2>/dev/null &
	pids="$pids $!"
done
for pid in $pids; do
	wait "$pid" || flunk "one of many ended with $?"
done
same "what many said" "$(cat "$PCT_ROOT"/many.* | tr -d '\n')" 123456
same "the rules after many" "$(cat "$rules")" "$full"

# One that is killed while it has changed the rules: the next puts them back.
kept=${rules%seccomp}kept
for _ in $(seq 200); do
	"$pct" exec 100 -- true >/dev/null 2>&1 </dev/null &
	pid=$!
	until [ -e "$kept" ] || ! alive "$pid"; do :; done
	kill -KILL "$pid" 2>/dev/null || true
	wait "$pid" 2>/dev/null || true
	if [ -e "$kept" ]; then break; fi
done
ok "one was killed in between" test -e "$kept"
enters 7 sh -c 'exit 7'
same "the rules after it" "$(cat "$rules")" "$full"
ok "and they are kept no more" test ! -e "$kept"

# It comes back with the next container, which sees its own machine.
run 0 create 101 builtin:busybox --memory 32
run 0 start 101
run 0 exec 101 -- free
same "total of 101" "$(awk '/^Mem/ { print $2 }' "$out")" 32768
enters 0 cat /proc/self/status
like "sysinfo(2) is still filtered" "^Seccomp:[[:space:]]2$" "$(grep ^Seccomp: "$out")"
said "'pct stop 100' and 'pct start 100' mend it"
run 0 stop 100
run 0 start 100
enters 0 free
same "total of 100" "$(awk '/^Mem/ { print $2 }' "$out")" 65536
same "words of exec" "$(cat "$err")" ""

# A command that cannot enter says so: rules of the user's own that need pctfs too.
sed "s/^sysinfo.*/sysinfo notify/" "$rules" >"$PCT_ROOT/own.seccomp"
run 0 stop 100
echo "lxc.seccomp.profile: $PCT_ROOT/own.seccomp" >>"$confs/100.conf"
run 0 start 100
said "CT 100: with its own lxc.seccomp.profile sysinfo(2)"
run 0 exec 100 -- true
all_gone
enters 1 free
enters 1 true
said "enter CT 100: liblxc cannot attach; 'pct stop 100' and 'pct start 100' would mend it"

#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Killed at every system call that changes anything: the next command repairs what there is, or says
# what it is. strace sends the signal; between two such calls there is nothing that could differ.
# KILL_EVERY=1: each of them, else some; KILL_ONLY="stop*": of those commands. Last comes what many at once do to one container.
# first: it waits longer than any other
# shellcheck source=pct-lib
. "$(dirname "$0")/pct-lib"
needs "needs /dev/fuse" [ -e /dev/fuse ]
needs "needs the package strace, and ptrace(2)" strace -o /dev/null true

every=${KILL_EVERY:-19}
trace=$PCT_ROOT/trace
state() { "$pct" status 100 2>/dev/null | cut -d' ' -f2; }
is_state() { [ "$(state)" = "$1" ]; }
lxcpath=$PCT_ROOT/var/lib/pct/lxc
monitors() { pgrep -f "^\[lxc monitor\] $lxcpath" | tr '\n' ' '; }
no_monitor() { [ -z "$(monitors)" ]; }
mounts() { grep -c "$images" /proc/self/mountinfo || true; }

# "NAME N" of a trace's calls that change something: the Nth of its name.
steps()
{
	awk '{ name = $0; sub(/\(.*/, "", name); n[name]++ }
	     name == "openat" && !/O_CREAT|O_TRUNC|O_WRONLY|O_RDWR/ { next }
	     name == "connect" || name == "sendmsg" || name == "sendto" || name == "wait4" || name == "poll" ||
	     name ~ /^(openat|p?write(64|v)?|rename(at2?)?|unlink(at)?|mkdir(at)?|rmdir|link(at)?|flock|fcntl|f?truncate|clone3?|v?fork|kill|pidfd_send_signal|f?ch(mod|own)(at)?|fsync|close_range|dup2|exit_group)$/ {
		print name, n[name] }' "$trace"
}

# kill_each BEFORE AFTER "WORDS of pct": the one makes the state for each kill, the other mends and looks.
kill_each()
{
	local before=$1 after=$2 name n i=0 hit=0 odd=$FAILED code what

	shift 2
	# shellcheck disable=SC2254 # it is a pattern
	case $1 in ${KILL_ONLY:-*}) ;; *) return 0 ;; esac

	$before
	# shellcheck disable=SC2086 # its words
	strace -o "$trace" "$pct" $1 >/dev/null 2>&1 || flunk "pct $1"
	steps >"$PCT_ROOT/steps"
	$after
	declare -A ends=()
	while read -r name n; do
		i=$((i + 1))
		if [ $((i % every)) != 0 ]; then continue; fi
		$before
		code=0
		# A shell of its own, that nobody hears say "Killed".
		(strace -o /dev/null -e "inject=$name:signal=KILL:when=$n" "$pct" $1 >/dev/null </dev/null; exit $?) 2>/dev/null || code=$?
		if [ $code = 137 ]; then hit=$((hit + 1)); fi
		"$pct" list >/dev/null 2>"$err" || flunk "list after $1 was killed at $name $n" "$(cat "$err")"
		what=$(state)
		what=${what:-gone}
		if [ "$what" = stopped ] && grep -q '^lock:' "$confs/100.conf"; then what="locked ($(sed -n 's/^lock: //p' "$confs/100.conf"))"; fi
		ends[$what]=$((${ends[$what]:-0} + 1))
		$after "$1 killed at $name $n"
	done <"$PCT_ROOT/steps"
	for what in "${!ends[@]}"; do echo "# $1: ${ends[$what]} x $what"; done
	same "$1: killed at $hit of $i steps, all of them mended" "$FAILED" "$odd"
	[ $hit -gt 0 ] || flunk "$1: no kill hit"
}

mend() # CODES WORDS...: pct WORDS answers one of them
{
	local codes=$1 got=0
	shift
	"$pct" "$@" >"$out" 2>"$err" </dev/null || got=$?
	case " $codes " in
	*" $got "*) ;;
	*) flunk "$why: then pct $*: exit $got" "$(cat "$err")" ;;
	esac
}
clean() # nothing is left running, and nobody holds the lock
{
	until_true 15 no_monitor || flunk "$why: a monitor is left" "$(monitors)"
	local left
	left=$(find /sys/fs/cgroup -type d -path "*/$(cgroup)*/100" 2>/dev/null | head -3)
	[ -z "$left" ] || flunk "$why: cgroups are left" "$left"
	[ "$(mounts)" = 0 ] || flunk "$why: mounts are left"
	flock -n "$PCT_ROOT/run/pct/lock" true || flunk "$why: locked"
}
there() { [ -e "$confs/100.conf" ] || "$pct" create 100 builtin:busybox --memory 64; }
stopped() { there; if ! is_state stopped; then "$pct" stop 100; fi; }
running() { there; is_state running || "$pct" start 100; }

after_start() # start it again, or it runs; then it can be stopped, and nothing is left
{
	why=${1:-first}
	mend "0 1" start 100
	until_true 10 is_state running || flunk "$why: does not run" "$(cat "$err")"
	mend 0 stop 100
	clean
}
after_stop() # stop it again, or it is; then it can be started
{
	why=${1:-first}
	mend "0 1" stop 100
	is_state stopped || flunk "$why: still runs" "$(cat "$err")"
	mend 0 start 100
	mend 0 stop 100
	clean
}
after_set()
{
	why=${1:-first}
	mend 0 set 100 --tty 1 --cpulimit 1
	mend 0 set 100 --tty 2 --delete cpulimit
}
after_destroy() # said again
{
	why=${1:-first}
	if [ -e "$confs/100.conf" ]; then mend 0 destroy 100 --force; else mend 1 destroy 100; fi
	clean
	local left
	left=$(ls -d "$confs/100.conf" "$confs/.100.conf.new" "$images/100" "$lxcpath/100" "$RUN/lock/100.lock" 2>/dev/null || true)
	[ -z "$left" ] || flunk "$why: left" "$left"
}

"$pct" create 101 builtin:busybox --memory 64 # its cgroups' parents stay
kill_each stopped after_start "start 100"
kill_each running after_stop "stop 100"
kill_each running after_stop "shutdown 100"
kill_each running after_start "reboot 100"
kill_each running after_set "set 100 --tty 1 --cpulimit 1"
kill_each stopped after_destroy "destroy 100"
kill_each running after_destroy "destroy 100 --force"

# Many at once, at one container: whatever comes of it, it is one state, and every answer is a line.
there
words=("start 100" "stop 100" "set 100 --tty 1" "set 100 --tty 2" "config 100" "status 100 --verbose" "list"
	"reboot 100 --timeout 3" "shutdown 100 --timeout 1 --forceStop" "suspend 100" "resume 100" "pending 100"
	"destroy 100 --force" "create 100 builtin:busybox --memory 64" "create 100 builtin:busybox --memory 64")
worker()
{
	local end=$((SECONDS + ${TOGETHER_S:-20})) code
	RANDOM=$1
	while [ $SECONDS -lt $end ]; do
		code=0
		# shellcheck disable=SC2086
		timeout 200 "$pct" ${words[RANDOM % ${#words[@]}]} >/dev/null 2>>"$PCT_ROOT/said.$1" || code=$?
		echo $code >>"$PCT_ROOT/codes.$1"
	done
}
for i in 1 2 3 4; do worker $i & workers[i]=$!; done
for i in 1 2 3 4; do wait "${workers[i]}"; done
same "codes of $(cat "$PCT_ROOT"/codes.* | wc -l) commands" "$(sort -un "$PCT_ROOT"/codes.* | tr '\n' ' ')" "0 1 "
same "all they said" "$(grep -hvE '^pct: ' "$PCT_ROOT"/said.* | head -3)" ""
why="many at once"
there
until_true 15 flock -n "$RUN/lock/100.lock" true || flunk "$why: locked"
if is_state stopped; then mend 0 start 100; fi
is_state frozen && mend 0 resume 100
mend 0 exec 100 -- true
mend 0 reboot 100 --timeout 5
mend 0 stop 100
clean
mend 0 destroy 100
clean
nothing_of 100

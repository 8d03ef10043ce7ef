# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
#
# For system tests, to be sourced. Each check prints one line, which tests/run counts:
#   ok - SENTENCE        not ok - SENTENCE        skip - SENTENCE (REASON)
# A test has a PCT_ROOT of its own; whatever was started in it is ended when the script exits,
# however it does.

set -u
export PATH="$PATH:/usr/sbin:/sbin"
TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
B=${B:-$TOP/build}
case $B in /*) ;; *) B=$TOP/$B ;; esac
FAILED=0

# Short: the path of a socket has 107 characters.
PCT_ROOT=$(mktemp -d "${TMPDIR:-/tmp}/pct.XXXXXX")
export PCT_ROOT
# A rootfs is entered by users of its own.
chmod 755 "$PCT_ROOT"
MOUNT=$PCT_ROOT/var/lib/pctfs
RUN=$PCT_ROOT/run/pct

# Of programs made with SAN=…: what they find is said here, also by those that have no terminal.
SAN_SAID=$PCT_ROOT/sanitizer
export ASAN_OPTIONS="log_path=$SAN_SAID:${ASAN_OPTIONS:-}" UBSAN_OPTIONS="log_path=$SAN_SAID:print_stacktrace=1:${UBSAN_OPTIONS:-}"
export TSAN_OPTIONS="log_path=$SAN_SAID:ignore_noninstrumented_modules=1:${TSAN_OPTIONS:-}"

# Not that libfuse ends its threads by cancelling them, in the middle of a read.
san_said() {
	grep -lE 'ERROR: |runtime error: |WARNING: ThreadSanitizer|CHECK failed' "$SAN_SAID".* 2>/dev/null |
		while read -r said; do head -100 "$said"; done
}

pct() { "$B/pct" "$@"; }
inside() { "$B/pct" exec "$1" -- /bin/sh -c "$2"; } # VMID COMMAND

daemon_pid() {
	python3 - "$RUN/pctfs.sock" <<'P' 2>/dev/null
import json, socket, sys
s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1])
s.sendall(b'{"request":"ping"}\n'); print(json.loads(s.makefile().readline())["pid"])
P
}

# Its keeper is who is told to end; its worker is who answers: not one that has ended and waits to
# be reaped, which the keeper leaves for later if it takes long.
worker_pid() { pgrep -r S,R,D,T,t -P "$(daemon_pid)" | head -1; }

# Who mounts for it in containers, and stays when it is killed.
helper_pids() { pgrep -f "^pct-launch --socket $RUN/pctfs.sock mounter"; }

pid_of() { pct status "$1" --verbose | awk '/^pid:/ { print $2 }'; }

# Container $1's own cgroup, for a v1 controller where there is one, else in v2.
cgroup_of() {
	local v1 v2
	v1=$(awk -F: -v c="$2" '{ n = split($2, l, ","); for (i = 1; i <= n; i++) if (l[i] == c) print $3 }' \
		"/proc/$(pid_of "$1")/cgroup")
	v2=$(awk -F: '$1 == 0 { print $3 }' "/proc/$(pid_of "$1")/cgroup")
	v2=${v2%/init.scope}
	if [ -n "$v1" ]; then echo "/sys/fs/cgroup/$2${v1%/ns}"; else echo "/sys/fs/cgroup${v2%/ns}"; fi
}
# A file there: $3 is its name in v1, $4 in v2.
cgroup_file() {
	local dir
	dir=$(cgroup_of "$1" "$2")
	cat "$dir/$3" 2>/dev/null || cat "$dir/$4"
}

# shellcheck disable=SC2120 # the signal has a default
stop_daemon() { # ends ours, by id
	local pid
	pid=$(daemon_pid) || return 0
	kill "${1:--TERM}" "$pid" 2>/dev/null
	while alive "$pid"; do sleep 0.02; done
}
alive() { # a zombie is not
	grep -Eqs '^State:[[:space:]]+[^ZX[:space:]]' "/proc/$1/status"
}

# More to do at the end: cleanup_more() of the script.
cleanup() {
	local status=$? id
	set +e
	if declare -F cleanup_more >/dev/null; then cleanup_more; fi
	for id in "$PCT_ROOT"/etc/pct/lxc/*.conf; do
		[ -e "$id" ] || continue
		id=$(basename "$id" .conf)
		"$B/pct" destroy "$id" --force >/dev/null 2>&1
	done
	stop_daemon
	umount -l "$MOUNT" 2>/dev/null || true # it may have done so itself
	id=$(san_said)
	[ -z "$id" ] || flunk "a sanitizer finds nothing" "$id"
	rm -rf --one-file-system "$PCT_ROOT"
	[ "$status" != 77 ] || status=0 # it has said that it skips
	[ "$status" = 0 ] && [ "$FAILED" = 0 ] || exit 1
	exit 0
}
trap cleanup EXIT
trap 'exit 1' INT TERM

pass() { echo "ok - $1"; }
flunk() { # SENTENCE [WHAT IT SAID]
	echo "not ok - $1"
	[ -z "${2-}" ] || printf '%s\n' "$2" | sed 's/^/    /'
	FAILED=1
}
skip() { echo "skip - $1 ($2)"; }

ok() { # SENTENCE COMMAND…: it succeeds
	local said what=$1
	shift
	if said=$("$@" 2>&1); then pass "$what"; else flunk "$what" "$* -> $?: $said"; fi
}
fails() { # SENTENCE COMMAND…: it does not
	local said what=$1
	shift
	if said=$("$@" 2>&1); then flunk "$what" "$* succeeded: $said"; else pass "$what"; fi
}
is() { # SENTENCE WANT GOT
	if [ "$2" = "$3" ]; then pass "$1"; else flunk "$1" "want: $2
 got: $3"; fi
}
within() { # SENTENCE LOW HIGH GOT: numbers
	if awk -v l="$2" -v h="$3" -v g="$4" 'BEGIN { exit !(g != "" && g + 0 >= l && g + 0 <= h) }'; then
		pass "$1"
	else
		flunk "$1" "want: $2 to $3, got: $4"
	fi
}
like() { # SENTENCE EXTENDED-REGEX TEXT
	if printf '%s\n' "$3" | grep -Eq -- "$2"; then pass "$1"; else flunk "$1" "want: /$2/
 got: $3"; fi
}
refused() { # SENTENCE STATUS REGEX COMMAND…: that status, nothing on stdout, and on stderr one line
	local what=$1 want=$2 regex=$3 err out status
	shift 3
	err=$(mktemp "$PCT_ROOT/err.XXXXXX")
	out=$("$@" 2>"$err" </dev/null)
	status=$?
	if [ "$status" = "$want" ] && [ -z "$out" ] && [ "$(wc -l <"$err")" = 1 ] &&
		grep -Eq -- "$regex" "$err"; then
		pass "$what"
	else
		flunk "$what" "$* -> $status (want $want, one line like /$regex/)
$out$(cat "$err")"
	fi
	rm -f "$err"
}
# SECONDS COMMAND…: tried again and again. So long it takes at most where nothing else runs; a machine
# that is slow, or has other things to do, has ten times that.
until_true() {
	local end=$((SECONDS + 10 * $1))
	shift
	until "$@" >/dev/null 2>&1; do
		[ "$SECONDS" -lt "$end" ] || { echo "# given up: $*" >&2 && return 1; }
		sleep 0.05
	done
}

# What uptime(1) says in a container that was started since the test was.
up_minutes() { echo "up ($(seq -s '|' 0 $((SECONDS / 60 + 1)))) min"; }

# How late this machine lets a process be while something is timed, in ms: what nobody may wait
# longer for than some time may take ten times that more.
late_begin() {
	python3 -c 'import signal, sys, time
most, on = 0, True
def end(*_):
    global on
    on = False
signal.signal(signal.SIGTERM, end)
print(flush=True)
while on:
    t = time.monotonic()
    time.sleep(0.01)
    most = max(most, time.monotonic() - t - 0.01)
print(int(most * 1000))' >"$PCT_ROOT/late" &
	LATE=$!
	until_true 10 [ -s "$PCT_ROOT/late" ]
}
late_end() { # into $late
	kill "$LATE"
	wait "$LATE"
	late=$(tail -1 "$PCT_ROOT/late")
	echo "# a process was late by up to $late ms"
}

# debian_tar NAME PACKAGES: a Debian with these, $B/NAME.tar, made once and kept in the build folder;
# by one of those who want it at the same time. Why there is none is said.
debian_tar() {
	(
		mkdir -p "$B"
		exec 9>"$B/$1.lock"
		flock 9
		[ -s "$B/$1.tar" ] && exit
		mmdebstrap -q --format=tar --variant=minbase --include="$2" "${@:3}" bookworm "$B/$1.tar.part" 2>&1 &&
			mv "$B/$1.tar.part" "$B/$1.tar"
	) | tail -1
	[ -s "$B/$1.tar" ]
}

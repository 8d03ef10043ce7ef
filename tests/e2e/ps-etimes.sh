#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# ps, a thousand times, in a container with a clock of its own: it subtracts its own start from
# /proc/uptime, and an uptime even one tick old would make it run for ever. (RUNS: 1000.)
# apart: both processors have work
. "$(dirname "$0")/box-lib"

RUNS=${RUNS:-1000}
unshare -T true 2>/dev/null || { skip "ps in a container with a clock of its own" "no time namespaces here"; exit 77; }
command -v ps >/dev/null || { skip "ps in a container with a clock of its own" "no ps here"; exit 77; }
group ages || { skip "ps in a container with a clock of its own" "no cgroups can be made here"; exit 77; }
said=$("$B/pctfs" --help)
more=()
case $said in *--page-cache*) more=(--page-cache=100) ;; esac
ok "a daemon" "$B/pctfs" "${more[@]}"

ages() { # NAME HOW
	local said
	said=$(play "$1" sh -c "for i in \$(seq $RUNS); do ps -o etimes= -C ps; done" |
		awk '$1 > 60 { old++; last = $1 } { n++ } END { print n, old + 0, last }')
	is "$RUNS times ps, its own age is never that of another ($2)" "$RUNS 0" "${said% }"
}
all() {
	ages clock "default" &
	[ -z "${INIT[fast]-}" ] || ages fast "page cache"
	wait $!
}

# An uptime of which procps makes the right number of ticks. It multiplies a binary fraction: at 50
# seconds one in twenty comes out a tick too small, of the kernel's own file too.
BOX_OPTIONS=(-T --boottime $((100000 - $(cut -d. -f1 /proc/uptime))))
box clock ages
if [ -d "$RUN/page-cache/ct/clock" ]; then
	ATTACH_OPTIONS=(--fast)
	box fast ages
fi
up=$(play clock cut -d. -f1 /proc/uptime)
within "its clock is its own" 100000 $((100000 + SECONDS + 2)) "$up"
like "its uptime is pctfs's" '^lxcfs ' "$(play clock grep ' /proc/uptime ' /proc/mounts)"
said "ps" "$(all)" $? ${#INIT[@]}

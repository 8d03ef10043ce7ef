#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Who has views, and views anew for who has lost them.
. "$(dirname "$0")/box-lib"

seen() { # NAME: what the list says of its views
	"$B/pct-launch" list | awk -v n="$1" '$1 == n { print $3 }'
}
ok "a daemon" "$B/pctfs"
group g && memory g 67108864
box a g
box b g
is "both are fresh" "fresh fresh" "$(seen a) $(seen b)"
play a umount /proc/meminfo
is "one that took a view off has some" "some fresh" "$(seen a) $(seen b)"
ok "repair" "$B/pct-launch" repair
is "… gives it the rest" "fresh fresh" "$(seen a) $(seen b)"
is "… and the view is there" 65536 "$(play a awk '/^MemTotal/ { print $2 }' /proc/meminfo)"
is "… once" 1 "$(play a grep -c ' /proc/meminfo ' /proc/self/mountinfo)"
# shellcheck disable=SC2016
play b sh -c 'awk "\$5 ~ /^\/(proc|sys)\// && / - fuse.pctfs / { print \$5 }" /proc/self/mountinfo | xargs umount'
is "one that took all of them off has none" none "$(seen b)"
pid=$(daemon_pid) worker=$(worker_pid)
kill -KILL "$pid" # a keeper that is killed takes the mount with it
while alive "$pid" || alive "$worker"; do sleep 0.02; done
ok "another daemon" "$B/pctfs"
is "views of the one before are stale" stale "$(seen a)"
ok "repair" "$B/pct-launch" repair
is "… makes all of them fresh" "fresh fresh" "$(seen a) $(seen b)"
is "… one view on each file" 1 "$(play a grep -c ' /proc/meminfo ' /proc/self/mountinfo)"
is "the same, for programs" '[["a", "fresh"], ["b", "fresh"]]' "$("$B/pct-launch" list --json |
	python3 -c 'import json, sys; print(json.dumps(sorted([c["name"], c["views"]] for c in json.load(sys.stdin))))')"
stop_daemon
refused "with no daemon list says so" 1 "start pctfs first" "$B/pct-launch" list

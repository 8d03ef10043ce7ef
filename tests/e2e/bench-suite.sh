#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# pct-bench: a case runs, its figures are in the JSON and on the page, and nothing of it is left.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
[ -x "$B/pct-bench" ] || { skip "benchmarks" "no $B/pct-bench: 'make build/pct-bench'"; exit 77; }
out=$PCT_ROOT/out
export TMPDIR=$PCT_ROOT/t
mkdir -m 755 "$TMPDIR"
SUITE_LIB=$(cd "$(dirname "$0")/../../bench" && pwd)/suite-lib
export SUITE_LIB
ok "every case has a name" test "$("$B/pct-bench" --list | wc -l)" -gt 30
ok "one of them runs" "$B/pct-bench" --quick --rounds 2 --out "$out" reads/uptime
said=$(python3 - "$out/bench.json" <<'P'
import json, sys
r, = json.load(open(sys.argv[1]))['results']
views, again = (s for s in r['subjects'] if s['who'].startswith('views'))
kernel, = (s for s in r['subjects'] if s['who'] == 'kernel')
print(r['case'], r['unit'], len(views['rounds']), len(again['rounds']),
      all(s['min'] <= s['median'] <= s['max'] and s['min'] > 0.5 for s in (views, again, kernel)), r['again_ratio'] > 0)
P
)
is "the figures of its rounds are in the JSON" "uptime us 2 2 True True" "$said"
like "the page has them" '<td>views</td><td>[0-9.]+</td>' "$(cat "$out/bench.html")"
is "… and fetches nothing" "" "$(grep -oE '(src|href)=.https?:[^ >]*' "$out/bench.html")"
if command -v gnuplot >/dev/null; then
	is "… and has its plots in it: each case's, and one of ratios where there are some" yes \
		"$([ "$(grep -c '<svg' "$out/bench.html")" -ge 1 ] && echo yes)"
else
	skip "plots" "no gnuplot"
fi

# Which limit of a machine stopped a start, on one that is made up.
m=$PCT_ROOT/machine
mkdir -p "$m/proc/sys/kernel/keys" "$m/proc/sys/fs/inotify" "$m/proc/7/fd" "$m/proc/8/fd" "$m/sys/class/net/br7/brif/v1"
printf '    0:     9 8/8 3/1000000 40/25000000\n100000:   198 198/198 198/200 990/20000\n' >"$m/proc/key-users"
echo 128 >"$m/proc/sys/fs/inotify/max_user_instances"
echo 32768 >"$m/proc/sys/kernel/pid_max"
echo "0.10 0.20 0.30 2/32760 4711" >"$m/proc/loadavg"
for i in 3 4; do ln -s anon_inode:inotify "$m/proc/7/fd/$i"; done
limits() { "$TOP/bench/limits" "$@" "$m"; }
is "the limits that stop a start are named, with what lifts them" \
	"processes and threads (now 32760 of 32768): raise with sysctl kernel.pid_max=131072
keys of user 100000 (now 198 of 200): raise with sysctl kernel.keys.maxkeys=800" "$(limits --reached)"
echo 3 >"$m/proc/sys/fs/inotify/max_user_instances"
ln -s anon_inode:inotify "$m/proc/8/fd/5"
like "… inotify's instances are all processes'" "inotify instances \(now 3 of 3\): raise with sysctl fs.inotify.max_user_instances=12" "$(limits --reached)"
for i in $(seq 1022); do echo "$m/sys/class/net/br7/brif/p$i"; done | xargs mkdir
like "… a bridge that is full" "ports of bridge br7 \(now 1023 of 1023\): no sysctl: a second bridge" "$(limits --reached)"
mkdir "$PCT_ROOT/here" "$PCT_ROOT/pct"
printf '#!/bin/bash\nexec "%s/bench/limits" "$@" "%s"\n' "$TOP" "$m" >"$PCT_ROOT/here/limits"
chmod +x "$PCT_ROOT/here/limits"
like "… and the report says where the density stopped, and why" "^pct: stopped at 198: .*; keys of user 100000 \(now 198 of 200\): raise with sysctl kernel.keys.maxkeys=800" \
	"$(top=$PCT_ROOT here=$PCT_ROOT/here who=pct bash -c '. "$1"; density_stopped 198; cat "$top/note"' - "$TOP/bench/density-lib")"

fails_with() { "$@" >"$PCT_ROOT/said" 2>&1 && return 1 || return 0; }
ok "a case that is none is refused" fails_with "$B/pct-bench" --out "$out" reads/none
is "nothing is left of it" "" "$(ls "$TMPDIR")"

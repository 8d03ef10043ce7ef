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
drawn() { # the report opens in a browser with every plot that its JSON promises
	command -v gnuplot >/dev/null && command -v chromium >/dev/null || { skip "plots in a browser" "no gnuplot or no chromium"; return; }
	ok "… a browser draws every plot" "$TOP/tests/report-opens" "$out" "$PCT_ROOT/page.png"
	ok "… which can be looked at" test "$(stat -c %s "$PCT_ROOT/page.png")" -gt 20000
	sed -i 's|<path|<hath|g; s|<use|<hse|g; s|<polygon|<holygon|g' "$out/bench.html"
	like "… and a plot that is empty is told" ": empty" "$("$TOP/tests/report-opens" "$out" 2>&1)"
}
if command -v gnuplot >/dev/null; then
	is "… and has every plot that its JSON promises" "$(python3 -c 'import json, sys; print(len(json.load(open(sys.argv[1]))["plots"]))' "$out/bench.json")" \
		"$(grep -c '<figure data-plot=' "$out/bench.html")"
else
	skip "plots" "no gnuplot"
fi
cp "$TOP/README.md" "$PCT_ROOT/README.md"
mkdir -p "$PCT_ROOT/docs"
ok "the README takes its table and pictures from it" env QUICK_TOO=1 "$TOP/bench/pictures" "$out" "$PCT_ROOT/README.md"
like "… with the machine, and what made them" "make bench-pictures.: Linux .* GB, " "$(grep -A3 'bench: from here' "$PCT_ROOT/README.md")"

# As users have it, installed.
make -s -C "$TOP" B="$B" PREFIX=/usr DESTDIR="$PCT_ROOT/all" install >/dev/null
ok "pct bench runs it" env -u SUITE_LIB sh -c '"$0/all/usr/sbin/pct" bench reads/uptime --rounds 1 --out "$0/users" >"$0/said"' "$PCT_ROOT"
like "… and says first how long it takes" "This takes about [0-9]+ seconds" "$(sed -n 2p "$PCT_ROOT/said")"
ok "… its figures are where they were asked for" grep -q '"median"' "$PCT_ROOT/users/bench.json"
is "… from the build folder" "reads/meminfo" "$("$B/pct" bench --list | head -1)"
is "… TAB knows the sections" "reads" "$("$B/pct" complete -- bench re)"
mkdir "$PCT_ROOT/alone"
cp "$B/pct" "$PCT_ROOT/alone/pct"
is "… not root: said in a line" "pct: bench: only root may do this; try 'sudo pct bench ...'" \
	"$(setpriv --reuid 65534 --clear-groups "$PCT_ROOT/alone/pct" bench 2>&1)"
is "… not installed: likewise" "pct: pct-bench is not there: it is in the package 'pct'; from the source 'make all' builds it" \
	"$("$PCT_ROOT/alone/pct" bench 2>&1)"

# What is promised of views is said of each case: the ratio is A/A's, too, or within 2 % of 1.
is "whether views cost anything is said, as A/A tells it" True "$(python3 -c '
import json, sys
r, = json.load(open(sys.argv[1]))["results"]
print(r["no_difference"] == (r["again_min"] <= r["ratio"] <= r["again_max"] or 0.98 <= r["ratio"] <= 1.02))' "$out/bench.json")"
ok "an overhead case: processes that are there at once, in turns" \
	"$B/pct-bench" --quick --rounds 2 --out "$out" "overhead/file read, cached, btrfs"
is "… a number of each round, of each of them" "views 2, no views 2, host 2, views again 2" "$(python3 -c '
import json, sys
r, = json.load(open(sys.argv[1]))["results"]
print(", ".join("%s %d" % (s["who"], len(s.get("rounds", []))) for s in r["subjects"]))' "$out/bench.json")"

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
	"$(top=$PCT_ROOT here=$PCT_ROOT/here who=pct bash -c '. "$1"; density_stopped 198; cat "$top/note"' - "$TOP/bench/suite-density")"

fails_with() { "$@" >"$PCT_ROOT/said" 2>&1 && return 1 || return 0; }
drawn
ok "a case that is none is refused" fails_with "$B/pct-bench" --out "$out" reads/none
is "nothing is left of it" "" "$(ls "$TMPDIR")"

# Killed while its containers run: they go all the same.
"$B/pct-bench" --rounds 100 --out "$out" reads overhead >"$PCT_ROOT/said" 2>&1 &
killed=$!
until_true 20 grep -q "^Reads:" "$PCT_ROOT/said"
fails "there is something while it works" rmdir "$TMPDIR"
kill -9 $killed
wait $killed 2>/dev/null || true
gone() { [ -z "$(ls "$TMPDIR")" ]; }
ok "killed, nothing is left of it" until_true 5 gone
is "… no container of its runs on" "" "$(pgrep -f "lxc monitor\] $TMPDIR" || true)"

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
fails_with() { "$@" >"$PCT_ROOT/said" 2>&1 && return 1 || return 0; }
ok "a case that is none is refused" fails_with "$B/pct-bench" --out "$out" reads/none
is "nothing is left of it" "" "$(ls "$TMPDIR")"

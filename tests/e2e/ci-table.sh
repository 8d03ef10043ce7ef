#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What CI says in the end: a row for each stage, who failed, who did not run for that, who was unsteady,
# and the sum of the tests. Its stages are played by a `make` of our own; fuzzers and figures likewise.
# shellcheck source=lib.sh
. "$(dirname "$0")/lib.sh"
[ -e "$TOP/.ci/run" ] || { skip "the table of CI" "no .ci/run here"; exit 77; }
T=$PCT_ROOT/tree
mkdir -p "$T/.ci" "$T/tests" "$T/build/bench" "$T/bin"
cp "$TOP/.ci/run" "$T/.ci/"
cp "$TOP/tests/bench-whole" "$T/tests/"
cat >"$T/bin/make" <<'M'
#!/bin/sh
case "$*" in
"$BAD") echo 'one.sh: not ok - it holds'; [ -n "${UNCOUNTED-}" ] || echo '7 passed, 1 failed, 0 skipped'; exit 2 ;;
unit | system) echo 'unsteady - two.sh: not ok - at once'; echo '10 passed, 0 failed, 1 skipped' ;;
esac
M
printf '#!/bin/sh\nprintf "reads/stat\\nlife/slow (not --quick)\\n"\n' >"$T/build/pct-bench"
chmod 755 "$T/bin/make" "$T/build/pct-bench"
figures() { # MEDIAN-OR-NOT, as JSON
	echo "{\"results\": [{\"section\": \"reads\", \"case\": \"stat\", \"subjects\": [
		{\"who\": \"views\", \"role\": \"ours\", $1}, {\"who\": \"lxcfs\", \"role\": \"peer\", \"not\": \"not installed\"}]}]}" >"$T/build/bench/bench.json"
}
ci() { PATH=$T/bin:$PATH BAD=${1-} "$T/.ci/run" >"$PCT_ROOT/said" 2>&1; }
row() { sed -n '/^stage  /,$p' "$PCT_ROOT/said" | grep -E "^$1  " | sed -E 's/  +/ /g; s/ [0-9]+:[0-9]{2}/ TIME/'; }
last() { tail -1 "$PCT_ROOT/said"; }

figures '"median": 1'
ok "all is well: it ends so" ci
is "the last line is the sum, figures of each section among it" "21 passed, 0 failed, 3 skipped" "$(last)"
is "a stage has its row" "unit ok TIME 10 passed, 0 failed, 1 skipped" "$(row unit)"
is "… also one without tests" "clang ok TIME " "$(row clang)"
is "a peer that is not there fails nobody" "benchmarks ok TIME 1 passed, 0 failed, 1 skipped" "$(row benchmarks)"
like "who was unsteady is named" '^unsteady - two.sh: not ok - at once$' "$(cat "$PCT_ROOT/said")"

fails "tests fail: it fails" ci unit
is "… that is their stage" "unit failed TIME 7 passed, 1 failed, 0 skipped" "$(row unit)"
is "… others run" "system ok TIME 10 passed, 0 failed, 1 skipped" "$(row system)"
like "… it is named" "^failed - unit: make unit ended with status 2$" "$(cat "$PCT_ROOT/said")"
is "… with its test, at the end too" 2 "$(grep -c '^one.sh: not ok - it holds$' "$PCT_ROOT/said")"
is "… and counts" "18 passed, 1 failed, 2 skipped" "$(last)"

UNCOUNTED=1 fails "a stage without tests fails" ci "all tests"
is "… that counts too" 1 "$(last | sed 's/.* \([0-9]*\) failed.*/\1/')"
is "who needs it does not run" "system not run needs 'build'" "$(row system)"
is "… who does not, does" "clang ok TIME " "$(row clang)"

figures '"not": "broke down"'
fails "a section without figures of ours" ci
like "… is a failure, and named" "^bench: not ok - reads: no figures of stat \(broke down; not installed\)$" "$(cat "$PCT_ROOT/said")"

# ---- fuzzers
for f in calm lucky; do printf '#!/bin/sh\necho "stat::number_of_executed_units: 12"\n' >"$T/fuzz-$f"; done
printf '#!/bin/sh\nfor a; do case $a in -artifact_prefix=*) p=${a#*=} ;; esac; done\necho "Test unit written to ${p}crash-1"; exit 77\n' >"$T/fuzz-bad"
chmod 755 "$T"/fuzz-*
fails "a fuzzer's finding is a failure" sh -c "'$TOP/tests/fuzz/run' '$T'/fuzz-* >'$PCT_ROOT/said' 2>&1"
like "… says with what, in the folder of the fuzzer" "^fuzz-bad: not ok - a finding \(status 77\), again with: $T/fuzz-bad $T/fuzz-bad-crash-1$" "$(cat "$PCT_ROOT/said")"
is "… and the others run on" "2 passed, 1 failed, 0 skipped" "$(last)"

# ---- a system test that failed runs once more, alone, where that is asked for
mkdir "$PCT_ROOT/runs"
cat >"$PCT_ROOT/runs/shaky.sh" <<'S'
#!/bin/sh
if [ -e "$0.ran" ]; then echo "ok - steady now"; else touch "$0.ran"; echo "not ok - at once"; exit 1; fi
S
printf '#!/bin/sh\necho "not ok - never"; exit 1\n' >"$PCT_ROOT/runs/broken.sh"
chmod 755 "$PCT_ROOT"/runs/*.sh
runs() { # AGAIN TEST…
	local n=$1
	shift
	rm -f "$PCT_ROOT"/runs/*.ran
	(cd "$PCT_ROOT/runs" && TESTS_AGAIN=$n TESTS_JOBS=2 "$TOP/tests/run" "$@" >"$PCT_ROOT/said" 2>&1)
}
ok "one that is good the second time breaks nothing" runs 1 ./shaky.sh
like "… and is named" "^unsteady - shaky.sh: not ok - at once$" "$(cat "$PCT_ROOT/said")"
is "… and counts as it did then" "1 passed, 0 failed, 0 skipped" "$(last)"
fails "one that fails again is a failure" runs 2 ./shaky.sh ./broken.sh
is "… of its own" "1 passed, 1 failed, 0 skipped" "$(last)"
fails "more than that many are not run again" runs 1 ./shaky.sh ./broken.sh
is "… all of them failed" "0 passed, 2 failed, 0 skipped" "$(last)"
fails "nor is any where nobody asks for it" runs 0 ./shaky.sh

#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What docs/wrong-number.md tells people to send: a capture of a container, from which anybody is
# shown what was shown on its host.
# shellcheck source=pct-lib
. "$(dirname "$0")/pct-lib"
needs "needs /dev/fuse" [ -e /dev/fuse ]

ID=$((RANDOM % 9000 + 1000))
run 0 create $ID builtin:busybox --memory 64 --cores 1
run 0 start $ID
init=$(pid_of $ID)
work=$PCT_ROOT/work
mkdir "$work"
cd "$work"

ok "a capture is made" "$TOP/tests/capture" shop --pid "$init" --tar shop.tar
is "… one folder in a tar" shop "$(tar -tf shop.tar | cut -d/ -f1 | sort -u)"
is "… nothing is left beside it" shop.tar "$(ls)"
tar -xf shop.tar
shown() { "$B/pctfs" render "$1" --pid "$init" "${@:2}" | grep -v '^cpu MHz'; }
for file in cpuinfo swaps partitions sys/devices/system/cpu/online; do
	is "… from which $file is what it is here" "$(shown $file)" "$(shown $file --sysroot shop)"
done
is "… MemTotal" "65536" "$("$B/pctfs" render meminfo --pid "$init" --sysroot shop | awk '/^MemTotal:/ { print $2 }')"
is "it says how to look at it" "render: --pid $init" "$(head -1 shop/SOURCE)"
like "the example of cgview(3) says the same" '^64 MiB, [0-9]+ free, 1 CPUs$' "$("$B/free-of" "$init")"
fails "no folder outside is made" "$TOP/tests/capture" ../out --pid "$init" --tar t.tar
fails "nor of a process that is not there" "$TOP/tests/capture" gone --pid 4000000 --tar t.tar
exit $FAILED

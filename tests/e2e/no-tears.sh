#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# A container's limit changes a hundred times a second while sixteen readers read its meminfo byte
# by byte and in small pieces: each text they read is of one moment. (READS, CHANGES: how many, at
# least; `make check-deaths` has 100,000.)
. "$(dirname "$0")/box-lib"

READS=${READS:-20000} CHANGES=${CHANGES:-1000}
[ "$(cat /proc/sys/vm/overcommit_kbytes)" = 0 ] ||
	{ skip "texts of one moment" "CommitLimit is not a function of the limit here"; exit 77; }
group torn && memory torn 67108864 || { skip "texts of one moment" "no cgroups can be made here"; exit 77; }
ok "a daemon" "$B/pctfs"
box torn torn
for top in $(tops); do
	for limit in memory.limit_in_bytes memory.max; do
		[ ! -e "$top/$GROUPS_TOP/torn/$limit" ] || file=$top/$GROUPS_TOP/torn/$limit
	done
done
said "the readers" "$("$B/tear" "$MOUNT/ct/torn/proc" "$file" 16 "$READS" "$CHANGES" 2>&1)" $?

#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# System tests on a pure cgroup v2 host with swap, PSI and AppArmor: each of its checks is a line
# here, as tests/run counts them. What has least to do with cgroups runs only with VM_FULL=1, that
# is `make check-vm-full`.
set -u
cd "$(dirname "$0")/../.." || exit 1

tests='tests/e2e/views-lxc.sh tests/e2e/pctfs-daemon.sh tests/e2e/oracle-work.sh'
if [ -n "${VM_FULL:-}" ]; then
	tests=$(ls tests/e2e/*-*.sh)
fi
limit=${VM_TIMEOUT:-$([ -n "${VM_FULL:-}" ] && echo 1800 || echo 540)}

said=$(mktemp)
trap 'rm -f "$said"' EXIT
# Three at a time: each sleeps a good deal, and the machine has four CPUs.
# shellcheck disable=SC2086 # a list
VM_TIMEOUT=$limit tests/vm/run env TMPDIR=/var/tmp TESTS_ALL_LINES=1 TESTS_JOBS=3 \
	TEST_TIMEOUT="$limit" B="/tree/${B:-build}" tests/run $tests >"$said" 2>&1
status=$?
sed -E 's/^(ok|not ok|skip) - /&cgroup v2: /' "$said"
[ $status != 77 ] || echo "skip - cgroup v2 ($(tail -1 "$said"))"
[ $status = 0 ] || [ $status = 77 ] || echo "not ok - cgroup v2: the virtual machine ended with status $status"
exit $status

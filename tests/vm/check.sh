#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# System tests on a pure cgroup v2 host with swap, PSI and AppArmor: each of its checks is a line
# here, as tests/run counts them. What has least to do with cgroups runs only with VM_FULL=1, that
# is `make check-vm-full`, and so does what needs systemd, in a machine of its own; with VM_INSTALL=1
# only the packages are installed.
# apart: its virtual machine has all processors work
set -u
cd "$(dirname "$0")/../.." || exit 1

tests='tests/e2e/views-lxc.sh tests/e2e/pctfs-daemon.sh tests/e2e/oracle-work.sh tests/vm/lvmthin.sh tests/e2e/pct-quota.sh'
if [ -n "${VM_FULL:-}" ]; then
	tests=$(ls tests/e2e/*-*.sh tests/vm/lvmthin.sh)
fi
limit=${VM_TIMEOUT:-$([ -n "${VM_FULL:-}" ] && echo 1800 || echo 540)}
# How many end, of what is to end: in software emulation each takes its time.
few='DEATHS=10 KILLS=50 TAKEOVERS=10 KEEPER_DEATHS=9 TRIES=50'

said=$(mktemp)
trap 'rm -f "$said"' EXIT
result=77

in_vm() { # WHERE APPEND COMMAND…
	local where=$1 append=$2 status
	shift 2
	VM_APPEND=$append VM_TIMEOUT=$limit tests/vm/run env TMPDIR=/var/tmp B="/tree/${B:-build}" "$@" >"$said" 2>&1
	status=$?
	sed -E "s/^(ok|not ok|skip) - /&$where: /" "$said"
	[ $status != 77 ] || echo "skip - $where ($(tail -1 "$said"))"
	[ $status = 0 ] || [ $status = 77 ] || echo "not ok - $where: the virtual machine ended with status $status"
	if [ $result = 77 ] || [ $status != 0 ] && [ $status != 77 ]; then result=$status; fi
}

# Three at a time: each sleeps a good deal, and the machine has four CPUs.
if [ -n "${VM_INSTALL:-}" ]; then
	VM_TREE="README.md tests/e2e tests/vm tests/tour ${B:-build}/deb ${B:-build}/poll" in_vm install vm.systemd tests/vm/install.sh
	exit $result
fi
# Some of the tests need no more than the programs: to unpack unit tests and systems takes long there.
if [ -z "${VM_FULL:-}" ]; then
	VM_TREE="Makefile docs packaging tests $(find "${B:-build}" -maxdepth 2 -type f -perm -100 \
		! -name 'check-*' ! -name 'fuzz-*' | xargs)"
	export VM_TREE
fi
# shellcheck disable=SC2086 # lists
in_vm 'cgroup v2' '' TESTS_ALL_LINES=1 TESTS_JOBS=3 TEST_TIMEOUT="$limit" $few tests/run $tests
[ -z "${VM_FULL:-}" ] || in_vm systemd vm.systemd tests/vm/systemd.sh
if [ -n "${VM_FULL:-}" ]; then
	if disk=$(tests/vm/podman-disk); then
		VM_DISK=$disk VM_MEMORY=3072 in_vm podman vm.systemd tests/vm/podman.sh
	else
		echo 'skip - podman in a container (its disk cannot be made)'
	fi
fi
exit $result

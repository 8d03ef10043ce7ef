#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# podman in an unprivileged Debian container of pct's, with nothing but features nesting=1,keyctl=1:
# on a cgroup v2 host with systemd and AppArmor. Needs a disk with debian-podman.tar on it:
# tests/vm/podman-disk makes it, and says how this is run.
[ -x /sbin/vm-init ] && [ -b /dev/vdd ] || {
	echo "skip - podman in a container (only in tests/vm, with a disk)"
	exit 77
}
mkdir -p /run/disk
mount /dev/vdd /run/disk || exit 1
export TMPDIR=/run/disk
# shellcheck source=../e2e/pct-lib
. "$(dirname "$0")/../e2e/pct-lib"
podman() { "$pct" exec 100 -- podman "$@"; }
until_booted()
{
	local i

	for ((i = 0; i < 120; i++)); do
		case $("$pct" exec 100 -- systemctl is-system-running 2>/dev/null) in
		running | degraded) return 0 ;;
		esac
		sleep 1
	done
	return 1
}
flunked() { # what to look at
	"$pct" exec 100 -- systemctl --failed --no-pager | tail -20
	dmesg | grep -i apparmor | tail -10
}
cleanup_more()
{
	set +e
	[ "$FAILED" = 0 ] || flunked
}

run 0 create 100 /run/disk/debian-podman.tar --features nesting=1,keyctl=1 --memory 1024 --cores 2
run 0 start 100
ok "Debian boots" until_booted
like "AppArmor confines it" '^lxc-100_' "$(tr -d '\0' <"/proc/$(pid_of 100)/attr/current")"
ok "podman takes an image" "$pct" exec 100 -- sh -c 'podman import /busybox.tar local/box'
ok "podman runs a program" podman run --rm --network none local/box true
same "which sees the container's memory" \
	"$(podman run --rm --network none local/box awk '/^MemTotal/ { print $2 }' /proc/meminfo)" 1048576
same "… and CPUs" "$(podman run --rm --network none local/box nproc)" 2
same "… and is root there" "$(podman run --rm --network none local/box id -u)" 0

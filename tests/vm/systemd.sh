#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# pctfs under systemd, from its Debian package: restarted, stopped, killed, removed and installed
# again, while four readers of three containers read. In a virtual machine only, as it is the
# system's own: VM_APPEND=vm.systemd tests/vm/run tests/vm/systemd.sh (RESTARTS, KILLS: how many).
[ -x /sbin/vm-init ] && [ "$(cat /proc/1/comm)" = systemd ] || {
	echo "skip - pctfs under systemd (only in tests/vm, with vm.systemd)"
	exit 77
}
# shellcheck source=../e2e/load-lib
. "$(dirname "$0")/../e2e/load-lib"
export -n PCT_ROOT # but a folder for what is said here
MOUNT=/var/lib/pctfs RUN=/run/pct
N_READERS=4  # the rest of the machine is for systemd and dpkg
export PATIENCE=900 # who is killed for being slow has not counted his reads

RESTARTS=${RESTARTS:-10} KILLS=${KILLS:-10}
package() { dpkg "$@" >"$PCT_ROOT/dpkg" 2>&1; }
property() { systemctl show -P "$1" "${2:-pctfs-keeper}"; }
keeper_now() { property MainPID; }
worker_now() { pgrep -P "$(keeper_now)" -x pctfs | head -1; }
stored() { property NFileDescriptorStore; }
memtotal() { play "$1" awk '/^MemTotal/ { print $2 }' /proc/meminfo; }
has_views() { [ "$(memtotal "box$1")" = $(($1 * 65536)) ]; }
all_have_views() { # SENTENCE
	for b in 1 2 3; do ok "$1 (container $b)" until_true 5 has_views $b; done
}
# Of all containers: what is mounted there and cannot be looked at.
dead_mounts() {
	local b
	for b in 1 2 3; do
		play box$b python3 -c '
import os
for line in open("/proc/self/mounts"):
    path, kind = line.split()[1:3]
    if kind == "fuse.pctfs":
        try: os.listdir(path) if os.path.isdir(path) else open(path, "rb").read(1)
        except OSError as e: print(e)
' 2>&1
	done
}
none_dead() { is "$1: no dead mounts" "" "$(dead_mounts)"; }
another_keeper() { [ "$(keeper_now)" != "$1" ] && [ "$(property ActiveState)" = active ]; }
kill_both() { # and wait for the next
	local keeper
	keeper=$(keeper_now)
	systemctl kill -s KILL pctfs-keeper
	until_true 20 another_keeper "$keeper" || flunk "systemd starts the keeper again"
}
flunked() { journalctl -u pctfs-keeper -u pctfs --no-pager | grep -v 'Sending signal SIGKILL' | tail -80; }
# Who mounts for containers: beside the keeper, in its unit, whatever happens to the worker.
CT=900
helper_now() { pgrep -f "^pct-launch --socket $RUN/pctfs.sock mounter"; }
one_helper() { [ "$(helper_now | wc -l)" = 1 ]; }
mounts() { "$B/pct" exec $CT -- /bin/sh -c 'mkdir -p /p; mount -t proc proc /p && awk "/^MemTotal/ { print \$2 }" /p/meminfo; umount /p'; }
mounts_views() { [ "$(mounts)" = 131072 ]; }
has_a_helper() { # SENTENCE
	ok "$1: one helper runs" until_true 20 one_helper
	ok "… and what a container mounts of proc has views" until_true 20 mounts_views
}
cleanup_more() {
	"$B/pct" destroy $CT --force >/dev/null 2>&1
	[ "$FAILED" = 0 ] || flunked
	unbox
}

deb=$(ls "$B"/deb/pctfs_*.deb)
ok "the package installs" package -i "$deb"
ok "… with a drop-in for all of LXC's containers" test -e /usr/share/lxc/config/common.conf.d/10-pctfs.conf
is "its units run" "active active" "$(systemctl is-active pctfs-keeper pctfs | xargs)"
ok "the mount is seen outside of the service" mountpoint -q "$MOUNT"
is "systemd has what the keeper has" 6 "$(stored)"
like "the keeper gains no privileges" 'NoNewPrivs:[[:space:]]1' "$(cat "/proc/$(keeper_now)/status")"
like "… and makes only some system calls, like its worker" 'Seccomp:[[:space:]]2' "$(cat "/proc/$(worker_now)/status")"
for b in 1 2 3; do
	group g$b && memory g$b $((b * 67108864))
	box box$b g$b
done
none_dead "before anything happens"
ok "a container of LXC's" "$B/pct" create $CT builtin:busybox --memory 128 --swap 0
echo 'lxc.apparmor.profile: unconfined' >>/etc/pct/lxc/$CT.conf # LXC's own profile lets nobody mount proc there
ok "… starts" "$B/pct" start $CT
has_a_helper "before anything happens"
like "the helper gains no privileges either" 'NoNewPrivs:[[:space:]]1' "$(cat "/proc/$(helper_now)/status")"
helper=$(helper_now)
ok "systemctl restart pctfs" systemctl restart pctfs
has_a_helper "restarted"
is "… the same" "$helper" "$(helper_now)"
kill -KILL "$helper"
has_a_helper "the helper is killed"
kill_both
is "keeper, worker and helper are killed: a mount meanwhile waits, and is made" 0 "$(mounts >/dev/null; echo $?)"
has_a_helper "all of them killed"
like "systemd has its monitor's connection, too" '^7$' "$(stored)"
ok "it is destroyed" "$B/pct" destroy $CT --force
six() { [ "$(stored)" = 6 ]; }
ok "… and that connection let go of" until_true 10 six

# An upgrade.
keeper=$(keeper_now)
readers 600
for i in $(seq "$RESTARTS"); do
	worker=$(worker_now)
	systemctl restart pctfs || flunk "restart $i"
	[ "$(worker_now)" != "$worker" ] || flunk "restart $i starts another worker"
done
readers_stop "systemctl restart pctfs, $RESTARTS times"

fails "the keeper is not stopped by hand" systemctl stop pctfs-keeper
readers 600
ok "systemctl stop pctfs" systemctl stop pctfs
none_dead "stopped"
ok "systemctl start pctfs" systemctl start pctfs
none_dead "started again"
readers_stop "stopped and started"
is "it is the same keeper all the time" "$keeper" "$(keeper_now)"

readers 600
for _ in $(seq "$KILLS"); do
	kill_both
	sleep "0.$((RANDOM % 10))"
done
readers_stop "keeper and worker killed together, $KILLS times"
none_dead "after that"
is "… systemd still has all of it" 6 "$(stored)"

# A keeper that hangs.
mkdir -p /run/systemd/system/pctfs-keeper.service.d
printf '[Service]\nWatchdogSec=2\n' >/run/systemd/system/pctfs-keeper.service.d/test.conf
systemctl daemon-reload
kill_both
readers 600
keeper=$(keeper_now)
kill -STOP "$keeper"
ok "a keeper that hangs is replaced" until_true 20 another_keeper "$keeper"
readers_stop "a keeper that hung"
rm -r /run/systemd/system/pctfs-keeper.service.d
systemctl daemon-reload
kill_both

# The package goes, and whoever serves stays.
keeper=$(keeper_now)
readers 600
ok "the package is removed" package -r pctfs
fails "… and its program is gone" test -e /usr/sbin/pctfs
fails "… and its drop-in in LXC's configuration" test -e /usr/share/lxc/config/common.conf.d/10-pctfs.conf
is "… its keeper's unit is what it was" "30s 6" "$(property WatchdogUSec) $(stored)"
sleep 2
worker=$(pgrep -P "$keeper" -x pctfs)
kill -KILL $worker
other_worker() { [ "$(pgrep -P "$keeper" -x pctfs)" != "$worker" ] && [ "$(pgrep -c -P "$keeper" -x pctfs)" = 1 ]; }
ok "… and a worker that is killed then has a successor" until_true 10 other_worker
none_dead "removed"
ok "the package is installed again" package -i "$deb"
none_dead "installed again"
readers_stop "removed and installed"
is "the same keeper goes on" "$keeper" "$(keeper_now)"
ok "… with the program that is installed" test "$(readlink "/proc/$(worker_now)/exe")" = /usr/sbin/pctfs
is "… and systemd has all of it again" 6 "$(stored)"
readers 600
kill_both
sleep 1
readers_stop "keeper and worker killed after that"

# What the keeper must be allowed to do: mount, and enter containers.
mountpoint -q /sys/fs/fuse/connections || mount -t fusectl none /sys/fs/fuse/connections
echo 1 >"/sys/fs/fuse/connections/$(stat -c %d "$MOUNT")/abort"
all_have_views "the connection was cut, and is back"

ok "pctfs --unmount" /usr/sbin/pctfs --unmount
fails "… unmounts" mountpoint -q "$MOUNT"
sleep 1
is "… and systemd starts no other" inactive "$(property ActiveState)"
ok "systemctl restart pctfs mounts anew" systemctl restart pctfs
ok "… and containers are repaired" /usr/sbin/pct-launch repair --all
all_have_views "repaired"

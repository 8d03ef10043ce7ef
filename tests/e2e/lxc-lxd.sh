#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# A container of LXD's with our lines in its raw.lxc. Debian's lxd is asked for in PATH only: `apt-get
# download` it with lxd-client, libraft2, libdqlite0, rsync and squashfs-tools, `dpkg-deb -x` each into
# a folder, and set PATH and LD_LIBRARY_PATH; nothing is installed, no service started.
# apart: LXD has cgroups of fixed names
# shellcheck source=lxc-lib
. "$(dirname "$0")/lxc-lib"
for p in lxd lxc rsync unsquashfs; do
	command -v $p >/dev/null || { skip "containers of LXD" "no $p in PATH"; exit 77; }
done

export LXD_DIR=$PCT_ROOT/lxd HOME=$PCT_ROOT/home
mkdir -p "$LXD_DIR" "$HOME" "$PCT_ROOT/image"
lxc_rootfs "$PCT_ROOT/image/rootfs"
cat >"$PCT_ROOT/image/metadata.yaml" <<'M'
architecture: x86_64
creation_date: 1700000000
properties: {os: busybox, release: "1", description: of a test}
M
tar -C "$PCT_ROOT/image" -czf "$PCT_ROOT/image.tgz" metadata.yaml rootfs

lxd --group root >"$PCT_ROOT/lxd.log" 2>&1 &
LXD=$!
cleanup_lxc() {
	lxc delete -f here there >/dev/null 2>&1
	kill $LXD
	wait $LXD 2>/dev/null
	umount "$LXD_DIR/shmounts" "$LXD_DIR/devlxd" 2>/dev/null
}
until_true 30 lxc info || { skip "containers of LXD" "it does not start: $(tail -1 "$PCT_ROOT/lxd.log")"; exit 77; }
lxd init --preseed <<'P'
storage_pools:
- {name: default, driver: dir}
profiles:
- {name: default, devices: {root: {path: /, pool: default, type: disk}}}
P
lxc image import "$PCT_ROOT/image.tgz" --alias bb >/dev/null 2>&1

install_views
sed -i "s|= /run/pct/|= $RUN/|" "$PCT_ROOT/usr/share/pct/lxc-views.conf"
raw="lxc.include=$PCT_ROOT/usr/share/pct/lxc-views.conf"
in_lxd() { # NAME COMMAND…
	local c=$1
	shift
	lxc exec "$c" -- "$@" </dev/null
}
ok "without a pctfs a container starts" lxc launch bb there -c security.privileged=true -c limits.memory=96MiB -c raw.lxc="$raw"
is "… with the host's numbers" "$(host_total)" "$(in_lxd there cat /proc/meminfo | total)"
ok "a daemon" "$B/pctfs"
ok "repair finds it" "$LAUNCH" repair
is "… and it has its own" 98304 "$(in_lxd there cat /proc/meminfo | total)"
ok "an unprivileged one starts" lxc launch bb here -c limits.memory=64MiB -c raw.lxc="$raw"
is "free" 65536 "$(in_lxd here free -k | total)"
is "… and busybox's, by sysinfo(2)" 65536 "$(in_lxd here busybox free -k | total)"
within "uptime" 0 $((SECONDS + 60)) "$(in_lxd here cut -d. -f1 /proc/uptime)"
is "by name, with its door" "here fresh lxc:$LXD_DIR/logs there fresh lxc:$LXD_DIR/logs" \
	"$("$LAUNCH" list | awk 'NR > 1 { print $1, $3, $4 }' | sort | xargs)"
ok "it restarts" lxc restart -f here
is "… and has them again" 65536 "$(in_lxd here cat /proc/meminfo | total)"
for c in here there; do ok "$c: stops" lxc stop -f $c; done
is "nobody knows them any more" 0 "$("$LAUNCH" list | awk 'NR > 1' | wc -l)"

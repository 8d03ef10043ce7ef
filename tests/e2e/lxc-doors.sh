#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# LXC's own containers, by the drop-in of the package and by lxc.include: what they see, and that they
# start, reboot and stop when the package is gone.
# shellcheck source=lxc-lib
. "$(dirname "$0")/lxc-lib"

lxc_rootfs "$ROOT"
cp -a "$ROOT" "$ROOT.u" && chown -R 100000:100000 "$ROOT.u"
for c in priv unpriv plain; do mkdir -p "$LXC/$c"; done
{ lxc_config priv && lxc_memory 64; } >"$LXC/priv/config"
{
	ROOT=$ROOT.u lxc_config unpriv && lxc_memory 96
	echo "lxc.include = $CONFIGS/userns.conf"
	printf 'lxc.idmap = %s 0 100000 65536\n' u g
} >"$LXC/unpriv/config"

install_views

# Started before there is a pctfs.
listed_as() { "$LAUNCH" list | awk -v n="$1" '$1 == n { print $3, $4 }'; }
notes() { ls "$RUN/waiting"; }
for c in priv unpriv; do
	ok "$c: starts without a pctfs" start $c
	is "$c: … with the host's numbers" "$(host_total)" "$(memtotal $c)"
done
like "… and says so" 'start pctfs first' "$(grep 'produced output' "$PCT_ROOT/priv.log")"
is "… and a note of each is left" 2 "$(notes | wc -l)"
refused "… but no list" 1 "start pctfs first" "$LAUNCH" list
ok "a daemon" "$B/pctfs"
is "who waits is listed" "none lxc:$LXC none lxc:$LXC" "$(listed_as priv) $(listed_as unpriv)"
note=$RUN/waiting/$(notes | grep -- -priv)
cp "$note" "$PCT_ROOT/note"
sed -i "s/\"pid\": *[0-9]*/\"pid\":$(init_of unpriv)/" "$note"
ok "repair" "$LAUNCH" repair
is "… gives who waits his views" "98304 fresh lxc:$LXC" "$(memtotal unpriv) $(listed_as unpriv)"
is "… by his own note, not by one whose pid came back" "$(host_total)" "$(memtotal priv)"
is "… which is gone with the others" "" "$(notes)"
cp "$PCT_ROOT/note" "$note"
ok "who waits is attached by hand, too" "$LAUNCH" attach "$(init_of priv)" byhand
is "… and is listed once" "byhand" "$("$LAUNCH" list | awk -v p="$(init_of priv)" '$2 == p { print $1 }')"
ok "detached again" "$LAUNCH" detach "$(init_of priv)"
cp "$PCT_ROOT/note" "$note"
is "… he is listed as he waits" "none lxc:$LXC" "$(listed_as priv)"
stop priv
is "when he stops his note goes" "" "$(notes)"
stop unpriv

for c in "priv 64" "unpriv 96"; do
	read -r c mb <<<"$c"
	ok "$c: starts" start $c
	is "$c: free" $((mb * 1024)) "$(run $c free -k | total)"
	up=$(run $c cut -d. -f1 /proc/uptime)
	within "$c: up for no longer than this test" 0 $((SECONDS + 2)) "$up"
	is "$c: one view on each file" 1 "$(run $c grep -c ' /proc/meminfo .* - fuse' /proc/self/mountinfo)"
	is "$c: by name, with LXC's door" "$c fresh lxc:$LXC" "$("$LAUNCH" list | awk -v n=$c '$1 == n { print $1, $3, $4 }')"
	before=$(init_of $c)
	run $c reboot -f
	until_true 20 eval "[ \"\$(init_of $c)\" != $before ] && run $c true"
	is "$c: after a reboot" $((mb * 1024)) "$(memtotal $c)"
	ok "$c: stops" stop $c
	is "$c: nobody knows it any more" "" "$("$LAUNCH" list | awk -v n=$c '$1 == n')"
done
is "lxc-execute" 65536 "$(lxc-execute -P "$LXC" -n priv -- /usr/bin/free -k | total)"
{ lxc_config plain && lxc_memory 80; } | sed 's|/common.conf$|/common.seccomp.none|; /common.seccomp.none/d' >"$LXC/plain/config"
echo "lxc.mount.auto = proc:mixed sys:mixed" >>"$LXC/plain/config"
ok "a config without common.conf starts" start plain
is "… and has the host's numbers" "$(host_total)" "$(memtotal plain)"
stop plain
# Where our pctfs is, in the stead of /run/pct.
views_here() { sed -i "s|= /run/pct/|= $RUN/|" "$PCT_ROOT/usr/share/pct/lxc-views.conf"; }
views_here
echo "lxc.include = $PCT_ROOT/usr/share/pct/lxc-views.conf" >>"$LXC/plain/config"
ok "with lxc-views.conf it starts" start plain
is "… and has its own" 81920 "$(memtotal plain)"
is "… by sysinfo(2), too" 81920 "$(run plain busybox free -k | total)"
stop plain
stop_daemon
ok "without a pctfs it starts" start plain
is "… and has the host's sysinfo(2)" "$(host_total)" "$(run plain busybox free -k | total)"
stop plain
ok "pctfs again" "$B/pctfs"
sed -i 's|/lxc-views.conf|/lxc-views.d/|' "$LXC/plain/config"
start plain
is "… also by its folder" 81920 "$(memtotal plain)"
stop plain
echo "lxc.include = $PCT_ROOT/usr/share/pct/lxc-views.conf" >>"$LXC/priv/config"
ok "one that has both doors starts" start priv
is "… with its own numbers" 65536 "$(memtotal priv)"
is "… one view on each file" 1 "$(run priv grep -c ' /proc/meminfo .* - fuse' /proc/self/mountinfo)"
stop priv

# pct's containers include common.conf, and have hooks of their own.
mv "$LAUNCH" "$LAUNCH.real"
printf '#!/bin/sh\ntouch %s\nexec %s.real "$@"\n' "$PCT_ROOT/called" "$LAUNCH" >"$LAUNCH"
chmod 755 "$LAUNCH"
ID=$(($$ + 1000))
ok "a container of pct's" pct create $ID builtin:busybox --memory 48
ok "… starts" pct start $ID
is "… with its own numbers" 49152 "$(inside $ID 'cat /proc/meminfo' | total)"
ok "… and ends" pct destroy $ID --force
fails "… without a hook of the drop-in's" test -e "$PCT_ROOT/called"
{ lxc_config priv && lxc_memory 64; } >"$LXC/priv/config"
ok "which others have" start priv
ok "… as is seen" test -e "$PCT_ROOT/called"
stop priv
mv "$LAUNCH.real" "$LAUNCH"

# Its cpuset is for life, unless a hook of its own says otherwise.
{
	lxc_config priv && lxc_memory 64
	printf 'lxc.cgroup%s.cpuset.cpus = %s\n' "" "$LAST_CPU" 2 "$LAST_CPU"
} >"$LXC/priv/config"
possible() { start priv && run priv cat /sys/devices/system/cpu/possible && stop priv; }
is "a cpuset in the config bounds the CPUs there can be" "$LAST_CPU" "$(possible)"
echo "lxc.hook.start-host = $LAUNCH lxc --cpus live" >>"$LXC/priv/config"
is "… not with a hook that says it will change" "$(cat /sys/devices/system/cpu/possible)" "$(possible)"

# What a hook does with a version 1 environment, and a name to be quoted.
{ lxc_config "priv" && lxc_memory 64 && echo 'lxc.hook.version = 1'; } >"$LXC/priv/config"
ok "hooks of version 1" start priv
is "… give the same" 65536 "$(memtotal priv)"

stop priv

# lxcfs has a drop-in of its own, before ours.
if command -v lxcfs >/dev/null && [ -e "$CONFIGS/common.conf.d/00-lxcfs.conf" ]; then
	mkdir -p /var/lib/lxcfs
	lxcfs -f -p "$PCT_ROOT/lxcfs.pid" /var/lib/lxcfs >/dev/null 2>&1 &
	lxcfs=$!
	until_true 10 test -e /var/lib/lxcfs/proc/meminfo
	for c in "priv 64" "unpriv 96"; do
		read -r c mb <<<"$c"
		ok "$c: starts beside lxcfs" start $c
		is "$c: … with our number" $((mb * 1024)) "$(memtotal $c)"
		is "$c: … and no view of lxcfs's where we have one" "" \
			"$(run $c awk '/ - fuse.lxcfs / && $5 !~ /^\/(var|proc\/slabinfo)/ { print $5 }' /proc/self/mountinfo)"
		[ $c = unpriv ] || stop $c
	done
	stop unpriv
	umount -l /var/lib/lxcfs
	kill $lxcfs
	wait $lxcfs 2>/dev/null
else
	skip "beside lxcfs" "needs the package lxcfs"
fi
ok "starts again" start priv

# The package goes, under containers that run.
start unpriv
remove_views
fails "the package is gone" test -e "$LAUNCH" -o -e "$CONFIGS/common.conf.d/10-pctfs.conf"
for c in priv unpriv; do
	before=$(init_of $c)
	run $c reboot -f
	until_true 20 eval "[ \"\$(init_of $c)\" != $before ] && run $c true"
	is "$c: one that runs reboots" "$(host_total)" "$(memtotal $c)"
	ok "$c: … and stops" stop $c
	ok "$c: and starts" start $c
	ok "$c: … and stops again" stop $c
	is "$c: … in the end as LXC's" "" "$(grep -c ' ERROR .*hook' "$PCT_ROOT/$c.log" | grep -v '^0')"
done
sed -i 's|/lxc-views.conf|/lxc-views.d/|' "$LXC/plain/config"
ok "and one that includes ours by the folder's name" start plain

#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# LXC in LXC: a Debian with LXC in it is given the tree that answers by who reads, and the containers
# inside show their own limits, by our hook and by plain binds.
# shellcheck source=lxc-lib
. "$(dirname "$0")/lxc-lib"

# Made once, kept in the build folder.
TAR=$B/debian-lxc.tar
if ! why=$(debian_tar debian-lxc lxc,procps,busybox-static,libjson-c5 --aptopt='APT::Install-Recommends "false"'); then
	skip "LXC in LXC" "mmdebstrap: $why"
	exit 77
fi
mkdir "$ROOT" && tar -x -C "$ROOT" --numeric-owner -f "$TAR" --exclude=./dev
mkdir -p "$ROOT/dev"
install_views
# Inside, too: what the package has for LXC.
cp "$LAUNCH" "$ROOT/usr/sbin/"
sed "s|$PCT_ROOT/|/|g" "$PCT_ROOT/common.conf.d/10-pctfs.conf" >"$ROOT/usr/share/lxc/config/common.conf.d/10-pctfs.conf"
[ -d "$ROOT/usr/share/lxc/config/common.conf.d" ] || flunk "there is LXC inside"

# Our MOUNT is not where the file takes it to be.
sed "s|= /var/lib/pctfs|= $MOUNT|" "$PCT_ROOT/usr/share/pct/lxc-nesting.conf" >"$PCT_ROOT/nesting.conf"

IN=$ROOT/var/lib/lxc
inner_config() { # NAME MB
	cat <<C
lxc.rootfs.path = dir:/var/lib/lxc/$1/rootfs
lxc.uts.name = $1
lxc.apparmor.profile = unchanged
lxc.net.0.type = empty
lxc.log.file = /tmp/$1.log
lxc.log.level = DEBUG
C
	lxc_memory "$2"
	[ "$3" = all ] || printf 'lxc.cgroup%s.cpuset.cpus = %s\n' "" "$LAST_CPU" 2 "$LAST_CPU"
}
for c in hook bind; do
	lxc_rootfs "$IN/$c/rootfs"
done
{ echo "lxc.include = $CONFIGS/common.conf" && inner_config hook 32 one; } >"$IN/hook/config"
{
	inner_config bind 24 all
	echo "lxc.mount.auto = proc:mixed sys:mixed"
	for f in meminfo uptime stat cpuinfo; do echo "lxc.mount.entry = /var/lib/pctfs/proc/$f proc/$f none bind 0 0"; done
} >"$IN/bind/config"
# On cgroup v2 what has limits for others has no processes of its own.
cat >"$ROOT/quiet-init" <<'I'
#!/bin/sh
cd /sys/fs/cgroup
if [ -e cgroup.subtree_control ]; then
	mkdir init && echo 1 >init/cgroup.procs
	for c in $(cat cgroup.controllers); do echo "+$c" >cgroup.subtree_control; done
fi
exec sleep 10000
I
chmod 755 "$ROOT/quiet-init"
cp -a "$ROOT" "$ROOT.u"
chown -R --from=0:0 100000:100000 "$ROOT.u"

outer() { # NAME
	lxc_config "$1"
	lxc_memory 200
	cat <<C
lxc.include = $CONFIGS/nesting.conf
lxc.apparmor.profile = unchanged
lxc.include = $PCT_ROOT/nesting.conf
lxc.mount.auto = proc:rw sys:rw cgroup:rw:force
lxc.cap.drop =
lxc.init.cmd = /quiet-init
C
}
mkdir -p "$LXC/priv" "$LXC/unpriv"
outer priv >"$LXC/priv/config"
{
	ROOT=$ROOT.u outer unpriv
	echo "lxc.include = $CONFIGS/userns.conf"
	printf 'lxc.idmap = %s 0 100000 65536\n' u g
} >"$LXC/unpriv/config"

inner() { # OUTER INNER COMMAND…
	local o=$1 i=$2
	shift 2
	run "$o" lxc-attach -n "$i" --clear-env --set-var PATH=/bin:/usr/bin -- "$@"
}

ok "a daemon" "$B/pctfs"
for o in priv unpriv; do
	ok "$o: starts" start $o
	is "$o: shows its memory" 204800 "$(memtotal $o)"
	is "$o: has the tree, and no container's" "proc sys" "$(run $o ls /var/lib/pctfs | xargs)"
	is "$o: … which shows it what its own files do" 204800 "$(run $o cat /var/lib/pctfs/proc/meminfo | total)"
	fails "$o: … and cannot be written to" run $o mkdir /var/lib/pctfs/proc/x
	sleep 2
	for c in "hook 32" "bind 24"; do
		read -r c mb <<<"$c"
		ok "$o: $c in it starts" run $o lxc-start -n $c
		is "$o: $c: free" $((mb * 1024)) "$(inner $o $c free -k | total)"
		up=$(inner $o $c cut -d' ' -f1 /proc/uptime)
		within "$o: $c: is younger than it" 0 "$(run $o awk '{ print $1 - 1.5 }' /proc/uptime)" "$up"
	done
	is "$o: nproc" 1 "$(inner $o hook nproc)"
	is "$o: processors in cpuinfo" 1 "$(inner $o hook grep -c ^processor /proc/cpuinfo)"
	is "$o: by our hook it has its views once" 1 "$(inner $o hook grep -c ' /proc/meminfo .* - fuse' /proc/self/mountinfo)"
	is "$o: … and directories of CPUs" 1 "$(inner $o hook sh -c 'ls -d /sys/devices/system/cpu/cpu[0-9]* | wc -l')"
	is "$o: … without a word of ours" "" "$(run $o grep 'produced output' /tmp/hook.log)"
	is "$o: itself is as before" 204800 "$(memtotal $o)"
	for c in hook bind; do ok "$o: $c stops" run $o lxc-stop -k -n $c; done
	ok "$o: stops" stop $o
done

#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The packages on Debian 12 with systemd: instead of lxcfs, upgraded, the README's tour, lxcfs again,
# removed, purged. Two containers of LXC, whose configuration nobody edits, read all the while. In a
# virtual machine only, as it is the system's own:
# VM_APPEND=vm.systemd tests/vm/run tests/vm/install.sh; with DOWNGRADE=1 also downgraded.
[ -x /sbin/vm-init ] && [ "$(cat /proc/1/comm)" = systemd ] || {
	echo "skip - the packages installed (only in tests/vm, with vm.systemd)"
	exit 77
}
# shellcheck source=../e2e/lib.sh
. "$(dirname "$0")/../e2e/lib.sh"
export -n PCT_ROOT # but a folder for what is said here
export DEBIAN_FRONTEND=noninteractive
LOG=$PCT_ROOT/log bystander=0
REPO=/srv/debs

# apt asks nobody, and has but what is in $REPO. In software emulation each generator of systemd's,
# which run at each daemon-reload, takes its time, and so does writing to disk at once.
repository() {
	local deb generator
	mkdir -p /run/systemd/system-generators
	for generator in /lib/systemd/system-generators/*; do
		ln -s /dev/null "/run/systemd/system-generators/${generator##*/}"
	done
	echo force-unsafe-io >/etc/dpkg/dpkg.cfg.d/vm
	mkdir -p /etc/apt/apt.conf.d /etc/apt/preferences.d
	echo "deb [trusted=yes] file:$REPO ./" >/etc/apt/sources.list
	echo 'APT::Sandbox::User "root"; APT::Install-Recommends "false";' >/etc/apt/apt.conf.d/vm
	for deb in "$REPO"/*.deb; do
		dpkg-deb -f "$deb"
		echo "Filename: ./${deb##*/}"
		echo "Size: $(stat -c %s "$deb")"
		echo "SHA256: $(sha256sum "$deb" | cut -d' ' -f1)"
		echo
	done >"$REPO/Packages"
	apt-get -q update
}
# The same, with a version of its own.
newer() { # DEB VERSION
	local dir=$PCT_ROOT/newer
	dpkg-deb -R "$1" "$dir"
	sed -i "s/^Version: .*/Version: $2/; s/^\(Depends:.*pctfs (= \)[^)]*/\1$2/" "$dir/DEBIAN/control"
	dpkg-deb -Znone -b "$dir" "$REPO/$(sed -n 's/^Package: //p' "$dir/DEBIAN/control")_$2.deb"
	rm -r "$dir"
}
apt() {
	local start=$SECONDS
	apt-get -qy "$@" >"$LOG" 2>&1 </dev/null || { cat "$LOG"; return 1; }
	echo "apt $*: $((SECONDS - start)) s" >>"$PCT_ROOT/times"
	busy
}

package() { dpkg "$@" >"$LOG" 2>&1 || { cat "$LOG"; return 1; }; }
busy() { echo "$SECONDS s $(awk '/^cpu / { print ($2+$3+$4+$6+$7+$8)/100; exit }' /proc/stat) busy" >>"$PCT_ROOT/times"; }
# As somebody has them who has lxcfs: by its drop-in in LXC's configuration, and by its path.
container() { # NAME LINE…
	local root=/var/lib/lxc/$1/rootfs p
	mkdir -p "$root"/{bin,sbin,proc,sys,dev,etc,tmp,run}
	cp /bin/busybox "$root/bin/"
	for p in sh cat grep; do ln -s busybox "$root/bin/$p"; done
	ln -s ../bin/busybox "$root/sbin/init"
	printf '::sysinit:/bin/true\n::respawn:/bin/poll 65536 /counted\n' >"$root/etc/inittab"
	cp "$B/poll" "$root/bin/"
	printf '%s\n' "lxc.rootfs.path = dir:$root" "lxc.uts.name = $1" 'lxc.apparmor.profile = unconfined' \
		'lxc.net.0.type = empty' 'lxc.cgroup2.memory.max = 64M' "${@:2}" >"/var/lib/lxc/$1/config"
}
begin() { rm -f "/var/lib/lxc/$1/rootfs/counted" && lxc-start -n "$1" && lxc-wait -n "$1" -s RUNNING -t 20; }
again() { lxc-stop -k -n "$1" && begin "$1"; }
counted() { cat "/var/lib/lxc/$1/rootfs/counted" 2>/dev/null || echo 0 0; }
more_than() { [ "$(counted "$1" | cut -d' ' -f1)" -gt $(($2 + 5)) ]; }
views_of() { # NAME: of which meminfo is there, the topmost
	awk '$5 == "/proc/meminfo" { for (i = 6; $i != "-"; i++); kind = $(i + 1) } END { print kind }' \
		"/proc/$(lxc-info -n "$1" -pH)/mountinfo"
}
have_views() { # FILESYSTEM SENTENCE
	is "$2" "$1 $1" "$(views_of dropin) $(views_of path)"
}
read_on() { # SENTENCE: since they were started
	local name n
	for name in dropin path; do
		n=$(counted $name | cut -d' ' -f1)
		ok "$1: '$name' reads" until_true 60 more_than $name "$n"
		is "… and no read failed or was another's" "0" "$(counted $name | cut -d' ' -f2-)"
	done
}
# shellcheck disable=SC2317
cleanup_more() {
	[ "$FAILED" = 0 ] || { journalctl --no-pager -n 60; cat "$LOG"; mount | grep fuse; }
	cat "$PCT_ROOT/times"
	pkill -KILL -P "$bystander" -x sleep
	lxc-stop -k -n dropin
	lxc-stop -k -n path
}

busy
cp "$B"/deb/*.deb "$REPO/"
newer "$B"/deb/pctfs_*.deb 9.0 >"$LOG" && newer "$B"/deb/pct_*.deb 9.0 >"$LOG"
ok "apt has our packages" repository
V=$(dpkg-deb -f "$B"/deb/pctfs_*.deb Version)

busy
# ---- somebody has lxcfs
ok "lxcfs is installed" apt install lxcfs
systemctl start lxcfs
until_true 20 mountpoint -q /var/lib/lxcfs
container dropin 'lxc.include = /usr/share/lxc/config/common.conf'
container path 'lxc.mount.auto = proc:mixed sys:mixed cgroup:mixed' \
	'lxc.mount.entry = /var/lib/lxcfs/proc/meminfo proc/meminfo none bind 0 0'
ok "its containers start" begin dropin
ok "… both" begin path
have_views fuse.lxcfs "they have its views"
read_on "with lxcfs"
unshare -pfm --mount-proc sleep 10000 >/dev/null 2>&1 </dev/null & # sees lxcfs, but has no views of it
bystander=$!

busy
# ---- and wants pctfs
# One who reads so often that he meets the moment between the one and the other.
lxc-attach -n path -- /bin/poll 65536 /often 1000 >/dev/null 2>&1 </dev/null &
until_true 10 test -s /var/lib/lxc/path/rootfs/often
ok "apt install pctfs" apt install "pctfs=$V"
is "from lxcfs to pctfs: no number of the host's in between" 0 "$(cut -d' ' -f2- /var/lib/lxc/path/rootfs/often)"
fails "lxcfs is gone" test -e /usr/bin/lxcfs
fails "… and its daemon" pgrep -x lxcfs
is "pctfs runs" "active active" "$(systemctl is-active pctfs-keeper pctfs | xargs)"
is "it is enabled" enabled "$(systemctl is-enabled pctfs)"
have_views fuse.pctfs "containers that run have its views"
read_on "from lxcfs to pctfs"
is "who had no views of lxcfs has none" "" "$(grep fuse.pctfs "/proc/$(pgrep -P $bystander -x sleep)/mountinfo" | grep ' /proc/')"
ok "lxcfs's path is pctfs's" test -e /var/lib/lxcfs/proc/meminfo
ok "they start again" again dropin
ok "… both" again path
have_views fuse.pctfs "with pctfs's views"
read_on "started with pctfs"

busy
# ---- an upgrade, as the new pct wants the new pctfs
worker() { pgrep -P "$(systemctl show -P MainPID pctfs-keeper)" -x pctfs | head -1; }
before=$(worker) keeper=$(systemctl show -P MainPID pctfs-keeper)
ok "apt install pct, of a newer version" apt install pct
is "pctfs is upgraded" 9.0 "$(dpkg-query -W -f '${Version}' pctfs)"
ok "… and serves" test "$(readlink "/proc/$(worker)/exe")" = /usr/sbin/pctfs -a "$(worker)" != "$before"
is "its keeper is the same" "$keeper" "$(systemctl show -P MainPID pctfs-keeper)"
read_on "upgraded"

busy
# ---- and back to the version before, which takes as long as an upgrade: only where it is asked for
if [ -n "${DOWNGRADE:-}" ]; then
	ok "downgraded" package -i "$REPO"/pctfs_"$V"_*.deb "$REPO"/pct_"$V"_*.deb
	is "its keeper is the same" "$keeper" "$(systemctl show -P MainPID pctfs-keeper)"
	read_on "downgraded"
fi

busy
# ---- metrics, which here are of cgroup v2
ok "pctfs stats" sh -c '/usr/sbin/pctfs stats | grep -q meminfo'
ok "metrics over the socket" sh -c "python3 -c \"\$1\" >$PCT_ROOT/metrics" - '
import socket
s = socket.socket(socket.AF_UNIX)
s.connect("/run/pct/metrics.sock")
s.sendall(b"GET /metrics HTTP/1.0\r\n\r\n")
print(s.makefile().read())'
like "… have the containers" 'container_spec_memory_limit_bytes\{[^}]*\} 67108864' "$(cat "$PCT_ROOT/metrics")"
is "nothing is written for node_exporter, unless it is wanted" "disabled inactive" \
	"$(systemctl is-enabled pctfs-textfile.timer) $(systemctl is-active pctfs-textfile.timer)"
PROM=/var/lib/prometheus/node-exporter
mkdir -p $PROM
ok "it is wanted" systemctl enable --now pctfs-textfile.timer
ok "… and written" until_true 20 grep -q '^pctfs_requests_total' $PROM/pctfs.prom
rm $PROM/pctfs.prom
ok "… again and again" until_true 40 test -s $PROM/pctfs.prom

busy
# ---- with the host
for i in 901 902; do # the second is the first
	ok "container $i is to start with the host" /usr/sbin/pct create $i builtin:busybox --memory 64 --onboot 1 --startup order=$((903 - i))
done
/usr/sbin/pct create 903 builtin:busybox --memory 64
boot() { systemctl restart pct-autostart; }
states() { /usr/sbin/pct list | awk '$1 + 0 > 900 { print $2 }' | xargs; }
in_order() { journalctl -u pct-autostart -o cat --no-pager | sed -n "s/^CT \(90[1-3]\): $1$/\1/p" | tail -2 | xargs; }
ok "pct-autostart starts" boot
is "… those two, and no other" "running running stopped" "$(states)"
is "… in their order" "902 901" "$(in_order started)"
ok "pct-autostart stops" systemctl stop pct-autostart
is "… all that run" "stopped stopped stopped" "$(states)"
is "… in the other order" "901 902" "$(in_order stopped)"
for i in 901 902 903; do /usr/sbin/pct destroy $i; done

busy
# ---- the tour
ok "there is the group of who may look" getent group pct
tests/tour >"$PCT_ROOT/tour"
ok "the README has a tour" test -s "$PCT_ROOT/tour"
(cd / && bash -e "$PCT_ROOT/tour") >"$PCT_ROOT/toured" 2>&1 </dev/null
is "it ends well" 0 $?
like "… and free is right in it" '^Mem: +256 ' "$(cat "$PCT_ROOT/toured")"
[ "$FAILED" = 0 ] || cat "$PCT_ROOT/toured"

busy
# ---- and back
ok "a container of pct's" /usr/sbin/pct create 900 builtin:busybox --memory 128
ok "apt install lxcfs" apt install lxcfs
fails "pctfs is gone" test -e /usr/sbin/pctfs
have_views fuse.pctfs "containers that run keep their views"
read_on "from pctfs to lxcfs"
systemctl start lxcfs
ok "lxcfs has its path" until_true 20 mountpoint -q /var/lib/lxcfs
ok "containers start again" again dropin
ok "… both" again path
have_views fuse.lxcfs "with lxcfs's views"
read_on "started with lxcfs"

busy
# ---- purged
ok "the packages are purged" package --purge pctfs pct
like "… and it says what is kept" "'/var/lib/pct' is kept" "$(cat "$LOG")"
is "nothing of theirs is left" "" "$(find / -xdev \( -path /proc -o -path /tree -o -path /srv -o -path /var/lib/lxc \) -prune -o \
	! -type d \( -path '*pctfs*' -o -name 'pct[.-]*' \) -print | grep -vE '^/var/(cache|log)/|^/var/lib/prometheus/')"
ok "but containers" test -e /etc/pct/lxc/900.conf
ok "… and their volumes" test -e "$(echo /var/lib/pct/images/900/*/bin/busybox)"
is "… and no unit is known" "" "$(systemctl list-unit-files 'pct*' --no-legend | grep -v pctfs-keeper)"

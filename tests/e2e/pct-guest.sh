#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# What the system in a container is told of its conf: Debian by ifupdown and by networkd, and
# busybox as in Alpine, get their addresses on a bridge of pct's; roots of somebody who means harm.
B=${B:-$(dirname "$0")/../../build}

# tar_of NAME PACKAGES: a Debian with these, made once and kept in the build folder.
tar_of()
{
	( # as debian_tar of lib.sh, with its lock
		flock 9
		[ -s "$B/$1" ] || { mmdebstrap -q --format=tar --variant=minbase --include="$2" bookworm "$B/$1.part" &&
			mv "$B/$1.part" "$B/$1"; } >/dev/null 2>&1 || true
	) 9>"$B/${1%.tar}.lock"
}
# Before this has a network of its own.
if [ -z "${NET_OWN-}" ] && [ "$(id -u)" = 0 ]; then
	tar_of debian-12.tar systemd,systemd-sysv,procps,dbus
	tar_of debian-12-net.tar systemd,systemd-sysv,dbus,ifupdown,iproute2,isc-dhcp-client,openssh-server,tzdata
fi
# shellcheck source=net-lib
. "$(dirname "$0")/net-lib"
needs "needs the package dnsmasq-base" sh -c "command -v dnsmasq >/dev/null"

root_of() { printf '/proc/%s/root\n' "$(pid_of "$1")"; }
file() { cat "$(root_of "$1")/$2"; }
has() { in_net "$1" ip -o addr show dev "$2" 2>/dev/null | grep -Eq "$3"; }
via() { in_net "$1" ip "$2" route show default 2>/dev/null | grep -q "via $3 "; }
init_is() { "$pct" exec "$1" -- sh -c 'case $(systemctl is-system-running) in running|degraded) ;; *) false ;; esac'; }

"$pct" network create lan --subnet 10.77.0.0/24 >/dev/null 2>&1
echo "ssh-ed25519 AAAA me@here" >"$PCT_ROOT/keys"

# check ID: what the configs below ask for, by whatever program of its own.
check()
{
	local id=$1 by=$2

	ok "$by: its static address, set by its own system" until_true 60 has "$id" eth0 'inet 10\.77\.0\.7/24'
	ok "$by: the gateway" until_true 10 via "$id" -4 10.77.0.1
	ok "$by: IPv6" until_true 10 has "$id" eth0 'inet6 fd77::7/64'
	ok "$by: another by DHCP" until_true 40 has "$id" eth1 'inet 10\.77\.0\.[0-9]+/24'
	same "$by: liblxc sets none of them" "$(grep -c 'ipv[46].address' "$PCT_ROOT/var/lib/pct/lxc/$id/config")" 0
	same "$by: its name" "$(file "$id" etc/hostname)" web
	like "$by: it knows itself" '^10\.77\.0\.7 web\.example\.org web$' "$(file "$id" etc/hosts)"
	like "$by: whom it asks" '^nameserver 10\.77\.0\.1$' "$(file "$id" etc/resolv.conf)"
	same "$by: root's password" "$(python3 -W ignore -c 'import crypt, sys
hash = [line.split(":")[1] for line in sys.stdin if line.startswith("root:")][0]
print(crypt.crypt("correct horse", hash) == hash)' <"$(root_of "$id")/etc/shadow")" True
	same "$by: its keys" "$(file "$id" root/.ssh/authorized_keys | grep -v '^#')" "$(cat "$PCT_ROOT/keys")"
	same "$by: who may read them" "$("$pct" exec "$id" -- stat -c '%a %u' /root/.ssh /root/.ssh/authorized_keys /etc/hosts | xargs)" \
		"700 0 600 0 644 0"
}

# sum ID: of all files there may be, at rest.
sum()
{
	(cd "$(root_of "$1")/etc" && find . -xdev -type f ! -name machine-id ! -name resolv.conf ! -name '*cache' -print0 |
		sort -z | xargs -0 sha1sum | sha1sum)
}

debian()
{
	local id=$1 tar=$2 by=$3 was keys

	run 0 create "$id" "$tar" --memory 512 --hostname web --searchdomain example.org --nameserver 10.77.0.1 \
		--password "correct horse" --ssh-public-keys "$PCT_ROOT/keys" --timezone Europe/Vienna \
		--net0 name=eth0,bridge=lan,ip=10.77.0.7/24,gw=10.77.0.1,ip6=fd77::7/64 --net1 name=eth1,bridge=lan,ip=dhcp
	same "create has nothing to say of it" "$(grep "CT $id" "$err" || true)" ""
	run 0 start "$id"
	ok "$by: systemd is up" until_true 90 init_is "$id"
	check "$id" "$by"
	same "$by: a login on each terminal" "$("$pct" exec "$id" -- systemctl is-active container-getty@1 container-getty@2 | xargs)" \
		"active active"
	like "$by: its time zone" Europe/Vienna "$("$pct" exec "$id" -- readlink /etc/localtime)"
	like "$by: a machine id of its own" '^[0-9a-f]{32}$' "$(file "$id" etc/machine-id)"
	was=$(sum "$id") keys=$(cat "$(root_of "$id")"/etc/ssh/*.pub 2>/dev/null || true)
	run 0 stop "$id"
	run 0 start "$id"
	ok "$by: again" until_true 90 init_is "$id"
	ok "$by: the same address" until_true 20 has "$id" eth0 'inet 10\.77\.0\.7/24'
	same "$by: a second start changes no file" "$(sum "$id")" "$was"
	same "$by: its host keys stay" "$(cat "$(root_of "$id")"/etc/ssh/*.pub 2>/dev/null || true)" "$keys"
	# While it runs.
	run 0 set "$id" --net2 name=eth2,bridge=lan,ip=10.77.0.9/24 --hostname other
	like "$by: what is plugged in is in its files for the next boot" "10\.77\.0\.9/24" \
		"$(cat "$(root_of "$id")"/etc/network/interfaces "$(root_of "$id")"/etc/systemd/network/*.network 2>/dev/null)"
	same "$by: its new name, too" "$(file "$id" etc/hostname)" other
	run 0 stop "$id"
	run 0 start "$id"
	ok "$by: and there it is" until_true 60 has "$id" eth2 'inet 10\.77\.0\.9/24'
	run 0 stop "$id"
	run 0 destroy "$id"
}

if [ -s "$B/debian-12.tar" ]; then
	debian 200 "$B/debian-12.tar" networkd
else
	skip "Debian with networkd" "mmdebstrap cannot make one here"
fi
if [ -s "$B/debian-12-net.tar" ]; then
	debian 201 "$B/debian-12-net.tar" ifupdown
	# Keys that a template brings all would have.
	run 0 create 202 "$B/debian-12-net.tar"
	run 0 create 203 "$B/debian-12-net.tar"
	for i in 202 203; do run 0 start $i; done
	for i in 202 203; do
		ok "$i makes its own when it first starts" until_true 60 test -s "$(root_of $i)/etc/ssh/ssh_host_ed25519_key.pub"
	done
	for kind in rsa ecdsa ed25519; do
		same "host key $kind: another in each" "$(cat "$(root_of 202)/etc/ssh/ssh_host_${kind}_key.pub" \
			"$(root_of 203)/etc/ssh/ssh_host_${kind}_key.pub" | awk '{ print $2 }' | sort -u | wc -l)" 2
		same "… which only root may read" "$("$pct" exec 202 -- stat -c '%a %u' /etc/ssh/ssh_host_${kind}_key)" "600 0"
	done
	same "nothing of them is left here" "$(find "$PCT_ROOT/run/pct" -name 'keys*')" ""
	for i in 202 203; do run 0 stop $i; run 0 destroy $i; done
else
	skip "Debian with ifupdown" "mmdebstrap cannot make one here"
fi

# ---- as Alpine, with Debian's busybox ----
alpine()
{
	local root=$PCT_ROOT/alpine applet

	mkdir -p "$root"/{bin,sbin,etc/network/if-up.d,etc/init.d,usr/share/udhcpc,dev,proc,sys,run,tmp,root,var/run}
	cp /bin/busybox "$root/bin/"
	for applet in $(/bin/busybox --list); do
		case $applet in
		init | ifup | ifdown | getty | ip | udhcpc | route | run-parts) ln -sf /bin/busybox "$root/sbin/$applet" ;;
		busybox) ;;
		*) ln -sf busybox "$root/bin/$applet" ;;
		esac
	done
	printf 'ID=alpine\nVERSION_ID=3.20.3\n' >"$root/etc/os-release"
	printf '::sysinit:/bin/hostname -F /etc/hostname\n::wait:/sbin/ifup -a\ntty1::respawn:/sbin/getty 38400 tty1\n' >"$root/etc/inittab"
	printf 'auto lo\niface lo inet loopback\n' >"$root/etc/network/interfaces"
	printf 'root:x:0:0:root:/root:/bin/sh\n' >"$root/etc/passwd"
	# shellcheck disable=SC2016
	printf '#!/bin/sh\n[ "$1" = bound ] && ip addr add $ip/$mask dev $interface\n' >"$root/usr/share/udhcpc/default.script"
	cp "$root/usr/share/udhcpc/default.script" "$root/etc/udhcpc.script"
	mkdir -p "$root/etc/udhcpc"
	cp "$root/usr/share/udhcpc/default.script" "$root/etc/udhcpc/default.script"
	chmod 755 "$root"/etc/udhcpc/default.script "$root"/usr/share/udhcpc/default.script
	tar -C "$root" -cf "$PCT_ROOT/alpine.tar" .
}
if [ "$(/bin/busybox --list | grep -cx 'ifup\|getty\|udhcpc')" = 3 ]; then
	alpine
	run 0 create 204 "$PCT_ROOT/alpine.tar" --hostname web --searchdomain example.org --nameserver 10.77.0.1 \
		--password "correct horse" --ssh-public-keys "$PCT_ROOT/keys" \
		--net0 name=eth0,bridge=lan,ip=10.77.0.7/24,gw=10.77.0.1,ip6=fd77::7/64 --net1 name=eth1,bridge=lan,ip=dhcp
	same "known as Alpine" "$(awk '/^ostype:/ { print $2 }' "$confs/204.conf")" alpine
	run 0 start 204
	check 204 "busybox"
	same "a hash that musl knows" "$(file 204 etc/shadow | cut -c1-8)" 'root:$6$'
	run 0 stop 204
	run 0 destroy 204
else
	skip "as Alpine" "the host's busybox has no ifup"
fi

# ---- somebody who means harm ----
run 0 create 205 builtin:busybox --hostname a
run 0 start 205
"$pct" exec 205 -- sh -c 'cd /etc; rm -f hosts hostname resolv.conf; mkfifo hosts; mkdir hostname
	ln -s ../../../../../../../../proc/sys/kernel/core_pattern resolv.conf
	mkdir -p /nowhere; dd if=/dev/zero of=/etc/securetty bs=1M count=2 2>/dev/null'
run 0 stop 205
before=$(cat /proc/sys/kernel/core_pattern)
took=$(date +%s%N)
run 0 start 205
took=$((($(date +%s%N) - took) / 1000000))
same "a line each, and no more" "$(cat "$err")" "pct: CT 205: /etc/securetty is larger than such a file is: it is left as it is
pct: CT 205: /etc/hostname is a directory: it is left as it is
pct: CT 205: /etc/hosts is not a file: it is left as it is"
same "it runs all the same" "$("$pct" exec 205 -- echo up)" up
within "… at once (ms)" 0 30000 "$took"
same "the host's is as it was" "$(cat /proc/sys/kernel/core_pattern)" "$before"
run 0 stop 205
run 0 set 205 --ostype unmanaged 2>/dev/null || true
run 0 destroy 205

# ---- ids on the disk, whatever they are ----
run 0 create 206 builtin:busybox --hostname plain --unprivileged 0
run 0 start 206
same "privileged: files are root's" "$("$pct" exec 206 -- stat -c %u /etc/hosts)" 0
run 0 stop 206
run 0 destroy 206

# ---- the options of create ----
run 2 create 207 builtin:busybox --password abcd
said "password: it has from 5 to 511 characters"
run 2 create 207 builtin:busybox --password
said "password: give it a value: there is no terminal to ask at"
run 1 create 207 builtin:busybox --ssh-public-keys /nowhere
said "open '/nowhere': No such file or directory"
same "nothing was made" "$(find "$images" -name '*207*')" ""
run 0 create 207 builtin:busybox --password '$6$abcdefghijklmnop$abcdefghijklmnop'
# shellcheck disable=SC2016
run 0 start 207
same "one that is crypted is taken as it is" "$(file 207 etc/shadow | cut -d: -f2)" '$6$abcdefghijklmnop$abcdefghijklmnop'
run 0 stop 207

# typed FIRST SECOND: what is typed at a terminal when it asks.
typed()
{
	python3 - "$pct" "$@" <<'PY'
import os, pty, sys
pid, fd = pty.fork()
if pid == 0:
    os.execv(sys.argv[1], [sys.argv[1], "create", "208", "builtin:busybox", "--password"])
seen = b""
for word in sys.argv[2:]:
    while not seen.endswith(b": "):
        seen += os.read(fd, 1000)
    os.write(fd, word.encode() + b"\n")
    seen += os.read(fd, 1)
try:
    while more := os.read(fd, 1000):
        seen += more
except OSError:
    pass
print("shown" if sys.argv[2].encode() in seen else "hidden", os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
PY
}
same "asked twice: two different ones" "$(typed 'correct horse' 'correct house')" "hidden 2"
same "asked twice: the same" "$(typed 'correct horse' 'correct horse')" "hidden 0"
run 0 start 208
same "and that it is" "$(python3 -W ignore -c 'import crypt, sys
hash = sys.stdin.read().split(":")[1]
print(crypt.crypt("correct horse", hash) == hash)' <"$(root_of 208)/etc/shadow")" True
run 0 stop 208

# ---- any directory ----
mkdir -p "$PCT_ROOT/dir"
cp -a tests/guest/ubuntu-24.04 "$PCT_ROOT/dir/"
run 0 guest-setup --rootfs "$PCT_ROOT/dir/ubuntu-24.04" --config tests/guest/both.conf --twice
like "done" "Address = 192.0.2.7/24" "$(cat "$PCT_ROOT/dir/ubuntu-24.04/etc/systemd/network/eth0.network")"
run 2 guest-setup --rootfs "$PCT_ROOT/dir"
said "guest-setup: needs --rootfs and --config"
rm "$PCT_ROOT/dir/ubuntu-24.04/etc/hosts"
mkfifo "$PCT_ROOT/dir/ubuntu-24.04/etc/hosts"
run 1 guest-setup --rootfs "$PCT_ROOT/dir/ubuntu-24.04" --config tests/guest/both.conf

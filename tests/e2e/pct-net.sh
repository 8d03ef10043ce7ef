#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# netN from a container's start to its end: addresses, bridge, firewall, rate, left-overs.
# shellcheck source=net-lib
. "$(dirname "$0")/net-lib"

# ---- what is asked that cannot be ----
run 0 create 100 builtin:busybox --net0 name=eth0,bridge=nobr0,ip=dhcp
run 1 start 100
said "CT 100: net0 is to be on the bridge 'nobr0', which is not there: 'pct network create nobr0' makes one"
ip link add dum0 type veth peer name dum1
run 0 set 100 --net0 name=eth0,bridge=dum0
run 1 start 100
said "CT 100: net0 is to be on 'dum0', which is no bridge"
ip link del dum0
ip link add br0 type bridge forward_delay 0
ip link set br0 mtu 1450 up
ip addr add 10.5.0.1/24 dev br0
ip addr add fd05::1/64 dev br0 nodad
run 0 set 100 --net0 name=eth0,bridge=br0,mtu=1500
run 1 start 100
said "net0: mtu 1500 is more than the 1450 of its bridge 'br0'"
run 0 set 100 --net0 name=eth0,bridge=br0,tag=5
run 1 start 100
said "net0 has a VLAN, but its bridge 'br0' does not look at VLANs"
run 0 set 100 --net0 name=eth0,bridge=br0,ip=10.5.0.1/24
run 1 start 100
said "CT 100: net0 cannot have the address 10.5.0.1: its bridge 'br0' has it; give it another"
run 0 set 100 --net0 name=eth0,bridge=br0 --net3 name=eth0,bridge=br0
run 1 start 100
said "CT 100: net0 and net3 are both called 'eth0'"
run 0 status 100
same "nothing was started" "$(cat "$out")" "status: stopped"
no_net 100
run 0 destroy 100

# ---- two that talk ----
run 0 create 100 builtin:busybox --hostname a \
	--net0 name=eth0,bridge=br0,ip=10.5.0.2/24,gw=10.5.0.1,ip6=fd05::2/64,gw6=fd05::1
run 0 create 101 builtin:busybox --hostname b --unprivileged 0 \
	--net0 name=lan,bridge=br0,ip=10.5.0.3/24,ip6=fd05::3/64,mtu=1400,hwaddr=02:00:00:00:00:07
mac=$(sed -n 's/^net0:.*hwaddr=\([^,]*\).*/\1/p' "$confs/100.conf")
like "a MAC address is made up and kept" '^BC:24:11(:[0-9A-F]{2}){3}$' "$mac"
run 0 start 100
run 0 start 101
same "its MAC address" "$("$pct" exec 100 -- cat /sys/class/net/eth0/address)" "${mac,,}"
same "a given one" "$("$pct" exec 101 -- cat /sys/class/net/lan/address)" 02:00:00:00:00:07
same "the bridge's MTU" "$("$pct" exec 100 -- cat /sys/class/net/eth0/mtu)" 1450
same "its own" "$("$pct" exec 101 -- cat /sys/class/net/lan/mtu)" 1400
same "the bridge keeps its own" "$(ip -o link show br0 | grep -o "mtu [0-9]*")" "mtu 1450"
like "broadcast" 'brd 10\.5\.0\.255 ' "$("$pct" exec 100 -- ip -4 addr show dev eth0)"
same "gateway" "$("$pct" exec 100 -- ip route | grep default)" "default via 10.5.0.1 dev eth0 "
like "gateway of IPv6" "^default via fd05::1" "$("$pct" exec 100 -- ip -6 route | grep default)"
ok "they ping each other" pings 100 10.5.0.3
# Not before it knows that nobody else has the address.
ok "in IPv6" until_true 4 pings 101 fd05::2
ok "and the host" pings 101 10.5.0.1
ip link add far0 type bridge
ip addr add 10.6.0.1/24 dev far0
ip link set far0 up
ok "through the gateway" pings 100 10.6.0.1
fails "not without one" pings 101 10.6.0.1
same "the host has no address on its end" "$(ip -o addr show "$(host_end 100 0)")" ""

# What cannot go well is said.
run 1 set 101 --net1 name=eth1,bridge=br0,ip=10.5.0.1/16
said "CT 101: net1 cannot have the address 10.5.0.1"
run 0 set 101 --net1 name=eth1,bridge=br0,ip=10.5.0.2/24,link_down=1
said "CT 101: net1 has the address 10.5.0.2, which net0 of CT 100 is to have, too"
run 0 set 101 --net1 name=eth1,bridge=br0,gw=10.5.0.1,link_down=1
said "CT 101: net1: 'gw' changes nothing without a static 'ip'"
run 0 set 101 --delete net1

# A file's own, without a MAC address: one is made, and everything else stays.
run 0 stop 101
no_net 101
sed -i 's/^net0:.*/net0: name=eth0,bridge=br0,ip=10.5.0.3\/24,later=1/' "$confs/101.conf"
run 0 start 101
like "a MAC address for an edited conf" \
	'^net0: name=eth0,bridge=br0,ip=10.5.0.3/24,later=1,hwaddr=BC:24:11:.{8}$' \
	"$(grep '^net0' "$confs/101.conf")"
in_net 100 ip neigh flush all
ok "it is there" pings 100 10.5.0.3

# ---- link_down ----
run 0 set 101 --net0 name=eth0,bridge=br0,ip=10.5.0.3/24,link_down=1
same "its cable is pulled" "$("$pct" exec 101 -- cat /sys/class/net/eth0/carrier)" 0
fails "nobody hears it" pings 100 10.5.0.3
run 0 stop 101
run 0 start 101
same "and is pulled at its start" "$("$pct" exec 101 -- cat /sys/class/net/eth0/carrier)" 0
run 0 set 101 --net0 name=eth0,bridge=br0,ip=10.5.0.3/24
ok "and put in again" until_true 3 pings 100 10.5.0.3

# ---- rate ----
rate_once() # WANTED OPTION...
{
	local want=$1 got

	shift
	in_net 101 iperf3 -s -1 -B 10.5.0.3 >/dev/null 2>&1 &
	until_true 3 in_net 101 sh -c 'ss -ltn | grep -q :5201'
	got=$(in_net 100 iperf3 -c 10.5.0.3 -t 5 -O 2 -J "$@" |
		python3 -c 'import json,sys; print(json.load(sys.stdin)["end"]["sum_received"]["bits_per_second"] / 8 / 1048576)')
	wait $!
	rates="$rates $got"
	awk "BEGIN { exit !($got >= $want * 0.9 && $got <= $want * 1.1) }"
}
rate() # SENTENCE WANTED OPTION...: on a machine that has other things to do, one time of three
{
	local what=$1 rates=

	shift
	ok "$what, ±10 %" eval "rate_once $* || rate_once $* || rate_once $* || ! echo \$rates MB/s"
}
if command -v iperf3 >/dev/null; then
	run 0 set 100 --net0 name=eth0,bridge=br0,ip=10.5.0.2/24,gw=10.5.0.1,rate=4
	rate "what it sends is held to 4 MB/s" 4
	rate "what it is sent is held to 4 MB/s" 4 -R
	run 0 set 100 --net0 name=eth0,bridge=br0,ip=10.5.0.2/24,gw=10.5.0.1,rate=12.5
	rate "what it sends is held to 12.5 MB/s" 12.5
	rate "what it is sent is held to 12.5 MB/s" 12.5 -R
	run 0 stop 100
	run 0 start 100
	rate "from its start" 12.5
	run 0 set 100 --net0 name=eth0,bridge=br0,ip=10.5.0.2/24,gw=10.5.0.1
	fails "without a rate there are no rules" nft list table netdev "$(host_end 100 0)"
	fails "and no bucket" sh -c "tc qdisc show dev $(host_end 100 0) | grep tbf"
else
	skip "rate" "needs the package iperf3"
fi

# ---- firewall ----
as_root() # COMMAND: in 100, as its root
{
	"$pct" exec 100 -- sh -c "$1" >/dev/null 2>&1 || true
}
# Does 101 believe that 100 is the gateway?
gateway_taken()
{
	local mine

	pings 101 10.5.0.1 || true
	as_root 'ip addr add 10.5.0.1/32 dev eth0; arping -U -c 1 -I eth0 -s 10.5.0.1 10.5.0.1
		 arping -A -c 1 -I eth0 -s 10.5.0.1 10.5.0.1; ip addr del 10.5.0.1/32 dev eth0'
	mine=$("$pct" exec 100 -- cat /sys/class/net/eth0/address)
	in_net 101 ip neigh show 10.5.0.1 | grep -q "$mine"
}
# Does 101 hear what 100 says as a DHCP server? It listens so long, s: where it is to hear it that is until it does.
offer_heard()
{
	in_net 101 python3 -c 'import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind(("", 68)); s.settimeout('"$1"'); print("listens", flush=True); s.recv(99)' \
		>"$PCT_ROOT/listens" 2>/dev/null &
	until_true 5 test -s "$PCT_ROOT/listens"
	in_net 100 python3 -c 'import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind(("", 67))
for i in range(3): s.sendto(b"offer", ("10.5.0.3", 68))'
	wait $!
}

# Without one its root can be whom it likes.
run 0 set 100 --net0 name=eth0,bridge=br0,ip=10.5.0.2/24,gw=10.5.0.1,ip6=fd05::2/64
as_root 'ip addr add 10.5.0.66/24 dev eth0; ip addr add fd05::66/64 dev eth0'
ok "without a firewall another address works" pings 100 10.5.0.3 -I 10.5.0.66
ok "and another of IPv6" pings 100 fd05::1 -I fd05::66
ok "and it can be the gateway" gateway_taken
ok "and a DHCP server" offer_heard 100
in_net 101 ip neigh flush all
run 0 set 100 --net0 name=eth0,bridge=br0,ip=10.5.0.2/24,gw=10.5.0.1,ip6=fd05::2/64,firewall=1
ok "its rules are a file to edit" grep -q 'chain from_container' "$PCT_ROOT/etc/pct/firewall/100.nft"
ok "with one its own works" pings 100 10.5.0.3
ok "and that of IPv6" pings 100 fd05::1 -I fd05::2
fails "another address does not" pings 100 10.5.0.3 -I 10.5.0.66
fails "nor another of IPv6" pings 100 fd05::1 -I fd05::66
in_net 101 ip neigh flush all
fails "nobody finds it under another" pings 101 10.5.0.66
fails "nor under another of IPv6" pings 101 fd05::66
fails "it is not believed to be the gateway" gateway_taken
fails "nor a DHCP server" offer_heard 3
as_root 'ip link set eth0 down; ip link set eth0 address 02:00:00:00:00:99; ip link set eth0 up'
fails "another MAC address does not work" pings 100 10.5.0.3
as_root "ip link set eth0 down; ip link set eth0 address $mac; ip link set eth0 up"
ok "its own works again" until_true 3 pings 100 10.5.0.3

# The user's own rules, and wrong ones: nothing is connected without them.
sed -i 's/^\tether saddr/\tip daddr 10.5.0.3 drop\n&/' "$PCT_ROOT/etc/pct/firewall/100.nft"
run 0 stop 100
fails "no rules are left of one that is stopped" nft list table netdev "$(host_end 100 0)"
run 0 start 100
fails "a rule of the user's own holds" pings 100 10.5.0.3
ok "the others do not mind" pings 100 10.5.0.1
run 0 stop 100
echo nonsense >>"$PCT_ROOT/etc/pct/firewall/100.nft"
run 1 start 100
said "firewall of net0 of CT 100: nft: $PCT_ROOT/etc/pct/firewall/100.nft:"
like "and what is wrong" "Error: " "$(cat "$err")"
no_net 100
rm "$PCT_ROOT/etc/pct/firewall/100.nft"
run 0 start 100
ok "a new one is made" pings 100 10.5.0.3

# ---- starts that are not ours ----
init=$(pid_of 100)
"$pct" exec 100 -- reboot >/dev/null 2>&1 || true
ok "it reboots from inside" until_true 10 sh -c "p=\$($pct status 100 --verbose | awk '/^pid:/ { print \$2 }')
	[ -n \"\$p\" ] && [ \"\$p\" != $init ]"
ok "with its network" pings 100 10.5.0.3
run 0 stop 100
# Its root is mounted by who starts it.
mkdir -p "$PCT_ROOT/root"
cp -a "$images/100/subvol-100-disk-0.subvol/." "$PCT_ROOT/root"
chown -R -h 100000:100000 "$PCT_ROOT/root"
mount --bind "$PCT_ROOT/root" "$PCT_ROOT/var/lib/pct/lxc/100/rootfs"
lxc-start -P "$PCT_ROOT/var/lib/pct/lxc" -n 100
ok "lxc-start has the network, too" pings 100 10.5.0.3
ok "and its rules" nft list table netdev "$(host_end 100 0)"
lxc-stop -k -P "$PCT_ROOT/var/lib/pct/lxc" -n 100
umount "$PCT_ROOT/var/lib/pct/lxc/100/rootfs"
run 0 start 100

# ---- kill -9 ----
# A monitor that is killed removes nothing; a start makes all anew.
init=$(pid_of 100)
monitor=$(awk '/^PPid:/ { print $2 }' "/proc/$init/status")
kill -9 "$monitor" "$init"
until_true 5 sh -c "! [ -e /proc/$init ]"
ip link add "$(host_end 100 0)" type veth peer name left0 2>/dev/null || true
ip link add "$(host_end 100 7)" type veth peer name left7
ok "rules are left" nft list table netdev "$(host_end 100 0)"
run 0 start 100
ok "it starts over what is left" pings 100 10.5.0.3
fails "an end of one it does not have any more is gone" ip link show "$(host_end 100 7)"
init=$(pid_of 100)
kill -9 "$(awk '/^PPid:/ { print $2 }' "/proc/$init/status")" "$init"
until_true 5 sh -c "! [ -e /proc/$init ]"
run 1 stop 100
said "CT 100 does not run"
no_net 100

# Not ours is not touched.
ip link add "$(host_end 100 0)" type veth peer name theirs0
ip link set "$(host_end 100 0)" alias "somebody else's"
run 1 start 100
same "whose it is" "$(ip -o link show theirs0 >/dev/null && echo there)" there
ip link del theirs0

# ---- the end ----
run 0 start 100
run 0 destroy 100 --force
no_net 100
fails "its rules' file is gone" [ -e "$PCT_ROOT/etc/pct/firewall/100.nft" ]
nothing_of 100
run 0 destroy 101 --force
no_net 101
same "no interface is left" "$(ip -o link | grep -cE 'pct[0-9a-f]{8}i')" 0

#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Interfaces that are added, changed and taken away while the container runs.
# shellcheck source=net-lib
. "$(dirname "$0")/net-lib"

ip link add br0 type bridge forward_delay 0
ip link add br1 type bridge forward_delay 0
ip link set br0 up
ip link set br1 up
ip addr add 10.5.0.1/24 dev br0
ip addr add 10.6.0.1/24 dev br1
ip addr add fd05::1/64 dev br0 nodad

# What does its interface have: "index", "address", "mtu"?
of() # INTERFACE FILE
{
	"$pct" exec 100 -- cat "/sys/class/net/$1/$2" 2>/dev/null
}
kept_as() # KEY PATTERN: what the conf says; nothing is pending
{
	like "$1 is kept" "^$1: $2\$" "$(grep "^$1:" "$confs/100.conf")"
	fails "nothing is pending" grep -q pve:pending "$confs/100.conf"
}

run 0 create 100 builtin:busybox
run 0 start 100
same "without a netN it is alone" "$("$pct" exec 100 -- ls /sys/class/net | tr '\n' ' ')" "lo "

# ---- add ----
run 0 set 100 --net12 name=eth5,bridge=br0,ip=10.5.0.2/24,gw=10.5.0.1,ip6=fd05::2/64,gw6=fd05::1
same "words of set" "$(cat "$out" "$err")" ""
kept_as net12 'name=eth5,bridge=br0,gw=10.5.0.1,gw6=fd05::1,hwaddr=BC:24:11:.{8},ip=10.5.0.2/24,ip6=fd05::2/64'
ok "it reaches the host" pings 100 10.5.0.1
ok "in IPv6" until_true 4 pings 100 fd05::1
same "by its gateway" "$("$pct" exec 100 -- ip route | grep default)" "default via 10.5.0.1 dev eth5 "
index=$(of eth5 ifindex)
mac=$(of eth5 address)

# ---- in place ----
run 0 set 100 --net12 name=eth5,bridge=br1,ip=10.6.0.2/24,gw=10.6.0.1,mtu=1300
ok "on another bridge, with another address" pings 100 10.6.0.1
same "by another gateway" "$("$pct" exec 100 -- ip route | grep default)" "default via 10.6.0.1 dev eth5 "
fails "without the old ones" has_ip 100 eth5 '10\.5\.0\.2|fd05::2'
same "a smaller MTU" "$(of eth5 mtu)" 1300
same "the same device" "$(of eth5 ifindex) $(of eth5 address)" "$index $mac"
kept_as net12 'name=eth5,bridge=br1,gw=10.6.0.1,hwaddr=.{17},ip=10.6.0.2/24,mtu=1300'
# One of two addresses in the same net goes, and the other stays.
"$pct" exec 100 -- ip addr add 10.6.0.77/24 dev eth5
run 0 set 100 --net12 name=eth5,bridge=br1,ip=10.6.0.3/24,gw=10.6.0.1
ok "a new address in the same net" pings 100 10.6.0.1 -I 10.6.0.3
ok "what its root put there stays" has_ip 100 eth5 10.6.0.77
fails "the old one does not" has_ip 100 eth5 '10\.6\.0\.2/'
same "the gateway stays" "$("$pct" exec 100 -- ip route | grep default)" "default via 10.6.0.1 dev eth5 "
same "the bridge's MTU again" "$(of eth5 mtu)" 1500
run 0 set 100 --net12 name=eth5,bridge=br1,ip=10.6.0.3/24,gw=10.5.0.9
same "a gateway outside of its net" "$("$pct" exec 100 -- ip route | grep default)" \
	"default via 10.5.0.9 dev eth5 "
run 0 set 100 --net12 name=eth5,bridge=br1,ip=10.6.0.3/24,firewall=1,rate=5
ok "a firewall comes" nft list table netdev "$(host_end 100 12)"
ok "a rate comes" sh -c "tc qdisc show dev $(host_end 100 12) | grep -q tbf"
same "the gateway goes" "$("$pct" exec 100 -- ip route | grep default)" ""
run 0 set 100 --net12 name=eth5,bridge=br1,ip=10.6.0.3/24
fails "the firewall goes" nft list table netdev "$(host_end 100 12)"
fails "the rate goes" sh -c "tc qdisc show dev $(host_end 100 12) | grep -q tbf"
same "still the same device" "$(of eth5 ifindex) $(of eth5 address)" "$index $mac"
# Its root may call it what it likes.
"$pct" exec 100 -- sh -c 'ip link set eth5 down; ip link set eth5 name mine; ip link set mine up'
run 0 set 100 --net12 name=eth5,bridge=br1,ip=10.6.0.4/24
ok "a renamed one is found" has_ip 100 mine '10.6.0.4/24'
"$pct" exec 100 -- sh -c 'ip link set mine down; ip link set mine name eth5; ip link set eth5 up'

# ---- another device ----
run 0 set 100 --net12 name=eth6,bridge=br1,ip=10.6.0.4/24
fails "the old name is gone" of eth5 ifindex
same "with the same MAC address" "$(of eth6 address)" "$mac"
ok "under a new name" pings 100 10.6.0.1
run 0 set 100 --net12 name=eth6,bridge=br1,ip=10.6.0.4/24,hwaddr=02:00:00:00:00:07
same "another MAC address" "$(of eth6 address)" 02:00:00:00:00:07
ok "works" pings 100 10.6.0.1

# ---- what cannot be done ----
cp "$confs/100.conf" "$PCT_ROOT/before"
index=$(of eth6 ifindex)
run 1 set 100 --net12 name=eth6,bridge=nobr,ip=10.6.0.5/24
said "CT 100: net12 is to be on the bridge 'nobr', which is not there"
run 1 set 100 --net12 name=eth6,bridge=br1,ip=10.6.0.5/24,tag=7
said "its bridge 'br1' does not look at VLANs"
run 1 set 100 --net12 name=lo,bridge=br1,ip=10.6.0.5/24
said "CT 100 has an interface 'lo' already; give net12 another name"
ok "after a replug that failed all is as before" pings 100 10.6.0.1
run 1 set 100 --net3 name=eth6,bridge=br1
said "CT 100 has an interface 'eth6' already"
echo nonsense >"$PCT_ROOT/etc/pct/firewall/100.nft"
run 1 set 100 --net12 name=eth6,bridge=br0,ip=10.6.0.5/24,hwaddr=02:00:00:00:00:07,mtu=1200,firewall=1
said "firewall of net12 of CT 100: nft: "
rm "$PCT_ROOT/etc/pct/firewall/100.nft"
same "its MTU is as it was" "$(of eth6 mtu)" 1500
ok "its bridge and address too" pings 100 10.6.0.1 -I 10.6.0.4
run 1 set 100 --net12 name=eth6,bridge=br1,ip=10.6.0.5/24,ip6=ff02::5/64,hwaddr=02:00:00:00:00:07
said "give net12 of CT 100 its addresses"
ok "its address is as it was" pings 100 10.6.0.1 -I 10.6.0.4
fails "and not the new one" has_ip 100 eth6 '10\.6\.0\.5/'
same "the conf is as it was" "$(cat "$confs/100.conf")" "$(cat "$PCT_ROOT/before")"

# ---- take away ----
run 0 set 100 --net3 name=lan,bridge=br0,ip=10.5.0.3/24,firewall=1
run 0 set 100 --delete net12
fails "it is gone" of eth6 ifindex
fails "at both ends" ip link show "$(host_end 100 12)"
fails "from the conf" grep net12 "$confs/100.conf"
ok "the other one stays" pings 100 10.5.0.1
run 0 set 100 --delete net3
no_net 100
# One that its root took away, too.
run 0 set 100 --net1 name=eth1,bridge=br0,ip=10.5.0.3/24
"$pct" exec 100 -- ip link del eth1
run 0 set 100 --net1 name=eth1,bridge=br0,ip=10.5.0.4/24
ok "what its root took away comes again" pings 100 10.5.0.1
"$pct" exec 100 -- ip link del eth1
run 0 set 100 --delete net1
no_net 100

# ---- killed in the middle of it: the next one repairs ----
for ms in 0 2 4 6 8 10 14 18 24; do
	"$pct" set 100 --net4 "name=eth4,bridge=br$((ms / 2 % 2)),ip=10.5.0.$((ms + 10))/24,firewall=1" >/dev/null 2>&1 &
	sleep "0.0$(printf %02d $ms)"
	kill -9 $! 2>/dev/null || true
	wait $! 2>/dev/null || true
	"$pct" set 100 --net4 name=eth4,bridge=br0,ip=10.5.0.5/24,firewall=1 >"$out" 2>"$err" || true
	# Its helper may work a moment longer.
	same "said after a kill at $ms ms" "$(grep -v 'waiting for another pct' "$err" || true)" ""
	ok "it is as asked" pings 100 10.5.0.1 -I 10.5.0.5
	"$pct" set 100 --delete net4
done
no_net 100
run 0 destroy 100 --force
nothing_of 100

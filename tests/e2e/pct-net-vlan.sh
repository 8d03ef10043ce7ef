#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# tag= and trunks= on a bridge that looks at VLANs.
# shellcheck source=net-lib
. "$(dirname "$0")/net-lib"
modprobe -qa bridge 8021q 2>/dev/null || true
needs "needs a kernel whose bridges look at VLANs" \
	sh -c 'ip link add br0 type bridge vlan_filtering 1 forward_delay 0 2>/dev/null'
ip link set br0 up

# Which VLANs a port has: "1 PVID Egress Untagged", one after the other.
vlans() # VMID NUMBER
{
	bridge vlan show dev "$(host_end "$1" "$2")" | tail -n +2 | sed "s/^$(host_end "$1" "$2")//" |
		tr -s ' \t\n' ' ' | sed 's/^ //; s/ $//'
}

for id in 100 101 102 103; do
	run 0 create $id builtin:busybox
done
run 0 set 100 --net0 name=eth0,bridge=br0,ip=10.5.0.2/24,tag=5
run 0 set 101 --net0 name=eth0,bridge=br0,ip=10.5.0.3/24,tag=5
run 0 set 102 --net0 name=eth0,bridge=br0,ip=10.5.0.4/24,tag=6
run 0 set 103 --net0 'name=eth0,bridge=br0,ip=10.5.0.5/24,trunks=5;6'
for id in 100 101 102 103; do
	run 0 start $id
done
same "one with a tag is in that VLAN alone" "$(vlans 100 0)" "5 PVID Egress Untagged"
same "one with trunks may use them" "$(vlans 103 0)" "1 PVID Egress Untagged 5 6"
ok "two in a VLAN" pings 100 10.5.0.3
fails "two in different ones" pings 100 10.5.0.4
fails "and the other way" pings 102 10.5.0.3
fails "one in none" pings 103 10.5.0.2
# The trunk's own interfaces in there.
"$pct" exec 103 -- sh -c 'ip addr flush dev eth0
	ip link add link eth0 name v5 type vlan id 5 && ip link add link eth0 name v6 type vlan id 6
	ip link add link eth0 name v7 type vlan id 7; ip link set v5 up; ip link set v6 up; ip link set v7 up
	ip addr add 10.5.0.5/24 dev v5; ip addr add 10.5.0.6/32 dev v6' >/dev/null 2>&1 || true
ok "a trunk reaches one VLAN" pings 103 10.5.0.2 -I v5
"$pct" exec 103 -- sh -c 'ip addr flush dev v5; ip addr flush dev v6; ip addr add 10.5.0.5/24 dev v6' >/dev/null
ok "and the other" pings 103 10.5.0.4 -I v6
fails "not each from the other" pings 103 10.5.0.2 -I v6

# ---- while they run ----
index=$("$pct" exec 100 -- cat /sys/class/net/eth0/ifindex)
run 0 set 100 --net0 name=eth0,bridge=br0,ip=10.5.0.2/24,tag=6
same "another tag" "$(vlans 100 0)" "6 PVID Egress Untagged"
ok "it is in the other VLAN" pings 100 10.5.0.4
fails "and not in its old one" pings 100 10.5.0.3
same "the same device" "$("$pct" exec 100 -- cat /sys/class/net/eth0/ifindex)" "$index"
run 0 set 100 --net0 'name=eth0,bridge=br0,ip=10.5.0.2/24,tag=5,trunks=6;7;8'
same "a tag and trunks" "$(vlans 100 0 | sed 's/6-8/6 7 8/')" "5 PVID Egress Untagged 6 7 8"
ok "back in its old one" pings 100 10.5.0.3
run 0 set 100 --net0 name=eth0,bridge=br0,ip=10.5.0.2/24
like "without either it may use all" '^1 PVID Egress Untagged 2( |-)' "$(vlans 100 0)"
fails "but says nothing tagged by itself" pings 100 10.5.0.3
# With a firewall: whoever has no trunk cannot get into a VLAN by tagging.
run 0 set 102 --net0 name=eth0,bridge=br0,ip=10.5.0.4/24,tag=6,firewall=1
"$pct" exec 102 -- sh -c 'ip link add link eth0 name v5 type vlan id 5; ip link set v5 up
	ip addr flush dev eth0; ip addr add 10.5.0.4/24 dev v5' >/dev/null 2>&1 || true
fails "a tag of its own does not get it into another" pings 102 10.5.0.3 -I v5
for id in 100 101 102 103; do
	run 0 destroy $id --force
	no_net $id
done

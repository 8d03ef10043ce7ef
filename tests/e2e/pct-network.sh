#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# pct network: bridges with a way out, addresses and names.
# shellcheck source=net-lib
. "$(dirname "$0")/net-lib"
needs "needs the package dnsmasq-base" sh -c "command -v dnsmasq >/dev/null"

nets=$PCT_ROOT/etc/pct/network
served=$PCT_ROOT/run/pct/network
dnsmasq_of() { cat "$served/$1/dnsmasq.pid" 2>/dev/null || true; }

# ---- the command itself ----
run 0 network list
same "none" "$(cat "$out")" "NAME            SUBNET             STATUS"
run 2 network make lan
said "network: say list, create, show or delete, not 'make'"
run 2 network show
said "network: 'show' needs the name of a network"
run 2 network create a/b
said "network: 'a/b' is not an interface's name"
run 2 network create lan --subnet 10.1.2.3/24
said "an IPv4 net of 8 to 29 bits"
run 2 network show lan --nat 1
said "network: --nat is only for 'network create'"
run 1 network show lan
said "there is no network 'lan'; 'pct network list' shows those there are"
run 1 network delete lan
said "there is no network 'lan'"
same "nothing was made of all that" "$(ls "$nets" 2>/dev/null)" ""
ip link add lan type bridge
run 1 network create lan
said "the host has an interface 'lan' already, which pct did not make"
ip link del lan

# ---- the default one, by first use ----
echo 0 >/proc/sys/net/ipv4/ip_forward
run 0 create 100 builtin:busybox --hostname web --net0 name=eth0,bridge=pctbr0,ip=dhcp
same "create makes none" "$(ls "$nets" 2>/dev/null)" ""
run 0 start 100
like "it is said that one was made" "made the network 'pctbr0', 10\.[0-9.]+\.0/24, with NAT, DHCP and DNS" "$(cat "$err")"
like "and that the host forwards now" "the host did not forward IPv4; now it does" "$(cat "$err")"
same "it does" "$(cat /proc/sys/net/ipv4/ip_forward)" 1
run 0 network show pctbr0 --output-format json
subnet=$(python3 -c 'import json,sys; o=json.load(open(sys.argv[1])); print(o["subnet"])' "$out")
near=${subnet%.0/24}
same "the gateway" "$(python3 -c 'import json,sys; print(json.load(open(sys.argv[1]))["gateway"])' "$out")" "$near.1"
run 0 network list
same "the list" "$(awk 'NR == 2 { print $1, $2, $3 }' "$out")" "pctbr0 $subnet up"
ok "it has an address by DHCP" until_true 5 has_ip 100 eth0 "inet ${near//./\\.}\.[0-9]+/24"
same "and its gateway" "$("$pct" exec 100 -- ip route | awk '/^default/ { print $3 }')" "$near.1"

# ---- names ----
run 0 create 101 builtin:busybox --hostname db.example.org --net0 "name=eth0,bridge=pctbr0,ip=$near.7/24,gw=$near.1"
run 0 start 101
same "words of a start that had nothing to make" "$(cat "$err")" ""
ok "a name of one with a static address" pings 100 db.pct
ok "without the domain" pings 100 db
like "its own" "Address: $near\.[0-9]+$" "$("$pct" exec 100 -- nslookup web.pct "$near.1" 2>&1)"
like "from the other side" "Address: $near\.[0-9]+$" "$("$pct" exec 101 -- nslookup web.pct "$near.1" 2>&1)"
fails "what one says of itself is no name" sh -c "$pct exec 100 -- sh -c 'kill \$(cat /run/udhcpc.eth0.pid)
	udhcpc -n -q -t 2 -i eth0 -x hostname:evil' >/dev/null 2>&1; $pct exec 101 -- nslookup evil.pct $near.1"
run 0 set 100 --net1 name=eth1,bridge=pctbr0,ip=dhcp,firewall=1
ok "a second one, hot, behind a firewall" until_true 5 has_ip 100 eth1 "inet ${near//./\\.}\."
run 0 set 100 --net1 "name=eth1,bridge=pctbr0,ip=$near.9/24,firewall=1"
same "from DHCP to a static address" "$("$pct" exec 100 -- ip -o -4 addr show dev eth1 | awk '{ print $4 }')" "$near.9/24"
run 0 set 100 --delete net1

# ---- by DHCP, and behind a firewall ----
fixed=$nets/pctbr0.fixed
address() { "$pct" exec "$1" -- ip -o -4 addr show dev eth0 | awk '{ sub("/.*", "", $4); print $4; exit }'; }
mac_of() { sed -n 's/^net0:.*hwaddr=\([^,]*\).*/\1/p' "$confs/$1.conf"; }
run 0 create 102 builtin:busybox --hostname third --net0 name=eth0,bridge=pctbr0,ip=dhcp,firewall=1
run 0 create 103 builtin:busybox --hostname fourth --net0 name=eth0,bridge=pctbr0,ip=dhcp,firewall=1
"$pct" start 102 &
first=$!
run 0 start 103
wait $first
ok "one has an address" until_true 5 has_ip 102 eth0 "inet ${near//./\\.}\."
ok "and the other" until_true 5 has_ip 103 eth0 "inet ${near//./\\.}\."
a2=$(address 102) a3=$(address 103)
ok "two that start at once have two ($a2, $a3)" [ "$a2" != "$a3" ]
same "it is chosen, and kept" "$(grep -c "^$(mac_of 102) $a2\$\|^$(mac_of 103) $a3\$" "$fixed")" 2
ok "with it they get through" pings 102 "$a3"
ok "and out" pings 102 "$near.1"
# Its root takes another's, which it tells all, and sends from it.
taken() # ADDRESS: does the static one believe that 103 has it, or answer it there?
{
	local got=1

	"$pct" exec 103 -- sh -c "ip addr add $1/24 dev eth0; arping -U -c 2 -I eth0 -s $1 $1
		arping -A -c 1 -I eth0 -s $1 $1" >/dev/null 2>&1 || true
	if in_net 101 ip neigh show "$1" | grep -qi "$(mac_of 103)"; then got=0; fi
	if "$pct" exec 103 -- ping -c 1 -W 1 -I "$1" "$near.7" >/dev/null 2>&1; then got=0; fi
	"$pct" exec 103 -- ip addr del "$1/24" dev eth0
	return $got
}
forged() # ADDRESS: does the network's DHCP believe that another one asked for it, through 103?
{
	in_net 103 python3 - "$1" "$(mac_of 103)" <<-'END'
		import socket, struct, sys
		address, mac = socket.inet_aton(sys.argv[1]), bytes.fromhex(sys.argv[2].replace(":", ""))
		bootp = struct.pack("!BBBBIHH16x6s10x192xI", 1, 1, 6, 0, 7, 0, 0x8000, b"\2forge", 0x63825363)
		bootp += b"\x35\1\3" + b"\x32\4" + address + b"\xff" # a request
		udp = struct.pack("!HHHH", 68, 67, 8 + len(bootp), 0) + bootp
		ip = lambda check: struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 1, 0, 64, 17, check,
		                               b"\0" * 4, b"\xff" * 4)
		sums = sum(struct.unpack("!10H", ip(0)))
		sums = (sums & 0xffff) + (sums >> 16)
		s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
		s.bind(("eth0", 0))
		s.send(b"\xff" * 6 + mac + b"\x08\0" + ip(~sums & 0xffff) + udp)
	END
	for _ in $(seq $((${TRIES:-20} * 5))); do
		if grep -rqi " 02:66:6f:72:67:65 " "$PCT_ROOT/run/pct/network/pctbr0/leases"; then return 0; fi
		sleep 0.1
	done
	return 1
}
pings 101 "$a2"
fails "it is not believed to have another's address" taken "$a2"
fails "nor one that nobody has" taken "$near.99"
fails "nor does it ask for one in another's name" forged "$near.198"
ok "whose it is has it still" pings 101 "$a2"
run 0 set 103 --net0 name=eth0,bridge=pctbr0,ip=dhcp
ok "without a firewall it would be believed" until_true 3 taken "$a2"
ok "and would ask for others' addresses" forged "$near.199"
in_net 101 ip neigh flush all
run 0 set 103 --net0 name=eth0,bridge=pctbr0,ip=dhcp,firewall=1
fails "once it has one again it is not" taken "$a2"
in_net 101 ip neigh flush all
run 0 stop 102
run 0 start 102
ok "after a restart it has one" until_true 5 has_ip 102 eth0 "inet "
same "the same" "$(address 102)" "$a2"
ok "its DHCP client may ask again" "$pct" exec 102 -- udhcpc -n -q -t 3 -i eth0
# A conf of an editor's, without a MAC address.
run 0 stop 103
sed -i 's/^net0:.*/net0: name=eth0,bridge=pctbr0,ip=dhcp,firewall=1/' "$confs/103.conf"
run 0 start 103
ok "one without a MAC address has both after its start" until_true 5 pings 103 "$near.7"
same "its old one is free" "$(grep -c . "$fixed")" 3
run 0 destroy 103 --force
run 0 destroy 102 --force
run 0 stop 101
run 0 start 101
same "those of destroyed ones are free" "$(awk '{ print $1 }' "$fixed")" "$(mac_of 100)"

# ---- the way out ----
# Somebody far away, who knows no way to our containers.
ip link add out0 type veth peer name out1
unshare --net sleep 3000 &
far=$!
until_true 3 sh -c "[ \$(readlink /proc/$far/ns/net) != \$(readlink /proc/self/ns/net) ]"
ip link set out1 netns $far
ip addr add 198.51.100.1/24 dev out0
ip link set out0 up
nsenter -t $far -n ip addr add 198.51.100.2/24 dev out1
nsenter -t $far -n ip link set out1 up
ok "out to the world" until_true 5 pings 100 198.51.100.2
same "only by the host's address" "$(nsenter -t $far -n ip route get "$near.7" 2>&1 | head -1)" \
	"RTNETLINK answers: Network is unreachable"

# Docker: a policy that drops, and a chain of its users.
iptables_tests()
{
	iptables -P FORWARD DROP
	iptables -N DOCKER-USER
	iptables -A DOCKER-USER -j RETURN
	iptables -I FORWARD -j DOCKER-USER
	iptables -P INPUT DROP
	fails "what Docker's rules would drop" pings 101 198.51.100.2
	run 0 stop 101
	run 0 start 101
	ok "goes through after the next start" pings 101 198.51.100.2
	ok "by its chain for users" sh -c 'iptables -S DOCKER-USER | grep -q -- "-i pctbr0 -j ACCEPT"'
	ok "names go through a host that drops what comes in" pings 101 web.pct
	run 0 stop 101
	run 0 start 101
	same "each rule is there once" "$(iptables -S | grep -c pctbr0)" 6
	ok "Docker's own rules are as they were" sh -c 'iptables -S DOCKER-USER | tail -1 | grep -q -- "-j RETURN"'
}
if command -v iptables >/dev/null && iptables -S >/dev/null 2>&1; then
	# With a server that the static one asks.
	run 0 set 101 --nameserver "$near.1"
	iptables_tests
else
	skip "beside Docker's rules" "needs iptables"
fi

# Rules that are nobody's we know: what to do is said.
nft 'add table inet other; add chain inet other passing { type filter hook forward priority 0; policy drop; }'
run 0 stop 101
run 0 start 101
said "the chain 'inet other passing' drops what it does not know; unless it has a rule for it: nft insert rule inet other passing iifname pctbr0 accept"
nft delete table inet other

# ---- what was taken away comes again ----
kill -9 "$(dnsmasq_of pctbr0)"
ip link del pctbr0
nft delete table inet pct-pctbr0
run 0 stop 101
run 0 stop 100
run 0 start 100
ok "after all was taken away it is there again" until_true 5 has_ip 100 eth0 "inet ${near//./\\.}\."
ok "with its way out" pings 100 198.51.100.2
served_by=$(dnsmasq_of pctbr0)
run 0 start 101
same "one dnsmasq, and the same" "$(dnsmasq_of pctbr0)" "$served_by"
same "it listens to nobody else" "$(ss -Hlun "sport = :53" | awk '{ print $4 }' | grep -v "^$near.1:\|fe80")" ""

kill -9 "$(dnsmasq_of pctbr0)"
until_true 3 sh -c "! [ -e /proc/$(dnsmasq_of pctbr0) ]"
run 0 network list
like "a network without its dnsmasq is told from one with" "^pctbr0 .* no dnsmasq\$" "$(cat "$out")"
run 0 network show pctbr0
like "in full, too" "^status: no dnsmasq" "$(cat "$out")"
run 0 stop 101
ip link del pctbr0
run 0 start 101
like "a start mends it" "^pctbr0 .* up\$" "$("$pct" network list)"
ok "who ran before is on the new bridge" until_true 5 pings 100 "$near.7"

# ---- another, with what can be said ----
run 0 network create lab --subnet 10.99.0.0/24 --subnet6 fd99::/64 --nat 0 --dns 0
run 1 network create lab
said "there is a network 'lab' already"
run 1 network create lab2 --subnet 10.99.0.0/16
said "network 'lab2': 10.99.0.0/16 overlaps with 10.99.0.0/24, to which the host has a way already"
if ip link add vlans type bridge vlan_filtering 1 2>/dev/null; then
	ip link del vlans
	run 0 network create lab2 --vlan-aware 1
	ok "it looks at VLANs" sh -c 'ip -d link show lab2 | grep -q "vlan_filtering 1"'
	run 0 network delete lab2
else
	run 1 network create lab2 --vlan-aware 1
	said "network 'lab2': this kernel has no bridges that look at VLANs"
fi
same "nothing of it is kept" "$(ls "$nets")" "$(printf 'lab.conf\npctbr0.conf\npctbr0.fixed')"
run 0 set 101 --net0 name=eth0,bridge=lab,ip=dhcp,ip6=auto
ok "a container moves there" until_true 5 has_ip 101 eth0 'inet 10\.99\.0\.'
ok "with an IPv6 address of its router" until_true 8 has_ip 101 eth0 'inet6 fd99::'
ok "and speaks it" until_true 4 pings 101 fd99::1
fails "without NAT nobody answers" pings 101 198.51.100.2
fails "without DNS there is no server" sh -c "ss -Hlun 'sport = :53' | grep -q 10.99.0.1"
run 1 network delete lab
said "the network 'lab' is used by CT 101;"
run 1 network delete pctbr0
said "the network 'pctbr0' is used by CT 100;"

# ---- the end ----
run 0 destroy 101 --force
lab=$(dnsmasq_of lab)
run 0 network delete lab
fails "its bridge is gone" ip link show lab
fails "its dnsmasq ended" alive "$lab"
run 0 destroy 100 --force
run 0 network delete pctbr0
fails "its NAT is gone" nft list table inet pct-pctbr0
same "and its rules among others'" "$(iptables -S 2>/dev/null | grep -c pctbr0)" 0
same "and its files" "$(find "$nets" "$served" -name '*pctbr0*' ! -name '*.lock')" ""
run 0 network list --output-format json
same "no network is left" "$(tr -d ' \n' <"$out")" "[]"
kill $far

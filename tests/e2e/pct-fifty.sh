#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Fifty containers at once: started in parallel, each with other limits, which are changed while
# free and nproc inside follow, pinged from one to the next; all destroyed in parallel. (COUNT=10:
# fewer of them.)
# apart: fifty at once want the processors
# shellcheck source=net-lib
. "$(dirname "$0")/net-lib"
COUNT=${COUNT:-50}
ids=$(seq 100 $((99 + COUNT)))
cpus=$(nproc)

export pct

# What of ours is on this host.
left()
{
	find /sys/fs/cgroup -maxdepth 2 -name "$(cgroup)*" 2>/dev/null
	grep -F "$PCT_ROOT" /proc/self/mountinfo | grep -v "$MOUNT"
	find "$images" "$confs" "$PCT_ROOT/var/lib/pct/lxc" "$PCT_ROOT/run/pct/lock" -mindepth 1 \
		! -name cores ! -name pctfs.lock 2>/dev/null
	pgrep -f "^\[lxc monitor\] $PCT_ROOT" || true
}

# all SENTENCE WORDS...: pct WORDS, with @ for the VMID, for every one, four at a time.
all()
{
	local what=$1 said

	shift
	# shellcheck disable=SC2086
	said=$(printf '%s\n' $ids | xargs -P4 -I@ "$pct" "$@" 2>&1) || true
	same "$what" "$said" ""
}
mib() { "$pct" exec "$1" -- free -m | awk '/^Mem:/ { print $2 }'; }

# views SENTENCE MEMORY-OF-THE-FIRST STEP CORES-MODULUS: of each inside, what it was given.
views()
{
	local id wrong='' want got

	for id in $ids; do
		want="$(($2 + (id - 100) * $3)) $(($4 ? id % $4 + 1 : cpus))"
		got="$(mib "$id") $("$pct" exec "$id" -- nproc)"
		[ "$got" = "$want" ] || wrong="$wrong $id: $got, not $want;"
	done
	same "$1" "$wrong" ""
}

ip link add br0 type bridge forward_delay 0
ip link set br0 up
links=$(ip -o link | wc -l)
for id in $ids; do
	"$pct" create "$id" builtin:busybox --memory $((64 + id - 100)) --cores 1 \
		--net0 "name=eth0,bridge=br0,ip=10.7.0.$((id - 98))/24,firewall=1" >/dev/null || flunk "create $id"
done
all "all start" start @
same "all run" "$("$pct" list | grep -c running)" "$COUNT"
views "each sees its own memory and CPU" 64 1 1

around() # ID: it pings the next one, the last one the first
{
	local next=$((($1 - 100 + 1) % COUNT + 100))

	pings "$1" "10.7.0.$((next - 98))" || echo "$1: no answer of $next"
}
export -f around pings
export COUNT
# shellcheck disable=SC2086
same "each pings the next" "$(printf '%s\n' $ids | xargs -P4 -I@ bash -c 'around @' 2>&1)" ""

# Every one of them is held to one CPU: all CPUs have as many.
spread() { "$pct" cpusets | awk '/:/ { print $2 }' | sort | uniq -c | awk '{ print $1 }'; }
same "they are spread evenly" "$(spread | sort -n | sed -n '1p;$p' | uniq | awk '{ s = NR == 1 ? $1 : $1 - s } END { print (NR == 1 || s <= 1) }')" 1

change() # ID: other limits, and at once what is seen inside
{
	local want

	"$pct" set "$1" --memory $((200 + (($1 - 100) * 2))) --cores $(($1 % 2 + 1)) --swap 0 >/dev/null || return
	want="$((200 + (($1 - 100) * 2)))"
	[ "$(mib "$1")" = "$want" ] || echo "$1: not $want at once"
}
export -f change mib
# shellcheck disable=SC2086
same "limits change in all of them at once" "$(printf '%s\n' $ids | xargs -P4 -I@ bash -c 'change @' 2>&1)" ""
views "each sees what it was given" 200 2 2
all "cores are taken away" set @ --delete cores
views "each has all CPUs" 200 2 0

all "all are destroyed" destroy @ --force
same "nothing is left" "$(left)" ""
same "no interface is left" "$(ip -o link | wc -l)" "$links"

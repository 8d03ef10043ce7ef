#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Real containers: what they see is what their cgroup says, from the first instruction of init on.
. "$(dirname "$0")/lib.sh"
[ "$(id -u)" = 0 ] || { skip "views in LXC containers" "needs root"; exit 0; }
[ -c /dev/fuse ] || { skip "views in LXC containers" "no /dev/fuse"; exit 0; }

TAG=$(printf '%s' "$PCT_ROOT" | od -An -tx1 | tr -d ' \n' | tail -c 6)
A=1$(( 0x$TAG % 90000 + 10000 )) U=2$(( 0x$TAG % 90000 + 10000 ))

kb() { awk -v k="$2:" '$1 == k { print $2 }' <<<"$1"; } # TEXT KEY

ok "an unprivileged container is made" pct create "$U" builtin:busybox --memory 256 --swap 64 --cores 1
ok "a privileged one is made" pct create "$A" builtin:busybox --memory 128 --swap 0 --cpulimit 0.5 --unprivileged 0

# Its init looks before it does anything else.
ROOTFS=$(find "$PCT_ROOT/var/lib/pct/images/$U" -mindepth 1 -maxdepth 1)
rm -f "$ROOTFS/sbin/init"
cat >"$ROOTFS/sbin/init" <<'I'
#!/bin/busybox sh
{
	read a a a </proc/meminfo
	read key total unit </proc/meminfo
	echo "$total"
	busybox nproc
	busybox grep -c ^processor /proc/cpuinfo
	busybox cat /proc/uptime
	busybox cat /sys/devices/system/cpu/online
	busybox free -m
} >/first 2>&1
exec /bin/busybox init
I
chmod 755 "$ROOTFS/sbin/init"

began=$SECONDS
ok "the unprivileged one starts" pct start "$U"
took=$((SECONDS - began + 1)) # in emulated machines much of it, beside other tests
ok "the privileged one starts beside it" pct start "$A"
is "both are listed with LXC's door" "$(printf '%s\n' "$U" "$A" | sort | sed "s|\$| fresh lxc:$PCT_ROOT/var/lib/pct/lxc|")" \
	"$("$B/pct-launch" list | awk 'NR > 1 { print $1, $3, $4 }' | sort)"

for c in "$U 256 1" "$A 128 1"; do
	read -r id mb cpus <<<"$c"
	kind=unprivileged
	[ "$id" = "$U" ] || kind=privileged
	is "$kind: free shows the memory it was sold" "$mb" "$(inside "$id" 'free -m' | awk '/^Mem/ { print $2 }')"
	is "$kind: MemTotal is the limit" $((mb * 1024)) "$(kb "$(inside "$id" 'cat /proc/meminfo')" MemTotal)"
	is "$kind: the limit is in the cgroup that enforces it" $((mb * 1048576)) \
		"$(cgroup_file "$id" memory memory.limit_in_bytes memory.max)"
	is "$kind: processors in cpuinfo" "$cpus" "$(inside "$id" 'grep -c ^processor /proc/cpuinfo')"
	is "$kind: cpu rows in stat" "$cpus" "$(inside "$id" 'grep -c ^cpu[0-9] /proc/stat')"
	is "$kind: cpu directories in sysfs" "$cpus" "$(inside "$id" 'ls -d /sys/devices/system/cpu/cpu[0-9]* | wc -l')"
	is "$kind: online is present, and as many" "$(inside "$id" 'cat /sys/devices/system/cpu/online')" \
		"$(inside "$id" 'cat /sys/devices/system/cpu/present')"
	up=$(inside "$id" 'cut -d. -f1 /proc/uptime; uptime')
	within "$kind: up for no longer than this test" 0 $((SECONDS + 2)) "$(head -1 <<<"$up")"
	like "$kind: uptime(1) says so too" "$(up_minutes)" "$(tail -1 <<<"$up")"
	# shellcheck disable=SC2016
	is "$kind: a process that starts now is as old as that by uptime and its start time" 1 "$(inside "$id" '
		set -- $(cut -d. -f1 /proc/uptime) $(cut -d" " -f22 /proc/self/stat) $(cut -d. -f1 /proc/uptime)
		echo $(($1 - $2 / 100 <= 1 && $3 - $2 / 100 >= -1))')"
	is "$kind: loadavg has the shape of the kernel's" 1 \
		"$(inside "$id" 'cat /proc/loadavg' | grep -Ec '^([0-9]+\.[0-9]{2} ){3}[1-9][0-9]*/[1-9][0-9]* [1-9][0-9]*$')"
	# Read one after another, so nearly: a page or two of the reader's own.
	usage=$(cgroup_file "$id" memory memory.usage_in_bytes memory.current)
	info=$(inside "$id" 'cat /proc/meminfo')
	within "$kind: MemFree is the limit less the usage" $((mb * 1024 - usage / 1024 - 2048)) \
		$((mb * 1024 - usage / 1024 + 2048)) "$(kb "$info" MemFree)"
	is "$kind: partitions has its heading and no disk of the host's" "$(head -2 /proc/partitions; echo .)" \
		"$(inside "$id" 'cat /proc/partitions; echo .')"
	zones=$(inside "$id" 'cat /proc/zoneinfo')
	is "$kind: zoneinfo has page sets of as many CPUs" "$cpus" "$(grep -o ' cpu: .*' <<<"$zones" | sort -u | wc -l)"
	is "$kind: and no number of the host's memory" "" "$(grep -Ev '^Node|cpu:' <<<"$zones" | grep '[ (][1-9]')"
	is "$kind: no huge pages without a limit for them" 0 \
		"$(inside "$id" 'cat /sys/kernel/mm/hugepages/*/nr_hugepages | sort -u')"
	if [ -e /proc/schedstat ]; then
		is "$kind: rows in schedstat" "$cpus" "$(inside "$id" 'grep -c ^cpu[0-9] /proc/schedstat')"
	else
		skip "$kind: rows in schedstat" "this kernel has none"
	fi
	if [ -e /proc/pressure/irq ]; then
		is "$kind: pressure of interrupts is its own" "$(cgroup_file "$id" unified irq.pressure irq.pressure | wc -l)" \
			"$(inside "$id" 'cat /proc/pressure/irq' | wc -l)"
	else
		skip "$kind: pressure of interrupts" "this kernel accounts none"
	fi
	is "$kind: boot_id is the same at each look" 1 \
		"$(inside "$id" 'for i in 1 2 3; do cat /proc/sys/kernel/random/boot_id; done' | sort -u | wc -l)"
	is "$kind: and not the host's" "" "$(inside "$id" 'cat /proc/sys/kernel/random/boot_id' |
		grep -F "$(cat /proc/sys/kernel/random/boot_id)")"
	is "$kind: no file is the host's" "" "$(inside "$id" 'cat /proc/meminfo' | grep -F "$(head -1 /proc/meminfo)")"
done

fails "no boot_id is another container's" [ "$(inside "$U" 'cat /proc/sys/kernel/random/boot_id')" = \
	"$(inside "$A" 'cat /proc/sys/kernel/random/boot_id')" ]
UUID=/sys/class/dmi/id/product_uuid
if [ -e $UUID ]; then
	machine=$(inside "$A" "cat $UUID")
	like "a container has a product_uuid" '^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$' "$machine"
	fails "which is not the host's" [ "$machine" = "$(cat $UUID)" ]
	fails "nor another container's" [ "$machine" = "$(cat "$MOUNT/ct/$U/sys/devices/virtual/dmi/id/product_uuid")" ]
	is "and which only root reads, as the kernel's" 400 "$(inside "$A" "stat -c %a $UUID")"
else
	skip "product_uuid is the container's own" "this machine has none"
fi

is "two cores of two: nproc follows the cpuset" 1 "$(inside "$U" nproc)"
swap_host=$(awk '/^SwapTotal/ { print $2 }' /proc/meminfo)
is "swap is at most what the host has" "$((swap_host < 65536 ? swap_host : 65536))" \
	"$(kb "$(inside "$U" 'cat /proc/meminfo')" SwapTotal)"
like "a quota of half a CPU is in the cgroup" '^50000( 100000)?$' "$(cgroup_file "$A" cpu cpu.cfs_quota_us cpu.max)"

if [ -d /sys/devices/system/memory ]; then
	is "none of the host's blocks of memory is shown" "" "$(inside "$U" 'ls /sys/devices/system/memory')"
fi

# What bounds CPU numbers for a program's life: a cpuset that never changes, else the host.
is "cores do not bound the CPUs there can be: they are spread anew" "$(cat /sys/devices/system/cpu/possible)" \
	"$(inside "$U" 'cat /sys/devices/system/cpu/possible')"
is "nor does a quota: it may be raised" "$(cat /sys/devices/system/cpu/possible)" \
	"$(inside "$A" 'cat /sys/devices/system/cpu/possible')"

first=$(cat "$ROOTFS/first")
is "views were there before init's first instruction: memory" 262144 "$(sed -n 1p <<<"$first")"
is "… nproc" 1 "$(sed -n 2p <<<"$first")"
is "… cpuinfo" 1 "$(sed -n 3p <<<"$first")"
within "… uptime, which began with the start" 0 $took "$(sed -n 4p <<<"$first" | cut -d. -f1)"
like "… sysinfo(2) by busybox free" '^Mem: +256 ' "$(sed -n 7p <<<"$first")"

# 100 MiB in a tmpfs of the container's: it is seen where the kernel counts it.
before=$(inside "$U" 'cat /proc/meminfo')
inside "$U" 'mkdir -p /t && mount -t tmpfs t /t && dd if=/dev/zero of=/t/x bs=1M count=100 2>/dev/null'
after=$(inside "$U" 'cat /proc/meminfo')
# The kernel adds up its statistics of a cgroup now and then: on a busy host it was seen to say 0
# in the first moment, when the use it keeps beside them was right already.
for _ in $(seq 40); do
	[ $(($(kb "$after" Shmem) - $(kb "$before" Shmem))) -lt 102300 ] || break
	echo "# Shmem is $(kb "$after" Shmem) kB yet, by the kernel $(cgroup_file "$U" memory memory.stat memory.stat | awk '/^(total_)?shmem / { n = $2 } END { print n / 1024 }')"
	sleep 0.5
	after=$(inside "$U" 'cat /proc/meminfo')
done
within "100 MiB of tmpfs are 100 MiB of Shmem" 102300 104500 $(($(kb "$after" Shmem) - $(kb "$before" Shmem)))
within "… and missing from MemFree" 101000 106500 $(($(kb "$before" MemFree) - $(kb "$after" MemFree)))

is "byte by byte it is the same text as in one piece" 1 "$(inside "$A" \
	'for i in 1 2 3; do dd if=/proc/cpuinfo bs=1 2>/dev/null | grep -v MHz | md5sum; done | sort -u | wc -l')"
fails "nothing can be written" inside "$A" 'echo 1 >/proc/meminfo'
fails "nor made" inside "$A" 'mkdir /sys/devices/system/cpu/cpu7'
is "stat's size is the text's" "$(inside "$A" 'wc -c </proc/swaps')" "$(inside "$A" 'stat -c %s /proc/swaps')"
is "the host looks into a container by name" $((256 * 1024)) \
	"$(kb "$(cat "$MOUNT/ct/$U/proc/meminfo")" MemTotal)"
is "the host's own readers of the tree by caller see the host" \
	"$(head -1 /proc/meminfo)" "$(head -1 "$MOUNT/proc/meminfo")"
began=$SECONDS
up=$(unshare -pf --mount-proc cat "$MOUNT/proc/uptime" | cut -d. -f1)
within "a namespace without a registration is judged by its own cgroup" 0 $((SECONDS - began + 1)) "$up"

boot=$(cat "$MOUNT/ct/$U/proc/sys/kernel/random/boot_id")
[ ! -e $UUID ] || machine_u=$(cat "$MOUNT/ct/$U/sys/devices/virtual/dmi/id/product_uuid")
ok "stopped" pct stop "$U"
fails "its directory is gone from the mount" ls "$MOUNT/ct/$U"

# The same by LXC's own programs, the cpuset in a file that the config includes.
PLAIN=$PCT_ROOT/lxc/plain
plain() { # COMMAND…: what it says in a container of that config
	lxc-start -P "$PCT_ROOT/lxc" -n plain && lxc-wait -P "$PCT_ROOT/lxc" -n plain -s RUNNING -t 200 &&
		lxc-attach -P "$PCT_ROOT/lxc" -n plain -- "$@"
	lxc-stop -k -P "$PCT_ROOT/lxc" -n plain
}
mkdir -p "$PLAIN"
# Of its root's ids, as no pct maps them.
cp -a "$ROOTFS" "$PLAIN/root"
chown -R -h 100000:100000 "$PLAIN/root"
grep '^lxc.cgroup2\?.cpuset' "$PCT_ROOT/var/lib/pct/lxc/$U/config" >"$PCT_ROOT/cpus.conf"
{
	grep -Ev '^lxc.(cgroup2?.cpuset|log|rootfs.path)' "$PCT_ROOT/var/lib/pct/lxc/$U/config"
	echo "lxc.rootfs.path = dir:$PLAIN/root"
	echo "lxc.include = $PCT_ROOT/cpus.conf"
} >"$PLAIN/config"
sed -i 's/ --cpus live / /' "$PLAIN/config" # what pct knows
is "plain LXC: a cpuset in an included file bounds them too" "$(sed 's/.*= *//' "$PCT_ROOT/cpus.conf")" \
	"$(plain cat /sys/devices/system/cpu/possible)"
sed -i 's/pct-launch lxc/& --cpus live/' "$PLAIN/config"
is "… not when the hook is told that it will change" "$(cat /sys/devices/system/cpu/possible)" \
	"$(plain cat /sys/devices/system/cpu/possible)"
sed -n 's/ = /: /p' "$PCT_ROOT/cpus.conf" >>"$PCT_ROOT/etc/pct/lxc/$U.conf"
began=$SECONDS
ok "and started again, with that line as its own" pct start "$U"
is "a raw line stays as long as it runs, and bounds them" "$(sed 's/.*= *//' "$PCT_ROOT/cpus.conf")" \
	"$(inside "$U" 'cat /sys/devices/system/cpu/possible')"
is "… and the highest number" "$(inside "$U" 'cat /sys/devices/system/cpu/possible')" "$(inside "$U" 'cat /sys/devices/system/cpu/kernel_max')"
up=$(inside "$U" 'cut -d. -f1 /proc/uptime')
within "its uptime begins anew" 0 $((SECONDS - began + 1)) "$up"
[ ! -e $UUID ] || is "it is the same machine as before" "$machine_u" "$(cat "$MOUNT/ct/$U/sys/devices/virtual/dmi/id/product_uuid")"
fails "but it is another start" [ "$boot" = "$(cat "$MOUNT/ct/$U/proc/sys/kernel/random/boot_id")" ]
is "its memory is as sold" 256 "$(inside "$U" 'free -m' | awk '/^Mem/ { print $2 }')"

# The daemon dies. A container must see no host value, and a new daemon takes over from there.
# Counters go on: of the rows, each column, and the largest pid. A CPU that left counts in the first
# row for ever: nobody can know of it afterwards who has not kept it.
counters() { inside "$A" "awk '/^(cpu|processes)/' /proc/stat"; }
allow() { # MICROSECONDS of CPU time in 100 ms
	local dir
	dir=$(cgroup_of "$A" cpu)
	if [ -e "$dir/cpu.max" ]; then echo "$1 100000" >"$dir/cpu.max"; else echo "$1" >"$dir/cpu.cfs_quota_us"; fi
}
allow 200000
counters >/dev/null
sleep 6
counters >/dev/null
allow 50000
before=$(counters)
stop_daemon -KILL
is "without a daemon a read fails; it never falls back to the host" "" "$(inside "$A" 'cat /proc/meminfo 2>/dev/null')"
ok "a new daemon takes the dead mount off and serves" "$B/pctfs"
ok "views are attached anew to the running container" "$B/pct-launch" attach "$(pid_of "$A")" "$A"
is "and are its own" 131072 "$(kb "$(inside "$A" 'cat /proc/meminfo')" MemTotal)"
ok "also by its number" "$B/pct-launch" attach "$U"
is "… with the door it came by" "$U lxc:$PCT_ROOT/var/lib/pct/lxc" "$("$B/pct-launch" list | awk -v n="$U" '$1 == n { print $1, $4 }')"
ok "detach by its number" "$B/pct-launch" detach "$U"
is "… then it is shown the host" "$(kb "$(cat /proc/meminfo)" MemTotal)" "$(kb "$(inside "$U" 'cat /proc/meminfo')" MemTotal)"
ok "attach one that only liblxc knows" "$B/pct-launch" attach "$U"
is "… and they are its own" 262144 "$(kb "$(inside "$U" 'cat /proc/meminfo')" MemTotal)"
is "… and it is listed as attached by hand" "$U hand" "$("$B/pct-launch" list | awk -v n="$U" '$1 == n { print $1, $4 }')"
is "no counter of /proc/stat went back" "" "$(paste -d' ' <(printf '%s\n' "$before") <(counters) |
	awk '{ n = NF / 2; for (i = 1; i <= n; i++) if ($(n + i) + 0 < $i + 0) print }')"
stop_daemon
ok "pct start brings a daemon up by itself" sh -c "'$B/pct' stop $U && '$B/pct' start $U"
is "… which serves" 262144 "$(kb "$(inside "$U" 'cat /proc/meminfo')" MemTotal)"

ok "destroyed while it runs" pct destroy "$U" --force
ok "the other one too" pct destroy "$A" --force
is "no cgroup is left" "" "$(find /sys/fs/cgroup -type d \( -name "$U" -o -name "$A" \) -print -quit)"
is "no file is left" "" "$(find "$PCT_ROOT/var/lib/pct" "$PCT_ROOT/etc" \( -name "$U*" -o -name "$A*" \) -print -quit)"
is "nothing is registered any more" "" "$(ls "$MOUNT/ct")"

# No pctfs can be had: the container does not start with its host's numbers instead.
stop_daemon
ok "another container" pct create "$A" builtin:busybox --memory 64
refused "without /dev/fuse it does not start, and says in one line why" 1 \
	"^pct: pctfs: open '/dev/fuse' \(is the fuse module loaded" \
	unshare -m --propagation private sh -c "mount -t tmpfs t /dev && mknod -m 666 /dev/null c 1 3 && exec '$B/pct' start $A"
is "and is stopped" "status: stopped" "$(pct status "$A")"

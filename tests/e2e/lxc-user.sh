#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Containers that a user of the host made and starts, who has no right to anything of pctfs's: they
# get views by caller.
# shellcheck source=lxc-lib
. "$(dirname "$0")/lxc-lib"
if ! command -v newuidmap >/dev/null; then
	skip "containers of users" "needs the package uidmap"
	exit 77
fi

# A user, for this test's mount namespace only.
HIS=$PCT_ROOT/home USER_ID=4242
FILES=(passwd group subuid subgid)
for f in "${FILES[@]}"; do cp "/etc/$f" "$PCT_ROOT/$f"; done
echo "pct-test:x:$USER_ID:$USER_ID::$HIS:/bin/sh" >>"$PCT_ROOT/passwd"
echo "pct-test:x:$USER_ID:" >>"$PCT_ROOT/group"
echo "pct-test:1200000:65536" >>"$PCT_ROOT/subuid"
echo "pct-test:1200000:65536" >>"$PCT_ROOT/subgid"
for f in "${FILES[@]}"; do mount --bind "$PCT_ROOT/$f" "/etc/$f"; done
LXC=$HIS/lxc
mkdir -p "$LXC"/{a,b} "$HIS/run"

# And cgroups, as systemd would delegate them.
tops() { awk '$3 ~ /^cgroup2?$/ { print $2 }' /proc/self/mounts; }
for top in $(tops); do
	dir=$top/$OCI_TOP/user
	mkdir -p "$dir"
	for d in "$top/$OCI_TOP" "$dir"; do
		[ ! -e "$d/cgroup.clone_children" ] || echo 1 >"$d/cgroup.clone_children"
		for f in cpuset.cpus cpuset.mems; do
			[ ! -e "$d/cpuset.sched_load_balance" ] || cat "$top/$f" >"$d/$f"
		done
		if [ -e "$d/cgroup.subtree_control" ]; then
			for c in $(cat "$top/cgroup.controllers"); do
				echo "+$c" >"$d/../cgroup.subtree_control"
				echo "+$c" >"$d/cgroup.subtree_control"
			done 2>/dev/null
		fi
	done
	chown -R $USER_ID:$USER_ID "$dir"
done

# COMMAND…: the user says it, from his own cgroup.
as_user() {
	(
		for top in $(tops); do
			dir=$top/$OCI_TOP/user
			# On v2 LXC makes what it starts in a parent of others: each command has its own.
			if [ -e "$top/cgroup.controllers" ]; then
				dir=$dir/shell.$BASHPID
				mkdir "$dir" && chown -R $USER_ID:$USER_ID "$dir" || exit 1
			fi
			echo $BASHPID >"$dir/cgroup.procs" || exit 1
		done
		cd "$HIS" && exec setpriv --reuid $USER_ID --regid $USER_ID --clear-groups \
			env HOME="$HIS" XDG_RUNTIME_DIR="$HIS/run" PCT_ROOT="$PCT_ROOT" "$@"
	)
}
start() { as_user lxc-start -P "$LXC" -n "$1" && as_user lxc-wait -P "$LXC" -n "$1" -s RUNNING -t 200; }
stop() { as_user lxc-stop -P "$LXC" -n "$1" -k; }
init_of() { as_user lxc-info -P "$LXC" -n "$1" -pH; }
run() {
	local name=$1
	shift
	as_user lxc-attach -P "$LXC" -n "$name" --clear-env --set-var PATH=/bin:/usr/bin -- "$@"
}
cleanup_lxc() {
	for f in "${FILES[@]}"; do umount "/etc/$f"; done
}

for c in "a 64" "b 48"; do
	read -r c mb <<<"$c"
	ROOT=$HIS/$c.root
	lxc_rootfs "$ROOT"
	chown -R 1200000:1200000 "$ROOT"
	{
		OCI_TOP=$OCI_TOP/user lxc_config $c
		lxc_memory $mb
		echo "lxc.include = $CONFIGS/userns.conf"
		printf 'lxc.idmap = %s 0 1200000 65536\n' u g
	} >"$LXC/$c/config"
done
chown $USER_ID:$USER_ID "$HIS" "$HIS/run" "$HIS"/lxc "$HIS"/lxc/*
touch "$PCT_ROOT"/{a,b}.log
chown $USER_ID "$PCT_ROOT"/{a,b}.log

install_views

# Nothing that is his own says more about it than that there is none.
ok "without a pctfs it starts" start a
is "… with the host's numbers" "$(host_total)" "$(memtotal a)"
is "… and without a word of ours" "" "$(grep 'produced output' "$PCT_ROOT/a.log")"
ok "… and stops" stop a

ok "a daemon" "$B/pctfs"
all_views() {
	python3 - "$RUN/pctfs.sock" <<'P' | sort
import json, socket, sys
s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1])
s.sendall(b'{"request":"ping"}\n')
for v in json.loads(s.makefile().readline())["views"]: print("/" + v)
P
}
for c in "a 64" "b 48"; do
	read -r c mb <<<"$c"
	ok "$c: starts" start $c
	like "$c: its init is a user's" '^Uid:[[:space:]]1200000' "$(grep Uid "/proc/$(init_of $c)/status")"
	is "$c: free" $((mb * 1024)) "$(run $c free -k | total)"
	up=$(run $c cut -d. -f1 /proc/uptime)
	within "$c: up for no longer than this test" 0 $((SECONDS + 2)) "$up"
	is "$c: one view on each file" 1 "$(run $c grep -c ' /proc/meminfo .* - fuse' /proc/self/mountinfo)"
	is "$c: those that pctfs names" "$(all_views)" "$(run $c awk '/ - fuse.pctfs / { print $5 }' /proc/self/mountinfo | sort -u)"
	is "$c: without a word of ours" "" "$(grep 'produced output' "$PCT_ROOT/$c.log")"
done
is "each has its own memory" "65536 49152" "$(memtotal a) $(memtotal b)"
is "the host's readers of that tree see the host" "$(host_total)" "$(unshare -m cat "$MOUNT/proc/meminfo" | total)"
# In tests/vm, on a pure v2 host, it was seen not to come back; whether LXC does without us is not known.
reboots() { [ ! -e /sys/fs/cgroup/cgroup.controllers ]; }
if reboots; then
	before=$(init_of a) began=$SECONDS
	run a reboot -f
	until_true 20 eval "[ \"\$(init_of a)\" != $before ] && run a true"
	is "after a reboot" 65536 "$(memtotal a)"
	up=$(run a cut -d. -f1 /proc/uptime)
	within "… its uptime begins anew" 0 $((SECONDS - began + 1)) "$up"
else
	skip "after a reboot" "not looked into on cgroup v2"
fi
fails "he cannot ask pctfs" as_user "$LAUNCH" list
fails "nor look at others by name" as_user ls "$MOUNT/ct"
remove_views
if reboots; then
	before=$(init_of a)
	run a reboot -f
	until_true 20 eval "[ \"\$(init_of a)\" != $before ] && run a true"
	is "with the package gone one that runs reboots" "$(host_total)" "$(memtotal a)"
fi
for c in a b; do ok "$c: stops" stop $c; done
ok "and starts" start a
ok "… and stops" stop a

#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# The docker engine with pct-runc as a runtime of its configuration. Ours has a network, a /run and
# folders of its own, and leaves the machine's alone. It need not be installed: in PATH are enough
# dockerd, containerd, its shim, and docker, as `dpkg-deb -x` unpacks them.
# apart: engines have one folder each
. "$(dirname "$0")/oci-lib"

for need in dockerd containerd containerd-shim-runc-v2 docker runc; do
	command -v $need >/dev/null || { skip "containers of docker" "$need is not in PATH"; exit 77; }
done
oci_rootfs "$PCT_ROOT/rootfs" || { skip "containers of docker" "no procps to put into a container"; exit 77; }
ok "a daemon" "$B/pctfs"

D=$PCT_ROOT/d
mkdir "$D"
cat >"$D/json" <<J
{ "runtimes": { "pct": { "path": "$B/pct-runc", "runtimeArgs": ["--pct-strict", "--pct-socket=$RUN/pctfs.sock"] } } }
J
# shellcheck disable=SC2016 # in the shell that is started
unshare -mn --propagation slave sh -c 'mount -t tmpfs tmpfs /run && exec "$@"' sh dockerd --config-file "$D/json" --data-root "$D/data" --exec-root "$D/exec" -p "$D/pid" \
	-H "unix://$D/s" --bridge none --iptables=false --ip6tables=false --ip-forward=false --ip-masq=false \
	--userland-proxy=false --storage-driver vfs --cgroup-parent "/$OCI_TOP" \
	--exec-opt native.cgroupdriver=cgroupfs >"$D/log" 2>&1 </dev/null &
ENGINE=$!
engine() { docker -H "unix://$D/s" "$@"; }
LIMITS=(--network none --ulimit nofile=1024:1024 --memory 64m --cpuset-cpus "$LAST_CPU")
cleanup_more() {
	engine ps -aq 2>/dev/null | while read -r id; do engine rm -f "$id" >/dev/null 2>&1; done
	kill $ENGINE 2>/dev/null
	wait $ENGINE
	until_true 10 oci_ungroup
}

until_true 30 engine version || { skip "containers of docker" "it does not start: $(tail -1 "$D/log")"; exit 77; }
tar -c -C "$PCT_ROOT/rootfs" . | engine import - pct-test >/dev/null
said=$(engine run --rm "${LIMITS[@]}" pct-test true 2>&1) || {
	skip "containers of docker" "it starts none here: $(tail -1 <<<"$said")"
	exit 77
}

shown() { # WHAT NAME
	is "$1: free shows the limit" 65536 "$(engine exec "$2" free | total)"
	like "$1: uptime is its own" "$(up_minutes)" "$(engine exec "$2" uptime)"
	is "$1: nproc is its cpuset" 1 "$(engine exec "$2" nproc)"
	up=$(engine exec "$2" ps -o etimes= 1)
	within "$1: ps: init is as old as the container" 0 $(($(date +%s) - began + 1)) "$up"
	before=$(date +%s) up=$(engine exec "$2" sh -c 'exec /usr/bin/ps -o etimes= $$')
	within "$1: ps: exec'ed just now" 0 $(($(date +%s) - before + 1)) "$up"
	like "$1: known by its 64 characters" '^oci [0-9a-f]{64}$' \
		"$(paste -d' ' <(listed door) <(listed id) | grep " $(engine inspect -f '{{.Id}}' "$2")\$")"
}
began=$(date +%s)
ok "docker: a container starts" engine run -d --name first --runtime pct "${LIMITS[@]}" pct-test sleep 1000
shown docker first
ok "docker: pause" engine pause first
ok "docker: unpause" engine unpause first
ok "docker: update" engine update --memory 32m --memory-swap 32m first
is "docker: free shows the new limit" 32768 "$(engine exec first free | total)"
ok "docker: and back" engine update --memory 64m --memory-swap 64m first
began=$(date +%s)
ok "docker: restart" engine restart -t 0 first
shown "docker, again" first
like "docker: top" 'sleep 1000' "$(engine top first)"
ok "docker: stop" engine stop -t 0 first
is "docker: no record is left" "" "$(ls "$RUN/oci")"
is "docker: nor a container in the daemon" "" "$(listed id)"
ok "docker: rm" engine rm first
engine run --rm --runtime pct "${LIMITS[@]}" pct-test sh -c 'exit 7' >/dev/null 2>&1
is "docker: a status comes through" 7 $?
is "docker: the views are there before the first instruction" 65536 \
	"$(engine run --rm --runtime pct "${LIMITS[@]}" pct-test free | total)"
is "docker: without pct-runc they are not" "$(host_total)" "$(engine run --rm "${LIMITS[@]}" pct-test free | total)"
is "docker -v MOUNT/proc/meminfo, as with lxcfs: free shows the limit" 65536 \
	"$(engine run --rm -v "$MOUNT/proc/meminfo:/proc/meminfo" "${LIMITS[@]}" pct-test free | total)"
stop_daemon
like "docker: no daemon: --pct-strict keeps a container from starting, and docker says why" 'no pctfs at' \
	"$(engine run --rm --runtime pct "${LIMITS[@]}" pct-test free 2>&1)"

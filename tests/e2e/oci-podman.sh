#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# podman with runc: by hooks.d as it is packaged, by pct-runc as its runtime, by CDI, and in the
# style of lxcfs. Its storage, and all it runs, is in a folder of the test's own.
# apart: engines have one folder each
. "$(dirname "$0")/oci-lib"

for need in podman runc; do
	command -v $need >/dev/null || { skip "containers of podman" "$need is not installed"; exit 77; }
done
oci_rootfs "$PCT_ROOT/rootfs" || { skip "containers of podman" "no procps to put into a container"; exit 77; }
ok "a daemon" "$B/pctfs"

ENGINE=(podman --root "$PCT_ROOT/s" --runroot "$PCT_ROOT/r" --tmpdir "$PCT_ROOT/t" --storage-driver vfs
	--cgroup-manager cgroupfs --events-backend none)
# More than the caller may have is refused.
LIMITS=(--network none --cgroup-parent "/$OCI_TOP" --memory 64m --cpuset-cpus "$LAST_CPU" --ulimit "nofile=1024:1024" --ulimit "nproc=4096:4096")
export TMPDIR=$PCT_ROOT
plain() { "${ENGINE[@]}" --runtime "$(command -v runc)" "$@"; }
hooked() { plain --hooks-dir "$PCT_ROOT/hooks.d" "$@"; }
wrapped() {
	"${ENGINE[@]}" --runtime "$B/pct-runc" --runtime-flag pct-strict --runtime-flag "pct-socket=$RUN/pctfs.sock" "$@"
}
# What podman makes all the same, for all of its storages: gone again where it was not before.
CACHE=/var/lib/containers/cache/blob-info-cache-v1.boltdb
[ ! -e $CACHE ] || CACHE=
cleanup_more() {
	wrapped rm --all --force --time 0 >/dev/null 2>&1
	umount -l "$PCT_ROOT/s/vfs" "$PCT_ROOT/s" 2>/dev/null
	[ -z "$CACHE" ] || rm -f "$CACHE"
	rmdir /var/lib/containers/cache /var/lib/containers /run/runc 2>/dev/null
	until_true 10 oci_ungroup
}

said=$(tar -c -C "$PCT_ROOT/rootfs" . | plain import - pct-test 2>&1) &&
	said=$(plain run --rm "${LIMITS[@]}" pct-test true 2>&1) || {
	skip "containers of podman" "it starts none here: $(tail -1 <<<"$said")"
	exit 77
}

shown() { # WHAT BY NAME
	local id
	id=$("$2" inspect -f '{{.Id}}' "$3")
	is "$1: free shows the limit" 65536 "$("$2" exec "$3" free | total)"
	like "$1: uptime is its own" "$(up_minutes)" "$("$2" exec "$3" uptime)"
	is "$1: nproc is its cpuset" 1 "$("$2" exec "$3" nproc)"
	like "$1: known by its 64 characters" '^oci:/.* [0-9a-f]{64}$' "$(paste -d' ' <(listed door) <(listed id) | grep " $id\$")"
}

# Users of its own must get to its storage.
chmod 755 "$PCT_ROOT/s" "$PCT_ROOT/r"

# ---- hooks.d ----

mkdir "$PCT_ROOT/hooks.d"
for f in "$TOP"/packaging/oci/hooks.d/*.json; do
	sed -E "s|\"[^\"]*/pct-launch\"|\"$B/pct-launch\"|; s|\"pct-launch\",|\"pct-launch\", \"--strict\", \"--socket\", \"$RUN/pctfs.sock\",|" \
		"$f" >"$PCT_ROOT/hooks.d/${f##*/}"
done
ok "hooks.d: a container starts" hooked run -d --name h "${LIMITS[@]}" pct-test sleep 1000
shown "hooks.d" hooked h
ok "hooks.d: it is stopped and started" hooked restart --time 0 h
shown "hooks.d, again" hooked h
ok "hooks.d: it is removed" hooked rm --force --time 0 h
is "hooks.d: and forgotten" "" "$(listed id)"
is "hooks.d: the views are there before the first instruction" 65536 \
	"$(hooked run --rm "${LIMITS[@]}" pct-test free | total)"
is "without hooks.d: they are not" "$(host_total)" "$(plain run --rm "${LIMITS[@]}" pct-test free | total)"

# ---- pct-runc ----

began=$(date +%s)
ok "pct-runc: a container starts" wrapped run -d --name w "${LIMITS[@]}" pct-test sleep 1000
shown "pct-runc" wrapped w
up=$(wrapped exec w ps -o etimes= 1)
within "pct-runc: ps: init is as old as the container" 0 $(($(date +%s) - began + 1)) "$up"
before=$(date +%s) up=$(wrapped exec w sh -c 'exec /usr/bin/ps -o etimes= $$')
within "pct-runc: ps: exec'ed just now" 0 $(($(date +%s) - before + 1)) "$up"
is "pct-runc: podman sees it run" running "$(wrapped inspect -f '{{.State.Status}}' w)"
ok "pct-runc: pause" wrapped pause w
ok "pct-runc: unpause" wrapped unpause w
before=$(date +%s)
ok "pct-runc: restart" wrapped restart --time 0 w
up=$(wrapped exec w ps -o etimes= 1)
within "pct-runc: ps: init is new" 0 $(($(date +%s) - before + 1)) "$up"
shown "pct-runc, again" wrapped w
ok "pct-runc: kill" wrapped kill w
is "pct-runc: podman waits for it" 137 "$(wrapped wait w)"
ok "pct-runc: it is removed" wrapped rm w
is "pct-runc: no record is left" "" "$(ls "$RUN/oci")"
wrapped run --rm "${LIMITS[@]}" pct-test sh -c 'exit 7' >/dev/null 2>&1
is "pct-runc: a status comes through" 7 $?
is "pct-runc: in a user namespace, read-only" 65536 \
	"$(wrapped run --rm --read-only --uidmap 0:100000:65536 "${LIMITS[@]}" pct-test free | total)"
within "pct-runc: there the boot clock is its own too" 0 $((SECONDS + 60)) \
	"$(wrapped run --rm --uidmap 0:100000:65536 "${LIMITS[@]}" pct-test cat /proc/uptime | cut -d. -f1)"
is "hooks.d: in a user namespace" 65536 \
	"$(hooked run --rm --uidmap 0:100000:65536 "${LIMITS[@]}" pct-test free | total)"
is "pct-runc and hooks.d together" 65536 "$(wrapped --hooks-dir "$PCT_ROOT/hooks.d" run --rm "${LIMITS[@]}" pct-test free | total)"

# ---- CDI: the folders podman looks at are the machine's, so it gets an /etc of its own ----

mkdir -p "$PCT_ROOT/o/upper" "$PCT_ROOT/o/work"
# shellcheck disable=SC2016 # in the shell that is started
said=$(unshare -m --propagation private sh -c 'mount -t overlay -o "lowerdir=/etc,upperdir=$1/upper,workdir=$1/work" overlay /etc &&
	mkdir -p /etc/cdi && "$2/pct-launch" cdi >/etc/cdi/pct.json && shift 2 && exec "$@"' \
	sh "$PCT_ROOT/o" "$B" "${ENGINE[@]}" --runtime "$(command -v runc)" run --rm --device pct/views=strict "${LIMITS[@]}" pct-test free 2>&1)
case $said in
*"mount: "*) skip "CDI with podman" "$(head -1 <<<"$said")" ;;
*) is "CDI: free shows the limit" 65536 "$(total <<<"$said")" ;;
esac

# ---- as with lxcfs, without any hook ----

is "-v MOUNT/proc/meminfo, as with lxcfs: free shows the limit" 65536 \
	"$(plain run --rm -v "$MOUNT/proc/meminfo:/proc/meminfo" "${LIMITS[@]}" pct-test free | total)"
like "-v MOUNT/proc/uptime: uptime is its own" "$(up_minutes)" \
	"$(plain run --rm -v "$MOUNT/proc/uptime:/proc/uptime" "${LIMITS[@]}" pct-test uptime)"

# ---- without a daemon ----

sed -i 's/ "--strict",//' "$PCT_ROOT"/hooks.d/*.json
stop_daemon
is "no daemon: a container starts all the same" "$(host_total)" "$(hooked run --rm "${LIMITS[@]}" pct-test free | total)"
like "no daemon: with --pct-strict it does not, and podman says why" 'no pctfs at' \
	"$(wrapped run --rm "${LIMITS[@]}" pct-test free 2>&1)"

#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# A container's root swaps what a view is about to be laid on, between its being found and the
# view's being moved there, or ends then. No file or mount of the host's is touched, and another
# container's attach goes on. (TRIES: how many times each; `make check-deaths` has a thousand.)
# apart: the host's mounts are compared
. "$(dirname "$0")/box-lib"

TRIES=${TRIES:-300}
ok "a daemon" "$B/pctfs"
group a && group b && memory b 134217728
victim=$PCT_ROOT/victim own=$PCT_ROOT/own
# A volume: what is mounted on it in container a is mounted on the host.
vol=$PCT_ROOT/vol
mkdir "$vol" && mount -t tmpfs vol "$vol" && mount --make-shared "$vol" && mkdir "$vol/d" "$vol/proc" && echo "the volume's" >"$vol/f"
cleanup_more() { unbox; umount -l "$vol"; }
BOX_OPTIONS=(--propagation unchanged)
box a a
BOX_OPTIONS=()
box b b
echo "the host's" >"$victim"
echo "the container's" >"$own"
# What a view could be laid on; others mount theirs meanwhile.
host_mounts() {
	awk -v r="$PCT_ROOT" '$5 ~ /^\/(proc|sys)/ && $5 != "/sys/fs/fuse/connections" || index($5, r) ||
		/ - fuse.pctfs / && $5 !~ /\/var\/lib\/pctfs$|\/pct\.[^\/]*\// { print $3, $5 }' \
		/proc/self/mountinfo | sort
}
before=$(host_mounts)

said "$TRIES swaps of each kind" "$(timeout 500 "$B/hostile" "$B/pause/pct-launch" "$TRIES" "${INIT[a]}" "${INIT[b]}" "$B/swapper" "$victim" "$own" "$vol" 2>&1)" $? 17
is "the host's file is what it was" "the host's" "$(cat "$victim")"
is "… and the container's" "the container's" "$(cat "$own")"
is "… and the volume's" "the volume's" "$(cat "$vol/f")"
is "the host has the mounts it had" "$before" "$(host_mounts)"
is "no attempt has left a view on another" "" "$(awk '/ - fuse.pctfs / { print $5 }' "/proc/${INIT[a]}/mountinfo" | sort | uniq -d)"
ok "the container is attached in the end" "$B/pct-launch" attach "${INIT[a]}" a
is "the other one has its views" 131072 "$(play b awk '/^MemTotal/ { print $2 }' /proc/meminfo)"

# ---- mounts that others have too ----

BOX_OPTIONS=(--propagation unchanged)
box c a
BOX_OPTIONS=()
mount -t proc proc "$vol/proc"
"$B/pct-launch" detach "${INIT[c]}"
play c mount --bind "$vol/proc" /proc
refused "a /proc that the host has too gets no views" 1 \
	"'/proc/[a-z]+' in the container is shared with the host.*'mount --make-private /proc' there first" "$B/pct-launch" attach "${INIT[c]}" c
fails "… nor does the host's" grep -q "$vol/proc/" /proc/self/mountinfo
play c mount --make-private /proc
ok "when it is the container's own it does" "$B/pct-launch" attach "${INIT[c]}" c
fails "… and the host's does not" grep -q "$vol/proc/" /proc/self/mountinfo
"$B/pct-launch" detach c
play c mount --make-shared /proc
ok "shared in the container alone is no obstacle" "$B/pct-launch" attach "${INIT[c]}" c
ok "… once more" "$B/pct-launch" attach c
ok "… nor to take off" "$B/pct-launch" detach c
umount "$vol/proc"

# ---- one that does not answer ----

seen() { timeout 200 "$B/pct-launch" list 2>"$PCT_ROOT/why" | awk -v n="$1" '$1 == n { print $3 }'; }
ok "attached again" "$B/pct-launch" attach "${INIT[c]}" c
for where in /proc/pressure /proc /; do
	unserved c "$where"
	play b umount /proc/uptime
	timeout 300 "$B/pct-launch" repair >"$PCT_ROOT/said" 2>&1
	is "a FUSE on $where that does not answer: repair fails" 1 $?
	like "… says of whom" "container 'c' has not got its views" "$(cat "$PCT_ROOT/said")"
	is "… the other one is repaired" fresh "$(seen b)"
	# Not umount(8): that looks into /proc, and would wait.
	[ "$where" = / ] || PATIENCE=100 play c python3 -c "import ctypes; ctypes.CDLL(None).umount2(b'$where', 2)"
done
is "… what is not known is not said to be known" '?' "$(seen c)"
like "… and why" "the container lets us wait" "$(cat "$PCT_ROOT/why")"
ok "… detach of the other one" timeout 200 "$B/pct-launch" detach b
ok "… attach" timeout 200 "$B/pct-launch" attach "${INIT[b]}" b
# Their children are in the container.
hang() { [ "$(for i in "${hanging[@]}"; do pgrep -P "$(pgrep -P "$i")"; done | wc -l)" = 8 ]; }
waiting() { for i in "${hanging[@]}"; do kill -0 "$i" && echo "$i"; done 2>/dev/null | wc -l; }
# Each hangs for launcher/attach.c's patience, 5 s: who is attached while all of them do has not waited for
# them. A busy machine may need as long to start eight: then once more.
for _ in 1 2 3 4 5; do
	"$B/pct-launch" detach b
	hanging=()
	for i in 1 2 3 4 5 6 7 8; do
		timeout 300 "$B/pct-launch" attach "${INIT[c]}" c 2>"$PCT_ROOT/hangs.$i" &
		hanging+=($!)
	done
	until_true 1 hang
	timeout 300 "$B/pct-launch" attach "${INIT[b]}" b 2>"$PCT_ROOT/why"
	attached=$? still=$(waiting)
	[ "$still" != 8 ] || break
	wait "${hanging[@]}"
done
is "… while eight attaches of that one hang the other one is attached" 0 $attached
is "… and they did" 8 "$still"
for i in "${hanging[@]}"; do wait "$i" && flunk "an attach that cannot be"; done
is "… each is given up, and says why" 8 "$(cat "$PCT_ROOT"/hangs.* | grep -c 'the container lets us wait')"
is "… in one line" 8 "$(cat "$PCT_ROOT"/hangs.* | wc -l)"

# ---- one that ends in the middle, or hangs ----

ok "detached" "$B/pct-launch" detach a
said "ends in the middle, and hangs" "$(timeout 500 "$B/hinder" "$B/pause/pct-launch" "$TRIES" "${INIT[a]}" "${INIT[b]}" 2>&1)" $? 6
none_left() { ! "$B/pct-launch" list 2>/dev/null | grep -qE "short|late|passer-by"; }
ok "they are forgotten" until_true 5 none_left

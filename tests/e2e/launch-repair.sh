#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Who has views, and views anew for who has lost them.
. "$(dirname "$0")/box-lib"

seen() { # NAME: what the list says of its views
	"$B/pct-launch" list | awk -v n="$1" '$1 == n { print $3 }'
}
ok "a daemon" "$B/pctfs"
group g && memory g 67108864
box a g
box b g
is "both are fresh" "fresh fresh" "$(seen a) $(seen b)"
mounts() { play "$1" grep fuse.pctfs /proc/self/mountinfo; }
before=$(mounts a)
ok "attached once more" "$B/pct-launch" attach "${INIT[a]}" a
is "… it has the very mounts it had" "$before" "$(mounts a)"
play a umount /proc/meminfo
is "one that took a view off has some" "some fresh" "$(seen a) $(seen b)"
ok "repair" "$B/pct-launch" repair
is "… gives it the rest" "fresh fresh" "$(seen a) $(seen b)"
is "… and the view is there" 65536 "$(play a awk '/^MemTotal/ { print $2 }' /proc/meminfo)"
is "… once" 1 "$(play a grep -c ' /proc/meminfo ' /proc/self/mountinfo)"
# shellcheck disable=SC2016
play b sh -c 'awk "\$5 ~ /^\/(proc|sys)\// && / - fuse.pctfs / { print \$5 }" /proc/self/mountinfo | xargs umount'
is "one that took all of them off has none" none "$(seen b)"
pid=$(daemon_pid) worker=$(worker_pid)
kill -KILL "$pid" # a keeper that is killed takes the mount with it
while alive "$pid" || alive "$worker"; do sleep 0.02; done
ok "another daemon" "$B/pctfs"
is "views of the one before are stale" stale "$(seen a)"
ok "repair" "$B/pct-launch" repair
is "… makes all of them fresh" "fresh fresh" "$(seen a) $(seen b)"
is "… one view on each file" 1 "$(play a grep -c ' /proc/meminfo ' /proc/self/mountinfo)"
is "the same, for programs" '[["a", "fresh"], ["b", "fresh"]]' "$("$B/pct-launch" list --json |
	python3 -c 'import json, sys; print(json.dumps(sorted([c["name"], c["views"]] for c in json.load(sys.stdin))))')"

# ---- by name ----

"$B/pct-launch" attach "${INIT[a]}" f123456789abcdef
"$B/pct-launch" attach "${INIT[b]}" f123456789abffff
door() { "$B/pct-launch" list | awk -v n="$1" '$1 == n { print $2, $3, $4 }'; }
is "the list has their door" "${INIT[a]} fresh hand" "$(door f123456789abcdef)"
play a umount /proc/meminfo
ok "attach by name" "$B/pct-launch" attach f123456789abcdef
is "… which it keeps" "${INIT[a]} fresh hand" "$(door f123456789abcdef)"
ok "detach by as much of it as is its own" "$B/pct-launch" detach f123456789abc
is "… takes its views off" 0 "$(play a grep -cE ' /(proc|sys)/.* - fuse.pctfs ' /proc/self/mountinfo)"
is "… and no other's" "${INIT[b]} fresh hand" "$(door f123456789abffff)"
"$B/pct-launch" attach "${INIT[a]}" f123456789abcdef
refused "a name of two is refused, in one line" 1 \
	"'f123456789ab' can be process [0-9]+ or process [0-9]+, of different" "$B/pct-launch" detach f123456789ab
refused "less than an engine shows is no name" 1 "'f123': no running container has that name" "$B/pct-launch" attach f123
refused "nor is a path" 1 "'../x': no running container has that name" "$B/pct-launch" attach ../x
refused "nor an empty word" 1 "'': no running container has that name" "$B/pct-launch" attach ''
refused "a process there is not" 1 "process 2147483647: No such process" "$B/pct-launch" attach 2147483647
"$B/pct-launch" attach "${INIT[a]}" $$
ok "a number is a container's where the process is the host's" "$B/pct-launch" detach $$
is "… which has no views then" 0 "$(play a grep -cE ' /(proc|sys)/.* - fuse.pctfs ' /proc/self/mountinfo)"
"$B/pct-launch" attach "${INIT[a]}" "${INIT[b]}"
refused "a number of one container's and of a process in another is refused" 1 \
	"'${INIT[b]}' can be process ${INIT[a]} or process ${INIT[b]}, of different" "$B/pct-launch" detach "${INIT[b]}"
# ---- what fails leaves what was there ----

on() { play a awk -v f="$1" '$5 == f && / - fuse.pctfs / { n++ } END { print n + 0 }' /proc/self/mountinfo; }
"$B/pct-launch" attach "${INIT[a]}" a
play a umount /proc/uptime
play a umount /proc/meminfo
play a sh -c 'mount -t tmpfs x /mnt && echo own >/mnt/f && mount --bind /mnt/f /proc/meminfo'
is "one that covers a file has some" some "$(seen a)"
refused "attach says what covers it" 1 "'/proc/meminfo' in the container is covered by a tmpfs" "$B/pct-launch" attach "${INIT[a]}" a
fails "repair fails" "$B/pct-launch" repair
is "… it is still known" some "$(seen a)"
is "… and what it has works" cpu "$(play a awk 'NR == 1 { print $1 }' /proc/stat)"
fails "… for attach by its name, too" "$B/pct-launch" attach a a
is "… and what it has works" cpu "$(play a awk 'NR == 1 { print $1 }' /proc/stat)"
play a umount /proc/meminfo
ok "repair, when it is gone" "$B/pct-launch" repair
is "… makes it whole" "fresh 1 1" "$(seen a) $(on /proc/meminfo) $(on /proc/stat)"

# One container by many doors is repaired by one launcher after the other.
for i in 1 2 3 4 5 6 7 8; do "$B/pct-launch" attach "${INIT[a]}" "door$i"; done
ok "repair of one that has nine names" "$B/pct-launch" repair --all
is "… one view on each file" "1 1" "$(on /proc/meminfo) $(on /proc/stat)"
ok "the first is its name again" "$B/pct-launch" attach "${INIT[a]}" a
for i in 1 2 3 4 5 6 7 8; do
	python3 -c 'import socket, sys
s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1])
s.sendall(b"{\"request\":\"forget\",\"door\":\"hand\",\"id\":\"door%s\"}\n" % sys.argv[2].encode()); s.makefile().readline()' "$RUN/pctfs.sock" $i
done

# Views one on another, as launchers that were killed leave them, by far too many.
# shellcheck disable=SC2016
play a sh -c 'for i in $(seq 20); do mount --bind /proc/stat /proc/stat; done'
is "twenty on one file" 21 "$(on /proc/stat)"
ok "attach takes them off" "$B/pct-launch" attach a
is "… but one" 1 "$(on /proc/stat)"
# shellcheck disable=SC2016
play a sh -c 'for i in $(seq 20); do mount --bind /proc/stat /proc/stat; done'
ok "detach takes all of them off" "$B/pct-launch" detach a
is "… all" 0 "$(on /proc/stat)"

# ---- a number that is another's by now ----

slow=$(mktemp -d "$PCT_ROOT/slow.XXXXXX")
box gone g
cat >"$slow/again" <<'P'
import json, socket, sys
s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1])
s.sendall(json.dumps({'request': 'register', 'door': 'hand', 'id': sys.argv[2], 'pid': int(sys.argv[3]), 'again': True}).encode() + b'\n')
print(json.loads(s.makefile().readline()).get('error', 'taken'))
P
is "one that lives is registered again" taken "$(python3 "$slow/again" "$RUN/pctfs.sock" gone "${INIT[gone]}")"
kill -KILL "${INIT[gone]}"
until_true 10 sh -c "! '$B/pct-launch' list | grep -q gone"
is "another process is not taken for one that has ended" "container 'gone' has ended" \
	"$(python3 "$slow/again" "$RUN/pctfs.sock" gone "${INIT[b]}")"

# ---- notes of who waits ----

note() { # NAME TEXT
	mkdir -p "$RUN/waiting"
	printf '%s' "$2" >"$RUN/waiting/$1"
}
notes() { ls "$RUN/waiting"; }
note half '{"door":"lxc:","id":"ha'
note empty ''
ok "repair, where notes are half written" "$B/pct-launch" repair
is "… leaves them to who writes" "empty half" "$(notes | xargs)"
touch -d '-2 minutes' "$RUN/waiting/half"
"$B/pct-launch" list >/dev/null
is "… and to nobody after a minute" "empty" "$(notes | xargs)"
rm "$RUN/waiting/empty"
mkdir -p "$PCT_ROOT/bundle/rootfs"
echo '{"root":{"path":"rootfs"}}' >"$PCT_ROOT/bundle/config.json"
hook() { # PID: of OCI's, when there is no pctfs
	printf '{"ociVersion":"1.0.2","id":"late","pid":%s,"bundle":"%s"}' "$1" "$PCT_ROOT/bundle" |
		"$B/pct-launch" --socket "$RUN/none.sock" oci createRuntime
}
hook "${INIT[b]}" 2>/dev/null
name=$(notes)
exec 9<"$RUN/waiting/$name"
hook "${INIT[a]}" 2>/dev/null
is "a note that is written again is another file: who reads the one before has all of it" "${INIT[b]}" \
	"$(python3 -c 'import json, sys; print(json.load(sys.stdin)["pid"])' <&9)"
is "… and nothing is left beside it" "$name" "$(ls -A "$RUN/waiting")"
exec 9<&-

# ---- many, and some that let us wait ----

stop_daemon
rm -r "$RUN/waiting"
ok "a daemon for many" "$B/pctfs"
boxes 30 g m || flunk "thirty containers"
for i in $(seq 30); do "$B/pct-launch" attach "${INIT[m$i]}" "m$i" || flunk "attach m$i"; done
# Those that come first in the list, and more of them than there are CPUs.
hung=$(($(nproc) + 4))
[ $hung -lt 20 ] || hung=20
names() { awk '$1 ~ /^m[0-9]/ { print $1 }' | xargs; }
order=$("$B/pct-launch" list | names)
read -ra hang <<<"$(cut -d' ' -f1-$hung <<<"$order")"
read -ra rest <<<"$(cut -d' ' -f$((hung + 1))- <<<"$order")"
for c in "${rest[@]}"; do play "$c" umount /proc/uptime /proc/meminfo; done
for c in "${hang[@]}"; do unserved "$c" /; done
whole() {
	local c
	for c in "${rest[@]}"; do
		[ "$(grep -cE ' /proc/(uptime|meminfo) .* - fuse.pctfs' "/proc/${INIT[$c]}/mountinfo")" = 2 ] || return 1
	done
}
for all in "" --all; do
	# Those are given up after five seconds, which a busy machine may need for all of it: then once more.
	for _ in 1 2 3 4 5; do
		# shellcheck disable=SC2086
		"$B/pct-launch" repair $all >"$PCT_ROOT/said" 2>&1 &
		repair=$!
		until_true 20 whole
		! alive $repair || break
		for c in "${rest[@]}"; do play "$c" umount /proc/uptime /proc/meminfo; done
	done
	ok "repair $all where $hung let us wait: the others are repaired" whole
	ok "… before those are given up" alive $repair
	wait $repair
	is "… which makes it fail" 1 $?
	is "… each is named with its reason, in the list's order" \
		"$(for c in "${hang[@]}"; do echo "the container lets us wait $c"; done)" \
		"$(sed -nE "s/.*: (the container lets us wait): nothing done .*/\1/p; s/.*container '(.*)' has not got its views anew.*/\1/p" "$PCT_ROOT/said" | paste -d' ' - -)"
	is "… in two lines" $((2 * hung)) "$(wc -l <"$PCT_ROOT/said")"
	for c in "${rest[@]}"; do play "$c" umount /proc/uptime /proc/meminfo; done
done
"$B/pct-launch" list >"$PCT_ROOT/list" 2>"$PCT_ROOT/said"
is "list fails, too" 1 $?
is "… has all of them, in the order it had" "$order" "$(names <"$PCT_ROOT/list")"
is "… what is known of each" "$(for c in "${hang[@]}"; do echo '?'; done; for c in "${rest[@]}"; do echo some; done)" \
	"$(awk '$1 ~ /^m[0-9]/ { print $3 }' "$PCT_ROOT/list")"
is "… and who cannot be looked into, in that order" "${hang[*]}" \
	"$(sed -nE "s/.*the views of '(.*)' cannot be seen.*/\1/p" "$PCT_ROOT/said" | xargs)"

# ---- containers that end while they are looked at

for c in "${hang[@]}" "${rest[@]}"; do kill -KILL "${INIT[$c]}"; done
stop_daemon
ok "a daemon for short-lived ones" "$B/pctfs"
boxes 30 g e || flunk "thirty containers"
for i in $(seq 30); do "$B/pct-launch" attach "${INIT[e$i]}" "e$i" || flunk "attach e$i"; done
(for i in $(seq 30); do kill -KILL "${INIT[e$i]}"; sleep 0.05; done) &
ends=$! failed=0 rounds=0
while alive $ends; do
	"$B/pct-launch" repair --all >"$PCT_ROOT/said" 2>&1 || failed=$((failed + 1))
	"$B/pct-launch" list >>"$PCT_ROOT/said" 2>&1 || failed=$((failed + 1))
	grep -E 'meanwhile|cannot be seen|has not got' "$PCT_ROOT/said" && failed=$((failed + 1))
	rounds=$((rounds + 1))
done
is "who ended since fails neither list nor repair, in $rounds rounds" 0 $failed

refused "the host's own init is no container" 1 "give one that is in a container" "$B/pct-launch" attach 1
mkdir -p "$PCT_ROOT/var/lib/pct/lxc/${INIT[b]}"
touch "$PCT_ROOT/var/lib/pct/lxc/${INIT[b]}/config"
"$B/pct-launch" detach "${INIT[b]}" 2>/dev/null
refused "a number that is a stopped container's means no process" 1 "'${INIT[b]}' is a container that does not run" \
	"$B/pct-launch" attach "${INIT[b]}"
stop_daemon
refused "with no daemon list says so" 1 "start pctfs first" "$B/pct-launch" list

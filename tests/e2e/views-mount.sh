#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# A procfs that a container mounts itself shows the container, from the moment it is there; it can be
# unmounted, and nobody gains anything by asking for it.
. "$(dirname "$0")/lib.sh"
[ "$(id -u)" = 0 ] || { skip "procfs mounted in containers" "needs root"; exit 0; }
[ -c /dev/fuse ] || { skip "procfs mounted in containers" "no /dev/fuse"; exit 0; }

N=${N:-200}
TAG=$(printf '%s' "$PCT_ROOT" | od -An -tx1 | tr -d ' \n' | tail -c 6)
A=1$(( 0x$TAG % 90000 + 10000 )) U=2$(( 0x$TAG % 90000 + 10000 )) O=3$(( 0x$TAG % 90000 + 10000 )) C=4$(( 0x$TAG % 90000 + 10000 ))

# What the profile that LXC makes denies is denied here, too; most of this wants to mount anywhere.
create() { # VMID MEMORY ARGS…
	create_confined "$@" && pct stop "$1" &&
		echo "lxc.apparmor.profile: unconfined" >>"$PCT_ROOT/etc/pct/lxc/$1.conf" && pct start "$1"
}
create_confined() {
	pct create "$1" builtin:busybox --memory "$2" --swap 0 "${@:3}" &&
		cp "$B/mounter" "$(find "$PCT_ROOT/var/lib/pct/images/$1" -mindepth 1 -maxdepth 1)/bin/mounter" &&
		pct start "$1" && inside "$1" 'mkdir -p /p /q /c/p'
}
m() { inside "$1" "mounter $2" 2>&1; } # VMID DEED
host_mounts() { awk '$5 ~ "^/(proc|p|q|c)(/|$)" { print $3, $5, $9 }' /proc/self/mountinfo | sort; }
mounted() { inside "$1" "grep -c ' $2[/ ]' /proc/self/mountinfo"; } # VMID TARGET: it, and views on it

ok "an unprivileged container" create "$U" 256 --cores 1
ok "a privileged one" create "$A" 128 --unprivileged 0
before=$(host_mounts)
VIEWS=$(inside "$U" "mounter plain /p >/dev/null; grep -c ' /p/.* - fuse.pctfs' /proc/self/mountinfo; umount /p")

laid() { [ "$(mounted "$1" /p)" = $((VIEWS + 1)) ]; } # VMID

# What of /p is not the container's, by the views that its own /proc has.
foreign() { # VMID PROCFS
	inside "$1" "for f in \$(awk '\$5 ~ \"^/proc/\" && / - fuse.pctfs / { print substr(\$5, 7) }' /proc/self/mountinfo); do
		awk -v f='$2'/\$f '\$5 == f && / - fuse.pctfs / { n = 1 } END { exit !n }' /proc/self/mountinfo || echo \$f
	done"
}

for c in "$U 256 unprivileged" "$A 128 privileged"; do
	read -r id mb kind <<<"$c"
	kb=$((mb * 1024))
	is "$kind: mount -t proc" "$kb" "$(inside "$id" 'mount -t proc proc /p && awk "/^MemTotal/ { print \$2 }" /p/meminfo')"
	is "$kind: each of its views is there" "" "$(foreign "$id" /p)"
	up=$(inside "$id" 'cut -d. -f1 /p/uptime')
	within "$kind: its uptime is the container's" 0 $((SECONDS + 2)) "$up"
	is "$kind: and it is procfs for the rest" "init" "$(inside "$id" 'cat /p/1/comm')"
	ok "$kind: umount takes it off" inside "$id" 'umount /p'
	is "$kind: whole" 0 "$(mounted "$id" /p)"
	is "$kind: unshare -pf --mount-proc" "1 $kb" \
		"$(inside "$id" 'unshare -m -p -f --mount-proc sh -c "echo \$\$ \$(awk \"/^MemTotal/ { print \\\$2 }\" /proc/meminfo)"')"
	up=$(inside "$id" 'unshare -m -p -f --mount-proc cut -d. -f1 /proc/uptime')
	within "$kind: … up for no longer than this test" 0 $((SECONDS + 2)) "$up"
	is "$kind: … and its processes" 1 "$(inside "$id" 'unshare -m -p -f --mount-proc sh -c "ls -d /proc/[0-9]*" | head -1 | grep -c "^/proc/1$"')"

	is "$kind: busy with somebody in it, not with views" "EBUSY, ok" "$(m "$id" 'plain /p' >/dev/null; m "$id" 'busy /p')"
	m "$id" 'plain /p' >/dev/null
	is "$kind: after a refusal the views are there" "$VIEWS $VIEWS" \
		"$(inside "$id" "cd /p; umount /p 2>/dev/null; grep -c ' /p/.* - fuse.pctfs' /proc/self/mountinfo; awk 'END { print $VIEWS }' /p/meminfo" | tr '\n' ' ' | sed 's/ $//')"
	is "$kind: what is busy with another mount is left alone: the views are the same mounts" "0 same EBUSY" \
		"$(inside "$id" "ids() { awk '\$5 ~ \"^/p/\" && / - fuse.pctfs / { print \$1 }' /proc/self/mountinfo; }
		mount -t tmpfs t /p/sys/fs; echo \$?; was=\$(ids); mounter off /p 0 >/q/said; [ \"\$was\" = \"\$(ids)\" ] && echo same; cat /q/said; umount /p/sys/fs" | xargs)"
	is "$kind: lazily" ok "$(m "$id" 'off /p 2')"
	is "$kind: a target that the caller holds open, as systemd and runc have it" "ok $kb" \
		"$(m "$id" 'by-fd /p') $(inside "$id" 'awk "/^MemTotal/ { print \$2 }" /p/meminfo')"
	is "$kind: off again" ok "$(m "$id" 'off /p 0')"
	is "$kind: relative to where it is" "ok $kb" "$(m "$id" 'relative /c p') $(inside "$id" 'awk "/^MemTotal/ { print \$2 }" /c/p/meminfo')"
	is "$kind: off again" ok "$(m "$id" 'off /c/p 0')"
	inside "$id" 'cp /bin/busybox /bin/mounter /c/' 2>/dev/null
	is "$kind: in a chroot that is no mount" "ok $kb" "$(m "$id" 'chroot /c /p') $(inside "$id" 'awk "/^MemTotal/ { print \$2 }" /c/p/meminfo')"
	is "$kind: off again" ok "$(m "$id" 'off /c/p 0')"
	is "$kind: flags of old programs" "ok $kb" "$(m "$id" 'magic /p') $(inside "$id" 'awk "/^MemTotal/ { print \$2 }" /p/meminfo')"
	m "$id" 'off /p 0' >/dev/null
	is "$kind: texts that end where memory ends" "ok $VIEWS" "$(m "$id" 'at-end /p') $(inside "$id" "grep -c ' /p/.* - fuse.pctfs' /proc/self/mountinfo")"
	m "$id" 'off /p 0' >/dev/null
	is "$kind: fsopen of procfs is not there, so mount(2) is" "ENOSYS, then ok $kb" \
		"$(m "$id" 'fsopen proc /p') $(inside "$id" 'awk "/^MemTotal/ { print \$2 }" /p/meminfo')"
	m "$id" 'off /p 0' >/dev/null
	is "$kind: fsopen of others is" ok "$(m "$id" 'fsopen tmpfs /p')"
	is "$kind: and what is no procfs comes off as ever" ok "$(m "$id" 'off /p 0')"
	is "$kind: options are kept" "proc rw,hidepid=invisible" \
		"$(m "$id" 'plain /p hidepid=2' >/dev/null; inside "$id" "grep ' /p ' /proc/self/mountinfo | sed 's/.* - proc //'")"
	m "$id" 'off /p 0' >/dev/null
	is "$kind: … of which some leave nothing to be laid on" "ok 0" \
		"$(m "$id" 'plain /p subset=pid') $(inside "$id" "grep -c ' /p/' /proc/self/mountinfo")"
	m "$id" 'off /p 0' >/dev/null
	is "$kind: over a link it goes where that leads" "ok $kb" \
		"$(inside "$id" 'ln -sfn /q /link'; m "$id" 'plain /link') $(inside "$id" 'awk "/^MemTotal/ { print \$2 }" /q/meminfo')"
	m "$id" 'off /q 0' >/dev/null
	is "$kind: errors are the kernel's: no target" ENOENT "$(m "$id" 'plain /none')"
	is "$kind: … a file" ENOTDIR "$(m "$id" 'plain /bin/busybox')"
	is "$kind: … an option" EINVAL "$(m "$id" 'plain /p nonsense=1')"
	is "$kind: … nothing there to unmount" EINVAL "$(m "$id" 'off /q 0')"
	is "$kind: … a user" EPERM "$(inside "$id" 'su -s /bin/sh nobody -c "mounter plain /p"' 2>/dev/null || inside "$id" 'setuidgid nobody mounter plain /p')"
	is "$kind: … root of a user namespace in a mount namespace that is not his" EPERM "$(inside "$id" 'unshare -U -r mounter plain /p')"
	is "$kind: nothing was mounted by them" 0 "$(mounted "$id" /p)"

	# Who has confined himself stays so: the kernel sees the call of such a caller, not one of ours.
	landlocked=$(m "$id" 'landlock /bin/mounter plain /p')
	case $landlocked in
	"no landlock"*) skip "$kind: in a domain of Landlock's" "$landlocked" ;;
	*) is "$kind: in a domain of Landlock's nobody mounts" "EPERM 0" "$landlocked $(mounted "$id" /p)" ;;
	esac
	is "$kind: one more filter's word is the last: an errno" "EBADE 0" "$(m "$id" 'filtered errno /bin/mounter plain /p') $(mounted "$id" /p)"
	is "$kind: … a signal" "159 0" "$(inside "$id" 'mounter filtered trap /bin/mounter plain /p; echo $?' 2>/dev/null) $(mounted "$id" /p)"
	is "$kind: … death" "159 0" "$(inside "$id" 'mounter filtered kill /bin/mounter plain /p; echo $?' 2>/dev/null) $(mounted "$id" /p)"
	is "$kind: … but one that lets it be" "ok $((VIEWS + 1))" "$(m "$id" 'filtered log /bin/mounter plain /p') $(mounted "$id" /p)"
	case $landlocked in
	"no landlock"*) ;;
	*) is "$kind: nor unmounts" "EPERM $((VIEWS + 1))" "$(m "$id" 'landlock /bin/mounter off /p 0') $(mounted "$id" /p)" ;;
	esac
	m "$id" 'off /p 0' >/dev/null
	is "$kind: with no_new_privs the kernel mounts" ok "$(m "$id" 'bound /bin/mounter plain /p')"
	ok "$kind: … and the views come after it" until_true 2 laid "$id"
	m "$id" 'off /p 0' >/dev/null
	like "$kind: … also with unshare --mount-proc, soon" '^[0-9]{1,3} looks$' "$(inside "$id" "mounter bound /bin/busybox unshare -m -p -f --mount-proc sh -c '
		i=0; while [ \$i -lt 1000 ] && ! grep -q \"^MemTotal: *$kb \" /proc/meminfo; do i=\$((i + 1)); done; echo \$i looks'")"

	is "$kind: pointers to nowhere" "37 of 37 failed" "$(m "$id" 'bad /p')"
	like "$kind: paths and texts that change meanwhile" '[1-9][0-9]* mounted, [0-9]+ failed' "$(m "$id" "races $N /p /q")"
	is "$kind: … land in one of the two" "0 0" "$(mounted "$id" /p) $(mounted "$id" /q)"
	like "$kind: signals make it begin anew, not mount twice" '^[0-9]+ mounted, 0 of them twice' "$(m "$id" "signals 50 /p")"
	is "$kind: callers that end while they wait" "$N died" "$(m "$id" "dies $N /p")"
	is "$kind: the next one is served" "ok $VIEWS" "$(m "$id" 'plain /p') $(inside "$id" "grep -c ' /p/.* - fuse.pctfs' /proc/self/mountinfo")"
	m "$id" 'off /p 0' >/dev/null
done

# Whom it stops is the process in its own pid namespace, and it waits for that itself.
m "$A" 'stops 200 /p' >"$PCT_ROOT/stops" &
stops=$!
until_true 2 pgrep --ns "$(pid_of "$A")" --nslist pid -x mounter
late_begin
sleep 1
is "another container is served while one stops what it sees" ok "$(timeout 100 "$B/pct" exec "$U" -- mounter plain /p)"
m "$U" 'off /p 0' >/dev/null
sleep 3
pkill -TERM --ns "$(pid_of "$A")" --nslist pid -x mounter
wait $stops
late_end
read -r n longest <"$PCT_ROOT/stops"
within "who does that has a mount, or one of the kernel's, in the end: of $n the longest took $longest ms" 0 $((4000 + 10 * late)) "$longest"
no_jobs() { [ "$(helper_pids | wc -l)" = 1 ]; }
ok "no job is left" until_true 5 no_jobs

# A file system that never answers: whoever looks for a target there cannot even be killed.
inside "$A" 'mkdir -p /h; [ -c /dev/fuse ] || mknod /dev/fuse c 10 229; exec mounter hangs 7 /h' >"$PCT_ROOT/hangs" 2>&1 &
hangs=$!
until_true 5 test -s "$PCT_ROOT/hangs"
is "a file system that hangs, and mounts in it" ok "$(cat "$PCT_ROOT/hangs")"
held() { [ "$(helper_pids | wc -l)" -ge 5 ]; }
ok "what looks for them hangs" until_true 15 held
sleep 5 # in which two more would have come
is "… four of them, and no more" 5 "$(helper_pids | wc -l)"
ok "others are served meanwhile" timeout 60 "$B/pct" exec "$U" -- mounter plain /p
is "… with views" "$((VIEWS + 1))" "$(mounted "$U" /p)"
m "$U" 'off /p 0' >/dev/null
inside "$A" 'kill -9 $(pidof mounter)' >/dev/null 2>&1
wait $hangs
ok "none is left when it ends" until_true 10 no_jobs
inside "$A" 'umount -l /h'
is "… and the next mount there has views" "ok $((VIEWS + 1))" "$(m "$A" 'plain /p') $(mounted "$A" /p)"
m "$A" 'off /p 0' >/dev/null
is "the host has the mounts it had" "$before" "$(host_mounts)"

# Who mounts ends: another one does.
kill -KILL "$(helper_pids | head -1)"
is "without who mounts, the kernel does" ok "$(m "$U" 'plain /p')"
m "$U" 'off /p 2' >/dev/null
viewed() { [ "$(inside "$U" "mounter plain /p >/dev/null; grep -c ' /p/.* - fuse.pctfs' /proc/self/mountinfo; mounter off /p 2 >/dev/null")" = "$VIEWS" ]; }
ok "soon there is another" until_true 15 viewed
late_begin
began=$SECONDS
for _ in 1 2 3; do
	m "$U" "dies 30 /p" >"$PCT_ROOT/dies" &
	sleep 0.1
	kill -KILL "$(worker_pid)"
	wait $!
	is "workers end in the middle" "30 died" "$(cat "$PCT_ROOT/dies")"
done
m "$U" "signals 300 /p" >"$PCT_ROOT/signals" &
for _ in 1 2 3 4 5 6; do
	sleep 0.2
	kill -KILL "$(worker_pid)"
done
wait $!
like "… all the time" '^[0-9]+ mounted, 0 of them twice' "$(cat "$PCT_ROOT/signals")"
took=$((SECONDS - began))
late_end
# One that waits has a patience of 30 s; what is done is some 400 mounts, by four processes each.
within "… and no monitor waits for one of them" 0 $((20 + late / 5)) $took
ok "and views are on what is mounted" until_true 5 viewed

# By a key it is the kernel's alone.
ok "a container without it" create_confined "$O" 64 --procmounts 0
ok "one with it" create_confined "$C" 64
asked() { # VMID: what comes of mounts that a security module may deny
	m "$1" 'plain /p'
	m "$1" 'by-fd /p'
	m "$1" 'magic /q'
	m "$1" 'at-end /c/p'
	inside "$1" 'unshare -m -p -f --mount-proc true; echo $?; umount -l /p /q /c/p 2>/dev/null'
}
is "what is denied is what was denied without us: $(asked "$O" | tr '\n' ' ')" "$(asked "$O")" "$(asked "$C")"
ok "destroyed" pct destroy "$C" --force
ok "it may mount anywhere" sh -c "'$B/pct' stop $O && echo 'lxc.apparmor.profile: unconfined' >>'$PCT_ROOT/etc/pct/lxc/$O.conf' && '$B/pct' start $O"
is "mounts as ever" "ok 0" "$(m "$O" 'plain /p') $(inside "$O" "grep -c ' /p/' /proc/self/mountinfo")"
is "also by fsopen" ok "$(m "$O" 'fsopen proc /q')"
is "its own /proc is its own all the same" 65536 "$(inside "$O" 'awk "/^MemTotal/ { print \$2 }" /proc/meminfo')"

# The same by LXC's own programs, with the line that is there to be included while pctfs runs.
PLAIN=$PCT_ROOT/lxc/plain
mkdir -p "$PLAIN"
# Of its root's ids, as no pct maps them.
cp -a "$(find "$PCT_ROOT/var/lib/pct/images/$O" -mindepth 1 -maxdepth 1)" "$PLAIN/root"
chown -R -h 100000:100000 "$PLAIN/root"
ok "a container stops" pct stop "$O"
{
	grep -Ev '^lxc.(seccomp|log|rootfs.path)' "$PCT_ROOT/var/lib/pct/lxc/$O/config"
	echo "lxc.rootfs.path = dir:$PLAIN/root"
	echo "lxc.include = $RUN/lxc.d/"
} >"$PLAIN/config"
is "plain LXC: a procfs that it mounts shows its own" "65536 0" "$(lxc-start -P "$PCT_ROOT/lxc" -n plain &&
	lxc-wait -P "$PCT_ROOT/lxc" -n plain -s RUNNING -t 200 && lxc-attach -P "$PCT_ROOT/lxc" -n plain -- sh -c \
	'mount -t proc p /p; awk "/^MemTotal/ { print \$2 }" /p/meminfo; umount /p; echo $?' | tr '\n' ' ' | sed 's/ $//')"
lxc-stop -k -P "$PCT_ROOT/lxc" -n plain

# pctfs is gone: everything can be mounted, and nothing hangs.
stop_daemon -KILL
is "pctfs is killed: a procfs is mounted" ok "$(m "$U" 'plain /p')"
is "… another file system" ok "$(m "$U" 'fsopen tmpfs /q')"
is "… and both come off" "ok ok" "$(m "$U" 'off /q 0') $(m "$U" 'off /p 0')"
is "… and sysinfo(2) shows no host" "" "$(inside "$U" 'free 2>/dev/null' | awk '/^Mem/ && $2 > 1000000')"
# As its unit has it start: with these capabilities and no others.
caps=$(sed -n 's/^CapabilityBoundingSet=//p' "$TOP/packaging/pctfs-keeper.service" | tr 'A-Z ' 'a-z,' | sed 's/cap_/+/g')
ok "a new daemon, with the capabilities of its unit" setpriv --no-new-privs --inh-caps=-all --bounding-set="-all,$caps" "$B/pctfs"
ok "views on what is mounted" until_true 15 viewed
ok "it ends in peace" "$B/pctfs" --unmount
is "pctfs has ended: a procfs is mounted" "ok ok" "$(m "$U" 'plain /p') $(m "$U" 'off /p 0')"
ok "destroyed" pct destroy "$U" --force
ok "destroyed" pct destroy "$A" --force
ok "destroyed" pct destroy "$O" --force
gone() { ! helper_pids; } # a second after the directory of its sockets is empty
ok "nobody stands in for a pctfs that nobody asks" until_true 5 gone

# Services that systemd gives a procfs of their own.
TAR=$B/debian-12.tar
if ! why=$(debian_tar debian-12 systemd,systemd-sysv,procps,dbus); then
	skip "services under systemd" "mmdebstrap: $why"
	exit 0
fi
up() { until_true 60 inside "$1" 'case $(systemctl is-system-running) in running|degraded) ;; *) false ;; esac'; }
ok "a Debian with systemd" pct create "$O" "$TAR" --memory 256 --cores 1
# As above: where LXC's profile is in force, it denies these services their mounts with us or without.
echo "lxc.apparmor.profile: unconfined" >>"$PCT_ROOT/etc/pct/lxc/$O.conf"
ok "it starts" pct start "$O"
ok "systemd is up" up "$O"
for p in ProtectKernelTunables=yes ProtectControlGroups=yes ProtectProc=invisible \
	'ProtectProc=invisible -p ProtectKernelTunables=yes' 'PrivateUsers=yes -p ProtectProc=invisible'; do
	is "a service with $p" "262144 1 1" "$(inside "$O" "systemd-run -q --wait --pipe -p $p sh -c '
		awk \"/^MemTotal/ { print \\\$2 }\" /proc/meminfo; grep -c ^processor /proc/cpuinfo
		awk \"{ print \\\$1 < $((SECONDS + 100)) }\" /proc/uptime'" | tr '\n' ' ' | sed 's/ $//')"
done
is "all that runs there sees the container" 262144 "$(inside "$O" \
	'for p in /proc/[0-9]*; do awk "/^MemTotal/ { print \$2 }" $p/root/proc/meminfo; done 2>/dev/null | sort -u')"
is "util-linux: unshare, mount, umount" "262144 262144 0" "$(inside "$O" '
	unshare -pf --mount-proc awk "/^MemTotal/ { print \$2 }" /proc/meminfo
	mkdir -p /p; mount -t proc p /p; awk "/^MemTotal/ { print \$2 }" /p/meminfo; umount /p; echo $?' | tr '\n' ' ' | sed 's/ $//')"
ok "stop" pct stop "$O"

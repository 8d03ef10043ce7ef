#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Containers into archives and back: what was in them is in them again, whoever made the archive.
# What is the same is told by tests/e2e/tree-facts and GNU tar, not by pct.
# shellcheck source=pct-lib
. "$(dirname "$0")/pct-lib"
needs "needs the packages acl and attr" test -x /usr/bin/setfacl
needs "needs the package zstd" test -x /usr/bin/zstd

dump=$PCT_ROOT/var/lib/pct/dump
work=$PCT_ROOT/work
mkdir "$work"
here=$(cd "$(dirname "$0")" && pwd)
facts() { "$here/tree-facts" "$@"; }
root_of() { echo "$images/$1/subvol-$1-disk-0.subvol"; }
newest() { find "$dump" -name "vzdump-lxc-$1-*" -regex '.*\.tar\(\.zst\|\.gz\)?' | sort | tail -1; }
same_tree() # SENTENCE DIR DIR
{
	facts "$2" >"$work/a"
	facts "$3" >"$work/b"
	if diff "$work/a" "$work/b" >"$work/diff"; then
		pass "$1 ($(wc -l <"$work/a") files)"
	else
		flunk "$1" "$(head -20 "$work/diff")"
	fi
}
# All that a file can have, for tree-facts to find; owners as a container has them.
furnish() # ROOT PRIVILEGED
{
	local r=$1

	mkdir -p "$r/srv/t/deep/er" "$r/srv/t/empty"
	echo one >"$r/srv/t/one"
	echo plain >"$r/srv/t/plain"
	ln "$r/srv/t/one" "$r/srv/t/deep/two"
	ln "$r/srv/t/one" "$r/srv/t/deep/er/three"
	ln -s ../one "$r/srv/t/deep/link"
	ln -s /nowhere "$r/srv/t/dangling"
	mkfifo -m 600 "$r/srv/t/pipe"
	install -m 4755 -o 33 -g 34 /bin/true "$r/srv/t/setuid"
	install -m 0640 -o 1000 -g 65533 /bin/true "$r/srv/t/owned"
	chmod 1777 "$r/srv/t/empty"
	cp /bin/true "$r/srv/t/caps"
	setcap cap_net_raw+ep "$r/srv/t/caps"
	setfattr -n user.note -v 'with a
line' "$r/srv/t/one"
	setfattr -n user.dir -v 0x00ff01 "$r/srv/t/deep"
	setfacl -m u:1000:rw,g:33:r,m:rw "$r/srv/t/owned"
	setfacl -d -m u:33:rx "$r/srv/t/deep"
	truncate -s 1G "$r/srv/t/sparse"
	printf x | dd of="$r/srv/t/sparse" bs=1 seek=500M conv=notrunc status=none
	head -c 200000 /dev/urandom | dd of="$r/srv/t/sparse" bs=1M seek=700 conv=notrunc status=none
	truncate -s 100M "$r/srv/t/hole"
	head -c 3000000 /dev/urandom >"$r/srv/t/random"
	truncate -s 20M "$r/srv/t/random"
	printf 'ä' >"$r/srv/t/utf-ä"
	printf 'raw' >"$r/srv/t/$(printf 'raw-\377\376')"
	printf 'nl' >"$r/srv/t/$(printf 'new\nline')"
	printf 'long' >"$r/srv/t/$(printf 'n%.0s' {1..250})"
	touch -d '1999-12-31 23:59:59.123456789' "$r/srv/t/one"
	touch -h -d '2001-02-03 04:05:06.5' "$r/srv/t/dangling"
	[ -z "${2-}" ] || { mknod "$r/srv/t/null" c 1 3; mknod -m 640 "$r/srv/t/disk" b 7 250; }
	touch -d '2005-05-05 05:05:05.55' "$r/srv/t/deep" "$r/srv/t"
}

# ---- one that is unprivileged ----
ok "made" "$pct" create 100 builtin:busybox --hostname here --tags 'a;b' --env A=b --description 'two
lines'
r100=$(root_of 100)
furnish "$r100"
python3 -c 'import socket, sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])' "$r100/srv/t/sock"
rm -f "$work/sock"
touch -d '2005-05-05 05:05:05.55' "$r100/srv/t"
run 0 backup 100 --notes-template '{{guestname}} ({{vmid}})\non {{node}}' --stdexcludes 0
a=$(newest 100)
like "the archive's name is the known one" \
	'/vzdump-lxc-100-[0-9]{4}_[0-9]{2}_[0-9]{2}-[0-9]{2}_[0-9]{2}_[0-9]{2}\.tar\.zst$' "$a"
same "it is told where it is" "$(cat "$out")" "$a"
same "nobody else reads it" "$(stat -c %a "$a" "${a%.tar.zst}.log" "$a.notes" | sort -u)" 600
same "its notes" "$(cat "$a.notes")" "here (100)
on $(hostname)"
[ -s "${a%.tar.zst}.log" ] || flunk "there is no log"
same "nothing else is there" "$(find "$dump" -type f | wc -l)" 3
rm "$r100/srv/t/sock"
touch -d '2005-05-05 05:05:05.55' "$r100/srv/t"
tar --zstd --warning=no-unknown-keyword -tf "$a" >"$work/list" 2>"$work/said" || flunk "GNU tar cannot list it" "$(cat "$work/said")"
same "the conf comes first, then the root" "$(head -2 "$work/list" | tr '\n' ' ')" "./etc/vzdump/pct.conf ./ "
same "the conf in it" "$(tar --zstd -xOf "$a" ./etc/vzdump/pct.conf 2>/dev/null)" "$(cat "$confs/100.conf")"

# GNU tar has the same of it.
mkdir "$work/gnu"
tar --zstd -C "$work/gnu" -xpf "$a" --numeric-owner --acls --xattrs --xattrs-include='user.*' \
	--xattrs-include=security.capability --warning=no-unknown-keyword 2>"$work/said" ||
	flunk "GNU tar cannot unpack it" "$(head -5 "$work/said")"
rm -r "$work/gnu/etc/vzdump"
touch -r "$r100/etc" "$work/gnu/etc"
same_tree "GNU tar unpacks the same" "$r100" "$work/gnu"
like "holes are no data in it" '^.{1,7}$' "$(stat -c %s "$a")"

run 0 restore 200 "$a"
r200=$(root_of 200)
same_tree "restored under another id it is the same" "$r100" "$r200"
same "its conf, but for the volume" "$(grep -v ^rootfs "$confs/200.conf")" "$(grep -v ^rootfs "$confs/100.conf")"
[ ! -e "$r200/etc/vzdump" ] || flunk "the backup's conf is left in the container"
run 0 start 200
same "it runs" "$(inside 200 'cat /srv/t/one')" one

# ---- the reference's layout, made by GNU tar, in every compression ----
mkdir -p "$work/meta/etc/vzdump"
cp "$confs/100.conf" "$work/meta/etc/vzdump/pct.conf"
echo '[OPTIONS]' >"$work/meta/etc/vzdump/pct.fw"
tar cf "$work/r.tar" --sparse --numeric-owner --acls --xattrs --xattrs-include='user.*' \
	--xattrs-include=security.capability --warning=no-file-ignored --one-file-system \
	-C "$work/meta" ./etc/vzdump/pct.conf ./etc/vzdump/pct.fw -C "$r100" .
zstd -q "$work/r.tar"
gzip -k "$work/r.tar"
id=300
for t in "$work"/r.tar*; do
	id=$((id + 1))
	run 0 restore $id "$t"
	same_tree "from GNU tar's ${t##*/}" "$r100" "$(root_of $id)"
	[ ! -e "$(root_of $id)/etc/vzdump" ] || flunk "etc/vzdump is left"
	run 0 destroy $id
	nothing_of $id
done

# ---- the other kind ----
run 0 create 110 builtin:busybox --unprivileged 0
r110=$(root_of 110)
furnish "$r110" privileged
run 0 backup 110 --compress gzip --stdexcludes 0
g=$(newest 110)
like "gzip" '\.tar\.gz$' "$g"
run 0 restore 111 "$g"
same_tree "a privileged one, with its devices" "$r110" "$(root_of 111)"
run 0 restore 112 "$g" --unprivileged 1
rm "$r110/srv/t/null" "$r110/srv/t/disk"
touch -d '2005-05-05 05:05:05.55' "$r110/srv/t"
same_tree "privileged to unprivileged: all but the devices" "$r110" "$(root_of 112)"
grep -qx 'unprivileged: 1' "$confs/112.conf" || flunk "112 is not unprivileged"
run 0 start 112
same "it runs" "$(inside 112 'id -u; cat /srv/t/one')" "0
one"
run 0 restore 113 "$a" --unprivileged 0
same_tree "unprivileged to privileged" "$r100" "$(root_of 113)"
run 0 start 113
same "it runs, too" "$(inside 113 'cat /srv/t/one')" one
for i in 110 111 112 113; do "$pct" destroy $i --force; done

# ---- while it runs ----
for mode in suspend stop snapshot; do
	was=$(pid_of 200)
	run 0 backup 200 --mode $mode --compress none
	grep -q ^lock "$confs/200.conf" && flunk "a lock is left: $(cat "$confs/200.conf")"
	like "$mode: it runs, and does not stand still" '^running$' "$("$pct" status 200 | sed 's/status: //')"
	same "$mode: it is as it was" "$(inside 200 'cat /srv/t/one')" one
	if [ $mode = stop ]; then
		[ "$(pid_of 200)" != "$was" ] || flunk "stop: it was not stopped"
	else
		same "$mode: its process 1 is the same" "$(pid_of 200)" "$was"
	fi
	tar -xOf "$(newest 200)" ./srv/t/plain >"$work/one" 2>/dev/null || flunk "$mode: no file in it"
	same "$mode: what is in it" "$(cat "$work/one")" plain
done
like "no snapshots here: said" 'no snapshots \(rootfs\): mode suspend instead' "$(cat "$err")"

# ---- left out ----
run 0 stop 200
mkdir -p "$r200/var/tmp" "$r200/var/cache/x"
touch "$r200/tmp/gone" "$r200/var/cache/x/gone" "$r200/srv/here.log" "$r200/srv/here.txt" "$r200/var/tmp/gone"
run 0 backup 200 --exclude-path '/var/cache/*' --exclude-path '*.log' --compress 0
tar tf "$(newest 200)" >"$work/list" 2>/dev/null
same "excluded" "$(grep -cE 'gone|here.log' "$work/list")" 0
same "what is excluded from is there" "$(grep -cE '^./(tmp|var/cache)/$|here.txt$' "$work/list")" 3

# ---- streams ----
if "$pct" backup 200 --stdout 2>"$work/said" | "$pct" restore 210 - 2>"$err"; then
	pass "from one's stdout to another's stdin"
else
	flunk "from one's stdout to another's stdin" "$(cat "$err")"
fi
same "the same file" "$(cat "$(root_of 210)/srv/t/one")" one
run 0 destroy 210

# ---- archives ----
run 0 backup list
same "listed" "$(grep -c vzdump-lxc- "$out")" "$(find "$dump" -name '*.tar*' ! -name '*.notes' | wc -l)"
run 0 backup list 100 --output-format json
same "as JSON" "$(python3 -c 'import json, sys; print([x["vmid"] for x in json.load(open(sys.argv[1]))])' "$out")" "[100]"
run 0 backup verify "$a" "${a##*/}" "local:backup/${a##*/}"
head -c 100000 "$a" >"$work/cut.tar.zst"
run 1 backup verify "$work/cut.tar.zst"
said "is damaged"
# Cut where an entry ends: to libarchive it is as good as a whole one.
zstd -qdc "$a" >"$work/whole.tar"
python3 - "$work/whole.tar" "$work/entries.tar" <<-'EOF'
	import sys, tarfile
	at = [m.offset for m in tarfile.open(sys.argv[1], errorlevel=0)]
	open(sys.argv[2], 'wb').write(open(sys.argv[1], 'rb').read(at[len(at) // 2]))
EOF
run 1 backup verify "$work/entries.tar"
said "is damaged: it ends too early"
run 1 restore 211 "$work/entries.tar"
said "is damaged: it ends too early"
nothing_of 211
run 0 backup verify "$work/whole.tar"
run 0 backup protect "${a##*/}"
run 1 backup remove "${a##*/}"
said "is protected"
run 0 backup unprotect "${a##*/}"
for i in 1 2 3; do run 0 backup 200 --prune-backups keep-last=2; done
same "two are kept" "$(find "$dump" -name 'vzdump-lxc-200-*.tar*' | wc -l)" 2
same "of others all" "$(find "$dump" -name 'vzdump-lxc-100-*.zst' | wc -l)" 1
run 0 backup remove "$(basename "$(newest 200)")"
run 2 backup 100 --notes-template '{{what}}'
printf 'compress: gzip\nmode: stop\n' >"$PCT_ROOT/etc/pct/vzdump.conf"
run 0 backup 200
like "defaults of etc/pct/vzdump.conf" 'tar\.gz$' "$(cat "$out")"
rm "$PCT_ROOT/etc/pct/vzdump.conf"
mkdir -p "$work/dumps"
run 0 backup --all --exclude 100 --dumpdir "$work/dumps" --compress gzip
same "--all, but one" "$(find "$work/dumps" -name '*.tar.gz' | sed 's/.*lxc-\([0-9]*\).*/\1/' | tr '\n' ' ')" "200 "

# ---- what may be anybody's ----
hostile() # CONF: an archive with it
{
	printf '%s\n' "$1" >"$work/meta/etc/vzdump/pct.conf"
	tar cf "$work/h.tar" -C "$work/meta" ./etc/vzdump/pct.conf -C "$r100" ./etc ./bin ./sbin
}
hostile 'rootfs: local:100/subvol-100-disk-0.subvol
unprivileged: 1
hookscript: /bin/touch
mp0: /etc,mp=/hostetc
dev0: /dev/mem
lxc.hook.pre-start: /bin/sh -c evil
lxc.mount.entry: / mnt none bind 0 0
lock: backup
nonsense: 1
memory: -5
hostname: ../../x
cores: 1'
run 0 restore 400 "$work/h.tar"
same "nothing that reaches the host" "$(grep -cE '^(hookscript|mp0|dev0|lxc|lock|nonsense|memory: -5|hostname: \.)' "$confs/400.conf")" 0
grep -qx 'cores: 1' "$confs/400.conf" || flunk "an honest key is lost"
like "it is said" 'reaches the host: hookscript, mp0, dev0, lxc.hook.pre-start' "$(cat "$err")"
run 0 destroy 400
run 0 restore 400 "$work/h.tar" --trusted
like "but to who trusts it" '^mp0: /etc,mp=/hostetc$' "$(cat "$confs/400.conf")"
run 0 destroy 400
hostile 'rootfs: local:100/subvol-100-disk-0.subvol
unprivileged: 0
onboot: 1
features: nesting=1,mknod=0,force_rw_sys=1
mp0: local:100/subvol-100-disk-1.subvol,mp=/d,idmap=passthrough'
run 0 restore 400 "$work/h.tar"
like "it is said that it is privileged" 'CT 400 is privileged, as its backup is' "$(cat "$err")"
like "... and what else it has" 'CT 400 has more of the host than others have, as its backup says: features \(force_rw_sys, nesting\), onboot, mp0 \(idmap\);' "$(cat "$err")"
run 0 destroy 400
run 0 restore 400 "$work/h.tar" --unprivileged 1 --onboot 0 --features nesting=0
like "... but what was said here" 'as its backup says: mp0 \(idmap\);' "$(cat "$err")"
run 0 destroy 400
hostile 'rootfs: /etc'
run 1 restore 400 "$work/h.tar"
nothing_of 400
hostile 'unprivileged: 1'
run 1 restore 400 "$work/h.tar"
like "no rootfs in it" 'give --rootfs' "$(cat "$err")"
run 0 restore 400 "$work/h.tar" --rootfs local:0
run 0 destroy 400
tar cf "$work/h.tar" -C "$r100" ./bin ./etc
run 1 restore 400 "$work/h.tar"
like "a template is no backup" 'no backup of a container' "$(cat "$err")"
head -c 70000000 /dev/zero >"$work/zero"
run 1 restore 400 "$work/zero"
nothing_of 400

# One that was cut between two files: nothing but its end says so where it is not compressed.
"$pct" backup 100 --compress 0 --stdout >"$work/whole.tar" 2>/dev/null
python3 - "$work" <<'P'
import sys, tarfile
with tarfile.open(sys.argv[1] + "/whole.tar") as t: at = t.getmembers()[-3].offset
open(sys.argv[1] + "/short.tar", "wb").write(open(sys.argv[1] + "/whole.tar", "rb").read(at))
P
run 1 restore 400 "$work/short.tar"
like "an archive without its end is damaged" "without a tar's end" "$(cat "$err")"
nothing_of 400
# shellcheck disable=SC2002
piped() { cat "$1" | "$pct" restore 400 - 2>"$err"; } # a pipe it is to be
fails "... from a pipe, too" piped "$work/short.tar"
like "... which is said" "without a tar's end" "$(cat "$err")"
nothing_of 400
run 1 backup verify "$work/short.tar"
run 0 backup verify "$work/whole.tar"
ok "a whole one is not" piped "$work/whole.tar"
run 0 destroy 400
# Its lock cannot be had: said, and no more.
exec 7>>"$PCT_ROOT/run/pct/lock/100.lock"
flock 7
run 1 backup 100
exec 7>&-
like "another that works on it is named or said" 'still working on CT 100' "$(cat "$err")"

# ---- over one that is there ----
run 1 restore 200 "$a"
like "not by mistake" 'already exists' "$(cat "$err")"
echo mine >"$r200/only-here"
run 1 restore 200 "$work/cut.tar.zst" --force
same "a damaged one changes nothing" "$(cat "$r200/only-here")" mine
same "its conf neither" "$(grep -cE '^(lock|unused)' "$confs/200.conf")" 0
same "nor is a volume left" "$(find "$images/200" -mindepth 1 -maxdepth 1 | wc -l)" 1
run 0 restore 200 "$a" --force
now=$(sed -n 's/^rootfs: local:200\///p' "$confs/200.conf" | cut -d, -f1)
same_tree "replaced" "$r100" "$images/200/$now"
same "the old one is gone" "$(find "$images/200" -mindepth 1 -maxdepth 1 | wc -l)" 1
same "nothing is unused or locked" "$(grep -cE '^(lock|unused)' "$confs/200.conf")" 0
# What is not in the archive is the only one there is.
run 0 set 200 --mp0 local:0,mp=/data --mp1 local:0,mp=/saved,backup=1 --mp2 local:0,mp=/let-go
run 0 set 200 --delete mp2
for key in mp0 mp1 unused0; do
	echo "$key" >"$images/$(sed -n "s/^$key: local:\([^,]*\).*/\1/p" "$confs/200.conf")/precious"
done
b=$("$pct" backup 200 2>/dev/null)
run 0 restore 200 "$b" --force
like "what is not in the archive is said" 'its mp0 is not in the archive: .* is kept' "$(cat "$err")"
held() { sed -n "s/^$1: local:\([^,]*\).*/\1/p" "$confs/200.conf" | while read -r at; do cat "$images/$at/precious" 2>/dev/null; done; }
same "... and is an unused volume" "$(held 'unused[0-9]*' | sort | xargs)" "mp0 unused0"
same "what is in it is there, once" "$(held mp1) $(find "$images/200" -name precious -exec cat {} + | sort | xargs)" "mp1 mp0 mp1 unused0"
run 0 restore 200 "$a" --force
same "... also one that it has at no place of the archive's" "$(held 'unused[0-9]*' | sort | xargs)" "mp0 mp1 unused0"
# A template.
"$pct" clone 200 201 >/dev/null 2>&1
run 0 template 201
b=$("$pct" backup 201 2>/dev/null)
run 0 restore 202 "$b"
same "a template is one again" "$(grep -cE '^template: 1|^rootfs: local:202/base' "$confs/202.conf")" 2
run 1 start 202
run 0 destroy 202
run 0 destroy 201

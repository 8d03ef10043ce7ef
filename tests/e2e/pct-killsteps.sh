#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Every operation on containers' files, killed before each of its steps (pct/step.h), with each
# failing, and with the disk full from each on. After that the next command mends what there is, or
# says what to do; nothing of any other container is lost, and nothing is left over.
#
#   KILL_ONLY="clone*"   only those operations      KILL_HOW="kill"   only so: kill fail full
#   KILL_ALL=1           each step of each; else some of them, another few each time
# shellcheck source=pct-lib
. "$(dirname "$0")/pct-lib"
# shellcheck source=pct-disk-lib
. "$(dirname "$0")/pct-disk-lib"
needs "needs the package btrfs-progs" [ -x /usr/sbin/mkfs.btrfs ]
needs "$B/pct-die is not built" [ -x "$B/pct-die" ]

die=$(readlink -f "$B/pct-die")
limit=${KILL_S:-70} # seconds for some of them
matrix=$PCT_ROOT/matrix
: >"$matrix"
outer=$PCT_ROOT
each=${KILL_ALL:+1}

# on TYPE SIZE: all of it, the confs too, on a small file system, so that what is full is full.
on()
{
	local options=

	if [ "$1" = btrfs ]; then
		# A full one gives room back by and by, and one kind of room does not become the other.
		disk_mkfs=(--mixed) options=commit=1
	fi
	disk_make "$1" "$2" "$outer/$1" "$options"
	PCT_ROOT=$outer/$1
	images=$PCT_ROOT/var/lib/pct/images
	confs=$PCT_ROOT/etc/pct/lxc
	kind=$1
	ballast=$PCT_ROOT/ballast
}
conf_value() { sed -n "/^\[/q; s/^$2: //p" "$confs/$1.conf"; }
files_of() { conf_value "$1" rootfs | sed "s|^local:|$images/|; s|,.*||"; }
mark() { echo "$2" >"$(files_of "$1")/mark"; }
marked() { cat "$(files_of "$1")/mark" 2>&1; }
# All there is: confs, volumes, subvolumes; by name. What is being removed has a while for that.
swept() { [ -z "$(ls "$PCT_ROOT/var/lib/pct/images/.gone" 2>/dev/null)" ]; }
all_there()
{
	(
		until_true 5 swept
		cd "$PCT_ROOT"
		ls etc/pct/lxc/ -A
		find var/lib/pct/images two/images -mindepth 1 -maxdepth 2 2>/dev/null
		if [ "$kind" = btrfs ]; then btrfs subvolume list . | sed 's/.* path //'; fi
		ls -A run/pct/lock 2>/dev/null
		PCT_ROOT=$outer disk_left
	) | sed 's/-disk-[0-9]*/-disk-N/' | sort
}

as_before() { [ "$(all_there)" = "$base" ]; }
# The kernel gives a loop device back a moment after its last mount is gone.
all_loose() { [ -z "$(PCT_ROOT=$outer disk_left)" ]; }

# What each operation is: its words, what there is before, what is well after it, what takes it away.
words_create() { echo "create 101 builtin:busybox --memory 64"; }
well_create() { [ -x "$(files_of 101)/bin/busybox" ]; }
away_create() { "$pct" destroy 101; }
words_clone() { echo "clone 100 101"; }
well_clone() { [ "$(marked 101)" = one ]; }
away_clone() { "$pct" destroy 101; }
# Both volumes on a storage that nothing of the new one names before they are there.
before_clone_to() { "$pct" set 100 --mp0 local:0,mp=/m; }
words_clone_to() { echo "clone 100 101 --storage two"; }
well_clone_to() { [ "$(cat "$PCT_ROOT/two/images/$(conf_value 101 rootfs | sed 's/^two://; s/,.*//')/mark" 2>&1)" = one ] && conf_value 101 mp0 | grep -q ^two:; }
away_clone_to() { "$pct" destroy 101 && "$pct" set 100 --delete mp0 && tidy 100; }
words_clone_linked() { echo "clone 100 101 --full 0"; }
well_clone_linked() { [ "$(marked 101)" = one ]; }
away_clone_linked() { "$pct" destroy 101; }
words_snapshot() { echo "snapshot 100 new"; }
well_snapshot() { grep -q '^\[new\]' "$confs/100.conf"; }
away_snapshot() { "$pct" delsnapshot 100 new; }
before_delsnapshot() { "$pct" snapshot 100 new; }
words_delsnapshot() { echo "delsnapshot 100 new"; }
well_delsnapshot() { ! grep -q '^\[new\]' "$confs/100.conf"; }
before_rollback() { mark 100 two; }
words_rollback() { echo "rollback 100 old"; }
well_rollback() { [ "$(marked 100)" = one ]; }
away_rollback() { "$pct" rollback 100 old; }
before_destroy() { "$pct" clone 100 101; }
words_destroy() { echo "destroy 101"; }
well_destroy() { [ ! -e "$confs/101.conf" ]; }
before_template() { "$pct" clone 100 101; }
words_template() { echo "template 101"; }
well_template() { [ "$(conf_value 101 template)" = 1 ]; }
away_template() { "$pct" destroy 101; }

# What is left of a move, or was made before the conf named it, is unused, or found by rescan.
tidy()
{
	local key

	"$pct" rescan >/dev/null && for key in $(sed -n 's/^\(unused[0-9]*\):.*/\1/p' "$confs/$1.conf"); do
		"$pct" set "$1" --delete "$key" || return 1
	done
}
words_set_new() { echo "set 100 --mp0 local:0.02,mp=/m"; }
well_set_new() { [ -n "$(conf_value 100 mp0)" ]; }
away_set_new()
{
	if well_set_new; then "$pct" set 100 --delete mp0 || return 1; fi
	tidy 100
}
before_set_free() { "$pct" set 100 --mp0 local:0.02,mp=/m && "$pct" set 100 --delete mp0; }
words_set_free() { echo "set 100 --delete unused0"; }
well_set_free() { [ -z "$(conf_value 100 unused0)" ]; }
moved() { [ "$(cat "$(conf_value "$1" "$2" | sed "s|^local:|$images/|; s|^two:|$PCT_ROOT/two/images/|; s|,.*||")/moved" 2>&1)" = one ]; }
words_move_volume() { echo "move-volume 100 mp0 two"; }
well_move_volume() { conf_value 100 mp0 | grep -q ^two: && moved 100 mp0; }
away_move_volume() { "$pct" move-volume 100 mp0 local && tidy 100; }
words_move_delete() { echo "move-volume 100 mp0 two --delete"; }
well_move_delete() { well_move_volume; }
away_move_delete() { away_move_volume; }
# By so much that resize2fs ends in the middle of its tables where there is no room; what is in it stays.
image_of() { conf_value "$1" "$2" | sed "s|^local:|$images/|; s|,.*||"; }
before_resize() { "$pct" set 100 --mp1 local:0.02,mp=/image && seq 60000 >"$outer/kept" && debugfs -w -R "write $outer/kept kept" "$(image_of 100 mp1)"; }
words_resize() { echo "resize 100 mp1 3000M"; }
well_resize()
{
	conf_value 100 mp1 | grep -q size=3000M && e2fsck -nf "$(image_of 100 mp1)" >/dev/null 2>&1 &&
		[ "$(debugfs -R "cat kept" "$(image_of 100 mp1)" 2>/dev/null)" = "$(cat "$outer/kept")" ] &&
		[ "$("$pct" df 100 --output-format json | grep -A5 '"mp1"' | sed -n 's/.*"size":\([0-9]*\).*/\1/p')" -gt 2500000000 ]
}
away_resize() { "$pct" set 100 --delete mp1 && tidy 100; }
words_backup() { echo "backup 100"; }
well_backup() { [ -n "$(find "$PCT_ROOT/var/lib/pct/dump" -name '*.tar.zst')" ] && [ -z "$(find "$PCT_ROOT/var/lib/pct/dump" -name '*.dat')" ] && [ -z "$(conf_value 100 lock)" ]; }
away_backup() { rm -f "$PCT_ROOT"/var/lib/pct/dump/*; }
words_restore() { echo "restore 101 $outer/100.tar.zst"; }
well_restore() { [ "$(marked 101)" = one ]; }
away_restore() { "$pct" destroy 101; }
before_restore_over() { "$pct" clone 100 101; mark 101 two; }
words_restore_over() { echo "restore 101 $outer/100.tar.zst --force"; }
# What could not be freed of the old one is an unused volume of the new one, and said.
well_restore_over() { [ "$(marked 101)" = one ] && [ -z "$(conf_value 101 lock)" ]; }
away_restore_over() { "$pct" destroy 101; }
pack() { "$pct" backup 100 --stdout >"$outer/100.tar.zst" 2>"$err"; }

do_before() { if declare -F "before_$1" >/dev/null; then "before_$1" >/dev/null 2>>"$err" || flunk "$1: before" "$(cat "$err")"; fi; }
do_away() { if declare -F "away_$1" >/dev/null; then "away_$1" >/dev/null 2>"$err" || flunk "$why: take it away" "$(cat "$err")"; fi; }

# again OPERATION: said again it does it, or what it says to do first does; "how" is how it came.
again()
{
	local op=$1 i hint

	how=
	for i in 1 2 3 4; do
		# shellcheck disable=SC2046 # words
		if "$pct" $("words_$op") >"$out" 2>"$err"; then
			if "well_$op"; then how="${how:-again}"; return 0; fi
			break
		fi
		case $op in
		destroy | delsnapshot | template | move_delete)
			if "well_$op"; then how=${how:-done}; return 0; fi ;;
		esac
		hint=$(grep -oE "pct (destroy|unlock|delsnapshot|rollback) [0-9]+( [a-z]+)?" "$err" | head -1)
		if [ -z "$hint" ]; then break; fi
		how="${how:+$how, }${hint% [0-9]*}"
		# shellcheck disable=SC2086
		"$pct" ${hint#pct } >/dev/null 2>>"$err" || break
		case $hint in
		*"destroy 101"*)
			if [ -e "$images/101" ] || [ -e "$PCT_ROOT/two/images/101" ]; then
				echo "volumes are left after '$hint'" >>"$err"
				break
			fi ;;
		esac
	done
	return 1
}

# What it forked goes on after it, and may be the one that fills the disk.
died_out()
{
	local exe

	for exe in /proc/[0-9]*/exe; do
		if [ "$(readlink "$exe" 2>/dev/null)" = "$die" ]; then return 1; fi
	done
}

has_room()
{
	sync -f "$PCT_ROOT"
	head -c 1M /dev/urandom >"$ballast" && sync -f "$PCT_ROOT" && rm -f "$ballast"
}

# one OPERATION STEP HOW NAME
one()
{
	local op=$1 n=$2 how_so=$3 name=$4 code=0 state variables=() said

	do_before "$op"
	why="$kind: $op: $how_so at $n ($name)"
	case $how_so in
	kill) variables=("PCT_STEP=$n") ;;
	fail) variables=("PCT_STEP_FAIL=$n:ENOSPC") ;;
	full) variables=("PCT_STEP_FULL=$n:$ballast") ;;
	esac
	# shellcheck disable=SC2046 # words; a shell of its own, that nobody hears say "Killed"
	(env "${variables[@]}" timeout 300 "$die" $("words_$op") >/dev/null 2>"$err" </dev/null; exit $?) 2>/dev/null || code=$?
	until_true 30 died_out || flunk "$why: it has not ended"
	if [ -e "$ballast" ]; then
		# btrfs gives the room back at its next commit, or at that after it.
		rm -f "$ballast"
		until_true 30 has_room || flunk "$why: there is no room again" "$(df "$PCT_ROOT")"
	fi
	said=$(cat "$err")
	case $how_so:$code in
	kill:137 | fail:1 | full:1) ;;
	kill:0) # it has fewer steps this time
		do_away "$op"
		return 0 ;;
	fail:0 | full:0) ;; # it could do without
	*) flunk "$why: exit $code" "$said" ;;
	esac
	if [ "$how_so" = full ] && [ "$code" = 1 ] && [ -z "$said" ]; then flunk "$why: it says nothing"; fi
	"$pct" list >/dev/null 2>"$err" || flunk "$why: then pct list" "$(cat "$err")"
	if [ -s "$err" ]; then flunk "$why: pct list complains" "$(cat "$err")"; fi
	if [ "$code" = 0 ]; then
		state="done all the same"
		"well_$op" || flunk "$why: it says 0, and is not done"
	elif again "$op"; then
		state="mended: $how"
	else
		state=BROKEN
		flunk "$why: said again" "$said
$(cat "$err")"
		"$pct" unlock 100 2>/dev/null || true
		"$pct" unlock 101 2>/dev/null || true
	fi
	do_away "$op"
	if [ "$op" != rollback ] && [ "$(marked 100)" != one ]; then flunk "$why: what CT 100 had is lost"; fi
	if ! until_true 1 as_before; then
		flunk "$why: not as it was before" "$(diff <(echo "$base") <(all_there))"
		base=$(all_there)
	fi
	printf '%s\t%s\t%s\t%s\t%s\n' "$kind" "$op" "$how_so" "$name" "$state" >>"$matrix"
}

# all_of OPERATION: each of its steps, or those that there is time for.
all_of()
{
	local op=$1 n=0 steps how_so number name odd=$FAILED hit=0

	# shellcheck disable=SC2254 # a pattern
	case $op in ${KILL_ONLY:-*}) ;; *) return 0 ;; esac
	do_before "$op"
	# shellcheck disable=SC2046
	PCT_STEP_LOG=$outer/steps "$die" $("words_$op") >/dev/null 2>"$err" || flunk "$kind: $op" "$(cat "$err")"
	why="$kind: $op"
	"well_$op" || flunk "$why: it is not done"
	do_away "$op"
	until_true 1 all_loose || true
	base=$(all_there)
	steps=$(wc -l <"$outer/steps")
	while read -r number name <&3; do
		for how_so in ${KILL_HOW:-kill fail full}; do
			if [ -z "$each" ]; then
				# Each kill; of the others every third, another one each time.
				n=$((n + 1))
				if [ "$how_so" != kill ] && [ $(((n / 2 + started) % 3)) != 0 ]; then continue; fi
				if [ $(($(date +%s) - started)) -gt "$limit" ]; then late=$((late + 1)); continue; fi
			fi
			one "$op" "$number" "$how_so" "$name"
			hit=$((hit + 1))
		done
	done 3<"$outer/steps"
	rm -f "$outer/steps"
	same "$kind: $op: $steps steps, $hit times ended at one, all mended" "$FAILED" "$odd"
}

started=$(date +%s)
late=0
disk_fast
on btrfs 256M
mkdir "$PCT_ROOT/two"
mkdir -p "$PCT_ROOT/etc/pct"
printf 'btrfs: two\n\tpath %s/two\n' "$PCT_ROOT" >"$PCT_ROOT/etc/pct/storage.cfg"
"$pct" create 100 builtin:busybox --memory 64
mark 100 one
"$pct" snapshot 100 old
pack
for op in snapshot rollback delsnapshot clone clone_to template destroy create set_new set_free backup restore restore_over; do all_of "$op"; done
"$pct" destroy 100
on ext4 64M
"$pct" create 100 builtin:busybox --memory 64
mark 100 one
pack
for op in clone destroy create set_new set_free backup restore restore_over; do all_of "$op"; done
mkdir "$PCT_ROOT/two"
printf 'dir: two\n\tpath %s/two\n' "$PCT_ROOT" >"$PCT_ROOT/etc/pct/storage.cfg"
"$pct" set 100 --mp0 local:0,mp=/data >/dev/null
echo one >"$(conf_value 100 mp0 | sed "s|^local:|$images/|; s|,.*||")/moved"
for op in resize move_volume move_delete; do all_of "$op"; done

# A process that has the container's ids for a mount outlives no pct, and holds no lock for it.
if strace -o /dev/null true 2>/dev/null; then
	strace -o "$outer/trace" -e trace=openat "$pct" mount 100 >/dev/null 2>"$err" || flunk "mount" "$(cat "$err")"
	"$pct" unmount 100
	at=$(awk '/uid_map/ { print NR; exit }' "$outer/trace")
	(strace -o /dev/null -e trace=openat -e "inject=openat:signal=KILL:when=$at" "$pct" mount 100 >/dev/null 2>&1 || true) 2>/dev/null
	ok "killed while another process holds the ids of a mount, the lock is free" timeout 5 "$pct" unmount 100
else
	skip "killed alone while another process works for it" "needs the package strace, and ptrace(2)"
fi
"$pct" destroy 100
PCT_ROOT=$outer confs=$outer/etc/pct/lxc

# operation x step: what came of it
awk -F'\t' '{ n[$1 " " $2 "\t" $4 "\t" $3 ": " $5]++ } END { for (k in n) print k "\t" n[k] }' "$matrix" | sort |
	awk -F'\t' '$1 != last { printf "%s# %s", last == "" ? "" : "\n", $1; last = $1; step = "" }
		$2 != step { printf "\n#   %-48s %s x%d", $2, $3, $4; step = $2; next }
		{ printf "; %s x%d", $3, $4 } END { print "" }'
if [ $late != 0 ]; then echo "# $late left out: KILL_ALL=1 has them all"; fi
same "none is broken" "$(grep -c BROKEN "$matrix")" 0

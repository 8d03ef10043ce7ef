#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Storage of type overlay: clones that share what they have not changed, with the container's own
# ids; a base that stays as long as there are clones of it.
# shellcheck source=pct-lib
. "$(dirname "$0")/pct-lib"

mkdir -p "$PCT_ROOT/etc/pct" "$PCT_ROOT/over" "$PCT_ROOT/plain"
printf 'overlay: over\n\tpath %s/over\n\ndir: plain\n\tpath %s/plain\n' "$PCT_ROOT" "$PCT_ROOT" \
	>"$PCT_ROOT/etc/pct/storage.cfg"
volumes=$PCT_ROOT/over/images
base=$volumes/100/basevol-100-disk-0.subvol/upper
tree() { (cd "$1" && find . -printf '%p %y %U %G %m %s %l\n' | sort; find . -type f -exec md5sum {} + | sort); }

run 0 create 100 builtin:busybox --storage over
inside_upper=$(ls "$volumes/100/subvol-100-disk-0.subvol")
same "a volume is a directory of pct's, with the container's files one below" "$inside_upper" upper
run 1 clone 100 101 --full 0
like "only templates have linked clones" 'can have no linked clone' "$(cat "$err")"
run 0 start 100
inside 100 'echo base >/root/f; ln /root/f /root/hard; chmod 4755 /root/f'
run 0 stop 100
run 0 template 100
before=$(tree "$base")

run 0 clone 100 101
run 0 clone 100 102
same "a clone takes nothing" "$(find "$volumes/101" -type f | wc -l)" 0
run 0 start 101
run 0 start 102
same "its root is an overlay" "$(inside 101 "awk '\$2 == \"/\" { print \$3 }' /proc/mounts")" overlay
same "what is in the base is in it" "$(inside 101 'cat /root/f')" base
same "… and its root's" "$(inside 101 'stat -c %u:%g:%a /root/f')" 0:0:4755
inside 101 'echo mine >>/root/f; rm /root/hard; mkdir /d; echo x >/d/x; chown 5:6 /d/x; mv /home /house; mknod /root/p p'
same "it is written to" "$(inside 101 'tail -1 /root/f; ls /house -d; stat -c %u:%g /d/x')" "mine
/house
5:6"
same "the other clone is as before" "$(inside 102 'cat /root/f; ls /root | xargs')" "base
f hard"
same "the base is as before" "$(tree "$base")" "$before"
same "on the disk its ids are those inside" \
	"$(stat -c %u:%g "$volumes/101/subvol-101-disk-0.subvol/upper/d/x")" 5:6
fails "no user of the host gets there" setpriv --reuid 65534 --clear-groups ls "$volumes/101"

run 0 df 101
same "df while it runs" "$(awk 'NR == 2 { print $2 }' "$out")" over:101/subvol-101-disk-0.subvol
run 1 destroy 100
said "pct: remove volume 'over:100/basevol-100-disk-0.subvol': 'over:10"
same "a base that is in use stays, whole" "$(tree "$base")" "$before"
same "… and is not locked" "$(grep -c ^lock: "$confs/100.conf")" 0

run 0 stop 101
run 0 start 101
same "what was written is there after a restart" "$(inside 101 'tail -1 /root/f; ls /root | xargs')" "mine
f p"
run 0 stop 101

# A clone of a clone.
run 0 template 101
run 0 clone 101 103
run 0 start 103
same "a clone of a clone has all of it" "$(inside 103 'tail -1 /root/f; ls /house /d; ls /home 2>&1')" "mine
/d:
x

/house:
ls: /home: No such file or directory"
run 0 stop 103

# A container has no say in what its volume is.
run 0 create 104 builtin:busybox --storage over
run 0 start 104
inside 104 'mkdir /upper /work; ln -s 100/basevol-100-disk-0.subvol /lower; echo own >/root/own'
run 0 stop 104
run 0 start 104
same "files named as the layers are files" "$(inside 104 'readlink /lower; cat /root/own')" \
	"100/basevol-100-disk-0.subvol
own"
same "… and it is no overlay" "$(inside 104 "awk '\$2 == \"/\" { print \$3 }' /proc/mounts" | grep -c overlay)" 0
run 0 destroy 104 --force

# Off the base.
run 0 move-volume 103 rootfs plain --delete
run 0 start 103
same "moved to another storage it is whole" "$(inside 103 'tail -1 /root/f; stat -c %u:%g /d/x')" "mine
5:6"
run 0 destroy 103 --force
run 0 destroy 101
run 0 destroy 102 --force
run 0 destroy 100
same "nothing is left" "$(find "$PCT_ROOT/over/images" "$PCT_ROOT/plain/images" -mindepth 1)" ""

#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Storage of type lvmthin: a container on a thin volume; larger while it runs, a snapshot, back to
# it, a linked clone, another group's volumes left alone. In a virtual machine only, as volume
# groups are the system's own: tests/vm/run tests/vm/lvmthin.sh
[ -x /sbin/vm-init ] || {
	echo "skip - lvmthin (only in tests/vm)"
	exit 77
}
# shellcheck source=../e2e/pct-lib
. "$(dirname "$0")/../e2e/pct-lib"
disk=
cleanup_more()
{
	set +e
	"$pct" destroy 101 --force >/dev/null 2>&1
	"$pct" destroy 100 --force >/dev/null 2>&1
	vgremove -ff -y pctvg >/dev/null 2>&1
	[ -z "$disk" ] || losetup -d "$disk"
}
modprobe -q dm-thin-pool || true
# There is no udev here: LVM makes the nodes itself.
printf 'activation {\n\tudev_sync = 0\n\tudev_rules = 0\n\tverify_udev_operations = 1\n}\ndevices {\n\tobtain_device_list_from_udev = 0\n}\n' \
	>/etc/lvm/lvmlocal.conf
mkdir -p "$PCT_ROOT/etc/pct"
printf 'lvmthin: thin\n\tvgname pctvg\n\tthinpool data\n' >"$PCT_ROOT/etc/pct/storage.cfg"
truncate -s 2G "$PCT_ROOT/img"
disk=$(losetup -f --show "$PCT_ROOT/img")
vgcreate -q pctvg "$disk" >/dev/null
ok "a thin pool" lvcreate -q -y --type thin-pool -L 1G -n data pctvg
lvcreate -q -y -V 64M --thinpool data -n others pctvg >/dev/null
lvs_now() { lvs --noheadings -o lv_name -S 'lv_name!=data && lv_name!=others' pctvg | xargs; }
total() { inside "$1" "df -Pm / | awk 'NR == 2 { print \$2 }'"; }

run 0 create 100 builtin:busybox --rootfs thin:0.25
same "its volume" "$(grep ^rootfs: "$confs/100.conf")" "rootfs: thin:vm-100-disk-0,size=256M"
run 0 start 100
same "root is root in it" "$(inside 100 'echo one >/f; stat -c %u /f')" 0
within "its size" 200 256 "$(total 100)"
run 0 resize 100 rootfs +256M
within "it grows while it runs, an ext4" 440 512 "$(total 100)"
same "its size is in the conf" "$(grep -o 'size=.*' "$confs/100.conf")" size=512M
run 0 snapshot 100 before
same "a snapshot" "$(lvs_now)" "snap_vm-100-disk-0_before vm-100-disk-0"
inside 100 'echo two >/f; sync'
run 0 fstrim 100
run 0 stop 100
run 0 fsck 100
run 0 rollback 100 before
same "it is back" "$(lvs_now)" "snap_vm-100-disk-0_before vm-100-disk-0"
# As if killed between the two names: said again it is finished.
lvrename -q pctvg vm-100-disk-0 old_vm-100-disk-0 >/dev/null
lvcreate -q -y -s -kn -p rw -n new_vm-100-disk-0 pctvg/snap_vm-100-disk-0_before >/dev/null
run 0 rollback 100 before
same "a rollback that was killed is finished" "$(lvs_now)" "snap_vm-100-disk-0_before vm-100-disk-0"
run 0 start 100
same "what was written since is gone" "$(inside 100 'cat /f')" one
run 0 stop 100
run 0 df 100
run 0 delsnapshot 100 before
same "no snapshot any more" "$(lvs_now)" vm-100-disk-0

run 0 template 100
same "a template's name" "$(lvs_now)" base-100-disk-0
run 0 clone 100 101
run 0 start 101
same "a linked clone has all of it" "$(inside 101 'cat /f; echo three >/f; cat /f' | xargs)" "one three"
same "… on a volume of its own" "$(lvs_now)" "base-100-disk-0 vm-101-disk-0"
run 0 stop 101
lvcreate -q -y -V 32M --thinpool data -n vm-101-disk-5 pctvg >/dev/null
run 0 rescan
same "what nobody named is unused" "$(grep ^unused "$confs/101.conf")" "unused0: thin:vm-101-disk-5"
run 0 destroy 100
run 0 destroy 101
same "nothing is left" "$(lvs_now)" ""
ok "what is others' is" lvs pctvg/others

printf '\nlvmthin: gone\n\tvgname nogroup\n\tthinpool data\n' >>"$PCT_ROOT/etc/pct/storage.cfg"
run 1 create 100 builtin:busybox --rootfs gone:1
like "a group that is not there" "storage 'gone': .* lvs: Volume group \"nogroup\" not found" "$(cat "$err")"

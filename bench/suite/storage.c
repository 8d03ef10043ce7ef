// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What is done with a container's storage, by pct, LXD and LXC's own programs, with the same Debian
 * on the same file system. Time is until all of it is on the disk: pct mostly returns when it
 * is, the others mostly before.
 */
#include "base/base.h"
#include "bench/suite/suite.h"

#define NEW  "${PCT} create 101 deb --storage st --hostname bench --memory 512"
#define GONE "$PCT destroy 101 --force"
#define WITH_LXD(command, before, after)                                                           \
	{                                                                                          \
		"LXD", PEER, "LXD", command, before, after                                         \
	}

// clang-format off
#define EVERYWHERE \
	{ "create", "From an image that is there already.", SYNCED, .subjects = { \
		{ "pct", OURS, NULL, NEW, NULL, GONE }, \
		WITH_LXD("lxc init deb c101", NULL, "lxc delete c101") } }, \
	{ "start, stop later", "Of one that was started before.", TIMED, .subjects = { \
		{ "pct", OURS, NULL, "${PCT} start 100", NULL, "$PCT stop 100" }, \
		WITH_LXD("lxc start c100", NULL, "lxc stop -f c100"), \
		{ "LXC", FLOOR, "LXC", "lxc-start -P ${LXC} -n c100", NULL, "lxc_stop" } } }, \
	{ "full clone", "LXD's copy shares its data where the file system can, as pct's does.", SYNCED, .subjects = { \
		{ "pct", OURS, NULL, "${PCT} clone 100 101 --full", NULL, GONE }, \
		WITH_LXD("lxc copy c100 c101 --instance-only", NULL, "lxc delete c101"), \
		{ "LXC", FLOOR, "LXC", "lxc-copy -P ${LXC} -n c100 -N c101", NULL, "lxc-destroy -P $LXC -n c101" } } }, \
	{ "linked clone", "Of a template; LXD's copy, as it has no other. On ext4 pct's is an overlay.", SYNCED, .subjects = { \
		{ "pct", OURS, NULL, "${PCT} clone 900 101 --full 0", NULL, GONE }, \
		WITH_LXD("lxc copy c100 c101 --instance-only", NULL, "lxc delete c101") } }, \
	{ "backup", "zstd, level 3; LXD's runs one thread of it.", SYNCED, .subjects = { \
		{ "pct", OURS, NULL, "${PCT} backup 100 --dumpdir ${FS}/pct --compress zstd", NULL, "rm $FS/pct/vzdump-*" }, \
		WITH_LXD("lxc export c100 ${FS}/c100.new --compression zstd --instance-only", NULL, "rm $FS/c100.new") } }, \
	{ "restore", NULL, SYNCED, .subjects = { \
		{ "pct", OURS, NULL, "${PCT} restore 101 ${FS}/backup.tar.zst --storage st", NULL, GONE }, \
		WITH_LXD("lxc import ${FS}/c100.tar.zst c101", NULL, "lxc delete c101") } }, \
	{ "destroy", NULL, SYNCED, .subjects = { \
		{ "pct", OURS, NULL, "${PCT} destroy 101", "$PCT create 101 deb --storage st --memory 512", NULL }, \
		WITH_LXD("lxc delete c101", "lxc init deb c101", NULL) } }

static const struct bench_case btrfs[] = {
	EVERYWHERE,
	{ "snapshot", "Of one that is stopped.", SYNCED, .subjects = {
		{ "pct", OURS, NULL, "${PCT} snapshot 100 s1", NULL, "$PCT delsnapshot 100 s1" },
		WITH_LXD("lxc snapshot c100 s1", NULL, "lxc delete c100/s1") } },
	{ "snapshot, running", NULL, SYNCED, .subjects = {
		{ "pct", OURS, NULL, "${PCT} snapshot 100 s1", "$PCT start 100", "$PCT stop 100; $PCT delsnapshot 100 s1" },
		WITH_LXD("lxc snapshot c100 s1", "lxc start c100", "lxc stop -f c100; lxc delete c100/s1") } },
	{ "rollback", NULL, SYNCED, .subjects = {
		{ "pct", OURS, NULL, "${PCT} rollback 100 s1", "$PCT snapshot 100 s1", "$PCT delsnapshot 100 s1" },
		WITH_LXD("lxc restore c100 s1", "lxc snapshot c100 s1", "lxc delete c100/s1") } },
};
static const struct bench_case ext4[] = { EVERYWHERE };
// clang-format on

static const char about[] =
    "The same Debian, with 350 MB of files of all sizes, half of them text, on a file system of "
    "its "
    "own in a file, warm. Until all of it is on the disk (syncfs), which before each turn it was; "
    "starts until the command returns. LXD's daemon and pct's files are on the same file system.";

const struct section section_btrfs = {
	"btrfs",
	"Storage: a container's life on btrfs",
	about,
	btrfs,
	ARRAY_LEN(btrfs),
	.slow = true,
	.begin_s = 90,
	.case_s = 60,
};
const struct section section_ext4 = {
	"ext4",		 "Storage: a container's life in a directory on ext4",
	about,		 ext4,
	ARRAY_LEN(ext4), .slow = true,
	.begin_s = 90,	 .case_s = 60,
};

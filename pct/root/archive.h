/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libarchive, loaded when something is to be unpacked: with what it loads itself (ICU, by way of
 * an XML parser) it took half of the time of every call of pct, and every process a container's
 * start forks had it, too.
 */
#pragma once

#include <archive.h>
#include <archive_entry.h>

// clang-format off
#define ARCHIVE_CALLS(X) \
	X(archive_entry_acl_add_entry) \
	X(archive_entry_acl_clear) \
	X(archive_entry_acl_count) \
	X(archive_entry_acl_next) \
	X(archive_entry_acl_reset) \
	X(archive_entry_filetype) \
	X(archive_entry_gid) \
	X(archive_entry_hardlink) \
	X(archive_entry_pathname) \
	X(archive_entry_pathname_utf8) \
	X(archive_entry_set_gid) \
	X(archive_entry_set_gname) \
	X(archive_entry_set_uid) \
	X(archive_entry_set_uname) \
	X(archive_entry_size) \
	X(archive_entry_uid) \
	X(archive_entry_xattr_add_entry) \
	X(archive_entry_xattr_clear) \
	X(archive_entry_xattr_count) \
	X(archive_entry_xattr_next) \
	X(archive_entry_xattr_reset) \
	X(archive_error_string) \
	X(archive_read_data_block) \
	X(archive_read_free) \
	X(archive_read_new) \
	X(archive_read_next_header) \
	X(archive_read_open_fd) \
	X(archive_read_support_filter_bzip2) \
	X(archive_read_support_filter_gzip) \
	X(archive_read_support_filter_xz) \
	X(archive_read_support_filter_zstd) \
	X(archive_read_support_format_tar) \
	X(archive_write_close) \
	X(archive_write_data_block) \
	X(archive_write_disk_new) \
	X(archive_write_disk_set_options) \
	X(archive_write_finish_entry) \
	X(archive_write_free) \
	X(archive_write_header)
// clang-format on

struct archive_calls {
#define X(name) __typeof__(name) *call_##name;
	ARCHIVE_CALLS(X)
#undef X
};
extern struct archive_calls archive_lib;

/* Before any of them is called. Says what is wrong. */
int archive_load(void);

// clang-format off
#define archive_entry_acl_add_entry       archive_lib.call_archive_entry_acl_add_entry
#define archive_entry_acl_clear           archive_lib.call_archive_entry_acl_clear
#define archive_entry_acl_count           archive_lib.call_archive_entry_acl_count
#define archive_entry_acl_next            archive_lib.call_archive_entry_acl_next
#define archive_entry_acl_reset           archive_lib.call_archive_entry_acl_reset
#define archive_entry_filetype            archive_lib.call_archive_entry_filetype
#define archive_entry_gid                 archive_lib.call_archive_entry_gid
#define archive_entry_hardlink            archive_lib.call_archive_entry_hardlink
#define archive_entry_pathname            archive_lib.call_archive_entry_pathname
#define archive_entry_pathname_utf8       archive_lib.call_archive_entry_pathname_utf8
#define archive_entry_set_gid             archive_lib.call_archive_entry_set_gid
#define archive_entry_set_gname           archive_lib.call_archive_entry_set_gname
#define archive_entry_set_uid             archive_lib.call_archive_entry_set_uid
#define archive_entry_set_uname           archive_lib.call_archive_entry_set_uname
#define archive_entry_size                archive_lib.call_archive_entry_size
#define archive_entry_uid                 archive_lib.call_archive_entry_uid
#define archive_entry_xattr_add_entry     archive_lib.call_archive_entry_xattr_add_entry
#define archive_entry_xattr_clear         archive_lib.call_archive_entry_xattr_clear
#define archive_entry_xattr_count         archive_lib.call_archive_entry_xattr_count
#define archive_entry_xattr_next          archive_lib.call_archive_entry_xattr_next
#define archive_entry_xattr_reset         archive_lib.call_archive_entry_xattr_reset
#define archive_error_string              archive_lib.call_archive_error_string
#define archive_read_data_block           archive_lib.call_archive_read_data_block
#define archive_read_free                 archive_lib.call_archive_read_free
#define archive_read_new                  archive_lib.call_archive_read_new
#define archive_read_next_header          archive_lib.call_archive_read_next_header
#define archive_read_open_fd              archive_lib.call_archive_read_open_fd
#define archive_read_support_filter_bzip2 archive_lib.call_archive_read_support_filter_bzip2
#define archive_read_support_filter_gzip  archive_lib.call_archive_read_support_filter_gzip
#define archive_read_support_filter_xz    archive_lib.call_archive_read_support_filter_xz
#define archive_read_support_filter_zstd  archive_lib.call_archive_read_support_filter_zstd
#define archive_read_support_format_tar   archive_lib.call_archive_read_support_format_tar
#define archive_write_close               archive_lib.call_archive_write_close
#define archive_write_data_block          archive_lib.call_archive_write_data_block
#define archive_write_disk_new            archive_lib.call_archive_write_disk_new
#define archive_write_disk_set_options    archive_lib.call_archive_write_disk_set_options
#define archive_write_finish_entry        archive_lib.call_archive_write_finish_entry
#define archive_write_free                archive_lib.call_archive_write_free
#define archive_write_header              archive_lib.call_archive_write_header
// clang-format on
